"""What `cli.quick_records` needs of git: the index, references, objects. One process at most.

Reads git's files where they tell, as plainly as they are written; whatever is not plain tells
nothing, and the whole way is gone.
"""

from __future__ import annotations

import hashlib
import os
from struct import unpack_from

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Index", "blob_id", "is_loose", "objects", "references"]

_HEADER, _STAT, _MODE = 12, 40, 6
_LOW = 0xFFFFFFFF
_INPUT_AT_MOST = 4096  # What fits a pipe at once, so that neither side can block.


class Index:
    """git's index of a working tree, as far as it tells blob ids without a process.

    Only a plain index (version 2 or 3, neither split nor sparse) of a repository without attributes
    is trusted: an attribute may make a file differ from its blob.

    Args:
        root: Absolute root of the repository.
    """

    def __init__(self, root: str) -> None:
        self.data = b""
        self._changed_ns = 0
        self._at = 0
        path = f"{root}/.git/index"
        try:
            stat = os.stat(path)
            with open(path, "rb") as file:
                self.data = file.read()
        except OSError:
            return
        data = self.data
        if (
            data[:4] == b"DIRC"
            and data[4:8] in (b"\0\0\0\2", b"\0\0\0\3")
            and b"link" not in data[-4096:]
            and b"sdir" not in data[-4096:]
            and b".gitattributes\0" not in data
            and not os.path.exists(f"{root}/.git/info/attributes")
        ):
            self._changed_ns = stat.st_mtime_ns

    def names(self, path: str) -> bool:
        """Whether a path may be tracked."""
        return not self._changed_ns or os.fsencode(path) + b"\0" in self.data

    def is_clean(self, path: str, blob: str, stat: os.stat_result) -> bool:
        """Whether git vouches that a file holds this blob, as `git status` would.

        A file that may have been written after git looked is never clean: its bytes must be read.
        """
        if not self._changed_ns or stat.st_mtime_ns >= self._changed_ns:
            return False
        name = os.fsencode(path)
        wanted = bytes.fromhex(blob) + min(len(name), 0xFFF).to_bytes(2, "big") + name + b"\0"
        # Both lists are sorted, so the next entry stands behind the last.
        found = self.data.find(wanted, self._at)
        if found < 0:
            found = self.data.find(wanted)
        if found < _HEADER + _STAT:
            return False
        self._at = found
        held = unpack_from(">10I", self.data, found - _STAT)
        return held == (
            *_seconds(stat.st_ctime_ns),
            *_seconds(stat.st_mtime_ns),
            stat.st_dev & _LOW,
            stat.st_ino & _LOW,
            held[_MODE],
            stat.st_uid & _LOW,
            stat.st_gid & _LOW,
            stat.st_size & _LOW,
        )


def _seconds(stamp_ns: int) -> tuple[int, int]:
    seconds, rest = divmod(stamp_ns, 1_000_000_000)
    return seconds & _LOW, rest


def references(root: str, prefix: str) -> dict[str, str]:
    """References below a prefix that ends in a slash: name -> object, from git's files.

    Loose ones are read first, as git does: what `git pack-refs` moves meanwhile is seen in one.
    """
    found: dict[str, str] = {}
    try:
        names = os.listdir(f"{root}/.git/{prefix}")
    except OSError:
        names = []
    for name in names:
        if not name.endswith(".lock"):
            found[prefix + name] = _text(f"{root}/.git/{prefix}{name}").strip()
    packed: dict[str, str] = {}
    text = _text(f"{root}/.git/packed-refs")
    at = text.find(f" {prefix}")
    while at >= 0:
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        packed[text[at + 1 : end]] = text[start:at]
        at = text.find(f" {prefix}", at + 1)
    return {**packed, **found}


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def objects(root: str, names: Sequence[str]) -> list[bytes | None]:
    """Blobs by their names, with one process; None for each that git does not give.

    `subprocess` would cost more than all else here.
    """
    asked = "".join(f"{name}\n" for name in names).encode()
    missing: list[bytes | None] = [None for _ in names]
    if not names or len(asked) > _INPUT_AT_MOST or not all(map(_is_name, names)):
        return missing
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "-C", root, "--no-optional-locks", "--no-pager", "cat-file", "--batch"]
    (stdin, fill), (drain, stdout) = os.pipe(), os.pipe()
    silent = os.open(os.devnull, os.O_WRONLY)
    actions = [
        (os.POSIX_SPAWN_DUP2, stdin, 0),
        (os.POSIX_SPAWN_DUP2, stdout, 1),
        (os.POSIX_SPAWN_DUP2, silent, 2),
    ]
    try:
        child = os.posix_spawnp("git", command, environ, file_actions=actions)
    except OSError:
        child = 0
    for descriptor in (stdin, stdout, silent):
        os.close(descriptor)
    if not child:
        os.close(fill)
        os.close(drain)
        return missing
    with open(fill, "wb") as pipe:
        pipe.write(asked)
    with open(drain, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return missing if status else _answers(said, len(names))


def is_loose(root: str, name: str) -> bool:
    """Whether an object stands in a file of its own; costs no process."""
    return _is_name(name) and os.path.exists(f"{root}/.git/objects/{name[:2]}/{name[2:]}")


def _is_name(name: str) -> bool:
    return len(name) in (40, 64) and all(char in "0123456789abcdef" for char in name)


def _answers(said: bytes, count: int) -> list[bytes | None]:
    found: list[bytes | None] = []
    at = 0
    for _ in range(count):
        end = said.find(b"\n", at)
        words = said[at:end].split(b" ")
        at = end + 1
        if end < 0 or len(words) != 3:
            found.append(None)
            continue
        size = int(words[2])
        found.append(said[at : at + size] if words[1] == b"blob" else None)
        at += size + 1
    return found


def blob_id(data: bytes) -> str:
    """Git's name (SHA-1) of a blob with these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
