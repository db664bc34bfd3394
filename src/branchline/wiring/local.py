"""Ports of this machine: where stages run, what it is, how logs are followed. Imported late."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.adapters.dvc.remotes import Elsewhere
    from branchline.adapters.dvc.store import DvcStore
    from branchline.adapters.dvc.workspace import DvcWorkspace
    from branchline.core.policy import Policy


def executor(*, forks: bool = False) -> object:
    """Port `executor`; `forks` says whether stages are forked, as those of a search are."""
    from branchline.adapters.local_process import LocalExecutor

    return LocalExecutor(forks=forks)


def environments() -> object:
    """Port `environments`: those of this user, which all clones share."""
    import sys

    from branchline.adapters.environments import LockEnvironments

    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(cache, "branchline", "environments")
    return LockEnvironments(folder, python=_usual_python() or sys.executable, environ=os.environ)


def _usual_python() -> str:
    """The Python that stages would find without an environment; "" without one."""
    import shutil

    found = shutil.which("python3") or shutil.which("python") or ""
    return "" if "/shims/" in found else found


def steps() -> object:
    """Port `steps`."""
    from branchline.adapters.local_steps import LocalSteps

    return LocalSteps()


def machine(root: str, state_dir: str) -> object:
    """Port `machine`; what is known of the interpreters of `root` stands in `state_dir`."""
    from branchline.adapters.local_machine import LocalMachine

    return LocalMachine(os.environ, root=root, memory=os.path.join(state_dir, "python"))


def tables() -> object:
    """What reads predictions."""
    from branchline.adapters.tables import FileTables

    return FileTables()


def metric_functions() -> object:
    """What calls metrics of the project's own code."""
    from branchline.adapters.metric_function import ProcessFunctions

    return ProcessFunctions(os.environ)


def data_ports(root: str, state_dir: str) -> dict[str, Callable[[], object]]:
    """Ports of data (tables, findings, the project's own checks), metrics and environments."""

    def files() -> object:
        from branchline.adapters.duckdb_files import DuckdbFiles

        return DuckdbFiles(root)

    def memory() -> object:
        from branchline.adapters.folder_memory import FolderMemory

        return FolderMemory(os.path.join(state_dir, "data"))

    def own_checks() -> object:
        from branchline.adapters.own_checks import SubprocessChecks

        return SubprocessChecks(root)

    def readers() -> object:
        from branchline.wiring.readers import metric_readers

        return metric_readers()

    return {
        "data_files": files,
        "data_memory": memory,
        "own_checks": own_checks,
        "environments": environments,
        "metric_readers": readers,
    }


def files(
    root: str, state_dir: str, before: DvcWorkspace | None, *, lasting: bool
) -> tuple[Callable[[], CacheDatabase], Callable[[], DvcWorkspace]]:
    """How the local cache and the workspace are made; those of `before` share what it knows."""

    @cache
    def database() -> CacheDatabase:
        from branchline.adapters.dvc.cache_database import CacheDatabase

        if before is not None:
            return before.database
        return CacheDatabase(os.path.join(state_dir, "cache.db"))

    @cache
    def workspace() -> DvcWorkspace:
        from branchline.adapters.dvc.workspace import DvcWorkspace

        index = before.index if before else None
        return DvcWorkspace(root, database(), index=index, lasting=lasting)

    return database, workspace


def store(
    workspace: DvcWorkspace,
    settings_root: str,
    store_dir: str,
    root: str,
    policy: Callable[[], Policy],
) -> DvcStore:
    """The store, with the DVC settings of one tree and the `store:` of the policy that governs."""
    from branchline.adapters.dvc.settings import read_settings
    from branchline.adapters.dvc.store import DvcStore

    settings = read_settings(settings_root, cache_dir=store_dir)

    def elsewhere() -> Elsewhere:
        from branchline.wiring import stores  # when an object is not here

        return stores.elsewhere(settings, root, policy)

    return DvcStore(workspace, settings=settings, elsewhere=elsewhere)
