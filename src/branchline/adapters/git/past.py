"""Serves the port `past`: one `git log` tells all pushes, one `git cat-file` reads their files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.git.objects import ObjectReader
from branchline.adapters.git.plumbing import read_text
from branchline.adapters.git.spelling import iso
from branchline.errors import RepositoryError
from branchline.ports.past import Held, Past, PastPush

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.adapters.git.plumbing import Git

_BEGINS, _SPLITS = "\x01", "\x02"
_FIELDS = _SPLITS.join(("%H", "%P", "%ct", "%an", "%B"))
_REMEMBERED_BYTES = 64 << 20


class GitPast(Past):
    """The history of one repository.

    Args:
        git: Where it is.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._reader: ObjectReader | None = None
        self._known: dict[str, bytes] = {}
        self._known_bytes = 0

    def pushes(self, tip: str) -> Sequence[PastPush]:
        """See the port."""
        args = ["log", "--first-parent", "-m", "--root", "--reverse", "--raw", "-z", "--no-renames"]
        args += ["--no-abbrev", "--no-relative", "--ignore-submodules=none", "--no-show-signature"]
        args += ["--encoding=UTF-8", f"--format={_BEGINS}{_FIELDS}", "--end-of-options", tip, "--"]
        return tuple(_pushes(self._git.run(args).split(b"\0")))

    def files(self, commit: str) -> Mapping[str, Held]:
        """See the port."""
        out = self._git.run(["ls-tree", "-r", "-z", "--full-tree", commit])
        found: dict[str, Held] = {}
        for row in out.split(b"\0"):
            about, _, path = row.partition(b"\t")
            if path:
                mode, _, name = about.decode("ascii").split(" ")
                found[os.fsdecode(path)] = Held(int(mode, 8), name)
        return found

    def blob(self, name: str) -> bytes | None:
        """See the port; what was read last is remembered, up to 64 MiB."""
        known = self._known.get(name)
        if known is not None:
            return known
        if self._reader is None:
            self._reader = ObjectReader(self._git)
        (found,) = self._reader.read([name])
        if found is None or found[1] != "blob":
            return None
        data = found[2]
        if self._known_bytes + len(data) > _REMEMBERED_BYTES:
            self._known.clear()
            self._known_bytes = 0
        self._known[name] = data
        self._known_bytes += len(data)
        return data

    def count(self, older: str, newer: str) -> int:
        """See the port."""
        out = self._git.run(["rev-list", "--count", "--end-of-options", f"{older}..{newer}", "--"])
        return int(out)

    def is_cut(self) -> bool:
        """See the port."""
        return bool(read_text(os.path.join(self._git.places.common_dir, "shallow")))

    def close(self) -> None:
        """See the port."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _pushes(words: list[bytes]) -> Iterator[PastPush]:
    """Pushes from what `git log --raw -z` prints: a head, then pairs of a change and its path."""
    head: list[str] | None = None
    changes: dict[str, Held | None] = {}
    index = 0
    while index < len(words):
        word = words[index].lstrip(b"\n")
        index += 1
        if word.startswith(b":") and index < len(words):
            changes[os.fsdecode(words[index])] = _held(word)
            index += 1
        elif word.startswith(_BEGINS.encode()):
            if head is not None:
                yield _push(head, changes)
            head, changes = word.decode("utf-8", "replace")[1:].split(_SPLITS, 4), {}
    if head is not None:
        yield _push(head, changes)


def _held(word: bytes) -> Held | None:
    """What a change leaves: `:100644 100755 OLD NEW M`."""
    fields = word.decode("ascii", "replace").split(" ")
    if len(fields) < 5:
        raise RepositoryError(f"`git log` said `{' '.join(fields)}` of a change")
    mode = int(fields[1], 8)
    return Held(mode, fields[3]) if mode else None


def _push(head: list[str], changes: Mapping[str, Held | None]) -> PastPush:
    commit, parents, stamp, author, message = head
    return PastPush(
        commit=commit,
        parents=tuple(parents.split()),
        pushed_at=iso(stamp),
        author=author,
        message=message,
        changes=changes,
    )
