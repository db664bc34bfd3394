"""Another working tree beside that of a run, to score a champion in. Imported late."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.wiring.again import commit_now, refuse_what_is_not_whole, shared_with
from branchline.wiring.projects import open_worktree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.flows.project import Project
    from branchline.wiring.projects import Shared

FOLDER = "champion"


@contextmanager
def open_beside(
    root: str, state_dir: str, shared: Shared | None, *, model: str | None
) -> Iterator[Project]:
    """Open a fresh working tree of the files as they are now, with the same records and store.

    One run at a time has it: whoever opens it holds the workspace of `root`. What one that was
    killed left is removed; its ledger and logs stay, below the run's own state.

    Args:
        root: Absolute root of the working tree of the run.
        state_dir: Absolute path of its state.
        shared: What that tree shares with its box; None for a clone.
        model: Which model, where branchline.yaml declares several.

    Raises:
        RepositoryError: The files cannot be had in another place, or git refused.
    """
    from branchline.adapters.git import Git, GitRepo
    from branchline.adapters.git.plumbing import find_places
    from branchline.adapters.git.worktrees import add_tree, remove_tree

    folder = os.path.join(state_dir, FOLDER)
    tree, state = os.path.join(folder, "tree"), os.path.join(folder, "state")
    os.makedirs(state, exist_ok=True)
    if shared is None:
        git = Git.open(root)
        own = shared_with(
            git, GitRepo(git), commit_now(root), folder, has_own_records=False, searches=False
        )
    else:
        git = Git(find_places(shared.box))
        own = replace(shared, state_dir=state, searches=False)
    try:
        add_tree(git, tree, own.commit, environ=os.environ)
        if shared is None:
            refuse_what_is_not_whole(tree, but_filtered=True)
        with open_worktree(tree, own, model=model) as project:
            yield project
    finally:
        remove_tree(tree)
