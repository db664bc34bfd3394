"""Port `tree`: files below a folder, to look at. The smallest part of `Workspace`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.ports.workspace import Entry, EntryKind


class Tree(Protocol):
    """Files below a root; every `Workspace` is one."""

    root: str
    """Absolute path of the root."""

    def read(self, path: str) -> bytes | None:
        """Bytes of a file, links followed; None when there is no file."""
        ...

    def entry(self, path: str) -> Entry | None:
        """What stands at a path, a link as a link; None when nothing does."""
        ...

    def list_folder(self, path: str) -> Mapping[str, EntryKind] | None:
        """Names directly inside a folder; None when there is no folder."""
        ...
