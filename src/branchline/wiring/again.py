"""A commit of a clone in a place of its own: to make a run again, to search. Imported late."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from branchline.errors import RepositoryError
from branchline.wiring.projects import STATE_DIR, Shared, open_worktree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.adapters.git import Git, GitRepo
    from branchline.flows.project import Project
    from branchline.flows.trial_walk import TrialWalk
    from branchline.ports.trials import TrialRunner

_FOLDER = "again"
_LOCK = "lock"


@contextmanager
def open_again(
    start: str,
    commit: str,
    *,
    model: str | None = None,
    has_own_records: bool = True,
    searches: bool = False,
) -> Iterator[Project]:
    """Open a fresh working tree of a commit, with the clone's store.

    Args:
        start: Any folder of the clone.
        commit: Full hash.
        model: Which model, where branchline.yaml declares several.
        has_own_records: Whether it begins with no records, which are gone afterwards; else it has
            those of the clone, and adds to them.
        searches: Whether it is for a search; see `Shared`.

    Yields:
        The project. Its tree and its logs are gone afterwards.

    Raises:
        RepositoryError: The commit is not here, or git refused.
    """
    import shutil

    from branchline.adapters.dvc.cache_database import prepare_folder
    from branchline.adapters.git import Git, GitRepo
    from branchline.adapters.git.worktrees import add_tree, remove_tree

    git = Git.open(start)
    root, repo = git.places.root, GitRepo(git)
    state_dir = os.path.join(root, STATE_DIR)
    prepare_folder(state_dir)
    _clear(os.path.join(state_dir, _FOLDER))
    folder = os.path.join(state_dir, _FOLDER, str(os.getpid()))
    tree = os.path.join(folder, "tree")
    os.makedirs(folder, exist_ok=True)
    lock = _taken(folder)
    try:
        if repo.resolve(commit) is None:
            raise RepositoryError(
                f"commit {commit[:10]} is not in this clone",
                todo="Get it: git fetch --unshallow, or git fetch from where it was pushed.",
            )
        add_tree(git, tree, commit, environ=os.environ)
        refuse_what_is_not_whole(tree)
        shared = shared_with(
            git, repo, commit, folder, has_own_records=has_own_records, searches=searches
        )
        with open_worktree(tree, shared, model=model) as project:
            yield project
    finally:
        remove_tree(tree)
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def shared_with(
    git: Git, repo: GitRepo, commit: str, folder: str, *, has_own_records: bool, searches: bool
) -> Shared:
    """What the working tree `tree` below a folder shares with its clone."""
    from branchline.adapters.dvc.settings import read_settings

    root = git.places.root
    return Shared(
        box=f"{os.path.join(folder, 'tree')}.git" if has_own_records else root,
        name=os.path.basename(root) or "model",
        state_dir=os.path.join(folder, "state"),
        store_dir=read_settings(root).cache_dir,
        meanings=os.path.join(root, STATE_DIR, "cache.db"),
        branch=repo.head(details=False).branch or "",
        default_branch=repo.default_branch(),
        commit=commit,
        settings_root=root,
        searches=searches,
    )


def runner_again(
    start: str, commit: str, *, model: str | None
) -> Callable[[TrialWalk, int], TrialRunner]:
    """What makes trials of a commit of a clone side by side, while `open_again` holds one open.

    Args:
        start: Any folder of the clone.
        commit: Full hash.
        model: Which model, where branchline.yaml declares several.
    """
    from branchline.adapters.git import Git, GitRepo
    from branchline.wiring.workers import workers_of

    git = Git.open(start)
    folder = os.path.join(git.places.root, STATE_DIR, _FOLDER, str(os.getpid()))
    shared = shared_with(git, GitRepo(git), commit, folder, has_own_records=False, searches=True)
    return workers_of(git.places.root, folder, shared, model=model)


def refuse_what_is_not_whole(tree: str, *, but_filtered: bool = False) -> None:
    """See that a working tree holds what a clone's would.

    Args:
        tree: Absolute path.
        but_filtered: Whether the caller brings what git would have filtered.

    Raises:
        RepositoryError: Submodules are not fetched here, and git's filters are not run.
    """
    from branchline.adapters.git.worktrees import gitlinks

    paths = gitlinks(tree, environ=os.environ)
    if paths:
        raise RepositoryError(
            f"`{paths[0]}` is a submodule, and it is not fetched into a place of its own",
            todo="Check the commit out yourself: git switch --detach COMMIT, git submodule update,"
            " branchline run.",
        )
    for folder, _, files in () if but_filtered else os.walk(tree):
        if ".gitattributes" in files and _has_filters(os.path.join(folder, ".gitattributes")):
            where = os.path.relpath(os.path.join(folder, ".gitattributes"), tree)
            raise RepositoryError(
                f"`{where}` has files go through a filter (as Git LFS does), which is not run in a"
                " place of its own",
                todo="Check the commit out yourself: git switch --detach COMMIT, branchline run.",
            )


def _has_filters(path: str) -> bool:
    with open(path, encoding="utf-8", errors="replace") as file:
        return any(" filter=" in line and not line.startswith("#") for line in file)


def commit_now(start: str) -> str:
    """A commit of a clone's working tree as it is now, with what git does not know or ignore yet.

    Raises:
        RepositoryError: There is no commit, or what git does not know is too large.
    """
    from branchline.adapters.git import Git, GitRepo
    from branchline.adapters.git.snapshot import snapshot

    git = Git.open(start)
    head = GitRepo(git).head(details=False).commit
    if head is None:
        raise RepositoryError("there is no commit yet", todo="Commit first: git commit.")
    return snapshot(git, head)


def _clear(folder: str) -> None:
    """Remove what processes left there that were killed."""
    import shutil

    from branchline.adapters.git.worktrees import remove_tree

    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        own = os.path.join(folder, name)
        if not os.path.exists(os.path.join(own, _LOCK)) and os.path.isdir(f"/proc/{name}"):
            continue  # it is just beginning
        lock = _taken(own)
        if lock is None:
            continue
        with suppress(Exception):
            remove_tree(os.path.join(own, "tree"))
        shutil.rmtree(own, ignore_errors=True)
        os.close(lock)


def _taken(folder: str) -> int | None:
    """The lock of a folder, open; None while a process works there, be it in another container.

    Numbers of processes are no sign of life: a container has its own, and macOS has no /proc.
    """
    import fcntl

    try:
        lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
