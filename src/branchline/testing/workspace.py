"""Port `workspace`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `WorkspaceContract` in a test module, give it a fixture
`workspace` that returns an empty one, and say in `put` how a file gets into it.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from branchline.core.pipeline import Content
from branchline.ports.workspace import Entry, EntryKind, Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FakeWorkspace(Workspace):
    """Files in memory: path -> bytes. There are no links, no modes and no ignore files.

    Attributes:
        files: The files; change them as you like, signatures follow.
        ignored: Paths that `ignore` was told about.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None, *, root: str = "/fake") -> None:
        self.root = root
        self.files = dict(files or {})
        self.ignored: list[str] = []

    def read(self, path: str) -> bytes | None:
        """See the port."""
        return self.files.get(path)

    def entry(self, path: str) -> Entry | None:
        """See the port."""
        if path in self.files:
            return Entry(kind=EntryKind.FILE, size_bytes=len(self.files[path]))
        return Entry(kind=EntryKind.FOLDER) if self._below(path) else None

    def list_folder(self, path: str) -> Mapping[str, EntryKind] | None:
        """See the port."""
        below = self._below(path)
        if not below and path != ".":
            return None
        return {
            name.partition("/")[0]: EntryKind.FOLDER if "/" in name else EntryKind.FILE
            for name in below
        }

    def content(self, path: str) -> Content | None:
        """See the port."""
        if path in self.files:
            data = self.files[path]
            md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
            return Content(md5=md5, size_bytes=len(data))
        members = self.members(path)
        if not members:
            return None
        rows = [{"md5": content.md5, "relpath": name} for name, content in members]
        data = json.dumps(rows, sort_keys=True).encode()
        return Content(
            md5=hashlib.md5(data, usedforsecurity=False).hexdigest() + ".dir",
            size_bytes=sum(content.size_bytes or 0 for _, content in members),
            nfiles=len(members),
        )

    def members(self, path: str) -> Sequence[tuple[str, Content]]:
        """See the port."""
        prefix = "" if path == "." else f"{path}/"
        found = []
        for name in sorted(self._below(path)):
            content = self.content(prefix + name)
            if content is not None:
                found.append((name, content))
        return found

    def blob(self, path: str) -> str | None:
        """See the port."""
        data = self.files.get(path)
        if data is None:
            return None
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()

    def signature(self, path: str) -> str:
        """See the port."""
        content = self.content(path)
        return "absent" if content is None else str(content.md5)

    def changed_at_ns(self, path: str) -> int | None:
        """See the port; nothing here has a time."""
        return None if self.entry(path) is None else 0

    def replace(self, path: str, data: bytes) -> None:
        """See the port."""
        self.files[path] = data

    def remove(self, path: str) -> None:
        """See the port."""
        self.files.pop(path, None)
        for name in self._below(path):
            del self.files[f"{path}/{name}"]

    def set_aside(self, path: str) -> str:
        """See the port."""
        place = f".branchline/replaced/{path}"
        if path in self.files:
            self.files[place] = self.files[path]
        for name in self._below(path):
            self.files[f"{place}/{name}"] = self.files[f"{path}/{name}"]
        self.remove(path)
        return place

    def unprotect(self, path: str) -> None:
        """See the port; everything here is writable."""

    def drop_stale_bytecode(self, paths: Sequence[str]) -> None:
        """Nothing is compiled here."""

    def ignore(self, paths: Sequence[str]) -> None:
        """See the port."""
        self.ignored.extend(path for path in paths if path not in self.ignored)

    def forget(self, paths: Sequence[str]) -> None:
        """See the port; nothing is cached."""

    def close(self) -> None:
        """See the port; there is nothing to save."""

    def _below(self, path: str) -> list[str]:
        prefix = "" if path == "." else f"{path}/"
        return [name[len(prefix) :] for name in self.files if name.startswith(prefix)]


