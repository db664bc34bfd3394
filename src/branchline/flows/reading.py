"""Files of the workspace, read for their meaning through the cache by blob id.

Serves the stations `changes` and `plan`. Remembers within one walk; `forget` drops what changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.meaning import cache_suffix, meaning_of, reading_of
from branchline.core.changes.values import Reading
from branchline.core.plan.values import PRESENT
from branchline.ports.workspace import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from branchline.core.changes.seeds import Seeds
    from branchline.core.changes.values import Meaning
    from branchline.core.plan.values import Observed
    from branchline.core.policy import ChangeRules
    from branchline.ports.meanings import MeaningCache
    from branchline.ports.workspace import Entry, Workspace

CODE_SIZE_LIMIT_BYTES = 1_000_000
"""Larger files are data, whatever their name says: reading them for meaning would be slow."""


class Reader:
    """The workspace as a tree of meanings (`core.changes.closure.SourceTree`).

    Args:
        workspace: Where files are.
        cache: Meanings by blob id.
        rules: What counts as a change.
    """

    def __init__(self, workspace: Workspace, cache: MeaningCache, rules: ChangeRules) -> None:
        self._workspace = workspace
        self._cache = cache
        self._rules = rules
        self._entries: dict[str, Entry | None] = {}
        self._folders: dict[str, Mapping[str, EntryKind] | None] = {}
        self._meanings: dict[str, Meaning | None] = {}
        self._blobs: dict[str, str | None] = {}
        self._fresh: dict[str, Meaning] = {}
        self._said: dict[str, Meaning] = {}
        self._without_parts: set[str] = set()
        self._seeds: Sequence[Seeds] | None = None
        self._recorded: Callable[[], Sequence[Seeds]] | None = None

    def seed_from(self, recorded: Callable[[], Sequence[Seeds]]) -> None:
        """Name where meanings are looked up that the cache lacks; called once, when one is."""
        self._recorded = recorded

    def entry(self, path: str) -> Entry | None:
        """What stands at a path."""
        if path not in self._entries:
            self._entries[path] = self._workspace.entry(path)
        return self._entries[path]

    def list_folder(self, path: str) -> Mapping[str, EntryKind] | None:
        """Names directly inside a folder; None when there is none."""
        if path not in self._folders:
            self._folders[path] = self._workspace.list_folder(path)
        return self._folders[path]

    def names(self, path: str) -> Iterable[str] | None:
        """Names directly inside a folder; None when there is none."""
        return self.list_folder(path)

    def is_file(self, path: str) -> bool:
        """Whether a file stands there, links followed."""
        return self._kind(path) is EntryKind.FILE

    def is_dir(self, path: str) -> bool:
        """Whether a folder stands there, links followed."""
        return self._kind(path) is EntryKind.FOLDER

    def exists(self, path: str) -> bool:
        """Whether anything stands there."""
        return self._kind(path) is not None

    def _kind(self, path: str) -> EntryKind | None:
        parent, _, name = path.rpartition("/")
        listing = self.list_folder(parent or ".")
        if path != "." and (listing is None or name not in listing):
            return None
        kind = EntryKind.FOLDER if path == "." else (listing or {})[name]
        if kind is not EntryKind.LINK:
            return kind
        if self._workspace.list_folder(path) is not None:
            return EntryKind.FOLDER
        return EntryKind.FILE if self._workspace.blob(path) is not None else None

    def is_code(self, path: str) -> bool:
        """Whether a file is read for meaning rather than taken by its bytes."""
        if reading_of(path) is Reading.BYTES:
            return False
        entry = self.entry(path)
        return entry is not None and entry.size_bytes <= CODE_SIZE_LIMIT_BYTES

    def meaning(self, path: str) -> Meaning | None:
        """What a file says; None when there is no file."""
        if path not in self._meanings:
            self._meanings[path] = self._read(path)
        return self._meanings[path]

    def _read(self, path: str) -> Meaning | None:
        blob = self.blob(path)
        if blob is None:
            return None
        key = f"{blob}:{cache_suffix(path, self._rules)}"
        found = self._said.get(key) or self._cache.load([key]).get(key) or self._seed(key)
        if found is None:
            return self._parsed(path, key)
        self._said[key] = found
        return found

    def _parsed(self, path: str, key: str) -> Meaning | None:
        data = self._workspace.read(path)
        if data is None:
            return None
        found = meaning_of(path, data, self._rules)
        # Nobody may find what others wrote meanwhile under the blob that stood there before.
        if self._workspace.blob(path) == self.blob(path):
            self._fresh[key] = self._said[key] = found
            self._without_parts.discard(key)
        return found

    def _seed(self, key: str) -> Meaning | None:
        if self._seeds is None:
            self._seeds = self._recorded() if self._recorded is not None else ()
        found = next((m for seeds in self._seeds if (m := seeds.find(key)) is not None), None)
        if found is not None:
            self._without_parts.add(key)
        return found

    def meaning_with_parts(self, path: str) -> Meaning | None:
        """What a file says with its parts, which meanings out of records lack."""
        blob = self.blob(path)
        key = f"{blob}:{cache_suffix(path, self._rules)}"
        if blob is not None and key in self._without_parts:
            self._meanings[path] = self._parsed(path, key)
        return self.meaning(path)

    def said(self) -> Mapping[str, Meaning]:
        """All meanings that were asked for, by cache key."""
        return self._said

    def meaning_of(self, path: str, data: bytes) -> Meaning:
        """What other bytes would say at a path (an older version of a file)."""
        return meaning_of(path, data, self._rules)

    def digest(self, path: str) -> str | None:
        """Digest by which a file counts: its meaning if it is code, else its bytes."""
        entry = self.entry(path)
        if entry is None:
            return None
        link = f">{entry.target}" if entry.kind is EntryKind.LINK else ""
        if self.is_code(path):
            meaning = self.meaning(path)
            return None if meaning is None else meaning.digest + link
        content = self._workspace.content(path)
        return None if content is None or content.md5 is None else content.md5 + link

    def holds(self, seen: Observed) -> bool:
        """Whether a file that a run read, or looked for, is as it was then."""
        if seen.is_look:
            return self.exists(seen.path) is (seen.digest == PRESENT)
        return self.digest(seen.path) == seen.digest

    def blob(self, path: str) -> str | None:
        """The blob id of the bytes whose meaning this gives; it is remembered with that."""
        if path not in self._blobs:
            self._blobs[path] = self._workspace.blob(path)
        return self._blobs[path]

    def look_again(self, path: str) -> bool:
        """Forget a file that does not hold what it held when it was read; whether that is so."""
        if path not in self._blobs or self._blobs[path] == self._workspace.blob(path):
            return False
        self.forget([path])
        return True

    def forget(self, paths: Iterable[str]) -> None:
        """Drop what is remembered about these paths and the folders they stand in."""
        gone = set(paths)
        self._workspace.forget(sorted(gone))
        for memory in (self._entries, self._folders, self._meanings, self._blobs):
            # One pass, however many paths: a closure may hold thousands of files.
            for known in [k for k in memory if not gone.isdisjoint(with_folders(k))]:
                memory.pop(known, None)
        for path in gone:
            self._folders.pop(path.rpartition("/")[0] or ".", None)

    def save(self) -> None:
        """Hand what was read newly to the cache."""
        if self._fresh:
            self._cache.save(self._fresh)
            self._fresh = {}


def with_folders(path: str) -> list[str]:
    """A path and the folders above it, nearest first; the root is left out.

    >>> with_folders("a/b/c")
    ['a/b/c', 'a/b', 'a']
    """
    found = [path]
    while "/" in path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found
