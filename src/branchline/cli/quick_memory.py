"""What `cli.quick` remembers: an answer beside the stat signatures of all that it depends on.

A signature holds the change time and inode of a file, which nobody can set, so an answer that came
with a commit, or was copied from another machine, never fits. Imports nothing heavy: it is loaded
whenever a bare `plan` or `run` is called.
"""

from __future__ import annotations

import os
import sys

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ANSWERED", "CLOCK_STEP_NS", "Kept", "forget", "load", "remember", "sign"]

ANSWERED = ("plan", "run")
CLOCK_STEP_NS = 20_000_000
"""File systems stamp with a clock that ticks every 1 to 10 ms; twice that, to be safe."""
_MAGIC = "branchline quick 3"
_ABSENT = "absent"
_HEAD = 7


class Kept:
    """An answer and what it depends on.

    Attributes:
        code: Exit code.
        plain: What is printed in a pipe.
        colored: What is printed on a terminal.
        signatures: Absolute path -> signature; a path that ends in a slash stands for everything
            below it.
        extra: Lines for `cli.quick_code`; empty when no file may move.
    """

    __slots__ = ("code", "colored", "extra", "plain", "signatures")

    def __init__(
        self, code: int, plain: str, colored: str, signatures: dict[str, str], extra: list[str]
    ) -> None:
        self.code = code
        self.plain = plain
        self.colored = colored
        self.signatures = signatures
        self.extra = extra


def remember(
    root: str,
    command: str,
    *,
    code: int,
    plain: str,
    colored: str,
    watched: Iterable[str],
    since_ns: int,
    extra: Sequence[str] = (),
    unchanged: Mapping[str, str] | None = None,
) -> bool:
    """Keep an answer.

    Args:
        root: Absolute root of the repository.
        command: One of `ANSWERED`.
        code: Its exit code.
        plain: What it prints in a pipe.
        colored: What it prints on a terminal.
        watched: Absolute paths that the answer depends on; a path that ends in a slash stands for
            everything below it.
        since_ns: When the walk began to look; what moved since then may not be what it saw.
        extra: Lines for `cli.quick_code`.
        unchanged: Watched path -> signature, of those that were looked at after `since_ns` and
            found as they were: they need no second look.

    Returns:
        Whether it was kept; not when anything moved since the walk began.
    """
    fields = [_MAGIC, *_caller(), root, str(code), plain, colored]
    paths = sorted(set(watched))
    fields.append(str(len(paths)))
    known = unchanged or {}
    for path in paths:
        if path in known:
            fields += [path, known[path]]
            continue
        signature, newest_ns = _sign(path)
        # A whole second is a coarse clock's stamp: two more may look the same.
        step = 3_000_000_000 if newest_ns % 1_000_000_000 == 0 else CLOCK_STEP_NS
        if newest_ns and newest_ns + step > since_ns:
            forget(root)
            return False
        fields += [path, signature]
    return _store(root, command, [*fields, *extra])


def forget(root: str) -> None:
    """Drop the answers of a repository."""
    for command in ANSWERED:
        try:
            os.unlink(_file(root, command))
        except OSError:
            continue


def sign(path: str) -> str:
    """The stat signature of a path: of a folder by its own entry, or with all below it.

    A link is signed with what it leads to, because its bytes are what was digested.

    Args:
        path: Absolute; with a slash at its end it stands for everything below it.
    """
    return _sign(path)[0]


def _sign(path: str) -> tuple[str, int]:
    """Signature of a path, and when it last changed (ns since 1970; 0 when nobody knows)."""
    plain = path.rstrip("/") or "/"
    try:
        stat = os.lstat(plain)
    except OSError:
        return _ABSENT, _folder_changed_ns(plain)
    signature, newest_ns = _text(stat), stat.st_ctime_ns
    if _is_link(stat):
        target, target_ns = _target(plain)
        signature, newest_ns = f"{signature}>{target}", max(newest_ns, target_ns)
    if path.endswith("/") and os.path.isdir(plain):
        below, below_ns = _sign_below(plain)
        return f"{signature}/{below}" if _is_link(stat) else below, max(newest_ns, below_ns)
    return signature, newest_ns


def _is_link(stat: os.stat_result) -> bool:
    return stat.st_mode & 0o170000 == 0o120000


def _target(path: str) -> tuple[str, int]:
    """Signature of what a link leads to, and when that last changed."""
    try:
        stat = os.stat(path)
    except OSError:
        return "nowhere", 0
    return _text(stat), stat.st_ctime_ns


def _folder_changed_ns(path: str) -> int:
    """When a name last came to or left the folder of a path."""
    try:
        return os.lstat(os.path.dirname(path)).st_ctime_ns
    except OSError:
        return 0


def _text(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}.{stat.st_ctime_ns}.{stat.st_ino}.{stat.st_size}.{stat.st_mode}"


def _sign_below(path: str) -> tuple[str, int]:
    from hashlib import blake2b

    hasher = blake2b(digest_size=16)
    newest_ns = 0
    folders = [path]
    while folders:
        lines: list[str] = []
        below: list[str] = []
        with os.scandir(folders.pop()) as entries:
            # Nothing is called twice for an entry: a folder may hold 100,000.
            for entry in entries:
                stat = entry.stat(follow_symlinks=False)
                mode, changed_ns = stat.st_mode, stat.st_ctime_ns
                line = (
                    f"{entry.name}\0{stat.st_mtime_ns}.{changed_ns}.{stat.st_ino}.{stat.st_size}"
                    f".{mode}"
                )
                kind = mode & 0o170000
                if kind == 0o120000:
                    target, target_ns = _target(entry.path)
                    line, changed_ns = f"{line}>{target}", max(changed_ns, target_ns)
                elif kind == 0o040000:
                    below.append(entry.path)
                lines.append(line)
                if changed_ns > newest_ns:  # a call of max() takes twice as long
                    newest_ns = changed_ns
        lines.sort()
        folders += sorted(below)
        hasher.update(("\0".join(lines) + "\0\0").encode("utf-8", "surrogateescape"))
    return hasher.hexdigest(), newest_ns


def load(root: str, command: str) -> Kept | None:
    """The answer that is kept for a command; None when there is none that this caller may use."""
    try:
        with open(_file(root, command), encoding="utf-8", errors="surrogateescape") as file:
            fields = file.read().split("\0")
        if fields[:4] != [_MAGIC, *_caller(), root]:
            return None
        code, plain, colored, count = fields[4 : _HEAD + 1]
        end = _HEAD + 1 + 2 * int(count)
        signed = fields[_HEAD + 1 : end]
        signatures = dict(zip(signed[::2], signed[1::2], strict=True))
        if len(signatures) != int(count) or not signatures:
            return None
        return Kept(int(code), plain, colored, signatures, fields[end:])
    except (OSError, ValueError):
        return None


def _store(root: str, command: str, fields: Sequence[str]) -> bool:
    target = _file(root, command)
    partial = f"{target}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(partial, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\0".join(fields))
        os.replace(partial, target)
    except (OSError, ValueError):
        forget(root)
        return False
    return True


def _caller() -> list[str]:
    """What else an answer depends on: our version, and where programs are found."""
    from branchline.version import __version__

    # pyenv's and asdf's `python` are scripts that pick a version by these variables.
    chosen = [os.environ.get(name, "") for name in ("PYENV_VERSION", "ASDF_PYTHON_VERSION")]
    return [f"{__version__} {sys.version_info[:2]} {chosen}", os.environ.get("PATH", "")]


def _file(root: str, command: str) -> str:
    return f"{root}/.branchline/quick/{command}"
