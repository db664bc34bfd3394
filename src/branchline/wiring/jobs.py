"""What the worker and the runners of a box need from adapters.

Serves `server` only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.run import Capacity
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.environments import Environments
    from branchline.ports.queue import Queue


def open_queue(path: str, ledger: str) -> Queue:
    """The queue of a box, over a connection of its own.

    Args:
        path: Absolute path of the box.
        ledger: URL of its ledger; "" is the file in the box.
    """
    from branchline.adapters.sql import SqlQueue, open_database

    return SqlQueue(open_database(ledger or os.path.join(path, "branchline", "ledger.db")))


def become(user: str) -> None:
    """Be the account that works for a box; see `adapters.box.accounts`."""
    from branchline.adapters.box.accounts import become as be

    be(user)


def make_worktree(path: str, tree: str, commit: str) -> None:
    """Check a commit of a box out into a fresh folder, running nothing of it.

    Raises:
        RepositoryError: git refused.
    """
    from branchline.adapters.git.plumbing import Git, find_places
    from branchline.adapters.git.worktrees import add_tree

    add_tree(Git(find_places(path)), tree, commit, environ=os.environ)


def submodules(tree: str) -> tuple[str, ...]:
    """Paths in a worktree that are submodules: their folders are empty."""
    from branchline.adapters.git.worktrees import gitlinks

    return gitlinks(tree, environ=os.environ)


def remove_worktree(tree: str) -> None:
    """Remove a worktree with all in it, and its git directory.

    Raises:
        RepositoryError: It cannot be removed.
    """
    from branchline.adapters.git.worktrees import remove_tree

    remove_tree(tree)


def remove_folder(folder: str) -> None:
    """Remove a folder with all in it; nothing happens where there is none."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def safe_git() -> Mapping[str, str]:
    """Variables by which every git process of a job runs nothing that a commit holds."""
    from branchline.adapters.git.worktrees import safe_environment

    return safe_environment()


def open_environments(folder: str, *, python: str) -> Environments:
    """Environments by lock digest, made with an interpreter."""
    from branchline.adapters.environments import LockEnvironments

    return LockEnvironments(folder, python=python, environ=os.environ)


def open_artifacts(home: str, store_dir: str, *, is_exposed: bool = False) -> Artifacts:
    """What the runs of a box left.

    Args:
        home: Absolute path of the box's own folder.
        store_dir: Absolute path of its store.
        is_exposed: Whether commands of others get the folders.
    """
    from branchline.adapters.dvc.artifacts import DvcArtifacts
    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.adapters.dvc.settings import DvcSettings
    from branchline.adapters.dvc.store import DvcStore
    from branchline.adapters.dvc.workspace import DvcWorkspace

    workspace = DvcWorkspace(home, CacheDatabase(os.path.join(home, "cache.db")))
    store = DvcStore(workspace, settings=DvcSettings(cache_dir=store_dir))
    return DvcArtifacts(store, home, is_exposed=is_exposed)


def machine_capacity() -> Capacity:
    """What this machine gives in all."""
    from branchline.adapters.local_machine import LocalMachine
    from branchline.core.run import Capacity

    machine = LocalMachine(os.environ)
    cpus = machine.cpus()
    return Capacity(
        jobs=cpus, cpus=float(cpus), gpus=machine.gpus(), memory_bytes=machine.memory_bytes()
    )


def become_reaper() -> None:
    """Let what a dead runner leaves become children of this process."""
    from branchline.adapters.local_process.processes import become_subreaper

    become_subreaper()


def started_ticks(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 when it is gone."""
    from branchline.adapters.local_process.processes import read_process

    process = read_process(pid)
    return 0 if process is None or process.is_zombie else process.started_ticks


def end_leftovers(mark: str, value: str, runners: frozenset[int]) -> int:
    """Kill every process that carries a mark, and orphans that came to this process.

    Args:
        mark: Name of the variable.
        value: What it begins with.
        runners: Children that go on.
    """
    from branchline.adapters.local_process.marked import kill_marked, kill_orphans

    return kill_marked(mark, value) + kill_orphans(runners)
