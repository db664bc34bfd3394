"""A remote that is no folder here: objects in DVC's layout, below an address.

A folder's list is sent after its files, as DVC does it: where the list is, the files are. What was
found or sent there once is noted beside the cache, and not asked for again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING, TypeVar

from branchline.adapters.dvc.digest import CHUNK_BYTES
from branchline.adapters.dvc.folder import legacy_md5
from branchline.errors import StoreError
from branchline.ports.store import Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from branchline.adapters.dvc.objects import ObjectFolder
    from branchline.core.pipeline import Content
    from branchline.ports.remote_files import RemoteFiles

SIDE_BY_SIDE = 8
"""Objects that are on their way at once."""
_NOTES = "branchline-sent"
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class FarRemote:
    """Objects below one address.

    Args:
        files: What is there.
        cache: The repository's own objects.
        identity: Of the place; what is noted about it is forgotten with another one.
        said: How messages name it.
        name: In DVC's settings; "" where it is no remote of DVC.
    """

    def __init__(
        self, files: RemoteFiles, cache: ObjectFolder, *, identity: str, said: str, name: str = ""
    ) -> None:
        self.said, self.name = said, name
        self.problem: StoreError | None = None
        self._files, self._cache = files, cache
        name = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._notes = os.path.join(cache.cache_dir, _NOTES, name)
        self._known: set[str] | None = None
        self._lock = threading.Lock()

    def asked(self, md5: str, *, legacy: bool = False) -> bool:
        """Whether an object is there, asked anew.

        Raises:
            StoreError: It cannot be told.
        """
        return self._files.size(_path(md5, legacy=legacy)) is not None

    def has(self, md5: str, *, legacy: bool = False) -> bool:
        """Whether an object is there, as far as is known; False where it cannot be told.

        After one question without an answer none is asked: a plan would wait for each.
        """
        if md5 in self._noted():
            return True
        if self.problem is not None:
            return False
        try:
            found = self.asked(md5, legacy=legacy)
        except StoreError as error:
            self.problem = error
            return False
        if found and not legacy:
            self._note([md5])
        return found

    def holds(self, content: Content) -> bool:
        """`has` for a file, or for a folder with its files."""
        return bool(content.md5) and self.has(content.md5 or "", legacy=content.legacy)

    def is_kept(self, content: Content) -> bool:
        """Whether a file is there, or a folder with all its files; each is asked for anew.

        Raises:
            StoreError: It cannot be told, or the list of a folder is damaged there.
        """
        md5, legacy = content.md5 or "", content.legacy
        if not self.asked(md5, legacy=legacy):
            return False
        if not md5.endswith(".dir"):
            return True
        self.pull(content)
        members = _members(self._cache, md5, legacy=legacy)
        return all(_side_by_side(lambda one: self.asked(one, legacy=legacy), members))

    def pull(self, content: Content) -> bool:
        """Copy one object into the cache (a folder: its list only); says whether it was there.

        Raises:
            StoreError: It is damaged there, or cannot be read.
        """
        md5 = content.md5 or ""
        if not md5 or self._cache.has(md5, legacy=content.legacy):
            return bool(md5)
        temporary = self._cache.temporary()
        try:
            if not self._files.get(_path(md5, legacy=content.legacy), temporary):
                return False
            found = legacy_md5(temporary) if content.legacy else _md5_of_file(temporary)
            if found != md5.removesuffix(".dir"):
                self._forget()
                raise StoreError(
                    f"object {md5} of {self.said} is damaged: its bytes have another digest",
                    todo="Delete it there; a machine that has it sends it again:"
                    " `branchline store push`.",
                )
            if content.legacy:
                wanted = self._cache.path(md5, legacy=True)
                os.makedirs(os.path.dirname(wanted), exist_ok=True)
                os.replace(temporary, wanted)
            else:
                os.chmod(temporary, 0o444)
                self._cache.adopt(temporary, md5)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        return True

    def pull_all(self, contents: Iterable[Content]) -> None:
        """`pull` several side by side; what is not there is left out.

        Raises:
            StoreError: One is damaged there, or cannot be read.
        """
        _side_by_side(self.pull, tuple(contents))

    def send(
        self, contents: Iterable[Content], *, is_stopped: Callable[[], bool], anew: bool = False
    ) -> Sent:
        """Send what is not there yet, folders with their files.

        Args:
            contents: Files and folders.
            is_stopped: Asked before each object; True ends it early.
            anew: Ask the remote for everything, also for what was noted.

        Raises:
            StoreError: It cannot be written, or one is neither here nor there. The others are sent.
        """
        if not self._files.can_write:
            raise StoreError(
                f"{self.said} is only read",
                todo="Name a store that can be written: `store: s3://bucket/prefix`, a folder, ...",
            )
        wanted = {content.md5 for content in contents if content.md5 and not content.legacy}
        known = set() if anew else self._noted()
        tops = sorted(wanted - known)
        there = _side_by_side(self._is_there, tops)
        self._note([md5 for md5, is_there in zip(tops, there, strict=True) if is_there])
        missing = [md5 for md5, is_there in zip(tops, there, strict=True) if not is_there]
        folders = [md5 for md5 in missing if md5.endswith(".dir")]
        members = {md5: _members(self._cache, md5) for md5 in folders}
        files = {md5 for md5 in missing if not md5.endswith(".dir")}
        files.update(
            member for names in members.values() for member in names if member not in known
        )

        def send_one(md5: str) -> Sent:
            return Sent() if is_stopped() else self._send(md5)

        sent = [*_side_by_side(send_one, sorted(files))]
        # Last: whoever sees the list of a folder takes its files for there.
        sent += _side_by_side(send_one, folders)
        return Sent(
            objects=sum(one.objects for one in sent),
            size_bytes=sum(one.size_bytes for one in sent),
        )

    def _send(self, md5: str) -> Sent:
        path = self._cache.path(md5)
        if self._is_there(md5):
            self._note([md5])
            return Sent()
        size = self._size_here(md5)
        if size is None:
            raise StoreError(
                f"object {md5} is neither here nor in {self.said}",
                todo="Run the stage that makes it, or send it from a machine that has it.",
            )
        self._files.put(path, _path(md5))
        self._note([md5])
        return Sent(objects=1, size_bytes=size)

    def _is_there(self, md5: str) -> bool:
        """Whether an object is there, and as long as the one that is here, if it is."""
        there = self._files.size(_path(md5))
        return there is not None and self._size_here(md5) in (None, there)

    def _size_here(self, md5: str) -> int | None:
        return os.stat(self._cache.path(md5)).st_size if self._cache.has(md5) else None

    def _noted(self) -> set[str]:
        with self._lock:
            if self._known is None:
                try:
                    with open(self._notes, encoding="ascii") as file:
                        # A line that a kill cut short is no digest of ours.
                        self._known = {line.strip() for line in file if line.endswith("\n")}
                except OSError:
                    self._known = set()
            return self._known

    def _note(self, md5s: Sequence[str]) -> None:
        new = [md5 for md5 in md5s if md5 not in self._noted()]
        if not new:
            return
        with self._lock:
            self._noted_now().update(new)
            with contextlib.suppress(OSError):  # then it is asked for again
                os.makedirs(os.path.dirname(self._notes), exist_ok=True)
                with open(self._notes, "a", encoding="ascii") as file:
                    file.write("".join(f"{md5}\n" for md5 in new))

    def _noted_now(self) -> set[str]:
        return self._known if self._known is not None else set()

    def _forget(self) -> None:
        """Ask for everything again: of which folders a damaged object is a file is not known."""
        with self._lock, contextlib.suppress(OSError):
            self._noted_now().clear()
            os.unlink(self._notes)


def _path(md5: str, *, legacy: bool = False) -> str:
    """Path of an object; DVC 2's directly below the address."""
    return f"{'' if legacy else 'files/md5/'}{md5[:2]}/{md5[2:]}"


def _members(cache: ObjectFolder, md5: str, *, legacy: bool = False) -> list[str]:
    """Digests of the files of a folder object that is here."""
    try:
        with open(cache.path(md5, legacy=legacy), "rb") as file:
            return [str(row["md5"]) for row in json.load(file)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{cache.path(md5)} cannot be read: {error}") from error


def _md5_of_file(path: str) -> str:
    hasher = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            hasher.update(chunk)
    return hasher.hexdigest()


def _side_by_side(ask: Callable[[Asked], Answer], things: Sequence[Asked]) -> list[Answer]:
    """Ask for several at once; the first error is raised once all have ended."""
    if len(things) <= 1:
        return [ask(thing) for thing in things]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(things))) as pool:
        return [future.result() for future in [pool.submit(ask, thing) for thing in things]]
