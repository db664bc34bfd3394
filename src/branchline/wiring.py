"""Picks the adapters of a project. The only room that knows which vendor stands behind which port.

`open_project` is what every command begins with. Adapters are made with plain arguments; a heavy
one is imported by its own methods when it is used.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.errors import RepositoryError
from branchline.flows.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.adapters.git import GitRepo
    from branchline.config.branchline_yaml import LoadedConfig, ModelConfig
    from branchline.core.pipeline import Pipeline

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
        ConfigError, PipelineError: The declarations cannot be used.
    """
    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.adapters.dvc.lock_files import DvcLockFiles
    from branchline.adapters.dvc.meaning_cache import SqliteMeaningCache
    from branchline.adapters.dvc.run_cache import DvcRunCache
    from branchline.adapters.dvc.store import DvcStore
    from branchline.adapters.dvc.workspace import DvcWorkspace
    from branchline.adapters.dvc.workspace_lock import DvcWorkspaceLock
    from branchline.adapters.git import Git, GitRecords, GitRepo
    from branchline.adapters.local_machine import LocalMachine
    from branchline.adapters.local_process import LocalExecutor
    from branchline.adapters.sqlite_ledger import SqliteLedger

    git = Git.open(start)
    root = git.places.root
    state_dir = os.path.join(root, STATE_DIR)
    repo = GitRepo(git)
    _refuse_committed_state(repo)
    chosen, config_files = load_config(root, model)
    pipeline = _load_pipeline(root, chosen)
    database = CacheDatabase(os.path.join(state_dir, "cache.db"))
    workspace = DvcWorkspace(root, database)
    store = DvcStore(workspace)
    ledger = SqliteLedger(state_dir)
    try:
        yield Project(
            root=root,
            state_dir=state_dir,
            policy=chosen.policy,
            pipeline=pipeline,
            config_files=(*config_files, *pipeline.files),
            workspace=workspace,
            store=store,
            lock_files=DvcLockFiles(root),
            run_cache=DvcRunCache(store.settings.cache_dir),
            workspace_lock=DvcWorkspaceLock(root, waiting=waiting),
            repo=repo,
            records=GitRecords(git),
            ledger=ledger,
            meanings=SqliteMeaningCache(database),
            machine=LocalMachine(os.environ, root=root, memory=os.path.join(state_dir, "python")),
            executor=LocalExecutor(),
        )
    finally:
        workspace.close()
        ledger.close()


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
    return load_policy(data, file=CONFIG_FILE)


def _load_pipeline(root: str, chosen: ModelConfig) -> Pipeline:
    from branchline.config.pipeline import load_pipeline

    return load_pipeline(root, chosen.source)


def _refuse_committed_state(repo: GitRepo) -> None:
    """Refuse local state that came with a commit: its author could make a plan say anything."""
    names = (f"{STATE_DIR}/cache.db", f"{STATE_DIR}/ledger.db", f"{STATE_DIR}/.gitignore")
    if any(repo.is_tracked(names)):
        raise RepositoryError(
            f"`{STATE_DIR}/` is committed to git, and it is this machine's own state",
            todo=f"Take it out: `git rm -r --cached {STATE_DIR}` and commit.",
        )
