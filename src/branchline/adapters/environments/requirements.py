"""Requirements files as far as an environment that outlives its worktree needs them.

An editable requirement would point into the worktree of the job that made the environment, which is
gone when the next job uses it; it is installed as a copy instead.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_EDITABLE = re.compile(r"^(\s*)(?:-e|--editable)(?:\s+|=)", re.MULTILINE)


def is_requirements(name: str) -> bool:
    """Whether a file of this name is in pip's grammar."""
    return name.endswith((".txt", ".in")) or name == "requirements.lock"


@contextlib.contextmanager
def without_editable(root: str, file: str) -> Iterator[str]:
    """Absolute path of a file that says the same with copies; the file itself where it has none.

    The other stands beside it while it is used, so that what it includes is found.
    """
    path = os.path.join(root, file)
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as stream:
            text = stream.read()
    except OSError:
        text = ""
    changed = _EDITABLE.sub(r"\1", text) if is_requirements(file.rpartition("/")[2]) else text
    if changed == text:
        yield path
        return
    beside = os.path.join(os.path.dirname(path), f".branchline-{os.getpid()}-requirements.txt")
    try:
        with open(beside, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(changed)
        yield beside
    finally:
        with contextlib.suppress(OSError):
            os.unlink(beside)
