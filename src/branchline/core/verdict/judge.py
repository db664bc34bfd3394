"""The rule of the gate: evidence and a baseline become a verdict.

Pure. Comparisons are made in decimal on the numbers as they stood in the files (see
`core.evidence.figures`), so that a loss of exactly `max_regression` passes. What is not known never
passes: NaN, a missing metric, a text, evaluation data that differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import difference, exact, figure, percent, wide_context
from branchline.core.evidence.find import find_metric
from branchline.core.evidence.flatten import is_finite
from branchline.core.policy import Goal
from branchline.core.values import Outcome
from branchline.core.verdict.values import Baseline, Finding, Verdict

if TYPE_CHECKING:
    from branchline.core.evidence import Evidence
    from branchline.core.policy import Gate, MetricRule

TEST_RULE = "test"
"""`Finding.rule` of a test of the model; its `metric` is the test's name."""
_NO_BASELINE = Baseline(via="no baseline was looked for")


def judge(
    evidence: Evidence,
    baseline_evidence: Evidence | None,
    gate: Gate,
    *,
    baseline: Baseline = _NO_BASELINE,
) -> Verdict:
    """Judge one run.

    Args:
        evidence: Of the run.
        baseline_evidence: Of the baseline's run; None when there is none or it cannot be read.
        gate: The bars.
        baseline: How the baseline was found. One with a `commit` or `run` but without evidence
            exists and is not known: its regression bars are unknown. One without both does not
            exist: only absolute bounds apply.

    Returns:
        Failed if any finding failed, else unknown if any is or nothing was judged, else passed.
    """
    findings: list[Finding] = []
    for rule in gate.metrics:
        findings += _judge_rule(rule, evidence, baseline_evidence, baseline)
    findings += findings_of_tests(evidence)
    outcome = worst_of([finding.outcome for finding in findings])
    summary = _summary(outcome, findings, baseline, known=baseline_evidence is not None)
    return Verdict(outcome=outcome, findings=tuple(findings), baseline=baseline, summary=summary)


def findings_of_tests(evidence: Evidence) -> list[Finding]:
    """One finding a test of the model, in the order of branchline.yaml."""
    return [
        Finding(
            metric=test.name,
            outcome=test.outcome,
            sentence=f"{test.sentence}.",
            rule=TEST_RULE,
        )
        for test in evidence.tests
    ]


