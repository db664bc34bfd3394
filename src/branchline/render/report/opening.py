"""The first sentence of a report: what the change does to the model, for whoever reads only that.

Pure. No word of statistics stands in it; the numbers with their intervals follow below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.figures import difference, duration, figure
from branchline.core.evidence.flatten import is_finite
from branchline.core.policy import Goal
from branchline.core.values import Outcome
from branchline.core.verdict.values import RULE_OF_DATA, TEST_RULE, Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Gate
    from branchline.core.verdict.values import Finding
    from branchline.render.run_view import RunView

_DRIFT = f"{RULE_OF_DATA}drift"
_SLIGHT = 0.01
"""A change of less than this share of the number is called slight."""


def opening(run: RunView, gate: Gate) -> str:
    """One sentence, two where something follows from it; outside names between backquotes.

    Args:
        run: The run.
        gate: Says which way each metric is better.
    """
    verdict = run.verdict
    if verdict is None:
        return "This run was not judged."
    if not verdict.findings:
        return verdict.summary
    findings = verdict.findings
    if verdict.outcome is Outcome.FAILED:
        return _failed([f for f in findings if f.outcome is Outcome.FAILED], findings, gate)
    if verdict.outcome is Outcome.UNKNOWN:
        unknown = [f for f in findings if f.outcome is Outcome.UNKNOWN and f.counts]
        return _unknown(unknown) if unknown else verdict.summary
    return _passed(findings, has_baseline=bool(verdict.baseline.run))


def _failed(failed: Sequence[Finding], findings: Sequence[Finding], gate: Gate) -> str:
    worse = [f for f in failed if f.answer is Answer.WORSE or _is_loss(f, gate)]
    first = (worse or failed)[0]
    more = _more(failed, first)
    if not worse and first.rule.startswith("data"):
        bad = "they drifted" if all(f.rule == _DRIFT for f in failed) else "they are bad"
        return f"Nothing was trained on these data, for {bad}: {first.sentence}{more}"
    if not worse and first.rule == TEST_RULE:
        return f"This model fails a test: {_lower(first.sentence)}{more}"
    if not worse:
        return f"This model is not good enough: {_lower(first.sentence)}{more}"
    if first.where:
        whole = [f for f in findings if not f.where and f.metric == first.metric]
        hidden = whole and all(f.outcome is Outcome.PASSED for f in whole)
        though = ", although not on the whole" if hidden else ""
        said = f"This change makes the model worse for `{first.where}`{though}"
    else:
        said = "This change makes the model worse"
    return f"{said}: {_moved(first)}{_tolerated(first, gate)}.{more}"


def _unknown(unknown: Sequence[Finding]) -> str:
    open_ones = [f for f in unknown if f.answer is Answer.CANNOT_TELL]
    if not open_ones and unknown[0].is_of_data:
        said = "Nothing was trained on these data, for it is not known whether they are good"
        return f"{said}: {unknown[0].sentence}"
    if not open_ones:
        first = unknown[0]
        return f"It is not known whether this model is good enough: {_lower(first.sentence)}"
    first = open_ones[0]
    where = f" for `{first.where}`" if first.where else ""
    said = f"It cannot be told yet whether this change makes the model better or worse{where}"
    way = f": {_moved(first)}, which may be chance" if _step(first) else ""
    return f"{said}{way}.{_would_tell(first)}"


def _passed(findings: Sequence[Finding], *, has_baseline: bool) -> str:
    compared = [f for f in findings if f.answer is not None and not f.where]
    better = [f for f in compared if f.answer is Answer.BETTER]
    slight = "slightly " if better and all(_is_slight(f) for f in better) else ""
    if better:
        return f"This change makes the model {slight}better: {_moved(better[0])}."
    open_ones = [f for f in compared if f.answer is Answer.CANNOT_TELL]
    if compared and not open_ones:
        if not any(map(_step, compared)):
            return f"This change leaves the model as good as it was: {_moved(compared[0])}."
        return f"This change keeps the model as good as it was: {_moved(compared[0])}."
    if open_ones:
        return (
            f"The model meets what is asked of it: {_moved(open_ones[0])}, which may be "
            f"chance.{_would_tell(open_ones[0])}"
        )
    moved = [f for f in findings if f.baseline is not None and not f.where]
    if moved and any(map(_step, moved)):
        first = next(f for f in moved if _step(f))
        return (
            f"The model meets what is asked of it: {_moved(first)}. Chance was not measured, "
            "so that this says little."
        )
    if moved:
        return f"This change leaves the model as good as it was: {_moved(moved[0])}."
    first_one = "" if has_baseline else ", and there is none yet to compare it with"
    return f"This model is good enough{first_one}: {_lower(findings[0].sentence)}"


def _moved(finding: Finding) -> str:
    value, before = finding.value, finding.baseline
    name = f"`{finding.metric}`"
    if value is None or before is None:
        return f"{name} is {figure(value)}"
    step = _step(finding)
    shown, was = figure(value, apart_from=before), figure(before, apart_from=value)
    if not step:
        return f"{name} is {shown}, as it was"
    return f"{name} {'rises' if step > 0 else 'falls'} from {was} to {shown}"


def _tolerated(finding: Finding, gate: Gate) -> str:
    kind = finding.rule
    if finding.where:  # a part: its rule says only that it is one
        rule = next((rule for rule in gate.metrics if rule.name == finding.metric), None)
        relative = rule is not None and rule.max_regression is None
        kind = "max_relative_regression" if relative else "max_regression"
    if finding.bound is None or not is_finite(finding.bound) or "regression" not in kind:
        return ""
    if kind == "max_relative_regression":
        return f", and a loss of at most {figure(finding.bound * 100)} % is tolerated"
    return f", and a loss of at most {figure(finding.bound)} is tolerated"


def _would_tell(finding: Finding) -> str:
    noise = finding.noise
    if noise is None:
        return ""
    ways = needed_words(noise.needed_examples, noise.needed_runs, noise.needed_s)
    return f" About {ways} would tell." if ways else ""


def needed_words(examples: int | None, runs: int | None, seconds: float | None) -> str:
    """What would tell: "3,711 examples or 2 more trainings (25 m 0 s)"; "" when not known."""
    parts = []
    if examples:
        parts.append(f"{examples:,} examples")
    if runs:
        cost = f" ({duration(seconds)})" if seconds is not None else ""
        parts.append(f"{runs:,} more training{'' if runs == 1 else 's'}{cost}")
    return " or ".join(parts)


def _more(failed: Sequence[Finding], first: Finding) -> str:
    """What failed besides the first."""
    rest = [finding for finding in failed if finding is not first]
    tests = sum(finding.rule == TEST_RULE for finding in rest)
    bars = len(rest) - tests
    said = ""
    if bars:
        kind = " of the data" if all(finding.is_of_data for finding in failed) else ""
        noun = "rule" if kind else "bar"
        does = f"{noun}{kind} does" if bars == 1 else f"{noun}s{kind} do"
        said = f" {bars} more {does} not hold."
    if not tests:
        return said
    more = "more " if first.rule == TEST_RULE else ""
    return f"{said} {tests} {more}test{' fails' if tests == 1 else 's fail'}."


def _step(finding: Finding) -> float | None:
    if finding.value is None or finding.baseline is None:
        return None
    return difference(finding.value, finding.baseline)


def _is_slight(finding: Finding) -> bool:
    step = _step(finding)
    size = max(abs(finding.value or 0.0), abs(finding.baseline or 0.0))
    return step is not None and abs(step) < _SLIGHT * size


def _is_loss(finding: Finding, gate: Gate) -> bool:
    step = _step(finding)
    if not step or "regression" not in finding.rule:
        return False
    goal = next((r.goal for r in gate.metrics if r.name == finding.metric), Goal.MAXIMIZE)
    return (step < 0) is (goal is Goal.MAXIMIZE)


def _lower(sentence: str) -> str:
    """A sentence as the rest of another."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence
