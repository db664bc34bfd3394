"""Paths of the files of a commit. Serves `GitRepo`; reads no content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.git.plumbing import Git


def paths_of(git: Git, commit: str | None) -> Sequence[str]:
    """Paths from the root, sorted by their bytes; none where there is no commit.

    Links are among them, by their names; submodules are none of the commit's files.

    Raises:
        RepositoryError: git cannot read a tree, as where a part of the history is missing.
    """
    if commit is None:
        return ()
    out = git.run(["ls-tree", "-r", "-z", "--full-tree", commit])
    rows = (row.partition(b"\t") for row in out.split(b"\0") if row)
    return [
        os.fsdecode(path) for path in sorted(path for kind, _, path in rows if b" blob " in kind)
    ]
