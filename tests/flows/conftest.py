"""Projects whose every port is a fake, so that a whole run takes a millisecond."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.metric_readers import FileReaders
from branchline.adapters.tables import FileTables
from branchline.config.pipeline import load_pipeline
from branchline.core.policy import ChangeRules, Policy, Trace
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.project import Project
from branchline.flows.run import RunOptions, RunOutcome, run
from branchline.flows.walked import EngineOptions
from branchline.ports.machine import Machine
from branchline.ports.meanings import MeaningCache
from branchline.ports.repo import Head
from branchline.testing.environments import FakeEnvironments
from branchline.testing.executor import FakeExecutor
from branchline.testing.ledger import FakeLedger
from branchline.testing.locks import FakeLockFiles, FakeRunCache, FakeWorkspaceLock
from branchline.testing.records import FakeRecords
from branchline.testing.repo import FakeRepo
from branchline.testing.steps import FakeSteps
from branchline.testing.store import FakeStore
from branchline.testing.workspace import FakeWorkspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from branchline.core.changes.values import Meaning
    from branchline.core.pipeline import Pipeline
    from branchline.core.plan.values import Plan, StagePlan
    from branchline.core.run import StageState
    from branchline.flows.walked import Early
    from branchline.ports.executor import Task
    from branchline.ports.tables import Tables

    Work = Callable[[dict[str, bytes]], int]

COMMIT = "a" * 40


class TimedWorkspace(FakeWorkspace):
    """A fake workspace in which a test says when a file last changed."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self.changed: dict[str, int] = {}

    def changed_at_ns(self, path: str) -> int | None:
        """See the port; 0 for files of which the test says nothing."""
        return self.changed.get(path, super().changed_at_ns(path))


class StillMachine(Machine):
    """A computer that is always the same; its clock is the executor's."""

    def __init__(self, executor: FakeExecutor) -> None:
        self.python = "3.11"
        self.environ: dict[str, str] = {}
        self._executor = executor

    def python_version(self) -> str:
        return self.python

    def variable(self, name: str) -> str | None:
        return self.environ.get(name)

    def versions(self) -> Mapping[str, str]:
        return {"python": "3.11.9", "branchline": "1"}

    def now(self) -> str:
        return f"2026-01-01T00:00:{int(self._executor.now_s) % 60:02}Z"

    def monotonic_s(self) -> float:
        return self._executor.now_s

    def time_ns(self) -> int:
        return 1_000_000_000_000 + int(self._executor.now_s * 1e9)

    def cpus(self) -> int:
        return 4

    def gpus(self) -> int:
        return 0

    def memory_bytes(self) -> int:
        return 1 << 34


class MeaningsInMemory(MeaningCache):
    """Remembers nothing: every file is read anew."""

    def load(self, keys: Iterable[str]) -> Mapping[str, Meaning]:
        return {}

    def save(self, meanings: Mapping[str, Meaning]) -> None:
        """Nothing is kept."""


class Told:
    """A watcher that remembers what it was told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, str, str]] = []
        self.remarks: list[str] = []

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        self.stages.append((stage, state.value, text))

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Time passes without a word."""

    def say(self, text: str) -> None:
        self.remarks.append(text)


