"""Values of the station `verdict`: is it good enough?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.values import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One bar, judged.

    Attributes:
        metric: Name of the metric.
        outcome: Passed, failed or unknown.
        sentence: With its numbers: "auc is 0.9412, at least 0.90 is wanted".
        rule: Which bar: min, max, max_regression, max_relative_regression.
        value, baseline: The numbers; None when not known.
        bound: What the rule asks for.
    """

    metric: str
    outcome: Outcome
    sentence: str
    rule: str
    value: float | None = None
    baseline: float | None = None
    bound: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the result is measured against.

    Attributes:
        run: Id of the baseline's run; "" when there is none.
        via: How it was found: "alias production", "newest passed run of main", or why none.
        commit: Its commit.
    """

    run: str = ""
    via: str = ""
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one run.

    Attributes:
        outcome: Failed if any finding failed, else unknown if any is, else passed.
        findings: One a bar, in the order of branchline.yaml.
        baseline: What it was measured against.
        summary: One sentence.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    baseline: Baseline
    summary: str
