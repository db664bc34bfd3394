"""Working trees besides the one that a project stands in: to train again, to score again.

Imported late: most walks need none.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.errors import RepositoryError
from branchline.wiring.projects import Shared, open_worktree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.flows.project import Project

_FOLDER = "scratch"


@contextmanager
def open_scratch(
    root: str,
    shared: Shared | None,
    model: str | None,
    commit: str | None,
    *,
    has_own_records: bool = False,
) -> Iterator[Project]:
    """Open a fresh working tree of a commit, which shares records and store with a project.

    Args:
        root: Absolute root of the project.
        shared: What it shares with its box; None for a clone.
        model: Which model, where branchline.yaml declares several.
        commit: Full hash; None for what the project's working tree holds now.
        has_own_records: Whether it begins with no records, which are gone afterwards.

    Yields:
        The project. Its tree and its logs are gone afterwards; what it recorded stays.

    Raises:
        RepositoryError: The commit is not here, or git refused.
    """
    if shared is None:
        from branchline.wiring.again import commit_now, open_again

        wanted = commit or commit_now(root)
        with open_again(root, wanted, model=model, has_own_records=has_own_records) as project:
            yield project
        return
    at = commit or shared.commit
    with _beside(shared, model, at, has_own_records=has_own_records) as project:
        yield project


@contextmanager
def _beside(
    shared: Shared, model: str | None, commit: str, *, has_own_records: bool
) -> Iterator[Project]:
    """A further working tree of a box, under the rules of the first."""
    import shutil

    from branchline.adapters.git.plumbing import Git, find_places
    from branchline.adapters.git.repo import GitRepo
    from branchline.adapters.git.worktrees import add_tree, remove_tree

    box = Git(find_places(shared.box))
    if GitRepo(box).resolve(commit) is None:
        raise RepositoryError(f"commit {commit[:10]} is not in this box", todo="Push it again.")
    folder = os.path.join(shared.state_dir, _FOLDER, str(os.getpid()))
    tree = os.path.join(folder, "tree")
    own = replace(
        shared,
        box=f"{tree}.git" if has_own_records else shared.box,
        state_dir=os.path.join(folder, "state"),
        commit=commit,
        searches=False,
    )
    os.makedirs(own.state_dir, exist_ok=True)
    try:
        add_tree(box, tree, commit, environ=os.environ)
        with open_worktree(tree, own, model=model) as project:
            yield project
    finally:
        remove_tree(tree)
        shutil.rmtree(folder, ignore_errors=True)
