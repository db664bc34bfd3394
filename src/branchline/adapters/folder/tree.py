"""Adapter of the port `tree` for a folder on disk. Decides nothing, caches nothing."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from branchline.ports.tree import Tree
from branchline.ports.workspace import Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FolderTree"]


class FolderTree(Tree):
    """The files below a folder.

    Args:
        root: Absolute path.
    """

    def __init__(self, root: str) -> None:
        self.root = root

    def read(self, path: str) -> bytes | None:
        """Bytes of a file; None when there is no regular file or it may not be read."""
        place = os.path.join(self.root, path)
        try:
            if not stat.S_ISREG(os.stat(place).st_mode):  # a pipe would block for ever
                return None
            with open(place, "rb") as file:
                return file.read()
        except OSError:
            return None

    def entry(self, path: str) -> Entry | None:
        """What stands at a path; None when nothing does."""
        place = os.path.join(self.root, path)
        try:
            found = os.lstat(place)
            if stat.S_ISLNK(found.st_mode):
                return Entry(kind=EntryKind.LINK, target=os.readlink(place))
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(found.st_mode):
            return Entry(kind=EntryKind.FOLDER)
        if not stat.S_ISREG(found.st_mode):
            return None
        is_executable = bool(found.st_mode & stat.S_IXUSR)
        return Entry(kind=EntryKind.FILE, is_executable=is_executable, size_bytes=found.st_size)

    def list_folder(self, path: str) -> Mapping[str, EntryKind] | None:
        """Names directly inside a folder, sorted; None when there is no folder."""
        try:
            with os.scandir(os.path.join(self.root, path)) as entries:
                return {entry.name: _kind(entry) for entry in sorted(entries, key=_name)}
        except OSError:
            return None


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _kind(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_symlink():
        return EntryKind.LINK
    return EntryKind.FOLDER if entry.is_dir() else EntryKind.FILE
