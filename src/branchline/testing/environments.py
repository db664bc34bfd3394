"""Port `environments`: a fake in memory, and what every implementation must do."""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from branchline.core.environment.pins import packages_of
from branchline.core.environment.values import Interpreter, Resolved
from branchline.errors import EnvironmentFailedError
from branchline.ports.environments import Environments, Made, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from branchline.core.environment.plain import Plain
    from branchline.core.environment.values import Asked


class FakeEnvironments(Environments):
    """Environments that are names only.

    Args:
        impossible: Digests of which none can be made.
        pythons: Versions of the interpreters.
        found: File -> what is found for it, in pip's grammar.
        has_uv: Whether uv.lock can be made.
    """

    def __init__(
        self,
        *,
        impossible: frozenset[str] = frozenset(),
        pythons: Sequence[str] = ("3.11.7",),
        found: Mapping[str, str] | None = None,
        has_uv: bool = True,
    ) -> None:
        self.made: dict[str, Made] = {}
        self.asked: list[Asked] = []
        self.entries: list[str] = []
        self.found = dict(found or {})
        self.needs_building: dict[str, str] = {}
        self._impossible = impossible
        self._pythons, self._has_uv = pythons, has_uv

    def can_make(self, file: str) -> bool:
        """See the port."""
        return file.endswith(".txt") or (file == "uv.lock" and self._has_uv)

    def interpreters(self) -> Sequence[Interpreter]:
        """See the port."""
        return tuple(Interpreter(version=v, path=f"/pythons/{v}") for v in self._pythons)

    def resolve(
        self, asked: Asked, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Resolved | None:
        """See the port."""
        if is_stopped():
            return None
        say(f"finding the packages of {asked.file}")
        self.asked.append(asked)
        return self._found(asked)

    def _found(self, asked: Asked) -> Resolved:
        if asked.file not in self.found:
            raise EnvironmentFailedError(f"the packages of {asked.file} cannot be installed")
        return Resolved(
            packages=packages_of(self.found[asked.file]),
            as_of=asked.as_of,
            python_version=asked.python_version,
            local=asked.local,
        )

    def look(self, asked: Asked, plain: Plain) -> Resolved | str:
        """See the port; what was resolved before is known."""
        if asked in self.asked:
            doubt = ""
        else:
            doubt = plain.doubt or self.needs_building.get(asked.file, "")
        return doubt or self._found(asked)

    def export(self, root: str, lock: str) -> str:  # noqa: ARG002 # the port's shape
        """See the port."""
        return self.found[lock]

    def folder_of(self, digest: str) -> str:
        """See the port."""
        return f"/environments/{digest}"

    def entered(self, made: Made) -> AbstractContextManager[None]:
        """See the port; only noted."""
        self.entries.append(made.folder)
        return nullcontext()

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
