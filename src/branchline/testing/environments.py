"""Port `environments`: a fake in memory, and what every implementation must do."""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.errors import EnvironmentFailedError
from branchline.ports.environments import Environments, Made, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FakeEnvironments(Environments):
    """Environments that are names only.

    Args:
        impossible: Digests of which none can be made.
    """

    def __init__(self, *, impossible: frozenset[str] = frozenset()) -> None:
        self.made: dict[str, Made] = {}
        self._impossible = impossible

    def can_make(self, file: str) -> bool:
        """See the port."""
        return file.endswith(".txt")

    def ensure(
        self, wanted: Wanted, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Made | None:
        """See the port."""
        known = self.made.get(wanted.digest)
        if known is not None:
            return known
        if is_stopped():
            return None
        say(f"making the environment of {wanted.file}")
        if wanted.digest in self._impossible:
            raise EnvironmentFailedError(f"the packages of {wanted.file} cannot be installed")
        folder = f"/environments/{wanted.digest}"
        self.made[wanted.digest] = Made(folder=folder, programs=f"{folder}/bin", is_new=False)
        return Made(folder=folder, programs=f"{folder}/bin", is_new=True)


class EnvironmentsContract:
    """What every implementation must do.

    Fixtures: `environments`; and `wanted` by name, of which `one` and `two` can be made, `absent`
    cannot.
    """

    def test_one_is_made_once_and_another_is_another(
        self, environments: Environments, wanted: Mapping[str, Wanted]
    ) -> None:
        """The second time nothing is made."""
        said: list[str] = []

        def ensure(name: str) -> Made:
            made = environments.ensure(wanted[name], is_stopped=lambda: False, say=said.append)
            assert made is not None
            return made

        first, again, other = ensure("one"), ensure("one"), ensure("two")

        assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
        assert first.folder == again.folder != other.folder
        assert first.programs.startswith(first.folder)
        assert len(said) == 2

    def test_what_cannot_be_made_names_its_file(
        self, environments: Environments, wanted: Mapping[str, Wanted]
    ) -> None:
        """And is tried again the next time."""
        for _ in range(2):
            with pytest.raises(EnvironmentFailedError, match=r"requirements\.txt"):
                environments.ensure(wanted["absent"], is_stopped=lambda: False, say=lambda _: None)

    def test_who_is_stopped_gets_none(
        self, environments: Environments, wanted: Mapping[str, Wanted]
    ) -> None:
        """Giving up is no error."""
        made = environments.ensure(wanted["one"], is_stopped=lambda: True, say=lambda _: None)

        assert made is None

    def test_which_files_it_knows(self, environments: Environments) -> None:
        """Pip's form always."""
        assert environments.can_make("sub/requirements.txt")
        assert not environments.can_make("environment.yml")
