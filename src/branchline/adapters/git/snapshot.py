"""A commit of a working tree as it is now, with files that git does not know yet. Moves nothing.

Serves `wiring`; decides nothing. Nothing refers to the commit: git removes it in time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING

from branchline.adapters.git.commits import commit_object
from branchline.adapters.git.objects import ObjectWriter
from branchline.adapters.git.plumbing import Git
from branchline.errors import RepositoryError
from branchline.ports.branches import Signature

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 50_000_000
"""Of files that git does not know; what is larger is data, and would stay in git's objects."""


def snapshot(git: Git, head: str) -> str:
    """The commit: HEAD itself where nothing differs from it.

    Args:
        git: A repository with a working tree.
        head: Commit of its HEAD.

    Raises:
        RepositoryError: Unknown files are too large, or git refused.
    """
    _refuse_large(git, _unknown(git))
    folder = tempfile.mkdtemp(prefix="branchline-index-")
    try:
        index = os.path.join(folder, "index")
        own = os.path.join(git.places.git_dir, "index")
        if os.path.exists(own):
            # What git knows of each file by its stat, whole seconds only. A file that is as new as
            # the index is read again: a copy that looked newer would hide a change.
            shutil.copy2(own, index)
        apart = Git(git.places, git.environ, quarantine={"GIT_INDEX_FILE": index})
        apart.run(["add", "--all", "--", "."])
        tree = apart.run(["write-tree"]).decode("ascii").strip()
    finally:
        shutil.rmtree(folder)
    if git.run(["rev-parse", f"{head}^{{tree}}"]).decode("ascii").strip() == tree:
        return head
    by = Signature(name="Branchline", email="branchline@localhost", at=time.time())
    writer = ObjectWriter(git)
    commit = writer.commit(commit_object(tree, [head], message="A working tree as it was", by=by))
    writer.write()
    return commit


def _unknown(git: Git) -> list[str]:
    out = git.run(["ls-files", "--others", "--exclude-standard", "-z"])
    return [os.fsdecode(name) for name in out.split(b"\0") if name]


def _refuse_large(git: Git, paths: Sequence[str]) -> None:
    total = 0
    for path in paths:
        total += os.lstat(os.path.join(git.places.root, path)).st_size
        if total > MOST_BYTES:
            raise RepositoryError(
                f"`{path}` and what else git does not know is more than"
                f" {MOST_BYTES // 1_000_000} MB",
                todo="Ignore what is data (.gitignore), and add what belongs to the project.",
            )
