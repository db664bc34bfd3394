"""`.gitignore` lines for outputs, as DVC keeps them: `/name` in the folder of the output."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPECIAL = frozenset("[]!*#?")


def ignore_outs(root: str, paths: Sequence[str]) -> None:
    """Make git ignore outputs; those that it ignores already get no line.

    Nothing is asked of git where the line is there, and nothing happens outside of a repository.

    Args:
        root: Absolute root of the repository.
        paths: From the root.

    Raises:
        StoreError: git tracks one of them, or a `.gitignore` cannot be written.
    """
    unlisted = [path for path in paths if not _is_listed(root, path)]
    if not unlisted:
        return
    ignored = _git(root, ["check-ignore", "-z", "--stdin"], unlisted)
    if ignored is None:
        return
    # A file that git tracks is never ignored; a folder is, whatever is tracked below it.
    known = set(ignored)
    asked = [p for p in unlisted if p not in known or os.path.isdir(os.path.join(root, p))]
    if asked:
        tracked = _git(root, ["ls-files", "-z", "--", *(f":(literal){path}" for path in asked)], ())
        if tracked:
            _refuse(asked, tracked[0])
    for path in unlisted:
        if path not in known:
            _add_line(root, path)


def ignore_line(path: str) -> str:
    """The line for an output, without its line break; git's special letters escaped.

    >>> ignore_line("data/model.pkl")
    '/model.pkl'
    """
    name = path.rpartition("/")[2]
    return "/" + "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in name)


def _file_of(root: str, path: str) -> str:
    return os.path.join(root, os.path.dirname(path), ".gitignore")


def _is_listed(root: str, path: str) -> bool:
    try:
        with open(_file_of(root, path), encoding="utf-8", errors="replace") as file:
            return ignore_line(path) in file.read().split("\n")
    except OSError:
        return False


def _add_line(root: str, path: str) -> None:
    """Append, in one write, so that nothing of the user's file can be lost."""
    file = _file_of(root, path)
    try:
        with open(file, "ab+") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 1))
            gap = b"" if stream.read() in (b"", b"\n") else b"\n"
            stream.write(gap + ignore_line(path).encode() + b"\n")
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error


def _refuse(paths: Sequence[str], tracked: str) -> None:
    out = next((p for p in paths if tracked == p or tracked.startswith(f"{p}/")), tracked)
    raise StoreError(
        f"output {out} is tracked by git ({tracked}), but the store keeps it",
        todo=f"Run `git rm -r --cached {out}`, or declare the output with `cache: false`.",
    )


def _git(root: str, arguments: Sequence[str], paths: Sequence[str]) -> list[str] | None:
    """Paths that git answers, separated by NUL; None where there is no repository or no git."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments],
            input=os.fsencode("\0".join(paths)),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    if done.returncode not in (0, 1):
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
