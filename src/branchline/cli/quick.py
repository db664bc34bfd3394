"""`branchline plan` and `branchline run` again, when nothing that matters was touched.

The answer of the last walk is kept beside the stat signatures of everything that it looked at
(`cli.quick_memory`). While all of them still hold, the same question has the same answer, and it is
given without reading YAML, asking git or importing anything heavy: it costs less than a
`git status`. Where only code files moved, `cli.quick_code` looks whether their meaning did. What
cannot be told (a changed signature, a file gone or come, another PATH, another version) goes the
whole way.
"""

from __future__ import annotations

import os
import sys
import time

from branchline.cli.quick_memory import ANSWERED, load, sign

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["answer"]


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
    kept = load(root, arguments[0])
    if kept is None:
        return _by_records(root) if arguments[0] == "plan" else None
    since_ns = time.time_ns()
    moved = [path for path, signature in kept.signatures.items() if sign(path) != signature]
    if moved and kept.extra:
        from branchline.cli.quick_code import same_meaning

        kept = same_meaning(root, arguments[0], kept, moved, since_ns=since_ns)
        moved = []
    if moved or kept is None:
        return None
    _print(kept.colored if _wants_color() else kept.plain)
    return kept.code


def _by_records(root: str) -> int | None:
    """Answer from the records, where this clone has not answered yet."""
    if not os.path.isdir(f"{root}/.git/refs/branchline/answers") and (
        b" refs/branchline/answers/" not in _packed(root)
    ):
        return None
    from branchline.cli.quick_records import answer as answer_by_records

    said = answer_by_records(root)
    if said is None:
        return None
    text, notes = said
    sys.stderr.write("".join(f"branchline: note: {note}\n" for note in notes))
    _print(text)
    return 0


def _packed(root: str) -> bytes:
    try:
        with open(f"{root}/.git/packed-refs", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _root(folder: str) -> str | None:
    while True:
        if os.path.lexists(f"{folder}/.git"):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


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
