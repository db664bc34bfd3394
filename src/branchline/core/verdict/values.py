"""Values of the station `verdict`: is it good enough?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from branchline.core.values import Outcome

SELFTEST = "selftest"
"""`Finding.rule` of a probe of the gate's self-test that failed."""
TEST_RULE = "test"
"""`Finding.rule` of a test of the model; its `metric` is the test's name."""


class Answer(Enum):
    """What a comparison with the champion says, once noise is taken into account.

    Attributes:
        BETTER: It is better, proven at the confidence asked for.
        NO_WORSE: It did not lose the margin, proven.
        WORSE: It is worse, proven, and lost more than the margin.
        CANNOT_TELL: The noise leaves more than one of these open; more examples or runs would tell.
    """

    BETTER = "better"
    NO_WORSE = "no worse"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What chance does to a difference of two numbers, in the metric's unit.

    Sampling noise comes from the examples that happened to be in the evaluation set, training noise
    from seeds; they are shown apart, and `low` and `high` hold both.

    Attributes:
        low, high: Interval of the difference (this run less the champion); each bound holds with
            the one-sided `confidence`.
        confidence: In (0.5, 1).
        method: Of the comparison on examples, in words; "" when there are no predictions.
        examples, groups: How many were compared; 0 and None without predictions.
        sampling: Half the width of the interval by examples alone; None when not known.
        training: The same by seeds alone; None when not known.
        runs: Trainings that the training noise was learned from, over this run and earlier ones.
        needed_examples: How many would tell; None when not known or not needed.
        needed_runs: How many more trainings would tell; None when not known or not needed.
        needed_s: What these trainings would cost in seconds, by recorded durations; None: unknown.
    """

    low: float
    high: float
    confidence: float
    method: str = ""
    examples: int = 0
    groups: int | None = None
    sampling: float | None = None
    training: float | None = None
    runs: int = 0
    needed_examples: int | None = None
    needed_runs: int | None = None
    needed_s: float | None = None


RULE_OF_DATA = "data: "
"""Before the names of rules of data among the rules of findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One bar, judged.

    Attributes:
        metric: Name of the metric.
        outcome: Passed, failed or unknown.
        sentence: With its numbers: "auc is 0.9412, at least 0.90 is wanted".
        rule: Which bar: min, max, max_regression, max_relative_regression, min_gain; of bad data
            `data: RULE`, with the path for the metric.
        value, baseline: The numbers; None when not known.
        bound: What the rule asks for.
        answer: What the comparison says; None for an absolute bound, and where nothing was
            compared.
        noise: What chance leaves open; None where no noise was measured.
        where: The part of the evaluation set, as `column=value`; "" for the whole.
        counts: Whether it counts when it is not failed: a part of the evaluation set that has too
            few examples is shown, and changes no verdict.
    """

    metric: str
    outcome: Outcome
    sentence: str
    rule: str
    value: float | None = None
    baseline: float | None = None
    bound: float | None = None
    answer: Answer | None = None
    noise: Noise | None = None
    where: str = ""
    counts: bool = True

    @property
    def is_of_data(self) -> bool:
        """Whether it is about data and not about a metric."""
        return self.rule.startswith(RULE_OF_DATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the result is measured against.

    Attributes:
        run: Id of the baseline's run; "" when there is none.
        via: How it was found: "alias production", "newest passed run of main", or why none.
        commit: Its commit.
        is_rescored: Its numbers were not taken from its record: its model was scored again.
        recorded_data: Digest of the evaluation data that its record names; "" when nobody had to
            look, as nothing of the evaluation changed, or when it is not known.
        evaluation_data: Digest of those of the run that is judged, likewise.
        problem: Why its numbers cannot be compared; "" when they can.
    """

    run: str = ""
    via: str = ""
    commit: str | None = None
    is_rescored: bool = False
    recorded_data: str = ""
    evaluation_data: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one run.

    Attributes:
        outcome: Failed if any finding failed, else unknown if any is, else passed.
        findings: One a bar, in the order of branchline.yaml.
        baseline: What it was measured against.
        summary: One sentence.
        remarks: What a reader should know beside the findings, a sentence each.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    baseline: Baseline
    summary: str
    remarks: tuple[str, ...] = ()

    @property
    def is_of_data(self) -> bool:
        """Whether bad data ended the run, so that nothing else was judged."""
        return any(finding.is_of_data for finding in self.findings)

    @property
    def is_inconclusive(self) -> bool:
        """Whether only noise leaves it open: more examples or runs would tell, nothing is missing.

        What `gate.on_inconclusive` is about. A verdict with a bar that is not known for another
        reason is not inconclusive, and never goes on.
        """
        open_ones = [f for f in self.findings if f.outcome is Outcome.UNKNOWN and f.counts]
        has_failed = any(f.outcome is Outcome.FAILED for f in self.findings)
        is_noise = all(f.answer is Answer.CANNOT_TELL for f in open_ones)
        return bool(open_ones) and is_noise and not has_failed
