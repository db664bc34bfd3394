"""Content-addressed objects in DVC's layout: `files/md5/<2>/<30>`, mode 0444.

An object is written beside its place and renamed into it, so that a reader never sees half of one
and a kill leaves at most a `.tmp` file. Objects of a mebibyte and more are flushed to disk before
the rename; smaller ones are not, because a flush costs more than making them again: an object that
a power cut left empty is found by its size and reported as damaged.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat as stat_module
from typing import TYPE_CHECKING

from branchline.adapters.dvc.atomic_file import remove_leftovers
from branchline.adapters.dvc.digest import CHUNK_BYTES, changed_while_read, md5_of
from branchline.errors import StoreError

if TYPE_CHECKING:
    from branchline.core.pipeline import Content

PROTECTED = 0o444
EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
_FICLONE = 0x40049409


class ObjectFolder:
    """Objects below one cache folder.

    Args:
        cache_dir: Absolute folder, as DVC's `cache.dir`.
    """

    def __init__(self, cache_dir: str) -> None:
        self.cache_dir = cache_dir
        self.folder = os.path.join(cache_dir, "files", "md5")
        self._made: set[str] = set()
        self._count = 0
        self._umask = os.umask(0)
        os.umask(self._umask)

    def path(self, md5: str, *, legacy: bool = False) -> str:
        """Where an object stands; DVC 2's directly below the cache folder."""
        base = self.cache_dir if legacy else self.folder
        return f"{base}/{md5[:2]}/{md5[2:]}"

    def has(self, md5: str, *, legacy: bool = False) -> bool:
        """Whether an object is here and not evidently damaged."""
        try:
            stat = os.stat(self.path(md5, legacy=legacy))
        except OSError:
            return False
        return stat.st_size > 0 or md5 == EMPTY_MD5

    def checked(self, content: Content) -> str | None:
        """Path of a sound object; None when it is not here.

        Mode 0444 says that it was complete when it was put there; any other is digested again.

        Raises:
            StoreError: It is damaged.
        """
        md5 = content.md5 or ""
        path = self.path(md5, legacy=content.legacy)
        try:
            stat = os.stat(path)
        except OSError:
            return None
        is_folder = md5.endswith(".dir")
        wrong_size = not is_folder and content.size_bytes not in (None, stat.st_size)
        is_hollow = stat.st_size == 0 and md5 != EMPTY_MD5
        if wrong_size or is_hollow:
            raise damaged(path, f"it has {stat.st_size} bytes")
        if stat_module.S_IMODE(stat.st_mode) != PROTECTED and not content.legacy:
            if _md5_of_file(path) != md5.removesuffix(".dir"):
                raise damaged(path, "its bytes have another digest")
            with contextlib.suppress(OSError):
                os.chmod(path, PROTECTED)
        return path

    def add_bytes(self, data: bytes, *, suffix: str = "") -> str:
        """Add an object of these bytes; returns its digest with the suffix."""
        md5 = md5_of(data) + suffix
        if not self.has(md5):
            temporary = self.temporary()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PROTECTED)
            try:
                _write_all(descriptor, data)
            finally:
                os.close(descriptor)
            self.adopt(temporary, md5)
        return md5

    def add_file(self, file: str, path: str, *, expected: str = "") -> tuple[str, os.stat_result]:
        """Add a file, whole as it is now.

        Args:
            file: Absolute.
            path: The same for messages.
            expected: Its digest if that is known; then nothing is read when it is here.

        Returns:
            Its digest, and its stat when it was opened.

        Raises:
            StoreError: It cannot be read, or changed while it was read.
        """
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error
        try:
            before = os.fstat(descriptor)
            if expected and self.has(expected):
                return expected, before
            if before.st_size < CHUNK_BYTES:
                data = os.read(descriptor, before.st_size + 1)
                _check_same(path, before, os.fstat(descriptor), len(data))
                return self.add_bytes(data), before
            return self._add_large(descriptor, path, before), before
        finally:
            os.close(descriptor)

    def _add_large(self, source: int, path: str, before: os.stat_result) -> str:
        """Clone or copy to a temporary name, digest the copy, rename it."""
        temporary = self.temporary()
        target = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, PROTECTED)
        try:
            md5 = _cloned_md5(source, target) or _copied_md5(source, target)
            _check_same(path, before, os.fstat(source), os.fstat(target).st_size)
            os.fsync(target)
        except BaseException:
            os.unlink(temporary)
            raise
        finally:
            os.close(target)
        self.adopt(temporary, md5)
        return md5

    def adopt(self, temporary: str, md5: str) -> None:
        """Give a complete file in our folder its name."""
        if self._umask & PROTECTED:
            os.chmod(temporary, PROTECTED)
        folder = f"{self.folder}/{md5[:2]}"
        if folder not in self._made:
            os.makedirs(folder, exist_ok=True)
            self._made.add(folder)
        os.replace(temporary, f"{folder}/{md5[2:]}")

    def temporary(self) -> str:
        """A fresh name on the objects' own file system, outside of their folder."""
        folder = os.path.join(self.cache_dir, "tmp")
        if folder not in self._made:
            os.makedirs(folder, exist_ok=True)
            remove_leftovers(folder)
            self._made.add(folder)
        self._count += 1
        return f"{folder}/{os.getpid()}-{self._count}-{os.urandom(4).hex()}.tmp"


def damaged(path: str, why: str) -> StoreError:
    """The error for an object that is not what its name says."""
    return StoreError(
        f"{path} is damaged: {why}",
        todo="Delete that file and run again: it is fetched from where others have it, or made"
        " anew.",
    )


def clone_file(source: int, target: int) -> bool:
    """Make one file share another's blocks; False where the file system cannot."""
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        return False
    return True


def _cloned_md5(source: int, target: int) -> str:
    if not clone_file(source, target):
        return ""
    hasher = hashlib.md5(usedforsecurity=False)
    os.lseek(target, 0, os.SEEK_SET)
    while chunk := os.read(target, CHUNK_BYTES):
        hasher.update(chunk)
    return hasher.hexdigest()


def _copied_md5(source: int, target: int) -> str:
    hasher = hashlib.md5(usedforsecurity=False)
    os.lseek(source, 0, os.SEEK_SET)
    while chunk := os.read(source, CHUNK_BYTES):
        hasher.update(chunk)
        _write_all(target, chunk)
    return hasher.hexdigest()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _check_same(path: str, before: os.stat_result, after: os.stat_result, read_bytes: int) -> None:
    if (
        before.st_mtime_ns != after.st_mtime_ns
        or before.st_size != after.st_size
        or read_bytes != before.st_size
    ):
        raise changed_while_read(path)


def _md5_of_file(path: str) -> str:
    hasher = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            hasher.update(chunk)
    return hasher.hexdigest()
