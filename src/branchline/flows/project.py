"""What every flow works on: the ports of one repository, bundled. Holds no logic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy
    from branchline.ports.executor import Executor
    from branchline.ports.ledger import Ledger
    from branchline.ports.locks import LockFiles, RunCache, WorkspaceLock
    from branchline.ports.machine import Machine
    from branchline.ports.meanings import MeaningCache
    from branchline.ports.records import Records
    from branchline.ports.repo import Repo
    from branchline.ports.store import Store
    from branchline.ports.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One repository with its ports.

    Attributes:
        root: Absolute path of the repository's root.
        state_dir: Absolute path of `.branchline`.
        policy, pipeline: What the team decided and declared.
        config_files: Files that made `policy` and `pipeline`, from the root.
    """

    root: str
    state_dir: str
    policy: Policy
    pipeline: Pipeline
    config_files: tuple[str, ...]
    workspace: Workspace
    store: Store
    lock_files: LockFiles
    run_cache: RunCache
    workspace_lock: WorkspaceLock
    repo: Repo
    records: Records
    ledger: Ledger
    meanings: MeaningCache
    machine: Machine
    executor: Executor
