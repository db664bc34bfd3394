"""What the team decided: branch rules, gate, resources, limits. Read from the default branch.

Serves every station. `config` makes these values from branchline.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue


class Goal(Enum):
    """Which way a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Trace(Enum):
    """How the files that a stage reads are observed.

    `AUDIT` sees Python's own `open` and imports; `STRACE` sees every process and library.
    """

    AUDIT = "audit"
    STRACE = "strace"
    OFF = "off"


class Link(Enum):
    """How files get from the store into the workspace, best first."""

    REFLINK = "reflink"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRule:
    """One bar of the gate.

    Attributes:
        name: The metric, dotted (`val.auc`), as it stands in the evidence.
        goal: Which way is better.
        min, max: Absolute bounds, in the metric's own unit; inclusive.
        max_regression: Tolerated loss against the baseline, in the metric's unit, >= 0; a loss of
            exactly this much passes.
        max_relative_regression: The same as a share of the baseline's absolute value, >= 0.
        min_gain: Wanted gain over the baseline, in the metric's unit, >= 0; 0 asks for any proven
            gain.
        computed_as: What the metric is, where its name does not say it: `roc_auc`, `f1`, ... or
            `module:function` of the project.
        primary: It decides by itself; metrics that are not primary guard, and what is said of them
            is corrected for how many they are.
        line: Line of the rule in branchline.yaml.
    """

    name: str
    goal: Goal = Goal.MAXIMIZE
    min: float | None = None
    max: float | None = None
    max_regression: float | None = None
    max_relative_regression: float | None = None
    min_gain: float | None = None
    computed_as: str = ""
    primary: bool = False
    line: int = 0

    @property
    def bounds(self) -> dict[str, float]:
        """What it asks for, by the word that names each in settings and in findings."""
        asked = {
            "min": self.min,
            "max": self.max,
            "max_regression": self.max_regression,
            "max_relative_regression": self.max_relative_regression,
            "min_gain": self.min_gain,
        }
        return {word: bound for word, bound in asked.items() if bound is not None}

    @property
    def compares(self) -> bool:
        """Whether a bar of it is put on the difference from the baseline."""
        bars = (self.max_regression, self.max_relative_regression, self.min_gain)
        return any(bar is not None for bar in bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionColumns:
    """Where the per-example predictions stand and what their columns are called.

    Attributes:
        path: File from the root: parquet, CSV, JSON lines or npz.
        target: Column of the truth.
        scores: Column of the score, or one a class.
        prediction: Column of the decision, or of a regression's value.
        id: Column that names the example; "" aligns by position, where the truth agrees.
        group: Column of clusters (users, patients) whose examples are not independent.
        query: Column of the query, for ranking.
        weight: Column of weights.
    """

    path: str
    target: str
    scores: tuple[str, ...] = ()
    prediction: str = ""
    id: str = ""
    group: str = ""
    query: str = ""
    weight: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicates:
    """Further trainings with other seeds, to tell training noise from a change.

    Attributes:
        seed: Parameter that holds the seed, as in `tune.space` (`train.seed`, `--seed`, `$SEED`).
        max: Most further trainings of one verdict, >= 1.
        budget_s: Most seconds for them together; None means no limit.
    """

    seed: str
    max: int = 5
    budget_s: float | None = None


class OnInconclusive(Enum):
    """What happens where the noise leaves the verdict open.

    Attributes:
        WARN: The check is neutral, and the walk goes on with a warning.
        FAIL: It counts as failed.
        APPROVE: A person has to say yes.
    """

    WARN = "warn"
    FAIL = "fail"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a result must reach.

    Attributes:
        baseline: Registry alias whose model is the champion.
        metrics: The bars; empty means that there is no gate.
        data: The evaluation set: files or folders, from the root; empty means: infer it from the
            inputs of the stages that write metrics.
        predictions: Where they stand; None means: find them.
        confidence: Of each answer, one-sided, in (0.5, 1).
        replicates: Training noise; None when no seed is named.
        slices: Columns of the predictions by whose values the metrics are judged too.
        min_rows: Examples that a slice must have to be judged.
        on_inconclusive: What an open verdict does.
        selftest: Whether the gate is tested itself before the first model of a name.
        accept: Probes of the self-test that may fail, by name.
    """

    baseline: str = "production"
    metrics: tuple[MetricRule, ...] = ()
    data: tuple[str, ...] = ()
    predictions: PredictionColumns | None = None
    confidence: float = 0.95
    replicates: Replicates | None = None
    slices: tuple[str, ...] = ()
    min_rows: int = 200
    on_inconclusive: OnInconclusive = OnInconclusive.WARN
    selftest: bool = True
    accept: tuple[str, ...] = ()


MODEL_SIZE = "model.size_bytes"
"""Metric that every run has: bytes of all files of the model."""
TESTS = "tests"
"""The stage `tests@NAME` is the test NAME; `resources: {tests: ...}` is for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTest:
    """A command that tests the model after the stages, before the verdict.

    Attributes:
        name: As reported, unique in its model.
        run: Command lines.
        timeout_s: Seconds after which it is stopped; None means as `resources` says.
        deps: What it reads besides, from the root.
        line: Line of the test in branchline.yaml.
    """

    name: str
    run: str
    timeout_s: float | None = None
    deps: tuple[str, ...] = ()
    line: int = 0

    @property
    def address(self) -> str:
        """Of its stage."""
        return f"{TESTS}@{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What one stage needs and may use.

    Attributes:
        cpus: Processors, > 0. gpus: Devices, >= 0. memory_bytes: None means no limit stated.
        timeout_s: Seconds after which the stage is killed; None means never.
        retries: How often a failed stage is tried again, >= 0.
        executor: Name of the executor.
        runs_on: Runner labels in GitHub Actions.
    """

    cpus: float = 1.0
    gpus: int = 0
    memory_bytes: int | None = None
    timeout_s: float | None = None
    retries: int = 0
    executor: str = "local"
    runs_on: tuple[str, ...] = ()


class MakeEnvironment(Enum):
    """Where Branchline makes the environment that stages run in."""

    AUTO = "auto"
    """In a box, of a lock file; elsewhere stages run in the user's own."""
    ALWAYS = "always"
    """Everywhere; what was found for it enters the keys."""
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What surrounds the code and enters every key.

    Attributes:
        lock: Lock or requirement file, from the root; None means: find it.
        variables: Names of environment variables on which results depend.
        image: Container image with digest, if stages run in one.
        make: Where Branchline makes the environment of stages.
        python: Minor version of the interpreter; "" is what files of the project say.
        as_of: `commit`, `none` or a day (ISO 8601): up to when files of packages count where
            versions are left open.
    """

    lock: str | None = None
    variables: tuple[str, ...] = ()
    image: str | None = None
    make: MakeEnvironment = MakeEnvironment.AUTO
    python: str = ""
    as_of: str = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRules:
    """Options of change detection (`changes:` in branchline.yaml).

    Attributes:
        docstrings, annotations, import_order: True when an edit of it matters to the model.
        code: Further import roots or globs of code that belong to every stage's closure.
        ignore: Globs of code files that never matter to the model.
        trace: How reads are observed.
    """

    docstrings: bool = True
    annotations: bool = True
    import_order: bool = True
    code: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    trace: Trace = Trace.AUDIT


DEFAULT_BRANCH = "{default}"
"""Stands for the repository's default branch in patterns, until `with_default_branch`."""


class Do(Enum):
    """What a branch rule does."""

    TRAIN = "train"
    TUNE = "tune"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRule:
    """What happens on branches that match a pattern (GitHub's grammar); the first match wins.

    Attributes:
        pattern: As written. do: What a push starts. then: Effects after a verdict that passed.
        fast_forward_only: A box refuses to drop commits, to delete, and what is not on `source`.
        source: Branch from which commits come; None means the default branch.
        open_pull_request: Options of the pull request to open with the result.
    """

    pattern: str
    do: Do
    then: tuple[str, ...] = ()
    fast_forward_only: bool = False
    source: str | None = None
    open_pull_request: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestRules:
    """What pull requests start.

    Attributes:
        into: Patterns of base branches, GitHub's grammar; a later one wins, `!` takes out.
        do: What they start. forks: What those from forks start: `plan`, `train` or `nothing`.
    """

    into: tuple[str, ...] = (DEFAULT_BRANCH,)
    do: Do = Do.TRAIN
    forks: str = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that one model's owners decided.

    Attributes:
        model: The model's name.
        branches: Rules in order. pull_requests: What pull requests start.
        gate, environment, changes: See their classes.
        tests: Of the model itself.
        resources: Stage name -> what it needs; a stage without an entry takes the defaults.
        link: How outputs get from the store into the workspace; None leaves it to the store
            (DVC's `cache.type`).
        store: URL of a remote store; None means the local one only.
        store_options: How it is reached, as DVC names it: `endpointurl`, `region`, `profile`.
        sections: The remaining sections (tune, deploy, monitor, ...), checked, as plain values.
        source: The file it was read from; empty for defaults.
    """

    model: str
    branches: tuple[BranchRule, ...] = ()
    pull_requests: PullRequestRules = field(default_factory=PullRequestRules)
    gate: Gate = field(default_factory=Gate)
    environment: Environment = field(default_factory=Environment)
    changes: ChangeRules = field(default_factory=ChangeRules)
    tests: tuple[ModelTest, ...] = ()
    resources: Mapping[str, Resources] = field(default_factory=dict)
    link: Link | None = None
    store: str | None = None
    store_options: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, JsonValue] = field(default_factory=dict)
    source: str = ""

    def resources_of(self, stage_name: str) -> Resources:
        """Resources of a stage; `group@key` falls back to `group`, then to the defaults."""
        group = stage_name.partition("@")[0]
        return self.resources.get(stage_name) or self.resources.get(group) or Resources()


def with_default_branch(policy: Policy, branch: str) -> Policy:
    """A policy whose patterns name the default branch.

    Args:
        policy: As a branchline.yaml, or the built-in rules, say.
        branch: Short name of the default branch.
    """
    into = tuple(_pattern(pattern, branch) for pattern in policy.pull_requests.into)
    return replace(
        policy,
        branches=rules_with_default_branch(policy.branches, branch),
        pull_requests=replace(policy.pull_requests, into=into),
    )


def rules_with_default_branch(rules: Sequence[BranchRule], branch: str) -> tuple[BranchRule, ...]:
    """`with_default_branch` for branch rules alone."""
    return tuple(replace(rule, pattern=_pattern(rule.pattern, branch)) for rule in rules)


def _pattern(pattern: str, branch: str) -> str:
    """What only the default branch fits, where a pattern stands for that."""
    if pattern != DEFAULT_BRANCH:
        return pattern
    return "".join(f"\\{sign}" if sign in "*?+[]!\\" else sign for sign in branch)
