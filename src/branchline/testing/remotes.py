"""Ports `remotes` and `far`: fakes in memory, and what every implementation must do.

To check an implementation, inherit `RemotesContract` with a fixture `remotes` that returns those of
a clone without any, or `FarContract` with a fixture `far` that reaches a machine with a shell.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import pytest

from branchline.ports.far import Far, Said
from branchline.ports.remotes import Remote, Remotes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AWKWARD = 'it\'s $HOME; `x` "y" \\ * é'


class FakeRemotes(Remotes):
    """The remotes of a clone in memory.

    Args:
        there: Remotes to begin with.
        unreachable: Name -> what git complains of.
    """

    def __init__(
        self, there: Sequence[Remote] = (), *, unreachable: Mapping[str, str] | None = None
    ) -> None:
        self._remotes = {remote.name: remote for remote in there}
        self._unreachable = dict(unreachable or {})

    def remotes(self) -> Sequence[Remote]:
        """See the port."""
        return [self._remotes[name] for name in sorted(self._remotes)]

    def add_box(self, name: str, url: str, *, python: str) -> None:
        """See the port."""
        there = self._remotes.get(name)
        kept = there.url if there else url
        self._remotes[name] = Remote(name=name, url=kept, is_box=True, python=python)

    def remove(self, name: str) -> None:
        """See the port."""
        self._remotes.pop(name, None)

    def reach(self, name: str) -> str:
        """See the port."""
        return self._unreachable.get(name, "")

    def ssh_command(self) -> Sequence[str]:
        """See the port."""
        return ("ssh",)


class FakeFar(Far):
    """A machine that says what it was told to say, and keeps what it was asked.

    Args:
        answers: In order; the last one goes on.
    """

    def __init__(self, *answers: Said) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, ...]] = []
        self.told: list[str] = []

    def ask(self, argv: Sequence[str], *, stdin: str = "") -> Said:
        """See the port."""
        self.asked.append(tuple(argv))
        self.told.append(stdin)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def stream(self, argv: Sequence[str]) -> int:
        """See the port."""
        return self.ask(argv).code


class RemotesContract(ABC):
    """What the remotes of every clone do."""

    @pytest.fixture
    @abstractmethod
    def remotes(self) -> Remotes:
        """Of a clone without any."""

    def test_a_box_is_added_once(self, remotes: Remotes) -> None:
        """And marked again when it is added again."""
        assert remotes.remotes() == []
        remotes.add_box("gpu", "/srv/box.git", python="python3")
        remotes.add_box("gpu", "/srv/box.git", python="/usr/bin/python3")

        assert list(remotes.remotes()) == [
            Remote(name="gpu", url="/srv/box.git", is_box=True, python="/usr/bin/python3")
        ]

    def test_names_may_hold_dots(self, remotes: Remotes) -> None:
        """They are sorted."""
        remotes.add_box("b.c", "h:b", python="p")
        remotes.add_box("a", "h:a", python="p")

        assert [(remote.name, remote.url) for remote in remotes.remotes()] == [
            ("a", "h:a"),
            ("b.c", "h:b"),
        ]

    def test_a_box_is_removed(self, remotes: Remotes) -> None:
        """With all that was said of it."""
        remotes.add_box("gpu", "/srv/box.git", python="p")
        remotes.remove("gpu")

        assert remotes.remotes() == []

    def test_ssh_is_started_somehow(self, remotes: Remotes) -> None:
        """By one word at least."""
        assert remotes.ssh_command()


class FarContract(ABC):
    """What every machine that is reached over SSH does."""

    @pytest.fixture
    @abstractmethod
    def far(self) -> Far:
        """A machine with a POSIX shell."""

    def test_words_arrive_as_they_are(self, far: Far) -> None:
        """Nothing is read by the shell there."""
        said = far.ask(["printf", "%s|", AWKWARD, "", "-x"])

        assert said == Said(code=0, out=f"{AWKWARD}||-x|", err="")

    def test_what_a_command_reads_arrives(self, far: Far) -> None:
        """By its standard input, and nothing where nothing is given."""
        assert far.ask(["cat"], stdin=f"{AWKWARD}\n").out == f"{AWKWARD}\n"
        assert far.ask(["cat"]).out == ""

    def test_exit_codes_and_complaints_arrive(self, far: Far) -> None:
        """Apart from the output."""
        said = far.ask(["sh", "-c", "echo no >&2; exit 3"])

        assert (said.code, said.out, said.err.strip()) == (3, "", "no")

    def test_a_stream_ends_as_the_command_ends(self, far: Far) -> None:
        """With its exit code."""
        assert far.stream(["sh", "-c", "exit 4"]) == 4
