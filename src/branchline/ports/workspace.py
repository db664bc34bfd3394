"""Port `workspace`: the files of the working tree, and what they hold.

Paths are POSIX, relative to the root, normalised; "." is the root. Nothing here follows a link out
of the root. Answers come from a stat index where the file's signature did not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import Content


class EntryKind(Enum):
    """What stands at a path."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands at a path, without its content.

    Attributes:
        kind: A link is reported as a link, not as its target.
        is_executable: The owner's x bit of a file.
        target: Where a link points, as stored; "" otherwise.
        size_bytes: Of a file.
    """

    kind: EntryKind
    is_executable: bool = False
    target: str = ""
    size_bytes: int = 0


class Workspace(Protocol):
    """The working tree of one repository."""

    root: str
    """Absolute path of the repository's root."""

    def read(self, path: str) -> bytes | None:
        """Bytes of a file, links followed; None when there is no file."""
        ...

    def entry(self, path: str) -> Entry | None:
        """What stands at a path; None when nothing does."""
        ...

    def list_folder(self, path: str) -> Mapping[str, EntryKind] | None:
        """Names directly inside a folder; None when there is no folder."""
        ...

    def content(self, path: str) -> Content | None:
        """DVC's digest of a file or folder (`.dvcignore` applies); None when nothing is there.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    def members(self, path: str) -> Sequence[tuple[str, Content]]:
        """Files below a folder as (path relative to it, content), sorted, ignores applied."""
        ...

    def blob(self, path: str) -> str | None:
        """Blob id (SHA-1) that git gives a file's bytes; None when there is no file."""
        ...

    def signature(self, path: str) -> str:
        """A cheap token that moves when the file or folder may have changed; "absent" if missing.

        For a folder it covers everything below it. A token taken less than the file system's clock
        step after the last write is never equal to a later one ("racy" files count as changed).
        """
        ...

    def changed_at_ns(self, path: str) -> int | None:
        """When a file's bytes or inode last changed (the later of the two), ns since 1970."""
        ...

    def replace(self, path: str, data: bytes) -> None:
        """Give a file these bytes, in one step; folders are made, its mode and links to it kept.

        Raises:
            StoreError: It cannot be written, or is a link that leads out of the repository.
        """
        ...

    def remove(self, path: str) -> None:
        """Remove a file, link or folder; nothing happens when it is not there."""
        ...

    def set_aside(self, path: str) -> str:
        """Move a file or folder out of the way, in place of what was moved from there before.

        Returns:
            Where it is now, from the root.

        Raises:
            StoreError: It cannot be moved.
        """
        ...

    def unprotect(self, path: str) -> None:
        """Make a file or folder ordinary and writable, if the store linked it."""
        ...

    def drop_stale_bytecode(self, paths: Sequence[str]) -> None:
        """Remove compiled Python that may be older than its source.

        Python compares whole seconds and the size only: a source that was edited, or checked out,
        within the second in which it was compiled would run as it was before.

        Args:
            paths: Python sources, from the root.
        """
        ...

    def ignore(self, paths: Sequence[str]) -> None:
        """Add outputs to the `.gitignore` beside each, as DVC does.

        Raises:
            StoreError: git tracks one of them.
        """
        ...

    def forget(self, paths: Sequence[str]) -> None:
        """Drop what is cached in this process about these paths (they were just written)."""
        ...

    def close(self) -> None:
        """Save the stat index."""
        ...
