"""Files replaced in one step: a reader sees the old bytes or the new ones, whatever is killed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time

from branchline.adapters.dvc.cache_database import prepare_folder

_HERE = -100  # AT_FDCWD; the paths are absolute
_EXCHANGE = 2  # RENAME_EXCHANGE


class AtomicWriter:
    """Writes files of one repository by way of its `.branchline/tmp`.

    Args:
        root: Absolute root of the repository.
        lasting: Whether files outlive a loss of power; a kill they outlive in any case.
    """

    def __init__(self, root: str, *, lasting: bool = True) -> None:
        self._lasting = lasting
        self._state = os.path.join(root, ".branchline")
        self._folder = os.path.join(self._state, "tmp")
        self._count = 0

    def replace(self, path: str, data: bytes) -> None:
        """Give a file these bytes, on disk before it gets its name; its mode is kept.

        Args:
            path: Absolute; where it is a link, the file behind it is replaced.
            data: The bytes.

        Raises:
            OSError: The system refused.
        """
        target = os.path.realpath(path)
        try:
            found = os.stat(target).st_mode
        except OSError:
            found = 0
        mode = found & 0o777 if found else None
        temporary = self.temporary()
        try:
            self._write(temporary, data, mode)
            if not self._lasting and stat.S_ISREG(found) and exchange(temporary, target):
                os.unlink(temporary)
            else:
                os.replace(temporary, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            beside = f"{target}.{os.getpid()}.tmp"
            self._write(beside, data, mode)
            os.replace(beside, target)
            os.unlink(temporary)

    def beside(self, target: str) -> str:
        """A fresh name on the file system of a target: in `.branchline/tmp` if that is there."""
        temporary = self.temporary()
        if os.stat(self._folder).st_dev == os.stat(os.path.dirname(target)).st_dev:
            return temporary
        return f"{target}.{os.path.basename(temporary)}.tmp"

    def temporary(self) -> str:
        """A fresh absolute name inside `.branchline/tmp`."""
        if not self._count:
            prepare_folder(self._state)
            os.makedirs(self._folder, exist_ok=True)
            remove_leftovers(self._folder)
        self._count += 1
        return f"{self._folder}/{os.getpid()}-{self._count}-{os.urandom(4).hex()}"

    def _write(self, path: str, data: bytes, mode: int | None) -> None:
        with open(path, "xb") as file:
            file.write(data)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            if self._lasting:
                os.fsync(file.fileno())


def exchange(one: str, other: str) -> bool:
    """Let two files change their names, in one step; False where the system cannot.

    ext4 writes a file to disk when it takes the name of another one (0.3 ms, and as long as the
    disk makes it wait), not when the two change theirs.
    """
    try:
        import ctypes

        call = ctypes.CDLL(None).renameat2
    except (ImportError, OSError, AttributeError):
        return False
    paths = [os.fsencode(os.path.abspath(path)) for path in (one, other)]
    done: int = call(_HERE, paths[0], _HERE, paths[1], _EXCHANGE)
    return done == 0


def remove_leftovers(folder: str) -> None:
    """Remove what killed processes left more than a day ago."""
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < time.time() - 86_400:
                    os.unlink(entry.path)
