"""Port `store`: outputs kept in DVC's cache layout, linked into the workspace."""

from __future__ import annotations

import contextlib
import os
import stat as stat_module
from typing import TYPE_CHECKING

from branchline.adapters.dvc.folder import check_members, folder_object, legacy_md5, walk
from branchline.adapters.dvc.materialise import FileMaker, remove_path, set_executable
from branchline.adapters.dvc.objects import ObjectFolder, damaged
from branchline.adapters.dvc.remote import damaged_there
from branchline.adapters.dvc.remotes import Remotes
from branchline.adapters.dvc.settings import read_settings
from branchline.adapters.dvc.stat_index import now_ns, stamp_of
from branchline.core.pipeline import Content
from branchline.core.policy import Link
from branchline.errors import StoreError
from branchline.ports.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from branchline.adapters.dvc.remotes import Elsewhere
    from branchline.adapters.dvc.settings import DvcSettings
    from branchline.adapters.dvc.workspace import DvcWorkspace
    from branchline.ports.store import Sent

_IDENTITY_FILE = "branchline-store-id"


class DvcStore(Store):
    """The local store of one repository.

    Args:
        workspace: Its working tree.
        settings: DVC's settings; read from `.dvc/config` when None.
        links: Link types in the order in which they are tried; the settings' own when None.
        elsewhere: Tells which places besides the folders of DVC's settings are named; None: none.
    """

    def __init__(
        self,
        workspace: DvcWorkspace,
        *,
        settings: DvcSettings | None = None,
        links: Sequence[Link] | None = None,
        elsewhere: Callable[[], Elsewhere] | None = None,
    ) -> None:
        self.settings = settings or read_settings(workspace.root)
        self.objects = ObjectFolder(self.settings.cache_dir)
        self.remotes = Remotes(self.settings, self.objects, elsewhere)
        self._workspace = workspace
        self._links = tuple(links or self.settings.links)
        self._makers: dict[tuple[Link, ...], FileMaker] = {}
        self._identity = ""

    def identity(self) -> str:
        """See the port."""
        if not self._identity:
            self._identity = _read_or_make_identity(self.settings.cache_dir, self._workspace.root)
        return self._identity

    def has(self, content: Content) -> bool:
        """See the port."""
        if content.md5 is None or not self.objects.has(content.md5, legacy=content.legacy):
            return False
        if not content.is_folder:
            return True
        try:
            members = self.members(content)
        except StoreError:
            return False
        return members is not None and all(
            self.objects.has(member.md5 or "", legacy=content.legacy) for _, member in members
        )

    def can_fetch(self, content: Content) -> bool:
        """See the port."""
        if not self._is_at_hand(content):
            return False
        if not content.is_folder:
            return True
        try:
            if self._is_near(content):
                members = self.members(content) or ()
                if all(self._is_near(member) for _, member in members):
                    return True
        except StoreError:
            return True
        return self.remotes.has_whole(content)

    def looked_at(self) -> str:
        """See the port."""
        return self.remotes.looked_at()

    def sends_to(self) -> str:
        """See the port."""
        target = self.remotes.target()
        return target.said if target is not None else ""

    def send(
        self,
        contents: Iterable[Content],
        *,
        is_stopped: Callable[[], bool] = lambda: False,
        anew: bool = False,
    ) -> Sent:
        """See the port."""
        return self.remotes.needed_target().send(contents, is_stopped=is_stopped, anew=anew)

    def is_elsewhere(self, content: Content) -> bool:
        """See the port."""
        target = self.remotes.needed_target()
        return bool(content.md5) and target.is_kept(content)

    def save(self, path: str, *, link: Link | None = None) -> Content:
        """See the port."""
        file = self._workspace.absolute(path)
        try:
            mode = os.stat(file).st_mode
        except OSError as error:
            raise StoreError(f"{path} cannot be stored: {error.strerror}") from error
        is_folder = stat_module.S_ISDIR(mode)
        if not is_folder and not stat_module.S_ISREG(mode):  # to open a pipe is to wait for ever
            raise StoreError(
                f"{path} cannot be stored: it is neither a file nor a folder",
                todo="Write an ordinary file in its place; a pipe or a socket holds nothing.",
            )
        try:
            content = self._save_folder(path) if is_folder else self._save_file(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be stored: {error.strerror or error}") from error
        if (link or self._links[0]) in (Link.HARDLINK, Link.SYMLINK):
            self.restore(path, content, link=link)
        return content

    def restore(self, path: str, content: Content, *, link: Link | None = None) -> None:
        """See the port."""
        links = self._links if link is None else (link,)
        maker = self._makers.setdefault(links, FileMaker(links, self._workspace.writer))
        target = self._workspace.absolute(path)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if content.is_folder:
                self._restore_folder(path, target, content, maker)
            else:
                self._restore_file(path, target, content, maker)
        except OSError as error:
            raise StoreError(f"{path} cannot be restored: {error.strerror or error}") from error
        finally:
            self._workspace.forget([path])

    def read(self, content: Content) -> bytes | None:
        """See the port."""
        source = self._source(content)
        if source is None:
            return None
        with open(source, "rb") as file:
            return file.read()

    def members(self, content: Content) -> Sequence[tuple[str, Content]] | None:
        """See the port."""
        source = self.objects.checked(content) or self._list_in_remote(content)
        if source is None:
            return None
        import json

        try:
            with open(source, "rb") as file:
                rows = [(str(row["relpath"]), str(row["md5"])) for row in json.load(file)]
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(source, "it is not a list of files") from error
        for name, _ in rows:
            if name.startswith("/") or ".." in name.split("/"):
                raise damaged(source, f"it names {name}, which lies outside of the folder")
        return [(name, Content(md5=md5, legacy=content.legacy)) for name, md5 in rows]

    def _save_file(self, path: str) -> Content:
        workspace = self._workspace
        file = workspace.absolute(path)
        row = workspace.index.find(path, stamp_of(os.stat(file)))
        read_at = now_ns()
        md5, stat = self.objects.add_file(file, path, expected=row.md5 if row else "")
        workspace.index.add(path, stamp_of(stat), read_at_ns=read_at, md5=md5)
        return Content(md5=md5, size_bytes=stat.st_size, is_executable=bool(stat.st_mode & 0o111))

    def _save_folder(self, path: str) -> Content:
        workspace = self._workspace
        found = walk(workspace.absolute(path), path, workspace.ignore_files.rules(path))
        check_members(path, found)
        known = workspace.index.below(path)
        prefix = "" if path == "." else f"{path}/"
        md5s: list[tuple[str, str]] = []
        size = 0
        for name, stat in found.files:
            inner = prefix + name
            row = known.get(inner)
            md5 = row[5] if row is not None and tuple(row[:5]) == stamp_of(stat) else ""
            size += stat.st_size
            if not (md5 and self.objects.has(md5)):
                read_at = now_ns()
                md5, opened = self.objects.add_file(workspace.absolute(inner), inner)
                workspace.index.add(inner, stamp_of(opened), read_at_ns=read_at, md5=md5)
                size += opened.st_size - stat.st_size
            md5s.append((name, md5))
        folder = self.objects.add_bytes(folder_object(md5s), suffix=".dir")
        return Content(md5=folder, size_bytes=size, nfiles=len(md5s))

    def locate(self, content: Content) -> str | None:
        """A sound object's path, fetched from a remote folder when it is not here.

        Raises:
            StoreError: It is damaged.
        """
        return self._source(content)

    def _source(self, content: Content) -> str | None:
        if content.md5 is None:
            return None
        source = self.objects.checked(content)
        if source is None and self.remotes.pull(content):
            source = self.objects.checked(content)
        return source

    def _is_at_hand(self, content: Content) -> bool:
        md5, legacy = content.md5 or "", content.legacy
        return bool(md5) and (
            self.objects.has(md5, legacy=legacy) or self.remotes.has(md5, legacy=legacy)
        )

    def _is_near(self, content: Content) -> bool:
        """Whether an object is here or in a folder that this machine reaches."""
        md5, legacy = content.md5 or "", content.legacy
        return bool(md5) and (
            self.objects.has(md5, legacy=legacy)
            or any(remote.has(md5, legacy=legacy) for remote in self.remotes.folders())
        )

    def _list_in_remote(self, content: Content) -> str | None:
        """The list of a folder where a remote keeps it: a plan reads it and copies nothing."""
        md5 = content.md5 or ""
        for remote in self.remotes.folders():
            if md5 and remote.has(md5, legacy=content.legacy):
                path = remote.objects.path(md5, legacy=content.legacy)
                try:
                    found = legacy_md5(path)
                except OSError as error:
                    raise StoreError(f"{path} cannot be read: {error.strerror}") from error
                if found != md5.removesuffix(".dir"):
                    raise damaged_there(path)
                return path
        # From an address it has to come here to be read; a list is small.
        return self._source(content)

    def _needed(self, path: str, content: Content) -> str:
        source = self._source(content)
        if source is None:
            raise StoreError(
                f"{path}: object {content.md5} is not in the store ({self.settings.cache_dir})"
                f"; {self.looked_at()}",
                todo=f"Type `dvc pull {path}`, or run the stage that makes it.",
            )
        return source

    def _restore_file(self, path: str, target: str, content: Content, maker: FileMaker) -> None:
        if os.path.isdir(target) and not os.path.islink(target):
            remove_path(target)
        if maker.links[0] not in (Link.HARDLINK, Link.SYMLINK) and not content.legacy:
            held = self._workspace.content(path) if os.path.isfile(target) else None
            if held is not None and held.md5 == content.md5 and not _is_shared(target):
                set_executable(target, executable=content.is_executable)
                return
        maker.make(self._needed(path, content), target, executable=content.is_executable)

    def _restore_folder(self, path: str, target: str, content: Content, maker: FileMaker) -> None:
        self._needed(path, content)
        members = dict(self.members(content) or ())
        self.remotes.pull_all(members.values())
        sources = {name: self._needed(f"{path}/{name}", item) for name, item in members.items()}
        if os.path.lexists(target) and (os.path.islink(target) or not os.path.isdir(target)):
            remove_path(target)
        os.makedirs(target, exist_ok=True)
        workspace = self._workspace
        found = walk(target, path, workspace.ignore_files.rules(path))
        for name in (*(name for name, _ in found.files if name not in members), *found.odd):
            remove_path(f"{target}/{name}")
        held = {} if content.legacy else self._held(path, found.files, members, maker)
        made: set[str] = {target}
        for name, item in members.items():
            if held.get(name) == item.md5:
                continue
            file = f"{target}/{name}"
            parent = os.path.dirname(file)
            if parent not in made:
                _make_folder(target, parent)
                made.add(parent)
            if os.path.isdir(file) and not os.path.islink(file):
                remove_path(file)
            maker.make(sources[name], file)
        _remove_empty_folders(target)

    def _held(
        self,
        path: str,
        files: Sequence[tuple[str, os.stat_result]],
        members: dict[str, Content],
        maker: FileMaker,
    ) -> dict[str, str]:
        """Digests of the files that may stay as they are."""
        if not files or maker.links[0] in (Link.HARDLINK, Link.SYMLINK):
            return {}
        target = self._workspace.absolute(path)
        staying = [
            (name, stat)
            for name, stat in files
            if name in members and stat.st_nlink == 1 and not os.path.islink(f"{target}/{name}")
        ]
        return self._workspace.digest_members(path, staying)


def _is_shared(file: str) -> bool:
    """Whether a file is a link to, or the same inode as, something else."""
    stat = os.lstat(file)
    return stat_module.S_ISLNK(stat.st_mode) or stat.st_nlink > 1


def _make_folder(root: str, folder: str) -> None:
    """Make a folder below a root, replacing files that stand in its way."""
    current = root
    for part in os.path.relpath(folder, root).split("/"):
        current = f"{current}/{part}"
        if os.path.lexists(current) and (os.path.islink(current) or not os.path.isdir(current)):
            os.unlink(current)
        os.makedirs(current, exist_ok=True)


def _remove_empty_folders(root: str) -> None:
    for folder, _, _ in os.walk(root, topdown=False):
        if folder != root:
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _read_or_make_identity(folder: str, root: str) -> str:
    """The random name of a store, written once: of two who write at once, the first wins.

    A store that was deleted whole gets its old name again where this clone remembers it: its
    results are gone, and not kept by some other machine.

    Args:
        folder: Of the store.
        root: Of the working tree; its `.branchline/store-id` remembers the store's place and name.
    """
    memory = os.path.join(root, ".branchline", "store-id")
    place = os.path.relpath(folder, root)  # a copied clone has the copied store
    file = os.path.join(folder, _IDENTITY_FILE)
    name = _read_text(file)
    if not name:
        os.makedirs(folder, exist_ok=True)
        known_place, _, known = _read_text(memory).partition("\n")
        _write_once(file, known if known and known_place == place else os.urandom(8).hex())
        name = _read_text(file)
        if not name:
            raise StoreError(f"{file} cannot be written")
    remembered = f"{place}\n{name}"
    if _read_text(memory) != remembered and os.path.isdir(os.path.dirname(memory)):
        temporary = f"{memory}.{os.getpid()}.tmp"
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(remembered)
        os.replace(temporary, memory)
    return f"local:{name}"


def _read_text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def _write_once(file: str, text: str) -> None:
    temporary = f"{file}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
    with contextlib.suppress(FileExistsError):
        os.link(temporary, file)
    os.unlink(temporary)
