"""`branchline plan` and `branchline run` again, when nothing that matters was touched.

The answer of the last walk is kept beside the stat signatures of everything that it looked at.
While all of them still hold, the same question has the same answer, and it is given without
reading YAML, asking git or importing anything but `os`: it costs less than a `git status`. Where
only code files moved, `cli.quick_code` looks whether their meaning did. What cannot be told (a
changed signature, a file gone or come, another PATH, another version) goes the whole way.

A signature holds the change time and inode of a file, which nobody can set, so an answer that came
with a commit, or was copied from another machine, never fits.
"""

from __future__ import annotations

import os
import sys

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ANSWERED", "CLOCK_STEP_NS", "Kept", "answer", "forget", "remember", "sign"]

ANSWERED = ("plan", "run")
CLOCK_STEP_NS = 20_000_000
"""File systems stamp with a clock that ticks every 1 to 10 ms; twice that, to be safe."""
_MAGIC = "branchline quick 2"
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


def answer(arguments: Sequence[str]) -> int | None:
    """Answer a bare `plan` or `run` from the last walk.

    Returns:
        The exit code, or None when the command must go the whole way.
    """
    if len(arguments) != 1 or arguments[0] not in ANSWERED:
        return None
    root = _root(os.getcwd())
    kept = None if root is None else _load(root, arguments[0])
    if root is None or kept is None:
        return None
    moved = [path for path, signature in kept.signatures.items() if sign(path) != signature]
    if moved and kept.extra:
        from branchline.cli.quick_code import same_meaning

        kept = same_meaning(root, arguments[0], kept, moved)
        moved = []
    if moved or kept is None:
        return None
    _print(kept.colored if _wants_color() else kept.plain)
    return kept.code


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

    Returns:
        Whether it was kept; not when anything moved since the walk began.
    """
    fields = [_MAGIC, *_caller(), root, str(code), plain, colored]
    paths = sorted(set(watched))
    fields.append(str(len(paths)))
    for path in paths:
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

    Args:
        path: Absolute; with a slash at its end it stands for everything below it.
    """
    return _sign(path)[0]


def _sign(path: str) -> tuple[str, int]:
    """Signature of a path, and when it last changed (ns since 1970; 0 when it is not there)."""
    try:
        if path.endswith("/") and os.path.isdir(path):
            return _sign_below(path)
        stat = os.lstat(path.rstrip("/") or "/")
    except OSError:
        return _ABSENT, 0
    return _text(stat), stat.st_ctime_ns


def _text(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}.{stat.st_ctime_ns}.{stat.st_ino}.{stat.st_size}.{stat.st_mode}"


def _sign_below(path: str) -> tuple[str, int]:
    from hashlib import blake2b

    hasher = blake2b(digest_size=16)
    newest_ns = 0
    folders = [path]
    while folders:
        folder = folders.pop()
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            stat = entry.stat(follow_symlinks=False)
            newest_ns = max(newest_ns, stat.st_ctime_ns)
            hasher.update(f"{entry.name}\0{_text(stat)}\0".encode("utf-8", "surrogateescape"))
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
    return hasher.hexdigest(), newest_ns


def _load(root: str, command: str) -> Kept | None:
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

    # pyenv's `python` is a script that picks a version by this variable.
    chosen = os.environ.get("PYENV_VERSION", "")
    return [f"{__version__} {sys.version_info[:2]} {chosen}", os.environ.get("PATH", "")]


def _root(folder: str) -> str | None:
    while True:
        if os.path.lexists(f"{folder}/.git"):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _file(root: str, command: str) -> str:
    return f"{root}/.branchline/quick/{command}"


def _wants_color() -> bool:
    environ = os.environ
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return environ.get("CLICOLOR_FORCE", "0") not in ("", "0") or sys.stdout.isatty()


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
