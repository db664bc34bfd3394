"""`branchline plan` and `branchline run` again, when nothing at all was touched.

The answer of the last walk is kept beside the stat signatures of everything that it looked at.
While all of them still hold, the same question has the same answer, and it is given without
reading YAML, asking git or importing anything but `os`: it costs less than a `git status`. What
cannot be told (a changed signature, a file gone or come, another PATH, another version) goes the
whole way.

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

__all__ = ["ANSWERED", "answer", "forget", "remember", "sign"]

ANSWERED = ("plan", "run")
_MAGIC = "branchline quick 1"
_ABSENT = "absent"
_CLOCK_STEP_NS = 20_000_000
_COARSE_NS = 3_000_000_000


def answer(arguments: Sequence[str]) -> int | None:
    """Answer a bare `plan` or `run` from the last walk.

    Returns:
        The exit code, or None when the command must go the whole way.
    """
    if len(arguments) != 1 or arguments[0] not in ANSWERED:
        return None
    root = _root(os.getcwd())
    if root is None:
        return None
    try:
        with open(_file(root, arguments[0]), encoding="utf-8", errors="surrogateescape") as file:
            fields = file.read().split("\0")
    except (OSError, ValueError):
        return None
    if fields[:4] != [_MAGIC, *_caller(), root] or len(fields) < 7 or len(fields) % 2 == 0:
        return None
    code, plain, colored = fields[4:7]
    signed = fields[7:]
    for path, signature in zip(signed[::2], signed[1::2], strict=True):
        if sign(path) != signature:
            return None
    _print(colored if _wants_color() else plain)
    return int(code)


def remember(
    root: str, command: str, *, code: int, plain: str, colored: str, watched: Iterable[str]
) -> None:
    """Keep an answer.

    Args:
        root: Absolute root of the repository.
        command: One of `ANSWERED`.
        code: Its exit code.
        plain: What it prints in a pipe.
        colored: What it prints on a terminal.
        watched: Absolute paths that the answer depends on; a path that ends in a slash stands for
            everything below it.
    """
    paths = sorted(set(watched))
    if not _is_settled(paths):
        forget(root)
        return
    fields = [_MAGIC, *_caller(), root, str(code), plain, colored]
    for path in paths:
        fields += [path, sign(path)]
    target = _file(root, command)
    partial = f"{target}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(partial, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\0".join(fields))
        os.replace(partial, target)
    except (OSError, ValueError):
        forget(root)


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
    try:
        if path.endswith("/") and os.path.isdir(path):
            return _sign_below(path)
        return _text(os.lstat(path.rstrip("/") or "/"))
    except OSError:
        return _ABSENT


def _text(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}.{stat.st_ctime_ns}.{stat.st_ino}.{stat.st_size}.{stat.st_mode}"


def _sign_below(path: str) -> str:
    from hashlib import blake2b

    hasher = blake2b(digest_size=16)
    folders = [path]
    while folders:
        folder = folders.pop()
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            signature = _text(entry.stat(follow_symlinks=False))
            hasher.update(f"{entry.name}\0{signature}\0".encode("utf-8", "surrogateescape"))
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
    return hasher.hexdigest()


def _is_settled(paths: Sequence[str]) -> bool:
    """Wait until no later write can leave a signature as it is; False where that takes too long.

    A file written twice within one step of the file system's clock looks the same after both.
    """
    import time

    newest = 0
    for path in paths:
        try:
            stat = os.lstat(path.rstrip("/") or "/")
        except OSError:
            continue
        if stat.st_ctime_ns % 1_000_000_000 == 0 and time.time_ns() - stat.st_ctime_ns < _COARSE_NS:
            return False
        newest = max(newest, stat.st_ctime_ns, stat.st_mtime_ns)
    ahead = newest + _CLOCK_STEP_NS - time.time_ns()
    if ahead > 10 * _CLOCK_STEP_NS:
        return False  # a file from the future
    if ahead > 0:
        time.sleep(ahead / 1e9)
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