def worst_of(outcomes: list[Outcome]) -> Outcome:
    """Failed before unknown before passed; nothing at all is unknown."""
    for outcome in (Outcome.FAILED, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return Outcome.PASSED if outcomes else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """One bound of a rule and the finite value it is put on."""

    rule: MetricRule
    kind: str
    bound: float
    value: float

    def finding(self, outcome: Outcome, sentence: str, baseline: float | None = None) -> Finding:
        return Finding(
            metric=self.rule.name,
            outcome=outcome,
            sentence=sentence,
            rule=self.kind,
            value=self.value,
            baseline=baseline,
            bound=self.bound,
        )


def _judge_rule(
    rule: MetricRule, evidence: Evidence, champion: Evidence | None, baseline: Baseline
) -> list[Finding]:
    bounds = {
        "min": rule.min,
        "max": rule.max,
        "max_regression": rule.max_regression,
        "max_relative_regression": rule.max_relative_regression,
    }
    asked = {kind: bound for kind, bound in bounds.items() if bound is not None}
    if not asked:
        return [_unknown(rule, "none", f"`{rule.name}` has no bound, so it cannot be judged.")]
    found = find_metric(evidence, rule.name)
    problem = found.problem and f"`{rule.name}` {found.problem}."
    value = found.metric.value if found.metric else None
    if found.metric is not None and not is_finite(value):
        what = "is no number" if value is None else "is not finite"
        problem = f"`{rule.name}` is {found.metric.text}, which {what}."
    if problem or value is None:
        return [_unknown(rule, kind, problem, bound) for kind, bound in asked.items()]
    findings = []
    for kind, bound in asked.items():
        if not is_finite(bound):
            sentence = f"`{rule.name}` cannot be judged: its `{kind}` is {bound}."
            findings.append(_unknown(rule, kind, sentence))
            continue
        bar = _Bar(rule=rule, kind=kind, bound=bound, value=value)
        if kind in ("min", "max"):
            findings.append(_absolute(bar))
        else:
            findings.append(_regression(bar, evidence, champion, baseline))
    return findings


def _absolute(bar: _Bar) -> Finding:
    value, bound = exact(bar.value), exact(bar.bound)
    is_min = bar.kind == "min"
    reached = value >= bound if is_min else value <= bound
    shown = figure(bar.value, apart_from=bar.bound)
    limit = figure(bar.bound, apart_from=bar.value)
    words = "at least" if is_min else "at most"
    sentence = f"`{bar.rule.name}` is {shown}; {words} {limit} is wanted."
    return bar.finding(Outcome.PASSED if reached else Outcome.FAILED, sentence)


def _regression(
    bar: _Bar, evidence: Evidence, champion: Evidence | None, baseline: Baseline
) -> Finding:
    name, shown = bar.rule.name, figure(bar.value)
    measured = evidence.measure(name)
    if measured is not None and measured.baseline is not None:
        return _beside(bar, measured.baseline)
    if champion is None:
        if baseline.run or baseline.commit:
            sentence = f"`{name}` is {shown}; the baseline's metrics are not known: {baseline.via}."
            return bar.finding(Outcome.UNKNOWN, sentence)
        sentence = f"`{name}` is {shown}; there is no baseline yet to compare it with."
        return bar.finding(Outcome.PASSED, sentence)
    if measured is not None and measured.source:
        return bar.finding(
            Outcome.UNKNOWN,
            f"`{name}` is {shown}; the champion was not timed beside it, and times of two runs"
            " cannot be compared: let the test use the fixture `latency` with `baseline_model`.",
        )
    found = find_metric(champion, name)
    if found.metric is None:
        return bar.finding(
            Outcome.UNKNOWN,
            f"`{name}` is {shown}; in the baseline {_run(baseline)} it {found.problem}.",
        )
    before = found.metric.value
    if before is None or not is_finite(before):
        sentence = f"`{name}` is {shown}; in the baseline {_run(baseline)} it is "
        return bar.finding(Outcome.UNKNOWN, f"{sentence}{found.metric.text}, no finite number.")
    if measured is None and evidence.evaluation_data != champion.evaluation_data:
        ours, theirs = (text[:12] or "unknown" for text in _digests(evidence, champion))
        return bar.finding(
            Outcome.UNKNOWN,
            f"`{name}` is {shown} on evaluation data {ours} and was {figure(before)} on {theirs} "
            "in the baseline: numbers on different data cannot be compared.",
            before,
        )
    return _compare(bar, before)


def _beside(bar: _Bar, before: float) -> Finding:
    """Put a number against the champion's that was measured side by side with it."""
    if not is_finite(before):
        sentence = f"`{bar.rule.name}` is {figure(bar.value)}; the champion's is no finite number."
        return bar.finding(Outcome.UNKNOWN, sentence)
    return _compare(bar, before)


def _compare(bar: _Bar, before: float) -> Finding:
    """Put a known value against a known value of the baseline, on the same data."""
    context = wide_context()
    value, champion, bound = exact(bar.value), exact(before), exact(bar.bound)
    loss = context.subtract(champion, value)
    if bar.rule.goal is Goal.MINIMIZE:
        loss = context.minus(loss)
    if bar.kind == "max_relative_regression":
        allowed = context.multiply(bound, context.abs(champion))
        tolerated = f"{figure(percent(bar.bound))} %"
    else:
        allowed = bound
        tolerated = figure(bar.bound)
    sentence = f"{_movement(bar, before)}; a loss of at most {tolerated} is tolerated."
    return bar.finding(Outcome.PASSED if loss <= allowed else Outcome.FAILED, sentence, before)


def _movement(bar: _Bar, before: float) -> str:
    """From where to where a metric went, with as many digits as tell it from its bound."""
    step = difference(bar.value, before)
    start = f"`{bar.rule.name}` is {figure(bar.value, apart_from=before)}"
    if not step:
        return f"{start}, the same as in the baseline"
    size = figure(abs(step), apart_from=bar.bound)
    if bar.kind == "max_relative_regression":
        size = figure(abs(step))
        if before:
            share = abs(percent(step, before))
            size += f" ({figure(share, apart_from=percent(bar.bound))} %)"
    verb = "rose" if step > 0 else "fell"
    return f"{start} and {verb} by {size} from {figure(before, apart_from=bar.value)}"


def _unknown(rule: MetricRule, kind: str, sentence: str, bound: float | None = None) -> Finding:
    return Finding(
        metric=rule.name, outcome=Outcome.UNKNOWN, sentence=sentence, rule=kind, bound=bound
    )


def _digests(evidence: Evidence, champion: Evidence) -> tuple[str, str]:
    """Both digests, in full where their beginnings agree."""
    ours, theirs = evidence.evaluation_data, champion.evaluation_data
    return (ours, theirs) if ours[:12] != theirs[:12] else (ours[-12:], theirs[-12:])


def _run(baseline: Baseline) -> str:
    return f"(run {baseline.run})" if baseline.run else "(no run named)"


def _summary(outcome: Outcome, findings: list[Finding], baseline: Baseline, *, known: bool) -> str:
    if not findings:
        return "No gate is declared (`gate.metrics`), so nothing was judged."
    tests = [finding for finding in findings if finding.rule == TEST_RULE]
    bars = [finding for finding in findings if finding.rule != TEST_RULE]
    parts = [_part(outcome, bars, "bar", "held"), _part(outcome, tests, "test", "passed")]
    said = f"{outcome.value.capitalize()}: {' and '.join(part for part in parts if part)}"
    if not bars:
        return f"{said}."
    if known:
        against = f"against run {baseline.run}" if baseline.run else "against the baseline"
        return f"{said}, {against} ({baseline.via})." if baseline.via else f"{said}, {against}."
    if baseline.run or baseline.commit:
        return f"{said}. The baseline is not known: {baseline.via}."
    return f"{said}. There is no baseline ({baseline.via}): only absolute bounds were judged."


def _part(outcome: Outcome, findings: list[Finding], noun: str, verb: str) -> str:
    """What of one sort of findings made the outcome; "" where none did."""
    number = len(findings)
    all_of_them = f"1 {noun}" if number == 1 else f"{number} {noun}s"
    bad = [f.metric for f in findings if f.outcome is outcome]
    if not bad:
        return ""
    if outcome is Outcome.PASSED:
        return f"{all_of_them} {verb}" if number == 1 else f"all {all_of_them} {verb}"
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(bad))
    if noun == "bar":
        return f"{len(bad)} of {all_of_them}, on {names}"
    return f"test {names}" if number == 1 else f"{len(bad)} of {all_of_them}, {names}"
