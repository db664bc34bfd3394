"""Objects put into the working tree: cloned, linked or copied, each replaced in one step."""

from __future__ import annotations

import os
import stat as stat_module
from typing import TYPE_CHECKING

from branchline.adapters.dvc.objects import clone_file
from branchline.core.policy import Link
from branchline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.dvc.atomic_file import AtomicWriter

_READABLE_BY_ALL = 0o666


class FileMaker:
    """Makes workspace files out of objects; remembers which links do not work here.

    Args:
        links: Link types in the order in which they are tried; copying is always the last.
        writer: Gives names for files in the making.
    """

    def __init__(self, links: Sequence[Link], writer: AtomicWriter) -> None:
        self.links = tuple(links)
        self._refused: set[Link] = set()
        self._umask = _umask()
        self._writer = writer

    def make(self, source: str, target: str, *, executable: bool = False) -> None:
        """Replace a file by an object's content.

        Args:
            source: Absolute path of the object.
            target: Absolute path in the working tree; its folder exists.
            executable: Whether it gets the x bit; then it is a file of its own, never a link.

        Raises:
            StoreError: It cannot be written.
        """
        temporary = self._writer.beside(target)
        try:
            if not self._linked(source, temporary, executable=executable):
                self._copied(source, temporary, executable=executable)
            os.replace(temporary, target)
        except OSError as error:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise StoreError(f"{target} cannot be written: {error.strerror}") from error

    def _linked(self, source: str, temporary: str, *, executable: bool) -> bool:
        """Try hard and symbolic links; cloning happens while copying."""
        for link in self.links:
            if link in (Link.REFLINK, Link.COPY):
                return False
            if executable or link in self._refused:
                continue
            try:
                if link is Link.HARDLINK:
                    os.link(source, temporary)
                else:
                    os.symlink(source, temporary)
            except FileNotFoundError:
                raise
            except OSError:
                self._refused.add(link)
                continue
            return True
        return False

    def _copied(self, source: str, temporary: str, *, executable: bool) -> None:
        import shutil

        mode = (0o777 if executable else _READABLE_BY_ALL) & ~self._umask
        with open(source, "rb") as reader:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with open(descriptor, "wb") as writer:
                if Link.REFLINK in self.links and Link.REFLINK not in self._refused:
                    if clone_file(reader.fileno(), writer.fileno()):
                        return
                    self._refused.add(Link.REFLINK)
                shutil.copyfileobj(reader, writer, 1 << 20)


def remove_path(path: str) -> None:
    """Remove whatever stands at an absolute path; nothing there is fine."""
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def unprotect_path(path: str, writer: AtomicWriter) -> None:
    """Make a file, or every file below a folder, a writable file of its own."""
    if os.path.isdir(path) and not os.path.islink(path):
        for folder, _, names in os.walk(path):
            for name in names:
                _unprotect_file(os.path.join(folder, name), writer)
    elif os.path.isfile(path):
        _unprotect_file(path, writer)


def _unprotect_file(path: str, writer: AtomicWriter) -> None:
    stat = os.lstat(path)
    if stat_module.S_ISLNK(stat.st_mode) or stat.st_nlink > 1:
        if not os.path.isfile(path):
            return
        FileMaker((Link.COPY,), writer).make(os.path.realpath(path), path)
    elif not stat.st_mode & stat_module.S_IWUSR:
        os.chmod(path, (stat.st_mode & 0o777) | (_READABLE_BY_ALL & ~_umask()))


def set_executable(path: str, *, executable: bool) -> None:
    """Set or clear the x bits of a file as far as it is readable."""
    mode = os.stat(path).st_mode & 0o777
    wanted = mode | ((mode & 0o444) >> 2) if executable else mode & ~0o111
    if wanted != mode:
        os.chmod(path, wanted)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
