"""Serves the port `artifacts` beside a store in DVC's layout.

A run's folder is made under another name and renamed: who looks sees all of it or nothing. Files
are hard links to objects (read only, as those are), copies where links do not work.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from branchline.adapters.dvc.digest import CHUNK_BYTES
from branchline.adapters.dvc.objects import clone_file
from branchline.errors import StoreError
from branchline.ports.artifacts import Artifacts, Damage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.adapters.dvc.store import DvcStore
    from branchline.core.pipeline import Content

_NAME = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]*", re.ASCII)


class DvcArtifacts(Artifacts):
    """Runs laid out below one folder.

    Args:
        store: Holds the objects.
        folder: Absolute; the store's own when "".
        is_exposed: Whether commands of others get the folders. Root, as in a container, writes
            what is read only: then files are copies, and what a command spoils is not the store.
    """

    def __init__(self, store: DvcStore, folder: str = "", *, is_exposed: bool = False) -> None:
        self._store = store
        self._is_linked = not (is_exposed and os.geteuid() == 0)
        self._folder = folder or store.settings.cache_dir

    def lay_out(self, kind: str, run: str, files: Mapping[str, Content | bytes]) -> str:
        """See the port."""
        for name in (kind, run):
            if not _NAME.fullmatch(name):
                raise StoreError(f"{name!r} cannot name a folder of artifacts")
        target = os.path.join(self._folder, kind, run)
        sources = list(self._sources(files))
        if _is_same(target, sources, is_linked=self._is_linked):
            return target
        making = f"{target}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
        try:
            os.makedirs(making)
            for path, source in sources:
                _put(source, os.path.join(making, path), is_linked=self._is_linked)
            _replace(making, target)
        except OSError as error:
            raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return target

    def damage(self, path: str, content: Content) -> Sequence[Damage]:
        """See the port."""
        wrong = self._wrong(content)
        if wrong:
            return [Damage(path=path, what=wrong)]
        if not content.is_folder:
            return []
        members = self._store.members(content)
        found = [(f"{path}/{name}", self._wrong(member)) for name, member in members or ()]
        return [Damage(path=name, what=what) for name, what in found if what]

    def _wrong(self, content: Content) -> str:
        """What is wrong with one object; "" when nothing is. Every byte is read."""
        import hashlib

        if content.md5 is None:
            return "its digest is not known"
        file = self._store.objects.path(content.md5, legacy=content.legacy)
        if not os.path.exists(file):
            try:
                self._store.locate(content)
            except StoreError as error:
                return error.message
        hasher = hashlib.md5(usedforsecurity=False)
        try:
            with open(file, "rb") as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    hasher.update(chunk)
        except FileNotFoundError:
            return f"it is not in the store ({file})"
        except OSError as error:
            return f"{file} cannot be read: {error.strerror}"
        if hasher.hexdigest() != content.md5.removesuffix(".dir"):
            return f"its bytes have another digest ({file})"
        return ""

    def _sources(self, files: Mapping[str, Content | bytes]) -> Iterator[tuple[str, str | bytes]]:
        """(path, object's file or bytes) of every file, folders gone into."""
        for path, held in files.items():
            if path.startswith("/") or ".." in path.split("/") or not path:
                raise StoreError(f"{path!r} lies outside of the folder of its run")
            if isinstance(held, bytes):
                yield path, held
                continue
            members = self._store.members(held) if held.is_folder else [("", held)]
            if members is None:
                raise StoreError(f"{path}: object {held.md5} is not in the store")
            for name, member in members:
                inner = f"{path}/{name}" if name else path
                source = self._store.locate(member)
                if source is None:
                    raise StoreError(
                        f"{inner}: object {member.md5} is not in the store",
                        todo="Fetch it from a remote store, or run the stage that makes it.",
                    )
                yield inner, source


def _put(source: str | bytes, target: str, *, is_linked: bool) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if isinstance(source, bytes):
        with open(target, "xb") as file:
            file.write(source)
        return
    if is_linked:
        try:
            os.link(source, target)
        except OSError:  # another file system, or too many links
            pass
        else:
            return
    with open(source, "rb") as reader, open(target, "xb") as writer:
        if not clone_file(reader.fileno(), writer.fileno()):
            shutil.copyfileobj(reader, writer, CHUNK_BYTES)
    os.chmod(target, 0o444)


def _replace(making: str, target: str) -> None:
    """Give a folder its name; another one of that name goes."""
    old = f"{making}.old"
    for _ in range(2):
        try:
            os.rename(making, target)
        except OSError:
            if not os.path.isdir(target):
                raise
            os.rename(target, old)
            continue
        shutil.rmtree(old, ignore_errors=True)
        return
    raise OSError(f"{target} keeps coming back")


def _is_same(target: str, sources: Sequence[tuple[str, str | bytes]], *, is_linked: bool) -> bool:
    """Whether a folder holds exactly these files: by name, and by inode or by bytes."""
    if not os.path.isdir(target):
        return False
    there = {
        os.path.relpath(os.path.join(folder, name), target)
        for folder, _, names in os.walk(target)
        for name in names
    }
    if there != {path for path, _ in sources}:
        return False
    return all(
        _holds(os.path.join(target, path), source, is_linked=is_linked) for path, source in sources
    )


def _holds(file: str, source: str | bytes, *, is_linked: bool) -> bool:
    import filecmp

    if isinstance(source, str):
        if os.path.samefile(file, source):
            return is_linked
        return filecmp.cmp(file, source, shallow=False)
    with open(file, "rb") as stream:
        return stream.read() == source