class WorkspaceContract(ABC):
    """What every workspace must do."""

    @abstractmethod
    def put(self, workspace: Workspace, path: str, data: bytes) -> None:
        """Put a file into the workspace under test."""

    def test_nothing_is_there_at_first(self, workspace: Workspace) -> None:
        """Absence is an answer, not an error."""
        assert workspace.read("a") is None
        assert workspace.entry("a") is None
        assert workspace.list_folder("a") is None
        assert workspace.content("a") is None
        assert workspace.blob("a") is None
        assert workspace.signature("a") == "absent"
        assert workspace.changed_at_ns("a") is None

    def test_a_file_is_read_and_digested(self, workspace: Workspace) -> None:
        """The digests are DVC's and git's."""
        self.put(workspace, "d/a.txt", b"hello\n")

        assert workspace.read("d/a.txt") == b"hello\n"
        assert workspace.entry("d/a.txt") == Entry(kind=EntryKind.FILE, size_bytes=6)
        assert workspace.content("d/a.txt") == Content(
            md5="b1946ac92492d2347c6235b4d2611184", size_bytes=6
        )
        assert workspace.blob("d/a.txt") == "ce013625030ba8dba906f756967f9e9ca394464a"

    def test_a_folder_is_digested_over_its_sorted_files(self, workspace: Workspace) -> None:
        """The digest is that of DVC's list, in its spelling."""
        self.put(workspace, "d/b/c.txt", b"c")
        self.put(workspace, "d/a.txt", b"a")

        content = workspace.content("d")

        rows = (
            b'[{"md5": "0cc175b9c0f1b6a831c399e269772661", "relpath": "a.txt"},'
            b' {"md5": "4a8a08f09d37b73795649038408b5f33", "relpath": "b/c.txt"}]'
        )
        md5 = hashlib.md5(rows, usedforsecurity=False).hexdigest()
        assert content == Content(md5=md5 + ".dir", size_bytes=2, nfiles=2)
        assert [name for name, _ in workspace.members("d")] == ["a.txt", "b/c.txt"]
        assert workspace.list_folder("d") == {"a.txt": EntryKind.FILE, "b": EntryKind.FOLDER}
        assert workspace.entry("d") == Entry(kind=EntryKind.FOLDER)

    def test_a_write_of_the_same_size_is_seen(self, workspace: Workspace) -> None:
        """However soon it follows: racily clean files are never trusted."""
        for number in range(50):
            data = b"%04d" % number
            self.put(workspace, "d/a", data)

            content = workspace.content("d/a")

            assert content is not None
            assert content.md5 == hashlib.md5(data, usedforsecurity=False).hexdigest()
            assert workspace.blob("d/a") == _blob_of(data)

    def test_a_signature_moves_with_a_file_and_its_folder(self, workspace: Workspace) -> None:
        """Also when the size stays and no time passes."""
        self.put(workspace, "d/a", b"1")
        before = workspace.signature("d/a"), workspace.signature("d")

        self.put(workspace, "d/a", b"2")

        assert workspace.signature("d/a") != before[0]
        assert workspace.signature("d") != before[1]

    def test_a_replaced_file_has_the_new_bytes(self, workspace: Workspace) -> None:
        """One that is not there is made, with its folder."""
        self.put(workspace, "d/a", b"1")
        assert workspace.content("d/a") is not None

        workspace.replace("d/a", b"2")
        workspace.replace("new/deep/b", b"3")

        assert workspace.read("d/a") == b"2"
        assert workspace.blob("d/a") == _blob_of(b"2")
        assert workspace.read("new/deep/b") == b"3"

    def test_a_removed_file_or_folder_is_gone(self, workspace: Workspace) -> None:
        """Removing what is not there is fine."""
        self.put(workspace, "d/a", b"1")
        self.put(workspace, "e", b"1")

        workspace.remove("d")
        workspace.remove("e")
        workspace.remove("e")

        assert workspace.entry("d") is None
        assert workspace.entry("e") is None


def _blob_of(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
