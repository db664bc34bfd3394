"""Paths of the files of a commit. Serves `GitRepo`; reads no content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.git.plumbing import Git


def paths_of(git: Git, commit: str | None) -> Sequence[str]:
    """Paths from the root, sorted by their bytes; none where there is no commit.

    Submodules and links are among them, by their names.

    Raises:
        RepositoryError: git cannot read a tree, as where a part of the history is missing.
    """
    if commit is None:
        return ()
    out = git.run(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])
    return [os.fsdecode(path) for path in sorted(filter(None, out.split(b"\0")))]
