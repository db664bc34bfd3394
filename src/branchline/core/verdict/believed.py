"""Whether a verdict that another job hands on fits the gate of the default branch. Pure.

That job ran a branch's code, which could have written anything. What can be computed again from the
record is: absolute bars; that every bar was judged; that the findings make the verdict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.judge import judge

if TYPE_CHECKING:
    from branchline.core.evidence import Evidence
    from branchline.core.policy import Gate
    from branchline.core.verdict.values import Verdict

MOST_DOUBTS = 10


def doubts(verdict: Verdict, evidence: Evidence, gate: Gate) -> tuple[str, ...]:
    """Why a verdict does not fit a gate, a sentence each; empty where it does.

    Args:
        verdict: As it was handed on.
        evidence: Likewise.
        gate: Of the default branch.
    """
    found: list[str] = []
    judged = {finding.metric for finding in verdict.findings}
    found += [
        f"no finding says anything of the bar of `{rule.name}`"
        for rule in gate.metrics
        if rule.name not in judged
    ]
    if verdict.outcome is not Outcome.PASSED:
        return tuple(found[:MOST_DOUBTS])
    if any(finding.outcome is Outcome.FAILED for finding in verdict.findings):
        found.append("it says passed, and a finding of it says failed")
    absolute = tuple(
        replace(rule, max_regression=None, max_relative_regression=None, min_gain=None)
        for rule in gate.metrics
        if rule.min is not None or rule.max is not None
    )
    again = judge(evidence, None, replace(gate, metrics=absolute))
    found += [
        f"it says passed, and by its own numbers: {finding.sentence}"
        for finding in again.findings
        if finding.outcome is not Outcome.PASSED
    ]
    return tuple(found[:MOST_DOUBTS])
