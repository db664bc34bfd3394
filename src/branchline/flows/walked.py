"""Values of one run while it happens: how it was asked for, what runs, what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from branchline.core.run import StageState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.evidence.data.values import DataReport
    from branchline.core.evidence.model_tests import Examined
    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import Result, StagePlan
    from branchline.core.run.values import Ended
    from branchline.flows.later import Later
    from branchline.flows.project import Project
    from branchline.ports.executor import Task


class Watcher(Protocol):
    """Who shows what happens; every method may do nothing."""

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        """A stage changed its state."""
        ...

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Time passed: running stage -> (seconds since it started, path of its log)."""
        ...

    def say(self, text: str) -> None:
        """A remark for the user."""
        ...


class Early(Protocol):
    """Who may end a walk before its stages end."""

    def starting(self, attempt: Attempt) -> None:
        """A stage is about to start."""
        ...

    def overdue(self) -> Sequence[str]:
        """Time passed: stages that were told to stop, and have not; they are ended."""
        ...

    def ended(self, stage: str) -> str:
        """A stage ended: why it had been told to stop; "" when it had not."""
        ...


class Gatekeeper(Protocol):
    """Who may keep a stage from starting."""

    def before(self, stage: str) -> str:
        """A stage could start, or be reused, now: why it may not; "" when it may."""
        ...

    def look_again(self) -> None:
        """Files that were looked at for a plan are others by now."""
        ...


class DataFound(Protocol):
    """What the checks of a walk's data found, for its record."""

    @property
    def reports(self) -> tuple[DataReport, ...]:
        """In the order of branchline.yaml."""
        ...

    def files(self, note: Callable[[str], None] = ...) -> dict[str, bytes]:
        """Further files of the record; `note` is told what they lack."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How to run.

    Attributes:
        jobs: Stages side by side, >= 1.
        keep_going: After a failure run on with what does not depend on it.
        force_downstream: A stage runs when one that it needs has run, output changed or not.
        edited: Files, from the root, that the caller has made differ from the commit.
        limits_memory: A process that asks for more memory than `resources` gives its stage fails.
        early: Who may end it early; None for nobody.
        later: Where what may wait for the next training goes; None: nothing waits.
        gatekeeper: Who may keep stages from starting; None for nobody.
        on_result: Told each result once the ledger has it.
        starts_afresh: Take away what persists, too, before a stage runs: else the trials of a
            search would go on from one another.
    """

    jobs: int = 1
    keep_going: bool = False
    force_downstream: bool = False
    edited: tuple[str, ...] = ()
    limits_memory: bool = False
    early: Early | None = None
    later: Later | None = None
    gatekeeper: Gatekeeper | None = None
    on_result: Callable[[Result], None] | None = None
    starts_afresh: bool = False


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One running stage."""

    stage: Stage
    plan: StagePlan
    task: Task
    number: int
    started_s: float
    started_at: str
    started_ns: int
    devices: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Walked:
    """What the engine did; filled while it runs.

    Attributes:
        plans: Address -> the decision that was carried out.
        results: Address -> result, made or reused.
        states: Address -> last state.
        failures: Address -> how it failed.
        attempts: Address -> attempts made, from 1.
        is_cancelled: Stopped by a signal, or early.
        stopped_early: Why a stage was told to stop; "" when none was.
        blocked: Why stages were kept from starting; "" when none was.
        broken: Then each rule that the data break, a sentence each.
        notes: Remarks, for the end of the output.
        tests: Address -> what came of a test of the model that ran; none of them fails the run.
    """

    plans: dict[str, StagePlan] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    states: dict[str, StageState] = field(default_factory=dict)
    failures: dict[str, Ended] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    is_cancelled: bool = False
    stopped_early: str = ""
    blocked: str = ""
    broken: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    tests: dict[str, Examined] = field(default_factory=dict)

    @property
    def ran(self) -> tuple[str, ...]:
        """Stages that were executed and succeeded."""
        return tuple(a for a, s in self.states.items() if s is StageState.SUCCEEDED)


class WalkBeside(Protocol):
    """Walks stages in another working tree."""

    def __call__(self, project: Project, stages: tuple[str, ...], label: str) -> Walked:
        """Walk these stages alone; what they leave says that it is of `label`."""
        ...


@dataclass(slots=True)
class Beside:
    """A watcher to whom stages of the other tree are told apart from those of the run."""

    watcher: Watcher

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        """A stage changed its state."""
        self.watcher.stage(_named(stage), state, text, elapsed_s)

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Time passed."""
        self.watcher.tick({_named(stage): held for stage, held in running.items()})

    def say(self, text: str) -> None:
        """A remark."""
        self.watcher.say(text)


def _named(stage: str) -> str:
    return f"{stage} (champion)"
