"""Adapter `metric_readers`: what readers read from, on this machine's disks or in memory."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from branchline.errors import DocumentError
from branchline.ports.metric_readers import MetricSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CHUNK_BYTES = 1 << 20
HEAD_BYTES = 1 << 16
_MOST_MEMBERS = 2000
_MOST_DEPTH = 8


class DiskSource(MetricSource):
    """A regular file or a folder.

    Args:
        folder: Absolute.
        path: From there.

    Raises:
        OSError: There is neither; what is a pipe or a device is none.
    """

    def __init__(self, folder: str, path: str) -> None:
        self.path = path
        self._place = os.path.join(folder, path)
        found = os.stat(self._place)
        self.is_folder = stat.S_ISDIR(found.st_mode)
        if not self.is_folder and not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path} is neither a file nor a folder")
        self.size_bytes = 0 if self.is_folder else found.st_size

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See the port."""
        if self.is_folder:
            return
        try:
            # Nothing that was put in its place since, not even a pipe, may hold the reader up.
            file = os.open(self._place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                place = start
                while data := os.pread(file, CHUNK_BYTES, place):
                    yield data
                    place += len(data)
            finally:
                os.close(file)
        except OSError as error:
            reason = error.strerror or error
            raise DocumentError(f"{self.path}: it cannot be read: {reason}") from error

    def members(self) -> Sequence[MetricSource]:
        """See the port; hidden files and links to folders are left out."""
        found: list[MetricSource] = []
        queue = [("", 0)] if self.is_folder else []
        while queue:
            below, depth = queue.pop(0)
            try:
                with os.scandir(os.path.join(self._place, below)) as entries:
                    names = sorted((e.name, e.is_dir(follow_symlinks=False)) for e in entries)
            except OSError as error:
                reason = error.strerror or error
                raise DocumentError(f"{self.path}: it cannot be read: {reason}") from error
            for name, is_folder in names:
                inner = os.path.join(below, name)
                if name.startswith("."):
                    continue
                if is_folder and depth < _MOST_DEPTH:
                    queue.append((inner, depth + 1))
                elif not is_folder:
                    found += _plain(self._place, inner, f"{self.path}/{inner}")
                if len(found) > _MOST_MEMBERS:
                    raise DocumentError(
                        f"{self.path}: it holds more than {_MOST_MEMBERS:,} files",
                        todo="Name the folder of one run.",
                    )
        return sorted(found, key=lambda member: member.path)


def _plain(folder: str, inner: str, path: str) -> list[MetricSource]:
    try:
        source = DiskSource(folder, inner)
    except OSError:
        return []
    source.path = path
    return [] if source.is_folder else [source]


class MemorySource(MetricSource):
    """A file or folder out of a store.

    Args:
        path: From the root.
        data: Of a file.
        members: Of a folder: path from it -> bytes.
    """

    def __init__(
        self, path: str, data: bytes = b"", members: Mapping[str, bytes] | None = None
    ) -> None:
        self.path = path
        self.is_folder = members is not None
        self.size_bytes = len(data)
        self._data = data
        self._members = members or {}

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See the port."""
        for place in range(start, len(self._data), CHUNK_BYTES):
            yield self._data[place : place + CHUNK_BYTES]

    def members(self) -> Sequence[MetricSource]:
        """See the port."""
        return [
            MemorySource(f"{self.path}/{name}", self._members[name])
            for name in sorted(self._members)
        ]


def head_of(source: MetricSource) -> bytes:
    """The first bytes of a file, at most 64 KiB."""
    return next(iter(source.chunks()), b"")[:HEAD_BYTES]


def whole(source: MetricSource, most: int) -> bytes:
    """All bytes of a file.

    Raises:
        DocumentError: There are more than `most`.
    """
    if source.size_bytes > most:
        raise DocumentError(
            f"{source.path}: it has {source.size_bytes:,} bytes; of this form at most {most:,} are"
            " read",
            todo="Leave the metrics in a file of their own.",
        )
    parts, size = [], 0
    for chunk in source.chunks():
        size += len(chunk)
        if size > most:
            raise DocumentError(f"{source.path}: it grew while it was read")
        parts.append(chunk)
    return b"".join(parts)
