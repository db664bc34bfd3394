"""A folder on disk as a tree: links are told as links, and nothing blocks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.folder import FolderTree
from branchline.ports.workspace import Entry, EntryKind

if TYPE_CHECKING:
    from pathlib import Path


def test_what_stands_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "file").chmod(0o755)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    tree = FolderTree(str(tmp_path))

    assert tree.entry("file") == Entry(kind=EntryKind.FILE, is_executable=True, size_bytes=3)
    assert tree.entry("folder") == Entry(kind=EntryKind.FOLDER)
    assert tree.entry("link") == Entry(kind=EntryKind.LINK, target="file")
    assert tree.entry("pipe") is None
    assert tree.entry("absent") is None
    assert tree.entry("file/below") is None
    assert tree.entry("nul\0") is None
    assert tree.read("pipe") is None
