"""Serves the port `ci`: the folder of results, written by one job and read by another.

What comes out of an artifact was made by a job that ran a stranger's code: links, devices, folders
and endless files are refused before a byte is read.
"""

from __future__ import annotations

import os
import stat

from branchline.errors import CiError
from branchline.ports.ci import ResultsFolder


def folders_in(path: str) -> tuple[str, ...]:
    """Names of the folders in a folder, without links, sorted; none where there is no folder.

    Raises:
        CiError: It cannot be looked at.
    """
    try:
        with os.scandir(path) as entries:
            return tuple(sorted(e.name for e in entries if e.is_dir(follow_symlinks=False)))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise CiError(f"{path} cannot be looked at: {error.strerror}") from error


class LocalResultsFolder(ResultsFolder):
    """A folder on this machine.

    Args:
        path: Of the folder.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)

    def write(self, name: str, content: bytes) -> None:
        """See the port."""
        place = self._place(name)
        try:
            os.makedirs(self.path, exist_ok=True)
            with open(f"{place}.new", "wb") as file:
                file.write(content)
            os.replace(f"{place}.new", place)
        except OSError as error:
            raise CiError(f"{place} cannot be written: {error.strerror}") from error

    def read(self, name: str, *, most_bytes: int) -> bytes | None:
        """See the port."""
        handle = self._open(name, most_bytes)
        if handle is None:
            return None
        with os.fdopen(handle, "rb") as file:
            return file.read(most_bytes)

    def checked(self, name: str, *, most_bytes: int) -> str:
        """See the port."""
        handle = self._open(name, most_bytes)
        if handle is None:
            return ""
        os.close(handle)
        return self._place(name)

    def _place(self, name: str) -> str:
        return os.path.join(self.path, name)

    def _open(self, name: str, most_bytes: int) -> int | None:
        """A plain file, read only; None when there is none. A pipe would else wait for ever."""
        place, flags = self._place(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            handle = os.open(place, flags)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CiError(f"{place} is no plain file: {error.strerror}") from error
        about = os.fstat(handle)
        is_plain, is_small = stat.S_ISREG(about.st_mode), about.st_size <= most_bytes
        if is_plain and is_small:
            return handle
        os.close(handle)
        raise CiError(
            f"{place} has more than {most_bytes:,} bytes"
            if is_plain
            else f"{place} is no plain file"
        )
