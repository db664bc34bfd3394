"""Values of the station `plan`: what must run, and why; and results that may be reused.

Holds no rule; the rules stand in the modules beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.changes.values import Change, Input
    from branchline.core.pipeline import Content, LockEntry
    from branchline.core.values import JsonValue


class Action(Enum):
    """What happens to a stage."""

    RUN = "run"
    MAY_RUN = "may_run"
    REUSE = "reuse"
    SKIP = "skip"


class Source(Enum):
    """Who vouches for a result that is reused."""

    RECORD = "record"
    LOCK = "lock"
    RUN_CACHE = "run_cache"


ABSENT, PRESENT = "absent", "present"
"""Instead of a digest: the run asked whether something stands there, and this was the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A file that a run was seen to read, import or look for without having declared it."""

    path: str
    digest: str

    @property
    def is_look(self) -> bool:
        """Whether the run only asked if something stands there."""
        return self.digest in (ABSENT, PRESENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """One output of a result, by content.

    Attributes:
        path: From the root.
        spelled: As in dvc.yaml.
        content: What it holds.
        kind: data, metric or plot.
        cached: Whether the store keeps it.
    """

    path: str
    spelled: str
    content: Content
    kind: str = "data"
    cached: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A stage that succeeded and was recorded: what it depended on and what it left.

    Attributes:
        key: Digest of its declared and static inputs (see `plan.keys`).
        observed: What it read or looked for besides; `key` and `observed` together identify the
            result.
        stage: Address of the stage.
        inputs: All inputs, for explanations.
        outs: Its outputs.
        entry: The same as a lock entry (the exact reading).
        run: Id of the run that made it.
        commit, branch: Where it was made; commit is None without commits.
        is_dirty: Made from a working tree with uncommitted changes: not promotable.
        started_at: UTC, ISO 8601.
        duration_s, cpu_s: Seconds. peak_memory_bytes: Of the largest process.
        store: Identity of the store that keeps the outputs.
        versions: Python, platform, branchline, lock digest.
        attempt: From 1; raised by `--force`.
        report: What a test of the model said of itself; None for other stages.
    """

    key: str
    observed: tuple[Observed, ...] = ()
    stage: str
    inputs: tuple[Input, ...]
    outs: tuple[Produced, ...]
    entry: LockEntry
    run: str = ""
    commit: str | None = None
    branch: str | None = None
    is_dirty: bool = False
    started_at: str = ""
    duration_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    store: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    report: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """What happens to one stage and why.

    Attributes:
        stage: Its address.
        action: Run, may run, reuse or skip.
        reason: One sentence that names the input and what happened to it.
        key: The stage's key; None while an input is still to be made.
        changes: What changed since the result that it was compared with.
        compared_with: Run id or "dvc.lock"; "" when there was nothing to compare with.
        result: The reused result; None unless the action is REUSE.
        source: Who vouches for it.
        restore: Paths of outputs that must be put back into the workspace.
        inputs: All inputs as they are now.
        observed: What the reused result, or the last result of this stage, read besides.
        after: Addresses of stages that must end first.
        notes: Warnings and remarks, a sentence each.
        estimate_s: Duration of the last result of this stage; None when not known.
    """

    stage: str
    action: Action
    reason: str
    key: str | None = None
    changes: tuple[Change, ...] = ()
    compared_with: str = ""
    result: Result | None = None
    source: Source | None = None
    restore: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    observed: tuple[Observed, ...] = ()
    after: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    estimate_s: float | None = None


class DataState(Enum):
    """What is known of data before anything starts."""

    GOOD = "good"
    UNCHECKED = "unchecked"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlan:
    """One check of data that `run` makes before anything trains on them.

    Attributes:
        path: The data.
        check: `schema`, `drift`, `pandera`, `great_expectations`, `evidently`.
        state: Good and bad by a check of the same data against the same rules.
        sentence: What that means.
    """

    path: str
    check: str
    state: DataState
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Stages in an order in which each stands after those it needs.

    Attributes:
        stages: One entry a stage.
        notes: Remarks about the whole.
        data: Checks of data; filled where a plan is shown, not where it is carried out.
    """

    stages: tuple[StagePlan, ...]
    notes: tuple[str, ...] = ()
    data: tuple[DataPlan, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has to run."""
        return all(s.action in (Action.REUSE, Action.SKIP) for s in self.stages)

    def of(self, address: str) -> StagePlan:
        """The entry of one stage.

        Raises:
            KeyError: No such stage.
        """
        for stage in self.stages:
            if stage.stage == address:
                return stage
        raise KeyError(address)
