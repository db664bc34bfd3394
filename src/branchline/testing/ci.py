"""Port `ci`: fakes in memory, and what every implementation must do.

To check an implementation, inherit `CiJobContract` with a fixture `woken` that gives a job and what
became of what it was told, or `ResultsFolderContract` with a fixture `folder` of which nothing is
there yet.
"""

# ruff: noqa: S101, D102 - a contract suite is made of assertions, and its names say what they show

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest

from branchline.core.trigger.events import Event, EventKind
from branchline.errors import CiError
from branchline.ports.ci import MOST_NOTES, CiJob, Note, NoteLevel, ResultsFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PUSHED = Event(
    kind=EventKind.PUSH,
    name="push",
    ref="refs/heads/train/x",
    branch="train/x",
    head="a" * 40,
    tested="a" * 40,
    repository="o/r",
    default_branch="main",
    actor="ada",
)
_LOUDNESS = (NoteLevel.ERROR, NoteLevel.WARNING, NoteLevel.NOTICE)


@dataclass
class FakeJob(CiJob):
    """A job in memory.

    Attributes:
        woken_by: The event. outputs, summary, notes: What was told.
        is_quiet: Whether what is printed is only text.
    """

    woken_by: Event = PUSHED
    number: int = 1
    url: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    notes: list[Note] = field(default_factory=list)
    is_quiet: bool = False

    def event(self) -> Event:
        """See the port."""
        return self.woken_by

    def write_outputs(self, outputs: Mapping[str, str]) -> bool:
        """See the port."""
        for name in outputs:
            plain = name.replace("-", "_")
            if not (plain.isascii() and plain.isidentifier()):
                raise CiError(f"{name!r} cannot name an output")
        self.outputs |= outputs
        return True

    def write_summary(self, text: str) -> bool:
        """See the port."""
        self.summary += text
        return True

    def annotate(self, notes: Sequence[Note]) -> None:
        """See the port."""
        wanted = sorted(dict.fromkeys(notes), key=lambda note: _LOUDNESS.index(note.level))
        self.notes += wanted[:MOST_NOTES]

    def quiet(self) -> None:
        """See the port."""
        self.is_quiet = True

    def loud(self) -> None:
        """See the port."""
        self.is_quiet = False


class FakeResultsFolder(ResultsFolder):
    """A folder in memory; its path is that of no folder."""

    def __init__(self, path: str = "/nowhere/results") -> None:
        self.path = path
        self.files: dict[str, bytes] = {}

    def write(self, name: str, content: bytes) -> None:
        """See the port."""
        self.files[name] = content

    def read(self, name: str, *, most_bytes: int) -> bytes | None:
        """See the port."""
        return self.files[name] if self.checked(name, most_bytes=most_bytes) else None

    def checked(self, name: str, *, most_bytes: int) -> str:
        """See the port."""
        if name not in self.files:
            return ""
        if len(self.files[name]) > most_bytes:
            raise CiError(f"{name} has more than {most_bytes:,} bytes")
        return f"{self.path}/{name}"


class Woken(Protocol):
    """A job, and what its runner makes of what it was told."""

    @property
    def job(self) -> CiJob:
        """The job."""
        ...

    def outputs(self) -> Mapping[str, str]:
        """As later jobs read them."""
        ...

    def summary(self) -> str:
        """Of the step."""
        ...

    def annotations(self) -> Sequence[str]:
        """Their texts, in the order in which they are shown."""
        ...


class CiJobContract(ABC):
    """What the job of every CI does. It was woken by a push to `train/x`."""

    @pytest.fixture
    @abstractmethod
    def woken(self) -> Woken:
        """A job that has told nothing."""

    def test_what_woke_it_is_known(self, woken: Woken) -> None:
        event = woken.job.event()

        assert (event.kind, event.branch, event.fork) == (EventKind.PUSH, "train/x", "")
        assert event.head == event.tested == PUSHED.head
        assert woken.job.event() == event

    def test_an_output_is_one_value_whatever_it_holds(self, woken: Woken) -> None:
        hostile = "x\nother=1\nother<<E\n1\nE\n::set-output name=other::1"

        assert woken.job.write_outputs({"reason": hostile, "kind": "train"})

        assert woken.outputs() == {"reason": hostile, "kind": "train"}

    @pytest.mark.parametrize("name", ["a=b", "a\nb", "", "1a", "a<<b"])
    def test_what_names_no_output_is_refused(self, woken: Woken, name: str) -> None:
        with pytest.raises(CiError):
            woken.job.write_outputs({name: "x"})

        assert woken.outputs() == {}

    def test_a_summary_grows(self, woken: Woken) -> None:
        assert woken.job.write_summary("one\n")
        assert woken.job.write_summary("two\n")

        assert woken.summary() == "one\ntwo\n"

    def test_the_loudest_annotations_are_shown_each_once(self, woken: Woken) -> None:
        notes = [Note(level=NoteLevel.NOTICE, text=f"n{number}") for number in range(MOST_NOTES)]
        loud = [Note(level=NoteLevel.ERROR, text="bad"), Note(level=NoteLevel.WARNING, text="odd")]

        woken.job.quiet()
        woken.job.loud()
        woken.job.annotate([*notes, *loud, *loud])

        shown = list(woken.annotations())
        assert shown[:2] == ["bad", "odd"]
        assert shown[2:] == [note.text for note in notes[: MOST_NOTES - 2]]

    def test_the_end_of_what_did_not_begin_is_nothing(self, woken: Woken) -> None:
        woken.job.loud()
        woken.job.annotate([])

        assert list(woken.annotations()) == []


class ResultsFolderContract(ABC):
    """What every folder of results does."""

    @pytest.fixture
    @abstractmethod
    def folder(self) -> ResultsFolder:
        """Of which nothing is there yet."""

    def test_its_path_is_absolute(self, folder: ResultsFolder) -> None:
        assert os.path.isabs(folder.path)

    def test_what_was_written_is_read_and_the_newest_counts(self, folder: ResultsFolder) -> None:
        folder.write("results.json", b"old, and longer")
        folder.write("results.json", b"new")
        folder.write("empty", b"")

        assert folder.read("results.json", most_bytes=3) == b"new"
        assert folder.read("empty", most_bytes=3) == b""
        assert folder.checked("results.json", most_bytes=3).endswith("/results.json")

    def test_what_is_not_there_is_nothing(self, folder: ResultsFolder) -> None:
        assert folder.read("gone", most_bytes=9) is None
        assert folder.checked("gone", most_bytes=9) == ""

    def test_what_is_too_large_is_refused(self, folder: ResultsFolder) -> None:
        folder.write("large", b"12345")

        with pytest.raises(CiError, match="more than 4 bytes"):
            folder.read("large", most_bytes=4)
        with pytest.raises(CiError, match="more than 4 bytes"):
            folder.checked("large", most_bytes=4)
