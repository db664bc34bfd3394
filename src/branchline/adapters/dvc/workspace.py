"""Port `workspace`: the files of the working tree, digested as DVC and git digest them.

Digests come from the stat index where a file did not move. Links are followed for content, as DVC
follows them (its cache may be linked); `read` and `blob` refuse a link that leads out of the root.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat as stat_module
import time
from typing import TYPE_CHECKING

from branchline.adapters.dvc.atomic_file import AtomicWriter
from branchline.adapters.dvc.digest import digest_file, unreadable
from branchline.adapters.dvc.folder import (
    check_members,
    folder_digest,
    folder_object,
    legacy_md5,
    walk,
)
from branchline.adapters.dvc.git_ignore import ignore_outs
from branchline.adapters.dvc.ignore import IgnoreFiles
from branchline.adapters.dvc.materialise import remove_path, unprotect_path
from branchline.adapters.dvc.stat_index import (
    FINE_STEP_NS,
    StatIndex,
    is_settled,
    now_ns,
    stamp_of,
)
from branchline.core.pipeline import Content
from branchline.errors import StoreError
from branchline.ports.workspace import Entry, EntryKind, Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.adapters.dvc.folder import Walk

_EXECUTABLE = 0o111
_WORTH_WAITING_BYTES = 32 << 20


class DvcWorkspace(Workspace):
    """The working tree below one root.

    Args:
        root: Absolute root of the repository.
        database: Where the stat index is kept.
        index: One that another workspace of this root keeps; it is asked, and saved by that one.
        lasting: See `AtomicWriter`.
    """

    def __init__(
        self,
        root: str,
        database: CacheDatabase,
        *,
        index: StatIndex | None = None,
        lasting: bool = True,
    ) -> None:
        self.root = os.path.abspath(root)
        self.ignore_files = IgnoreFiles(self.root)
        self.index = StatIndex(database) if index is None else index
        self.writer = AtomicWriter(self.root, lasting=lasting)
        self.database = database

    def absolute(self, path: str) -> str:
        """Absolute path of a path from the root; one outside of it may be absolute already."""
        if path.startswith("/"):
            return path
        return self.root if path == "." else f"{self.root}/{path}"

    def read(self, path: str) -> bytes | None:
        """See the port."""
        file = self.absolute(path)
        if os.path.islink(file) and not self._is_inside(file):
            return None
        try:
            with open(file, "rb") as stream:
                return stream.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                return None
            raise unreadable(path, error) from error

    def entry(self, path: str) -> Entry | None:
        """See the port."""
        file = self.absolute(path)
        try:
            stat = os.lstat(file)
        except (OSError, ValueError):
            return None
        if stat_module.S_ISLNK(stat.st_mode):
            return Entry(kind=EntryKind.LINK, target=os.readlink(file))
        if stat_module.S_ISDIR(stat.st_mode):
            return Entry(kind=EntryKind.FOLDER)
        return Entry(
            kind=EntryKind.FILE,
            is_executable=bool(stat.st_mode & stat_module.S_IXUSR),
            size_bytes=stat.st_size,
        )

    def list_folder(self, path: str) -> Mapping[str, EntryKind] | None:
        """See the port."""
        try:
            with os.scandir(self.absolute(path)) as entries:
                return {entry.name: _kind_of(entry) for entry in entries}
        except (OSError, ValueError):
            return None

    def content(self, path: str) -> Content | None:
        """See the port."""
        stat = self._stat(path)
        if stat is None:
            return None
        if stat_module.S_ISDIR(stat.st_mode):
            return self._folder_content(path)
        return Content(
            md5=self._file_md5(path, stat),
            size_bytes=stat.st_size,
            is_executable=bool(stat.st_mode & _EXECUTABLE),
        )

    def members(self, path: str) -> Sequence[tuple[str, Content]]:
        """See the port."""
        found = self._walked(path)
        md5s = self.digest_members(path, found.files)
        return [
            (
                name,
                Content(
                    md5=md5s[name],
                    size_bytes=stat.st_size,
                    is_executable=bool(stat.st_mode & _EXECUTABLE),
                ),
            )
            for name, stat in sorted(found.files, key=lambda item: item[0])
        ]

    def legacy_content(self, path: str) -> Content | None:
        """The same as `content` by DVC 2's digest, to compare with entries that lack `hash`.

        Nothing is cached: such entries are rare.
        """
        stat = self._stat(path)
        if stat is None:
            return None
        if not stat_module.S_ISDIR(stat.st_mode):
            return Content(
                md5=legacy_md5(self.absolute(path)),
                size_bytes=stat.st_size,
                is_executable=bool(stat.st_mode & _EXECUTABLE),
                legacy=True,
            )
        found = self._walked(path)
        folder = self.absolute(path)
        rows = [(name, legacy_md5(f"{folder}/{name}")) for name, _ in found.files]
        return Content(
            md5=folder_digest(folder_object(rows)),
            size_bytes=sum(stat.st_size for _, stat in found.files),
            nfiles=len(rows),
            legacy=True,
        )

    def blob(self, path: str) -> str | None:
        """See the port."""
        file = self.absolute(path)
        if os.path.islink(file) and not self._is_inside(file):
            return None
        stat = self._stat(path)
        if stat is None or not stat_module.S_ISREG(stat.st_mode):
            return None
        stamp = stamp_of(stat)
        row = self.index.find(path, stamp)
        if row is not None and row.sha1:
            return row.sha1
        read_at = now_ns()
        data = self.read(path)
        if data is None:
            return None
        sha1 = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
        sha1.update(data)
        if len(data) == stat.st_size:
            self.index.add(path, stamp, read_at_ns=read_at, sha1=sha1.hexdigest())
        return sha1.hexdigest()

    def signature(self, path: str) -> str:
        """See the port."""
        stat = self._stat(path)
        if stat is None:
            return "absent"
        read_at = now_ns()
        if stat_module.S_ISDIR(stat.st_mode):
            found = walk(self.absolute(path), path, self.ignore_files.rules(path))
            token, newest = f"folder {found.signature}", found.newest_ns
        else:
            token = "file " + " ".join(map(str, stamp_of(stat)))
            newest = stat.st_ctime_ns
        return token if is_settled(newest, read_at) else f"{token} unsettled {read_at}"

    def changed_at_ns(self, path: str) -> int | None:
        """See the port; of a folder the newest file below it counts."""
        stat = self._stat(path)
        if stat is None:
            return None
        newest = max(stat.st_ctime_ns, stat.st_mtime_ns)
        if stat_module.S_ISDIR(stat.st_mode):
            found = walk(self.absolute(path), path, self.ignore_files.rules(path))
            return max([found.newest_ns, *(item.st_mtime_ns for _, item in found.files)]) or newest
        return newest

    def replace(self, path: str, data: bytes) -> None:
        """See the port."""
        target = self.absolute(path)
        if not self._is_inside(target):
            raise StoreError(f"{path} leads out of the repository")
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            self.writer.replace(target, data)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error
        self.forget([path])

    def remove(self, path: str) -> None:
        """See the port."""
        try:
            remove_path(self.absolute(path))
        except OSError as error:
            raise StoreError(f"{path} cannot be removed: {error.strerror}") from error
        self.forget([path])

    def set_aside(self, path: str) -> str:
        """See the port."""
        place = f".branchline/replaced/{path.lstrip('/')}"
        target = os.path.join(self.root, place)
        try:
            remove_path(target)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(self.absolute(path), target)
        except OSError as error:
            raise StoreError(f"{path} cannot be moved to {place}: {error.strerror}") from error
        self.forget([path])
        return place

    def unprotect(self, path: str) -> None:
        """See the port."""
        try:
            unprotect_path(self.absolute(path), self.writer)
        except OSError as error:
            raise StoreError(f"{path} cannot be made writable: {error.strerror}") from error
        self.forget([path])

    def drop_stale_bytecode(self, paths: Sequence[str]) -> None:
        """See the port."""
        from branchline.adapters.dvc.bytecode import drop_stale

        drop_stale([self.absolute(path) for path in paths])

    def ignore(self, paths: Sequence[str]) -> None:
        """See the port."""
        ignore_outs(self.root, paths)

    def forget(self, paths: Sequence[str]) -> None:
        """See the port."""
        for path in paths:
            self.index.forget(path)

    def close(self) -> None:
        """See the port."""
        self.index.save()
        self.database.close()

    def digest_members(
        self, path: str, files: Sequence[tuple[str, os.stat_result]]
    ) -> dict[str, str]:
        """MD5 of every file of a folder, from the index where it can tell, in one read of it."""
        known = self.index.below(path)
        folder = self.absolute(path)
        prefix = "" if path == "." else f"{path}/"
        md5s: dict[str, str] = {}
        unknown: list[tuple[str, os.stat_result]] = []
        for name, stat in files:
            row = known.get(prefix + name)
            if (
                row is not None
                and row[5]
                and row[0] == stat.st_mtime_ns
                and row[1] == stat.st_ctime_ns
                and row[2] == stat.st_ino
                and row[3] == stat.st_size
                and row[4] == stat.st_mode
            ):
                md5s[name] = row[5]
            else:
                unknown.append((name, stat))
        if unknown:
            self._settle(unknown)
        for name, stat in unknown:
            read_at = now_ns()
            md5s[name] = digest_file(f"{folder}/{name}", prefix + name, stat)
            self.index.add(prefix + name, stamp_of(stat), read_at_ns=read_at, md5=md5s[name])
        return md5s

    def _folder_content(self, path: str) -> Content:
        read_at = now_ns()
        found = self._walked(path)
        known = self.index.find_folder(path, found.signature)
        if known is None:
            md5s = self.digest_members(path, found.files)
            md5 = folder_digest(folder_object(md5s.items()))
            known = (md5, sum(stat.st_size for _, stat in found.files), len(md5s))
            if is_settled(found.newest_ns, read_at):
                self.index.add_folder(path, found.signature, *known)
        return Content(md5=known[0], size_bytes=known[1], nfiles=known[2])

    def _walked(self, path: str) -> Walk:
        found = walk(self.absolute(path), path, self.ignore_files.rules(path))
        check_members(path, found)
        return found

    def _file_md5(self, path: str, stat: os.stat_result) -> str:
        if not stat_module.S_ISREG(stat.st_mode):
            raise StoreError(f"{path} is a special file and has no content")
        stamp = stamp_of(stat)
        row = self.index.find(path, stamp)
        if row is not None and row.md5:
            return row.md5
        self._settle([(path, stat)])
        read_at = now_ns()
        md5 = digest_file(self.absolute(path), path, stat)
        self.index.add(path, stamp, read_at_ns=read_at, md5=md5)
        return md5

    def _settle(self, unknown: Sequence[tuple[str, os.stat_result]]) -> None:
        """Wait out one clock step where reading much twice would cost more than the wait."""
        if sum(stat.st_size for _, stat in unknown) < _WORTH_WAITING_BYTES:
            return
        newest = max(stat.st_ctime_ns for _, stat in unknown)
        wait_ns = newest + FINE_STEP_NS - now_ns()
        if 0 <= wait_ns <= FINE_STEP_NS:
            time.sleep((wait_ns + 1_000_000) / 1e9)

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return os.stat(self.absolute(path))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                return None  # links in a circle lead nowhere, as a dangling one does
            raise unreadable(path, error) from error

    def _is_inside(self, file: str) -> bool:
        return os.path.realpath(file).startswith(os.path.realpath(self.root) + "/")


def _kind_of(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_symlink():
        return EntryKind.LINK
    return EntryKind.FOLDER if entry.is_dir() else EntryKind.FILE
