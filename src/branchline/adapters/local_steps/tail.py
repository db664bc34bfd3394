"""Adapter `local_steps`: what a file gained since it was last read."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

MOST_BYTES = 1 << 20
"""Read at a time; the rest comes with the next poll."""
_PRINT_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Gained:
    """What a file gained.

    Attributes:
        data: Bytes. is_new: Whether the file began anew, so that the bytes are its first.
    """

    data: bytes = b""
    is_new: bool = False


class Tail:
    """One file. Sees that it was replaced, or cut off and written anew.

    The last bytes that were read are kept: where they do not stand before the place where reading
    goes on, the file is another one, whatever its size and number say.

    Args:
        path: Absolute. is_old: Whether what it holds now was told before.
    """

    def __init__(self, path: str, *, is_old: bool) -> None:
        self._path = path
        self._sign: tuple[int, ...] = ()
        self._inode = -1
        self._offset = 0
        self._print = b""
        self.header = b""
        """First line of a file that was there before: a table's columns stand in it."""
        if is_old:
            self._skip()

    def read(self) -> Gained:
        """What came since the last call; nothing while the file cannot be read."""
        try:
            sign = sign_of(self._path)
        except OSError:
            self._sign, self._inode = (), -1
            return Gained()
        if sign == self._sign:
            return Gained()
        try:
            file = open_plain(self._path)
        except OSError:
            return Gained()
        try:
            return self._gain(file, sign)
        except OSError:
            return Gained()
        finally:
            os.close(file)

    def _gain(self, file: int, sign: tuple[int, ...]) -> Gained:
        found = os.fstat(file)
        is_new = found.st_ino != self._inode or found.st_size < self._offset
        if not is_new and self._print:
            begin = self._offset - len(self._print)
            is_new = os.pread(file, len(self._print), begin) != self._print
        if is_new:
            self._inode, self._offset, self._print = found.st_ino, 0, b""
        data = os.pread(file, MOST_BYTES, self._offset)
        self._offset += len(data)
        self._print = (self._print + data)[-_PRINT_BYTES:]
        # Not looked at again before it changes, unless there is more to read already.
        self._sign = sign if len(data) < MOST_BYTES else ()
        return Gained(data=data, is_new=is_new)

    def _skip(self) -> None:
        """Go to the end of what stands there now."""
        try:
            self._sign = sign_of(self._path)
            file = open_plain(self._path)
        except OSError:
            return
        try:
            found = os.fstat(file)
            self._inode, self._offset = found.st_ino, found.st_size
            begin = max(0, self._offset - _PRINT_BYTES)
            self._print = os.pread(file, self._offset - begin, begin)
            first, end, _ = os.pread(file, _PRINT_BYTES**2, 0).partition(b"\n")
            self.header = first + end if end else b""
        except OSError:
            self._sign, self._inode = (), -1
        finally:
            os.close(file)


def sign_of(path: str) -> tuple[int, ...]:
    """What changes when a file does.

    Raises:
        OSError: There is no such file.
    """
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def open_plain(path: str) -> int:
    """A descriptor of a regular file, open for reading; a pipe in its place holds nobody up.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{path} is no regular file")
    return file