@dataclass
class Bench:
    """A project in memory. Change its files, say what its stages do, plan, run, look.

    Attributes:
        state: A real folder, for logs.
        workspace: The files; those that a test writes are tracked, those of stages are not.
        does: Stage -> function of the files that does its work and returns the exit code.
        reads: Stage -> what the run is seen to read.
        looks: Stage -> what the run asks for -> whether it was there.
        started: Stages in the order in which they were started, one entry an attempt.
    """

    state: Path
    workspace: TimedWorkspace
    does: dict[str, Work] = field(default_factory=dict)
    reads: dict[str, list[str]] = field(default_factory=dict)
    looks: dict[str, dict[str, bool]] = field(default_factory=dict)
    policy: Policy = field(
        default_factory=lambda: Policy(model="m", changes=ChangeRules(trace=Trace.AUDIT))
    )
    started: list[str] = field(default_factory=list)
    store: FakeStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = FakeStore(self.workspace)
        self.lock_files = FakeLockFiles()
        self.run_cache = FakeRunCache()
        self.workspace_lock = FakeWorkspaceLock()
        self.records = FakeRecords()
        self.ledger = FakeLedger()
        self.executor = FakeExecutor()
        self.steps = FakeSteps()
        self.environments = FakeEnvironments()
        self.machine = StillMachine(self.executor)
        self.tables: Tables = FileTables()
        self.metric_readers = FileReaders(dict)
        self.repo = FakeRepo(head=Head(commit=COMMIT, short=COMMIT[:7], branch="main"))
        self.told = Told()
        self.stop_after = -1
        self.track(*self.workspace.files)

    @property
    def files(self) -> dict[str, bytes]:
        """Path -> bytes of the working tree."""
        return self.workspace.files

    def track(self, *paths: str) -> None:
        """Let git know files."""
        for path in paths:
            self.repo.files[COMMIT, path] = self.files.get(path, b"")

    def write(self, path: str, text: str) -> None:
        """Write a file that git tracks."""
        self.files[path] = text.encode()
        self.track(path)

    def allow(self, **changes: object) -> None:
        """Change the policy: `gate`, `resources`, `environment`, `changes`, ..."""
        self.policy = replace(self.policy, **changes)  # type: ignore[arg-type] # fields by name

    def project(self) -> Project:
        """The project as it stands now."""

        def names(folder: str) -> list[tuple[str, bool]]:
            from branchline.ports.workspace import EntryKind

            listed = self.workspace.list_folder(folder) or {}
            return [(name, kind is EntryKind.FOLDER) for name, kind in listed.items()]

        def reread(files: Mapping[str, bytes]) -> Pipeline:
            read = self.workspace.read
            return load_pipeline(
                "", read=lambda p: files.get(p) or read(p), names=names, options={}
            )

        pipeline = reread({})
        self.executor.reads = dict(self.reads)
        self.executor.looks = dict(self.looks)
        self.executor.actions = {s.address: self._action(s.address) for s in pipeline.stages}
        ports: dict[str, object] = {
            name: getattr(self, name)
            for name in (
                "workspace", "store", "lock_files", "run_cache", "workspace_lock", "repo",
                "records", "ledger", "machine", "executor", "steps", "environments",
            )
        } | {"meanings": MeaningsInMemory(), "tables": self.tables,
             "metric_readers": self.metric_readers}  # fmt: skip
        ports |= {"policy": self.policy, "pipeline": pipeline, "reread": reread}
        ports["config_files"] = ("branchline.yaml", *pipeline.files)
        return Project(
            root=self.workspace.root,
            state_dir=os.fspath(self.state),
            ports={name: partial(ports.get, name) for name in ports},
        )

    def _action(self, stage: str) -> Callable[[Task], int]:
        def act(_task: Task) -> int:
            self.started.append(stage)
            work = self.does.get(stage)
            return 0 if work is None else work(self.files)

        return act

    def plan(self, *targets: str, **options: Any) -> Plan:
        """Plan; `force`, `single`, `trust_lock`, `trust_elsewhere`."""
        return self.planner(*targets, **options).plan()

    def planner(self, *targets: str, **options: Any) -> Planner:
        """A planner of the project as it stands."""
        return Planner(self.project(), PlanOptions(targets=targets, **options))

    def of(self, stage: str, **options: Any) -> StagePlan:
        """The plan of one stage."""
        return self.plan(**options).of(stage)

    def actions(self, **options: Any) -> dict[str, str]:
        """Stage -> what the plan says."""
        return {entry.stage: entry.action.value for entry in self.plan(**options).stages}

    def run(
        self,
        *targets: str,
        jobs: int = 1,
        keep_going: bool = False,
        force_downstream: bool = False,
        restamp: bool = False,
        early: Early | None = None,
        **options: Any,
    ) -> RunOutcome:
        """Run; other options are those of the plan."""
        self.started.clear()
        polls = iter(range(1_000_000))
        return run(
            self.project(),
            RunOptions(
                plan=PlanOptions(targets=targets, trust_elsewhere=False, **options),
                engine=EngineOptions(
                    jobs=jobs,
                    keep_going=keep_going,
                    force_downstream=force_downstream,
                    early=early,
                ),
                restamp=restamp,
            ),
            self.told,
            is_stopped=lambda: 0 <= self.stop_after <= next(polls),
            on_plan=lambda _plan: None,
        )

    @staticmethod
    def writes(path: str, text: str) -> Work:
        """Work that writes one file."""

        def work(files: dict[str, bytes]) -> int:
            files[path] = text.encode()
            return 0

        return work

    @staticmethod
    def joins(target: str, *sources: str) -> Work:
        """Work that joins files into one, as `cat` does; it fails when one is missing."""

        def work(files: dict[str, bytes]) -> int:
            if any(source not in files for source in sources):
                return 1
            files[target] = b"".join(files[source] for source in sources)
            return 0

        return work

    @staticmethod
    def fails(_files: dict[str, bytes]) -> int:
        """Work that ends with exit code 3."""
        return 3


DIAMOND = """
stages:
  a: {cmd: make a, deps: [raw], outs: [a.out]}
  b: {cmd: make b, deps: [a.out], outs: [b.out]}
  c: {cmd: make c, deps: [a.out], outs: [c.out]}
  d: {cmd: make d, deps: [b.out, c.out], outs: [d.out]}
"""


@pytest.fixture
def make_bench(tmp_path: Path) -> Callable[[Mapping[str, str]], Bench]:
    """Makes the test's project from its files."""

    def make(files: Mapping[str, str]) -> Bench:
        return Bench(
            state=tmp_path / "state",
            workspace=TimedWorkspace({path: text.encode() for path, text in files.items()}),
        )

    return make


@pytest.fixture
def diamond(make_bench: Callable[[Mapping[str, str]], Bench]) -> Bench:
    """Four stages: `a`, then `b` and `c`, then `d`; each joins its inputs."""
    bench = make_bench({"dvc.yaml": DIAMOND, "raw": "1\n"})
    bench.does = {
        "a": bench.joins("a.out", "raw"),
        "b": bench.joins("b.out", "a.out"),
        "c": bench.joins("c.out", "a.out"),
        "d": bench.joins("d.out", "b.out", "c.out"),
    }
    return bench
