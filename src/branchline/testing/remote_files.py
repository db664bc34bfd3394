"""Port `remote_files`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `RemoteFilesContract` in a test module and give it a fixture
`files`, an empty place.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.ports.remote_files import RemoteFiles

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.errors import StoreError


class FakeRemoteFiles(RemoteFiles):
    """A place in memory.

    Attributes:
        held: Path -> bytes.
        asked: Paths of `size`, in order. written: Those of `put`.
        problem: Raised by everything while it is set.
    """

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.written: list[str] = []
        self.problem: StoreError | None = None

    @property
    def can_write(self) -> bool:
        """See the port."""
        return True

    def size(self, path: str) -> int | None:
        """See the port."""
        self.asked.append(path)
        if self.problem is not None:
            raise self.problem
        return len(self.held[path]) if path in self.held else None

    def get(self, path: str, file: str) -> bool:
        """See the port."""
        if self.problem is not None:
            raise self.problem
        if path not in self.held:
            return False
        with open(file, "wb") as target:
            target.write(self.held[path])
        return True

    def put(self, file: str, path: str) -> None:
        """See the port."""
        if self.problem is not None:
            raise self.problem
        with open(file, "rb") as source:
            self.held[path] = source.read()
        self.written.append(path)


class RemoteFilesContract:
    """What every place must do."""

    def test_what_was_put_comes_back(self, files: RemoteFiles, tmp_path: Path) -> None:
        """Byte for byte, below folders that were not there."""
        source, target = tmp_path / "source", tmp_path / "target"
        data = bytes(range(256)) * 5000
        source.write_bytes(data)

        files.put(str(source), "files/md5/ab/cdef")

        assert files.can_write
        assert files.size("files/md5/ab/cdef") == len(data)
        assert files.get("files/md5/ab/cdef", str(target))
        assert target.read_bytes() == data

    def test_what_is_put_again_replaces(self, files: RemoteFiles, tmp_path: Path) -> None:
        """The last one counts."""
        source, target = tmp_path / "source", tmp_path / "target"
        for data in (b"longer than the next", b"second"):
            source.write_bytes(data)
            files.put(str(source), "a/b")

        assert files.size("a/b") == 6
        assert files.get("a/b", str(target))
        assert target.read_bytes() == b"second"

    def test_an_empty_file_is_there(self, files: RemoteFiles, tmp_path: Path) -> None:
        """Empty is not absent."""
        source = tmp_path / "source"
        source.write_bytes(b"")

        files.put(str(source), "empty")

        assert files.size("empty") == 0
        assert files.get("empty", str(tmp_path / "target"))
        assert (tmp_path / "target").read_bytes() == b""

    def test_what_is_not_there_is_an_answer(self, files: RemoteFiles, tmp_path: Path) -> None:
        """Neither an error nor a file; the folder above a file is no file."""
        (tmp_path / "source").write_bytes(b"1")
        files.put(str(tmp_path / "source"), "a/b")

        assert files.size("files/md5/00/00") is None
        assert files.size("a") is None
        assert not files.get("files/md5/00/00", str(tmp_path / "target"))
