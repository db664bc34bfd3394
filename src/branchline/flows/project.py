"""What every flow works on: the ports of one repository, bundled. Holds no logic.

A port is made when it is first asked for: `plan` needs no executor, and importing one would cost
more than the plan itself. So are the declarations: `logs` works while branchline.yaml does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.data_files import DataFiles
    from branchline.ports.data_memory import DataMemory
    from branchline.ports.environments import Environments
    from branchline.ports.executor import Executor
    from branchline.ports.ledger import Ledger
    from branchline.ports.locks import LockFiles, RunCache, WorkspaceLock
    from branchline.ports.machine import Machine
    from branchline.ports.meanings import MeaningCache
    from branchline.ports.metric_functions import MetricFunctions
    from branchline.ports.metric_readers import MetricReaders
    from branchline.ports.own_checks import OwnChecks
    from branchline.ports.records import Records
    from branchline.ports.repo import Repo
    from branchline.ports.steps import Steps
    from branchline.ports.store import Store
    from branchline.ports.tables import Tables
    from branchline.ports.tracker import Tracker
    from branchline.ports.workspace import Workspace


class Besides(Protocol):
    """Opens a working tree besides that of a project, with the same store; gone afterwards."""

    def __call__(
        self, commit: str | None, *, has_own_records: bool = False
    ) -> AbstractContextManager[Project]:
        """Open it.

        Args:
            commit: Full hash; None for what the project's working tree holds now.
            has_own_records: Whether it begins with no records, which are gone afterwards; else it
                has those of the project, and adds to them.
        """
        ...


class Project:
    """One repository with its ports.

    Args:
        root: Absolute path of the repository's root.
        state_dir: Absolute path of `.branchline`.
        ports: Name of an attribute below -> how to make it.
        opened_ns: When reading its files began, on the clock that file systems stamp with.
    """

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
    environments: Environments
    executor: Executor
    steps: Steps
    artifacts: Artifacts
    tables: Tables
    metric_readers: MetricReaders
    metric_functions: MetricFunctions
    tracker: Tracker
    data_files: DataFiles
    data_memory: DataMemory
    own_checks: OwnChecks
    policy: Policy
    """What the team decided."""
    pipeline: Pipeline
    """What the stages are."""
    reread: Callable[[Mapping[str, bytes]], Pipeline]
    """What the stages would be, as the files are now, if these held other bytes."""
    beside: Callable[[], AbstractContextManager[Project]]  # of whom commands and jobs open
    """Opens another working tree of the files as git would have them now, with the same records
    and store; gone afterwards, all but its logs."""
    scratch: Besides
    """Opens working trees besides this one; one at a time."""
    only_looks: bool = False
    """Whether no code of the tree or of its packages may run: what that takes is not known."""
    run_suffix: str = ""
    """Ends the ids of runs where several jobs record runs of one commit and do not see each other:
    the legs of a matrix. Empty elsewhere."""
    config_files: tuple[str, ...]
    """Files that made `policy` and `pipeline`, from the root."""

    @property
    def run_base(self) -> str:
        """The id of a run of this commit, before the number that a second one gets."""
        short = self.repo.head().short or "initial"
        return f"{short}-{self.run_suffix}" if self.run_suffix else short

    def __init__(
        self,
        *,
        root: str,
        state_dir: str,
        ports: Mapping[str, Callable[[], object]],
        opened_ns: int = 0,
    ) -> None:
        self.opened_ns = opened_ns
        self.root = root
        self.state_dir = state_dir
        self._ports = ports

    def __getattr__(self, name: str) -> object:
        """Make a port that is asked for the first time."""
        ports = self.__dict__.get("_ports", {})
        if name not in ports:
            raise AttributeError(name)
        port = ports[name]()
        setattr(self, name, port)
        return port

    def made(self, name: str) -> object | None:
        """A port if it has been made; None when nobody asked for it."""
        return self.__dict__.get(name)
