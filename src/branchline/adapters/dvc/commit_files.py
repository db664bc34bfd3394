"""Port `workspace`: the files of a commit, read from git's objects, without a working tree.

Moves from one commit to the next by what changed between them, and remembers which files and
folders were asked for, so that a caller knows whether an answer may have moved. Files have the
bytes that git keeps: filters of a checkout (line ends, LFS) are not applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from branchline.adapters.dvc.digest import md5_of
from branchline.adapters.dvc.folder import folder_digest, folder_object
from branchline.adapters.dvc.ignore import ALWAYS_IGNORED, IGNORE_FILE, IgnoreFiles
from branchline.core.pipeline import Content
from branchline.errors import StoreError
from branchline.ports.past import EXECUTABLE_MODE, LINK_MODE, SUBMODULE_MODE, Held, PastFiles
from branchline.ports.workspace import Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from branchline.ports.past import Past

_MOST_LINKS = 40
_IGNORE_FILES = frozenset({".dvcignore", ".gitignore"})


class Asked:
    """What somebody asked of a commit's files, so that they need not ask again in the next one."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.folders: set[str] = set()
        self.trees: set[str] = set()


class CommitFiles(PastFiles):
    """The files of one commit after the other.

    Args:
        root: Absolute path of the repository, for messages.
        past: Where objects are read.
        has_sha1: Whether git's object names are SHA-1, as `blob` gives them.

    Attributes:
        moved: Paths that the last `move` changed, folders that came or went included.
        relisted: Folders in which a name came, went or changed its kind.
    """

    def __init__(self, root: str, past: Past, *, has_sha1: bool = True) -> None:
        self.root = root
        self._past = past
        self._has_sha1 = has_sha1
        self._files: dict[str, Held] = {}
        self._folders: dict[str, dict[str, EntryKind]] = {".": {}}
        self._links: set[str] = set()
        self._submodules: dict[str, str] = {}
        self._md5s: dict[str, str] = {}
        self.ignore_files = IgnoreFiles(root, self._raw)
        self._asked = Asked()
        self.moved: set[str] = set()
        self.relisted: set[str] = set()
        self._is_upset = False

    @property
    def submodules(self) -> Mapping[str, str]:
        """Path of each submodule -> the commit it stands at; what that holds is not here."""
        return self._submodules

    def paths(self) -> Iterable[str]:
        """All files of the commit, links and submodules included."""
        return self._files

    def move(self, changes: Mapping[str, Held | None]) -> None:
        """Go to the commit that differs from this one in these paths.

        Args:
            changes: Path -> what stands there; None takes it away.
        """
        self.moved, self.relisted = set(), set()
        before = self._links & changes.keys()
        # What goes first makes room: a file may become a folder, or the reverse.
        for path, held in changes.items():
            if held is None:
                self._take(path)
        for path, held in changes.items():
            if held is not None:
                self._put(path, held)
        rules = any(path.rpartition("/")[2] in _IGNORE_FILES for path in changes)
        if rules:
            self.ignore_files.forget()
        self._is_upset = rules or bool(before or self._links & changes.keys())

    def watch(self) -> Asked:
        """See the port."""
        self._asked = Asked()
        return self._asked

    def may_have_moved(self, asked: object) -> bool:
        """See the port. A link or an ignore file that moved may change any answer."""
        if not isinstance(asked, Asked):
            return True
        if self._is_upset or not self.moved.isdisjoint(asked.paths):
            return True
        if not self.relisted.isdisjoint(asked.folders):
            return True
        if "." in asked.trees:
            return bool(self.moved)
        return any(folder in asked.trees for path in self.moved for folder in _with_folders(path))

    def _put(self, path: str, held: Held) -> None:
        self.moved.add(path)
        self._files[path] = held
        self._links.discard(path)
        self._submodules.pop(path, None)
        kind = EntryKind.FILE
        if held.mode == LINK_MODE:
            kind = EntryKind.LINK
            self._links.add(path)
        elif held.mode == SUBMODULE_MODE:
            kind = EntryKind.FOLDER
            self._submodules[path] = held.name
            self._folders.setdefault(path, {})
        if kind is not EntryKind.FOLDER:
            self._folders.pop(path, None)
        while True:
            folder, _, name = path.rpartition("/")
            folder = folder or "."
            names = self._folders.get(folder)
            is_new = names is None
            names = self._folders.setdefault(folder, {})
            if names.get(name) is not kind:
                names[name] = kind
                self.relisted.add(folder)
            if not is_new or folder == ".":
                return
            self.moved.add(folder)
            path, kind = folder, EntryKind.FOLDER

    def _take(self, path: str) -> None:
        self.moved.add(path)
        if self._files.pop(path, None) is None:
            return
        self._links.discard(path)
        if self._submodules.pop(path, None) is not None:
            self._folders.pop(path, None)
        while True:
            folder, _, name = path.rpartition("/")
            folder = folder or "."
            names = self._folders[folder]
            names.pop(name, None)
            self.relisted.add(folder)
            if names or folder == ".":
                return
            del self._folders[folder]
            self.moved.add(folder)
            path = folder

    # Reading. `_real` follows links, so that everything below works on paths that git knows.

    def _real(self, path: str) -> str | None:
        """Where a path leads when links are followed; None out of the repository or in a circle."""
        if not self._links:
            return path
        done: list[str] = []
        left = path.split("/")
        follows = 0
        while left:
            part = left.pop(0)
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            if part in ("", "."):
                continue
            here = "/".join([*done, part])
            if here not in self._links:
                done.append(part)
                continue
            follows += 1
            target = self._target(here)
            if follows > _MOST_LINKS or target.startswith("/"):
                return None
            left = [*target.split("/"), *left]
        return "/".join(done) or "."

    def _target(self, path: str) -> str:
        data = self._past.blob(self._files[path].name) or b""
        return data.decode("utf-8", "surrogateescape")

    def _raw(self, path: str) -> bytes | None:
        real = self._real(path)
        held = self._files.get(real) if real is not None else None
        if held is None or held.mode in (LINK_MODE, SUBMODULE_MODE):
            return None
        data = self._past.blob(held.name)
        if data is None:
            raise StoreError(
                f"{path}: git's object {held.name} is not in this clone",
                todo="Fetch it: `git fetch --refetch`, or replay from a later commit.",
            )
        return data

    def _noted(self, path: str) -> str | None:
        """Where a path leads, noted as asked for."""
        real = self._real(path)
        self._asked.paths.add(path)
        if real is not None:
            self._asked.paths.add(real)
        return real

    def read(self, path: str) -> bytes | None:
        """See the port."""
        self._noted(path)
        return self._raw(path)

    def entry(self, path: str) -> Entry | None:
        """See the port."""
        folder, _, name = path.rpartition("/")
        real = self._real(folder) if folder else ""
        if real is None:
            return None
        here = f"{real}/{name}" if real not in ("", ".") else name
        self._asked.paths.update((path, here))
        if path == "." or here in self._folders:
            return Entry(kind=EntryKind.FOLDER)
        held = self._files.get(here)
        if held is None:
            return None
        if held.mode == LINK_MODE:
            return Entry(kind=EntryKind.LINK, target=self._target(here))
        data = self._raw(here) or b""
        return Entry(
            kind=EntryKind.FILE,
            is_executable=held.mode == EXECUTABLE_MODE,
            size_bytes=len(data),
        )

    def list_folder(self, path: str) -> Mapping[str, EntryKind] | None:
        """See the port."""
        real = self._noted(path)
        if real is None:
            return None
        self._asked.folders.add(real)
        return self._folders.get(real)

    def content(self, path: str) -> Content | None:
        """See the port. Of a submodule: a digest of the commit that it stands at."""
        real = self._noted(path)
        if real is None:
            return None
        if real in self._submodules:
            return Content(md5=folder_digest(self._submodules[real].encode()))
        if real in self._folders:
            members = self.members(path)
            rows = [(name, held.md5 or "") for name, held in members]
            return Content(
                md5=folder_digest(folder_object(rows)),
                size_bytes=sum(held.size_bytes or 0 for _, held in members),
                nfiles=len(members),
            )
        return self._file_content(real)

    def _file_content(self, real: str) -> Content | None:
        held = self._files.get(real)
        data = self._raw(real)
        if held is None or data is None:
            return None
        md5 = self._md5s.get(held.name)
        if md5 is None:
            md5 = self._md5s[held.name] = md5_of(data)
        return Content(md5=md5, size_bytes=len(data), is_executable=held.mode == EXECUTABLE_MODE)

    def members(self, path: str) -> Sequence[tuple[str, Content]]:
        """See the port. Links to folders are left out, as DVC leaves them out."""
        real = self._noted(path)
        if real is None or real not in self._folders:
            return ()
        self._asked.trees.add(real)
        rules = self.ignore_files.rules(real)
        prefix = "" if real == "." else f"{real}/"
        found: list[tuple[str, Content]] = []
        pending = [""]
        while pending:
            inner = pending.pop()
            names = self._folders.get((prefix + inner).rstrip("/") or ".", {})
            if inner and ".dvc" in names:
                continue  # a repository of its own
            for name, kind in names.items():
                whole = prefix + inner + name
                is_folder = kind is EntryKind.FOLDER
                if (rules.patterns or rules.everything or name in ALWAYS_IGNORED) and rules.ignores(
                    whole, is_folder=is_folder
                ):
                    continue
                if is_folder:
                    pending.append(f"{inner}{name}/")
                    continue
                target = self._real(whole)
                held = self._file_content(target) if target is not None else None
                if held is not None and name == IGNORE_FILE:
                    raise StoreError(f"{whole}: a .dvcignore cannot stand inside a tracked folder")
                if held is not None:
                    found.append((inner + name, held))
                elif target is None or target not in self._folders:
                    raise StoreError(f"{whole} is a broken link and has no content")
        return sorted(found, key=lambda item: item[0])

    def blob(self, path: str) -> str | None:
        """See the port."""
        real = self._noted(path)
        held = self._files.get(real) if real is not None else None
        if held is None or held.mode in (LINK_MODE, SUBMODULE_MODE):
            return None
        if self._has_sha1:
            return held.name
        from hashlib import sha1

        data = self._raw(real or "") or b""
        return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()

    def signature(self, path: str) -> str:
        """See the port: what stands there, by content."""
        content = self.content(path)
        return "absent" if content is None or content.md5 is None else content.md5

    def changed_at_ns(self, path: str) -> int | None:
        """See the port; a commit does not tell."""
        return None if self.entry(path) is None else 0

    # Nothing of a commit can be changed.

    def replace(self, path: str, data: bytes) -> None:
        """See the port: refused."""
        del data
        self._refuse(path)

    def remove(self, path: str) -> None:
        """See the port: refused."""
        self._refuse(path)

    def set_aside(self, path: str) -> str:
        """See the port: refused."""
        self._refuse(path)

    def unprotect(self, path: str) -> None:
        """See the port: refused."""
        self._refuse(path)

    def drop_stale_bytecode(self, paths: Sequence[str]) -> None:
        """See the port: a commit's files are not run from here."""

    def ignore(self, paths: Sequence[str]) -> None:
        """See the port: refused."""
        self._refuse(paths[0] if paths else ".gitignore")

    def forget(self, paths: Sequence[str]) -> None:
        """See the port: nothing that is remembered can go stale."""

    def close(self) -> None:
        """See the port."""

    def _refuse(self, path: str) -> NoReturn:
        raise StoreError(f"{path} stands in a commit, which nothing can change")


def _with_folders(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
