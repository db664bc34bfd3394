"""What files held when their stat was last looked at: path -> digests, kept between commands.

A row counts only while modification time, change time, inode, size and mode are the same. A file
that was written less than the file system's clock step before it was read gets no row, because a
second write within that step would leave the same times (git calls such entries racily clean).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from branchline.adapters.dvc.cache_database import CacheDatabase

FINE_STEP_NS = 20_000_000
"""Kernels stamp files from a clock that ticks every 1 to 10 ms; twice that, to be safe."""
COARSE_STEP_NS = 2_000_000_000
"""File systems that keep whole seconds (FAT: two)."""


class Stamp(NamedTuple):
    """What of a file's stat must stay the same."""

    mtime_ns: int
    ctime_ns: int
    inode: int
    size: int
    mode: int


class Row(NamedTuple):
    """Digests of a file at a stamp; "" where not known."""

    stamp: Stamp
    md5: str
    sha1: str


def stamp_of(stat: os.stat_result) -> Stamp:
    """The stamp of a stat result."""
    return Stamp(stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_size, stat.st_mode)


def is_settled(newest_ns: int, now_ns: int) -> bool:
    """Whether a change time lies further back than the file system's clock step.

    The change time alone decides: every write moves it, and no program can set it (a modification
    time may lie in the future).
    """
    step = COARSE_STEP_NS if newest_ns % 1_000_000_000 == 0 else FINE_STEP_NS
    return newest_ns + step < now_ns


class StatIndex:
    """The index of one working tree.

    Args:
        database: Where rows are kept between commands.
    """

    def __init__(self, database: CacheDatabase) -> None:
        self._database = database
        self._rows: dict[str, Row] = {}
        self._new: dict[str, Row] = {}
        self._folders: dict[str, tuple[str, str, int, int]] = {}
        self._new_folders: dict[str, tuple[str, str, int, int]] = {}

    def find(self, path: str, stamp: Stamp) -> Row | None:
        """Row of one file, if it still counts."""
        row = self._rows.get(path)
        if row is None:
            found = self._database.query(
                "SELECT mtime_ns, ctime_ns, inode, size, mode, md5, sha1 FROM stat WHERE path = ?",
                (path,),
            )
            if not found:
                return None
            row = self._rows[path] = Row(Stamp(*found[0][:5]), *found[0][5:])
        return row if row.stamp == stamp else None

    def below(self, folder: str) -> Mapping[str, tuple[int, int, int, int, int, str]]:
        """All rows below a folder: path -> (mtime, ctime, inode, size, mode, md5), in one read."""
        low, high = (f"{folder}/", f"{folder}0") if folder != "." else ("", "\U0010ffff")
        rows = self._database.query(
            "SELECT path, mtime_ns, ctime_ns, inode, size, mode, md5 FROM stat"
            " WHERE path >= ? AND path < ?",
            (low, high),
        )
        found = {row[0]: row[1:] for row in rows}
        for path, row in self._new.items():
            if low <= path < high:
                found[path] = (*row.stamp, row.md5)
        return found

    def add(
        self, path: str, stamp: Stamp, *, read_at_ns: int, md5: str = "", sha1: str = ""
    ) -> None:
        """Note digests of bytes whose reading began at `read_at_ns` (wall clock, nanoseconds)."""
        if not is_settled(stamp.ctime_ns, read_at_ns):
            return
        if not (path.isascii() or _is_text(path)):
            return
        if not (md5 and sha1):
            known = self._rows.get(path)
            if known is not None and known.stamp == stamp:
                md5, sha1 = md5 or known.md5, sha1 or known.sha1
        self._rows[path] = self._new[path] = Row(stamp, md5, sha1)

    def find_folder(self, path: str, signature: str) -> tuple[str, int, int] | None:
        """(md5, size, number of files) of a folder whose signature did not move."""
        known = self._folders.get(path)
        if known is None:
            found = self._database.query(
                "SELECT signature, md5, size, nfiles FROM folder WHERE path = ?", (path,)
            )
            if not found:
                return None
            known = self._folders[path] = found[0]
        return known[1:] if known[0] == signature else None

    def add_folder(self, path: str, signature: str, md5: str, size: int, nfiles: int) -> None:
        """Note a folder's content at a settled signature."""
        self._folders[path] = self._new_folders[path] = (signature, md5, size, nfiles)

    def forget(self, path: str) -> None:
        """Drop what is known about a path in this process; rows are checked by stat anyway."""
        for known in (self._rows, self._new):
            known.pop(path, None)
        self._folders.pop(path, None)
        self._new_folders.pop(path, None)

    def save(self) -> None:
        """Write new rows, in one transaction a table."""
        if self._new:
            self._database.write(
                "INSERT OR REPLACE INTO stat VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(path, *row.stamp, row.md5, row.sha1) for path, row in self._new.items()],
            )
            self._new = {}
        if self._new_folders:
            self._database.write(
                "INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?, ?)",
                [(path, *row) for path, row in self._new_folders.items()],
            )
            self._new_folders = {}


def _is_text(path: str) -> bool:
    """Whether SQLite can hold a path: names that are not UTF-8 stay out of the index."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def now_ns() -> int:
    """Wall clock in nanoseconds, the clock that file times are compared with."""
    return time.time_ns()
