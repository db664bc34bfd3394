"""Picks the adapters of a project. The only room that knows which vendor stands behind which port.

`open_project` is what every command begins with. A heavy adapter is imported when it is used.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from branchline.errors import RepositoryError
from branchline.flows.project import Project
from branchline.wiring import local
from branchline.wiring.declared import load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.adapters.dvc.store import DvcStore
    from branchline.adapters.dvc.workspace import DvcWorkspace
    from branchline.adapters.git import Git, GitRepo
    from branchline.config.branchline_yaml import ModelConfig
    from branchline.config.pipeline import LoadedPipeline
    from branchline.config.settings_files import SettingsFiles
    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.tracker import Tracker

STATE_DIR = ".branchline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the detached worktree of a job shares with its box, and what its branch is.

    Attributes:
        box: Absolute path of the box, which has branches, tags and records.
        name: Of the model where no branchline.yaml names one.
        state_dir: Absolute folder of the job's own ledger, logs and stat index; outlives the tree.
        store_dir: Absolute folder of the store of all jobs; stands for the repository's own cache.
        meanings: Absolute path of the `cache.db` of all jobs.
        branch: Short name that HEAD stands for. default_branch: The box's.
        commit: Full hash that HEAD stands for, whatever a stage makes of it.
        settings_root: Absolute root of the tree whose DVC settings count; "" is the worktree.
        law: Settings of the default branch; None while there is none: the tree's own.
        searches: Whether a search has it: stages are forked, files may be lost with the power.
    """

    box: str
    name: str
    state_dir: str
    store_dir: str
    meanings: str
    branch: str
    default_branch: str
    commit: str
    settings_root: str = ""
    law: SettingsFiles | None = None
    searches: bool = False


@contextmanager
def open_project(
    start: str = ".",
    *,
    model: str | None = None,
    waiting: Callable[[str], None] | None = None,
    branch: str = "",
    default_branch: str = "",
    law: SettingsFiles | None = None,
) -> Iterator[Project]:
    """Open the project that holds a folder, and close what was opened.

    Args:
        start: Any folder of it.
        model: Which model, where branchline.yaml declares several.
        waiting: Told who holds the clone, when this process has to wait for it.
        branch: What a detached HEAD stands for.
        default_branch: Its name; "" asks git.
        law: Settings that govern; None where the tree's own does.

    Raises:
        RepositoryError: No git repository, or local state that was committed to it.
        ConfigError, PipelineError: Raised when the declarations are first asked for.
    """
    from branchline.adapters.git import Git, GitRepo

    git = Git.open(start)
    repo = GitRepo(git, branch=branch, default_branch=default_branch)
    state_dir = os.path.join(git.places.root, STATE_DIR)
    declarations = _declarations(git.places.root, model, law)
    opened: list[Project] = []
    ports = _ports(git, git.places.root, lambda: opened[0].policy, waiting=waiting)
    with _opened(repo, state_dir, {**declarations, **ports}) as project:
        opened.append(project)
        yield project


@contextmanager
def open_worktree(root: str, shared: Shared, *, model: str | None = None) -> Iterator[Project]:
    """Open a job's worktree: its code and stages, the default branch's rules, the box's store.

    Args:
        root: Absolute root of the worktree, from `jobs.make_worktree`.
        shared: What it shares with its box.
        model: Which model, where branchline.yaml declares several.

    Raises:
        RepositoryError: As `open_project`.
    """
    from branchline.adapters.git import Git, GitRepo
    from branchline.adapters.git.plumbing import find_places
    from branchline.adapters.git.worktrees import places_of

    git, box = Git(places_of(root)), Git(find_places(shared.box))
    repo = GitRepo(
        git,
        branch=shared.branch,
        default_branch=shared.default_branch,
        shared=box,
        commit=shared.commit,
    )
    declarations = _declarations(root, model, shared.law, name=shared.name)
    opened: list[Project] = []
    ports = _ports(box, root, lambda: opened[0].policy, shared)
    with _opened(repo, shared.state_dir, {**declarations, **ports}) as project:
        opened.append(project)
        yield project


@contextmanager
def _opened(
    repo: GitRepo, state_dir: str, ports: dict[str, Callable[[], object]]
) -> Iterator[Project]:
    """A project of these ports, closed at the end."""
    from time import time_ns

    opened_ns = time_ns()
    _refuse_committed_state(repo)
    project = Project(
        root=repo.root,
        state_dir=state_dir,
        ports={"repo": lambda: repo, **ports},
        opened_ns=opened_ns,
    )
    try:
        yield project
    finally:
        for name in ("executor", "workspace", "records", "ledger"):
            close = getattr(project.made(name), "close", None)
            if close is not None:
                close()


def look_again(project: Project) -> Project:
    """The same repository as it is now, for a second look by the process that has just run it.

    Declarations and files are read again. What cannot have changed without this process is taken
    over: records by their ids, entries of dvc.lock by their text, digests by the files' stat, and
    which Python there is. Open as long as `project` is, which saves and closes what both use.

    Args:
        project: An open project, of one model or of the default one.
    """
    from time import time_ns

    from branchline.adapters.git import Git, GitRepo

    opened_ns = time_ns()
    git = Git.open(project.root)
    repo = GitRepo(git)
    _refuse_committed_state(repo)
    declarations = _declarations(
        project.root, None, before=cast("LoadedPipeline", project.declared)
    )
    policy = cast("Callable[[], Policy]", declarations["policy"])
    return Project(
        root=project.root,
        state_dir=project.state_dir,
        ports={
            **declarations,
            **_ports(git, project.root, policy, before=cast("DvcWorkspace", project.workspace)),
            "repo": lambda: repo,
            "records": lambda: project.records,
            "lock_files": lambda: project.lock_files,
            "machine": lambda: project.machine,
        },
        opened_ns=opened_ns,
    )


