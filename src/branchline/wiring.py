"""Picks the adapters of a project. The only room that knows which vendor stands behind which port.

`open_project` is what every command begins with. Adapters are made with plain arguments; a heavy
one is imported by its own methods when it is used.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from branchline.errors import ConfigError, RepositoryError
from branchline.flows.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.adapters.dvc.store import DvcStore
    from branchline.adapters.dvc.workspace import DvcWorkspace
    from branchline.adapters.git import Git, GitRepo
    from branchline.config.branchline_yaml import LoadedConfig, ModelConfig
    from branchline.core.pipeline import Pipeline
    from branchline.ports.checkup import Checkup
    from branchline.ports.tree import Tree

STATE_DIR = ".branchline"
CONFIG_FILE = "branchline.yaml"


@contextmanager
def open_project(
    start: str = ".",
    *,
    model: str | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Iterator[Project]:
    """Open the project that holds a folder, and close what was opened.

    Args:
        start: Any folder of it.
        model: Which model, where branchline.yaml declares several.
        waiting: Told who holds the clone, when this process has to wait for it.

    Raises:
        RepositoryError: No git repository, or local state that was committed to it.
        ConfigError, PipelineError: Raised when the declarations are first asked for.
    """
    from time import time_ns

    from branchline.adapters.git import Git, GitRepo

    opened_ns = time_ns()
    git = Git.open(start)
    root = git.places.root
    repo = GitRepo(git)
    _refuse_committed_state(repo)
    project = Project(
        root=root,
        state_dir=os.path.join(root, STATE_DIR),
        ports={"repo": lambda: repo, **_declarations(root, model), **_ports(git, waiting)},
        opened_ns=opened_ns,
    )
    try:
        yield project
    finally:
        for name in ("workspace", "records", "ledger"):
            close = getattr(project.made(name), "close", None)
            if close is not None:
                close()


def _declarations(root: str, model: str | None) -> dict[str, Callable[[], object]]:
    """How policy and pipeline are read."""

    @cache
    def chosen() -> tuple[ModelConfig, tuple[str, ...]]:
        return load_config(root, model)

    @cache
    def pipeline() -> Pipeline:
        return _load_pipeline(root, chosen()[0])

    return {
        "policy": lambda: chosen()[0].policy,
        "pipeline": pipeline,
        "config_files": lambda: (*chosen()[1], *pipeline().files),
    }


def _ports(git: Git, waiting: Callable[[str], None] | None) -> dict[str, Callable[[], object]]:
    """How each port is made; the imports stand inside, so that only what is used is loaded."""
    root = git.places.root
    state_dir = os.path.join(root, STATE_DIR)

    @cache
    def database() -> CacheDatabase:
        from branchline.adapters.dvc.cache_database import CacheDatabase

        return CacheDatabase(os.path.join(state_dir, "cache.db"))

    @cache
    def workspace() -> DvcWorkspace:
        from branchline.adapters.dvc.workspace import DvcWorkspace

        return DvcWorkspace(root, database())

    @cache
    def store() -> DvcStore:
        from branchline.adapters.dvc.store import DvcStore

        return DvcStore(workspace())

    def run_cache() -> object:
        from branchline.adapters.dvc.run_cache import DvcRunCache

        return DvcRunCache(store().settings.cache_dir)

    def lock_files() -> object:
        from branchline.adapters.dvc.lock_files import DvcLockFiles

        return DvcLockFiles(root)

    def workspace_lock() -> object:
        from branchline.adapters.dvc.workspace_lock import DvcWorkspaceLock

        return DvcWorkspaceLock(root, waiting=waiting)

    def records() -> object:
        from branchline.adapters.git import GitRecords

        return GitRecords(git)

    def ledger() -> object:
        from branchline.adapters.sqlite_ledger import SqliteLedger

        return SqliteLedger(state_dir)

    def meanings() -> object:
        from branchline.adapters.dvc.meaning_cache import SqliteMeaningCache

        return SqliteMeaningCache(database())

    def machine() -> object:
        from branchline.adapters.local_machine import LocalMachine

        return LocalMachine(os.environ, root=root, memory=os.path.join(state_dir, "python"))

    def executor() -> object:
        from branchline.adapters.local_process import LocalExecutor

        return LocalExecutor()

    return {
        "workspace": workspace,
        "store": store,
        "run_cache": run_cache,
        "lock_files": lock_files,
        "workspace_lock": workspace_lock,
        "records": records,
        "ledger": ledger,
        "meanings": meanings,
        "machine": machine,
        "executor": executor,
    }


def load_config(root: str, model: str | None = None) -> tuple[ModelConfig, tuple[str, ...]]:
    """What branchline.yaml decides for one model, and the files that were read for it."""
    return _read_config(root).of(model), (CONFIG_FILE,)


def _read_config(root: str) -> LoadedConfig:
    from branchline.config.branchline_yaml import default_config, load_policy

    try:
        with open(os.path.join(root, CONFIG_FILE), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return default_config(os.path.basename(root) or "model")
    except IsADirectoryError as error:
        raise ConfigError(
            f"{CONFIG_FILE} is a folder, must be a file", todo="Rename the folder."
        ) from error
    return load_policy(data, file=CONFIG_FILE)


def _load_pipeline(root: str, chosen: ModelConfig) -> Pipeline:
    from branchline.config.pipeline import load_pipeline

    return load_pipeline(root, chosen.source)


def _refuse_committed_state(repo: GitRepo) -> None:
    """Refuse local state that came with a commit: its author could make a plan say anything."""
    if not repo.may_track(STATE_DIR):
        return
    if any(path.startswith(f"{STATE_DIR}/") for path in repo.tracked()):
        raise RepositoryError(
            f"`{STATE_DIR}/` is committed to git, and it is this machine's own state",
            todo=f"Take it out: `git rm -r --cached {STATE_DIR}` and commit.",
        )


def open_tree(root: str) -> Tree:
    """The files below a folder that is no project yet, for `init`.

    Args:
        root: Absolute path.
    """
    from branchline.adapters.folder import FolderTree

    return FolderTree(root)


def open_checkup(folder: str) -> Checkup:
    """What looks at this machine, for `doctor`.

    Args:
        folder: Absolute path of the folder to look at.
    """
    from branchline.adapters.checkup import LocalCheckup

    return LocalCheckup(folder)
