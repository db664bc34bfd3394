"""Port `locks`: dvc.lock files and DVC's run cache, which DVC and Branchline share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from branchline.core.pipeline import LockEntry, Stage


class LockFiles(Protocol):
    """All dvc.lock files of a repository."""

    def read(self, stages: Sequence[Stage]) -> Mapping[str, LockEntry]:
        """Address -> entry, for those stages that have one.

        Raises:
            LockFileError: A file cannot be parsed (file:line), or has merge markers.
        """
        ...

    def write(self, entries: Sequence[tuple[Stage, LockEntry]]) -> None:
        """Put these entries into their files, byte for byte as DVC would, atomically.

        Existing entries keep their place, new ones are appended in the order given; entries of
        stages that are gone stay.
        """
        ...

    def paths(self, stages: Sequence[Stage]) -> Sequence[str]:
        """The lock files of these stages, from the root, existing or not."""
        ...


class RunCache(Protocol):
    """DVC's run cache: results by exact key."""

    def find(self, entry: LockEntry) -> LockEntry | None:
        """The newest result for an entry whose outs carry paths only; None when there is none."""
        ...

    def save(self, entry: LockEntry) -> None:
        """Add a result; adding it twice is adding it once."""
        ...


class WorkspaceLock(Protocol):
    """The locks by which DVC and two of us keep out of each other's way in one clone."""

    def hold(self, *, wait_s: float) -> AbstractContextManager[None]:
        """Hold the repository while the body runs.

        Raises:
            BusyError: Somebody else held it for longer than `wait_s`; says who (pid, command).
        """
        ...
