"""Port `artifacts`: what a run left, laid out by its short hash, and whether it is still whole."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A file that is not what it was: its path, and what is wrong with it."""

    path: str
    what: str


class Artifacts(Protocol):
    """Folders of whole runs beside the store."""

    @abstractmethod
    def lay_out(self, kind: str, run: str, files: Mapping[str, Content | bytes]) -> str:
        """Lay files out as `KIND/RUN/PATH`, whole or not at all; linked from the store.

        What stands there already and holds the same files stays as it is.

        Args:
            kind: `artifacts` or `metrics`.
            run: Id of the run.
            files: Path -> an object of the store, or the bytes themselves.

        Returns:
            Absolute path of the folder.

        Raises:
            StoreError: An object is missing or damaged, or it cannot be written.
        """
        ...

    @abstractmethod
    def damage(self, path: str, content: Content) -> Sequence[Damage]:
        """Read every byte of an object and of its members again; what is missing or differs."""
        ...