def _declarations(
    root: str,
    model: str | None,
    law: SettingsFiles | None = None,
    *,
    name: str = "",
    before: LoadedPipeline | None = None,
) -> dict[str, Callable[[], object]]:
    """How policy and pipeline are read; `law` is the settings that govern, if others."""

    @cache
    def chosen() -> tuple[ModelConfig, tuple[str, ...]]:
        return load_config(root, model, name=name)

    @cache
    def declared() -> LoadedPipeline:
        from branchline.config.pipeline import load_again

        return load_again(root, chosen()[0].source, before)

    @cache
    def pipeline() -> Pipeline:
        return declared().pipeline

    def policy() -> Policy:
        own = chosen()[0].policy
        if law is None:
            return own
        from branchline.config.governing import governed

        return governed(own, law)

    def tracker() -> Tracker:
        from branchline.core.effects.registering import rules_of
        from branchline.wiring.registries import open_tracker

        rules = rules_of(policy())
        return open_tracker(rules.kind, rules.uri)

    return {
        "policy": policy,
        "tracker": tracker,
        "declared": declared,
        "pipeline": pipeline,
        "reread": lambda: partial(_reread, root, chosen),
        "config_files": lambda: (*chosen()[1], *pipeline().files),
    }


def _reread(root: str, chosen: Callable[[], Any], files: Mapping[str, bytes]) -> Pipeline:
    from branchline.wiring.rereading import reread

    return reread(root, chosen()[0], files)


def _ports(
    git: Git,
    root: str,
    policy: Callable[[], Policy],
    shared: Shared | None = None,
    *,
    waiting: Callable[[str], None] | None = None,
    before: DvcWorkspace | None = None,
) -> dict[str, Callable[[], object]]:
    """How each port is made; the imports stand inside, so that only what is used is loaded.

    `git` is the repository that has the records.
    """
    state_dir = shared.state_dir if shared else os.path.join(root, STATE_DIR)
    store_dir, searches = (shared.store_dir, shared.searches) if shared else ("", False)
    database, workspace = local.files(root, state_dir, before, lasting=not searches)

    @cache
    def store() -> DvcStore:
        settings_root = (shared.settings_root if shared else "") or root
        return local.store(workspace(), settings_root, store_dir, root, policy)

    def run_cache() -> object:
        from branchline.adapters.dvc.run_cache import DvcRunCache

        return DvcRunCache(store().settings.cache_dir)

    def lock_files() -> object:
        from branchline.adapters.dvc.lock_files import DvcLockFiles

        return DvcLockFiles(root, lasting=not searches)

    def workspace_lock() -> object:
        from branchline.adapters.dvc.workspace_lock import DvcWorkspaceLock

        return DvcWorkspaceLock(root, waiting=waiting)

    @cache
    def remembered() -> CacheDatabase:
        from branchline.adapters.dvc.cache_database import CacheDatabase

        return CacheDatabase(shared.meanings) if shared else database()

    def records() -> object:
        from branchline.adapters.dvc.run_file_cache import SqliteRunFileCache
        from branchline.adapters.git import GitRecords

        return GitRecords(git, SqliteRunFileCache(remembered()))

    def ledger() -> object:
        from branchline.adapters.sqlite_ledger import SqliteLedger

        return SqliteLedger(state_dir)

    def meanings() -> object:
        from branchline.adapters.dvc.meaning_cache import SqliteMeaningCache

        return SqliteMeaningCache(remembered(), remembers=searches)

    return {
        "workspace": workspace,
        "store": store,
        "run_cache": run_cache,
        "lock_files": lock_files,
        "workspace_lock": workspace_lock,
        "records": records,
        "ledger": ledger,
        "meanings": meanings,
        "machine": lambda: local.machine(root, state_dir),
        "executor": lambda: local.executor(forks=searches),
        "steps": local.steps,
        "tables": local.tables,
        "metric_functions": local.metric_functions,
        **local.data_ports(root, state_dir),
        "artifacts": lambda: _artifacts(store(), os.path.dirname(store_dir)),
    }


def _artifacts(store: DvcStore, folder: str) -> Artifacts:
    """What runs left, in a folder; beside the store where none is named."""
    from branchline.adapters.dvc.artifacts import DvcArtifacts

    return DvcArtifacts(store, folder)


def _refuse_committed_state(repo: GitRepo) -> None:
    """Refuse local state that came with a commit: its author could make a plan say anything."""
    if not repo.may_track(STATE_DIR):
        return
    if any(path.startswith(f"{STATE_DIR}/") for path in repo.tracked()):
        raise RepositoryError(
            f"`{STATE_DIR}/` is committed to git, and it is this machine's own state",
            todo=f"Take it out: `git rm -r --cached {STATE_DIR}` and commit.",
        )
