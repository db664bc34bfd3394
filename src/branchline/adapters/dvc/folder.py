"""Walks of folders and digests of what they hold: `.dir` objects exactly as DVC makes them."""

from __future__ import annotations

import hashlib
import os
import stat as stat_module
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.adapters.dvc.digest import CHUNK_BYTES, md5_of
from branchline.adapters.dvc.ignore import ALWAYS_IGNORED, IGNORE_FILE
from branchline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.adapters.dvc.ignore import IgnoreRules


@dataclass(slots=True)
class Walk:
    """What lies below a folder, ignored names left out.

    Attributes:
        files: (path relative to the folder, stat with links followed), unsorted. Links to folders
            are left out, as DVC leaves them out.
        odd: Relative paths that are no files: broken links, sockets, devices.
        signature: Token over names, times, inodes, sizes and modes of all of them.
        newest_ns: The latest change time among files; 0 when there are none.
    """

    files: list[tuple[str, os.stat_result]]
    odd: list[str]
    signature: str
    newest_ns: int


def walk(folder: str, path: str, rules: IgnoreRules) -> Walk:
    """Walk a folder.

    Args:
        folder: Absolute.
        path: The same from the root of the repository, for the ignore rules.
        rules: What to leave out.
    """
    files: list[tuple[str, os.stat_result]] = []
    odd: list[str] = []
    prefix = "" if path == "." else f"{path}/"
    pending = [""]
    while pending:
        inner = pending.pop()
        pending.extend(_walk_one(folder, inner, prefix, rules, files, odd))
    newest = 0
    lines = []
    for name, stat in files:
        mtime, ctime = stat.st_mtime_ns, stat.st_ctime_ns
        newest = max(newest, ctime)
        lines.append(f"{name}\0{mtime}\0{ctime}\0{stat.st_ino}\0{stat.st_size}\0{stat.st_mode}")
    lines.sort()
    text = "\n".join([*lines, *(f"odd\0{name}" for name in sorted(odd)), rules.identity()])
    signature = hashlib.sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False)
    return Walk(files=files, odd=odd, signature=signature.hexdigest(), newest_ns=newest)


def _walk_one(
    folder: str,
    inner: str,
    prefix: str,
    rules: IgnoreRules,
    files: list[tuple[str, os.stat_result]],
    odd: list[str],
) -> list[str]:
    """Read one folder; returns the folders inside it, relative and with a slash at the end."""
    below: list[str] = []
    try:
        with os.scandir(os.path.join(folder, inner)) as entries:
            found = list(entries)
    except FileNotFoundError:
        return below
    if inner and any(entry.name == ".dvc" for entry in found):
        return below  # a repository of its own
    has_patterns = bool(rules.patterns) or rules.everything
    for entry in found:
        name = inner + entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if has_patterns or entry.name in ALWAYS_IGNORED:
            folder_like = is_folder or entry.is_dir()
            if rules.ignores(prefix + name, is_folder=folder_like):
                continue
        if is_folder:
            below.append(name + "/")
            continue
        try:
            stat = entry.stat()
        except OSError:
            odd.append(name)
            continue
        if stat_module.S_ISREG(stat.st_mode):
            files.append((name, stat))
        elif not stat_module.S_ISDIR(stat.st_mode):
            odd.append(name)
    return below


def check_members(path: str, found: Walk) -> None:
    """Refuse what DVC refuses in a folder whose content is tracked.

    Raises:
        StoreError: There is a broken link, a special file, or a `.dvcignore` inside.
    """
    for name in found.odd:
        raise StoreError(
            f"{path}/{name} is a broken link or a special file and has no content",
            todo="Remove it, or name it in .dvcignore.",
        )
    for name, _ in found.files:
        if name.endswith(IGNORE_FILE) and name.rpartition("/")[2] == IGNORE_FILE:
            raise StoreError(
                f"{path}/{name}: a .dvcignore cannot stand inside a tracked folder",
                todo=f"Move its lines into the .dvcignore beside or above {path}.",
            )


def folder_object(members: Iterable[tuple[str, str]]) -> bytes:
    """Bytes of a `.dir` object from (relative path, md5) of its files, in any order.

    >>> folder_object([("b", "2"), ("a", "1")])
    b'[{"md5": "1", "relpath": "a"}, {"md5": "2", "relpath": "b"}]'
    """
    from json.encoder import encode_basestring_ascii as quoted

    rows = [f'{{"md5": "{md5}", "relpath": {quoted(name)}}}' for name, md5 in sorted(members)]
    return f"[{', '.join(rows)}]".encode()


def folder_digest(object_bytes: bytes) -> str:
    """DVC's digest of a `.dir` object."""
    return md5_of(object_bytes) + ".dir"


def legacy_md5(file: str) -> str:
    """DVC 2's digest of a file: text has CRLF turned to LF first.

    Whether a chunk counts as text is told from its first 512 bytes, chunk by chunk, as DVC does.
    """
    hasher = hashlib.md5(usedforsecurity=False)
    with open(file, "rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            hasher.update(chunk.replace(b"\r\n", b"\n") if _is_text(chunk[:512]) else chunk)
    return hasher.hexdigest()


_TEXT_BYTES = bytes(range(32, 127)) + b"\n\r\t\f\b"


def _is_text(block: bytes) -> bool:
    if b"\0" in block:
        return False
    return len(block.translate(None, _TEXT_BYTES)) <= 0.3 * len(block)
