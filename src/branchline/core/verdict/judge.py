"""The rule of the gate: evidence and a baseline become a verdict.

Pure. Comparisons are made in decimal on the numbers as they stood in the files (see
`core.evidence.figures`), so that a loss of exactly `max_regression` passes. What is not known never
passes: NaN, a missing metric, a text, evaluation data that differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import (
    difference,
    duration,
    exact,
    figure,
    percent,
    wide_context,
)
from branchline.core.evidence.find import find_metric
from branchline.core.evidence.flatten import is_finite
from branchline.core.policy import Goal, OnInconclusive
from branchline.core.values import Outcome
from branchline.core.verdict.bars import GAIN, Bar
from branchline.core.verdict.summary import summary_of, that_count
from branchline.core.verdict.values import TEST_RULE, Answer, Baseline, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence import Evidence, Metric
    from branchline.core.evidence.measured import Measured
    from branchline.core.policy import Gate, MetricRule
    from branchline.core.verdict.noise.values import Difference, Spread

_NONE: Mapping[str, str] = {}
_NO_BASELINE = Baseline(via="no baseline was looked for")


def judge(
    evidence: Evidence,
    baseline_evidence: Evidence | None,
    gate: Gate,
    *,
    baseline: Baseline = _NO_BASELINE,
    comparisons: Mapping[str, Difference] | None = None,
    spreads: Mapping[str, Spread] | None = None,
    uncompared: Mapping[str, str] = _NONE,
    parts: Sequence[Finding] = (),
    remarks: Sequence[str] = (),
) -> Verdict:
    """Judge one run.

    Where the noise of a metric is known, what is said of it is an answer (better, no worse, worse,
    cannot tell yet); else two numbers are compared as they stand.

    Args:
        evidence: Of the run.
        baseline_evidence: Of the baseline's run; None when there is none or it cannot be read.
        gate: The bars.
        baseline: How the baseline was found. One with a `commit` or `run` but without evidence
            exists and is not known: its regression bars are unknown. One without both does not
            exist: only absolute bounds apply.
        comparisons: Metric -> the comparison with the champion on the same examples.
        spreads: Metric -> what seeds do to it.
        uncompared: Metric -> why its predictions could not be compared though they had to be.
        parts: Findings on parts of the evaluation set.
        remarks: For the reader, beside the findings.

    Returns:
        Failed if any finding failed, else unknown if any is or nothing was judged, else passed.
        One that only noise leaves open fails where the gate says so (`on_inconclusive: fail`).
    """
    judged = _Judged(
        evidence=evidence,
        champion=baseline_evidence,
        baseline=baseline,
        gate=gate,
        comparisons=comparisons or {},
        spreads=spreads or {},
        uncompared=uncompared,
    )
    findings: list[Finding] = []
    for rule in gate.metrics:
        findings += _judge_rule(rule, judged)
        findings += _parts_of(rule, parts, judged)
    findings += findings_of_tests(evidence)
    verdict = Verdict(
        outcome=worst_of([f.outcome for f in that_count(findings)]),
        findings=tuple(findings),
        baseline=baseline,
        summary="",
        remarks=tuple(remarks),
    )
    if verdict.is_inconclusive and gate.on_inconclusive is OnInconclusive.FAIL:
        verdict = replace(verdict, outcome=Outcome.FAILED)
    return replace(verdict, summary=summary_of(verdict, gate, known=baseline_evidence is not None))


def _parts_of(rule: MetricRule, parts: Sequence[Finding], judged: _Judged) -> list[Finding]:
    """The findings on parts of the evaluation set, with what another seed does to the metric."""
    found = [part for part in parts if part.metric == rule.name]
    if not found or rule.name not in judged.spreads:
        return found
    from branchline.core.verdict.parts import with_seeds

    return [with_seeds(part, judged.spreads[rule.name], rule.goal) for part in found]


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


PERCENT = "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What `judge` was given."""

    evidence: Evidence
    champion: Evidence | None
    baseline: Baseline
    gate: Gate
    comparisons: Mapping[str, Difference]
    spreads: Mapping[str, Spread]
    uncompared: Mapping[str, str]


def _judge_rule(rule: MetricRule, judged: _Judged) -> list[Finding]:
    if not rule.bounds:
        return [_unknown(rule, "none", f"`{rule.name}` has no bound, so it cannot be judged.")]
    found = find_metric(judged.evidence, rule.name)
    problem = found.problem and f"`{rule.name}` {found.problem}."
    value = found.metric.value if found.metric else None
    if found.metric is not None and found.metric.problem:
        problem = f"`{rule.name}` {found.metric.problem}."
    elif found.metric is not None and not is_finite(value):
        what = "is no number" if value is None else "is not finite"
        place = f" ({found.metric.where})" if found.metric.place else ""
        problem = f"`{rule.name}` is {found.metric.text}{place}, which {what}."
    if problem or value is None or found.metric is None:
        return [_unknown(rule, kind, problem, bound) for kind, bound in rule.bounds.items()]
    findings = []
    for kind, bound in rule.bounds.items():
        if not is_finite(bound):
            sentence = f"`{rule.name}` cannot be judged: its `{kind}` is {bound}."
            findings.append(_unknown(rule, kind, sentence))
            continue
        bar = Bar(rule=rule, kind=kind, bound=bound, value=value)
        if kind in ("min", "max"):
            findings.append(_absolute(bar, found.metric))
        else:
            findings.append(_against_baseline(bar, found.metric, judged))
    return findings


def _absolute(bar: Bar, metric: Metric) -> Finding:
    if bar.kind == "min" and metric.unit == PERCENT and 0 < bar.bound <= 1 <= bar.value:
        # 12 % must not pass a bar of 0.5.
        place = f" ({metric.where})" if metric.place else ""
        sentence = (
            f"`{bar.rule.name}` is {figure(bar.value)} %{place}, and `min: {bar.bound:g}` may mean"
            f" a share: write `min: {100 * bar.bound:g}` for percent, or let the stage leave a"
            " number without %."
        )
        return bar.finding(Outcome.UNKNOWN, sentence)
    value, bound = exact(bar.value), exact(bar.bound)
    is_min = bar.kind == "min"
    reached = value >= bound if is_min else value <= bound
    shown = figure(bar.value, apart_from=bar.bound)
    limit = figure(bar.bound, apart_from=bar.value)
    words = "at least" if is_min else "at most"
    sentence = f"`{bar.rule.name}` is {shown}; {words} {limit} is wanted."
    return bar.finding(Outcome.PASSED if reached else Outcome.FAILED, sentence)


def _against_baseline(bar: Bar, recorded: Metric, judged: _Judged) -> Finding:
    """A bar that is put on the difference from the baseline."""
    name, shown = bar.rule.name, figure(bar.value)
    measured = judged.evidence.measure(name)
    if measured is not None:
        return _measured(bar, measured, judged)
    champion = judged.champion
    why = judged.uncompared.get(name)
    if why:
        return bar.finding(Outcome.UNKNOWN, f"`{name}` is {shown}; {why}")
    difference = judged.comparisons.get(name)
    spread = judged.spreads.get(name)
    is_known = spread is None or spread.sd is not None
    if difference is not None and not difference.problem:
        is_same = difference.low == difference.high == 0
        if is_known or is_same or champion is None:
            return _with_noise(bar, recorded, judged, difference, before=None)
    if champion is None:
        return _no_champion(bar, judged.baseline)
    if difference is not None and difference.problem:
        sentence = f"`{name}` is {shown}; it cannot be compared example by example: "
        return bar.finding(Outcome.UNKNOWN, f"{sentence}{difference.problem}.")
    before, finding = _before(bar, recorded, judged, champion)
    if before is None:
        return finding
    if spread is not None and not is_known:
        return _untold(bar, before, spread)
    if spread is not None and spread.sd:  # of 0 the seed moves nothing: exact numbers are compared
        return _with_noise(bar, recorded, judged, None, before=before)
    return _compare(bar, before)


def _no_champion(bar: Bar, baseline: Baseline) -> Finding:
    """A bar on a difference where there is no champion, or none that is known."""
    name, shown = bar.rule.name, figure(bar.value)
    if baseline.run or baseline.commit:
        sentence = f"`{name}` is {shown}; the baseline's metrics are not known: {baseline.via}."
        return bar.finding(Outcome.UNKNOWN, sentence)
    sentence = f"`{name}` is {shown}; there is no baseline yet to compare it with."
    return bar.finding(Outcome.PASSED, sentence)


def _with_noise(
    bar: Bar,
    recorded: Metric,
    judged: _Judged,
    difference: Difference | None,
    *,
    before: float | None,
) -> Finding:
    from branchline.core.verdict.compared import compared, corrected

    return compared(
        bar,
        gate=judged.gate,
        difference=difference,
        spread=judged.spreads.get(bar.rule.name),
        recorded=recorded,
        before=before,
        family={}
        if bar.rule.primary
        else corrected(judged.gate, judged.comparisons, judged.spreads),
    )


def _before(
    bar: Bar, recorded: Metric | None, judged: _Judged, champion: Evidence
) -> tuple[float | None, Finding]:
    """The baseline's recorded number; None with the finding that says why it is of no use."""
    name, shown, baseline = bar.rule.name, figure(bar.value), judged.baseline
    found = find_metric(champion, name)
    if found.metric is None:
        sentence = f"`{name}` is {shown}; in the baseline {_run(baseline)} it {found.problem}."
        return None, bar.finding(Outcome.UNKNOWN, sentence)
    before = found.metric.value
    if before is None or not is_finite(before):
        sentence = f"`{name}` is {shown}; in the baseline {_run(baseline)} it is "
        sentence += f"{found.metric.text}, no finite number."
        return None, bar.finding(Outcome.UNKNOWN, sentence)
    if recorded is not None and PERCENT in _units(recorded, found.metric):
        ours, theirs = (f" {m.unit}".rstrip() for m in (recorded, found.metric))
        sentence = (
            f"`{name}` is {shown}{ours} and was {figure(before)}{theirs} in the baseline:"
            " percent and other numbers cannot be compared."
        )
        return None, bar.finding(Outcome.UNKNOWN, sentence, before)
    is_measured = judged.evidence.measure(name) is not None
    if not is_measured and judged.evidence.evaluation_data != champion.evaluation_data:
        ours, theirs = (text[:12] or "unknown" for text in _digests(judged.evidence, champion))
        sentence = (
            f"`{name}` is {shown} on evaluation data {ours} and was {figure(before)} on {theirs} "
            "in the baseline: numbers on different data cannot be compared."
        )
        return None, bar.finding(Outcome.UNKNOWN, sentence, before)
    return before, bar.finding(Outcome.UNKNOWN, "")


def _units(ours: Metric, theirs: Metric) -> tuple[str, ...]:
    """The two units where they differ."""
    return () if ours.unit == theirs.unit else (ours.unit, theirs.unit)


def _measured(bar: Bar, measured: Measured, judged: _Judged) -> Finding:
    """Put what Branchline or a test measured against the champion's: no example and no seed in it.

    Times are compared side by side only; a size needs no evaluation data.
    """
    name, shown = bar.rule.name, figure(bar.value)
    if measured.baseline is not None:
        return _beside(bar, measured.baseline)
    if judged.champion is None:
        return _no_champion(bar, judged.baseline)
    if measured.source:
        return bar.finding(
            Outcome.UNKNOWN,
            f"`{name}` is {shown}; the champion was not timed beside it, and times of two runs"
            " cannot be compared: let the test use the fixture `latency` with `baseline_model`.",
        )
    before, finding = _before(bar, None, judged, judged.champion)
    return finding if before is None else _compare(bar, before)


def _beside(bar: Bar, before: float) -> Finding:
    """Put a number against the champion's that was measured side by side with it."""
    if not is_finite(before):
        sentence = f"`{bar.rule.name}` is {figure(bar.value)}; the champion's is no finite number."
        return bar.finding(Outcome.UNKNOWN, sentence)
    return _compare(bar, before)


def _untold(bar: Bar, before: float, spread: Spread) -> Finding:
    """Open because it is not known yet what another seed does; never passed on a guess."""
    cost = "" if spread.run_s is None else f" (about {duration(spread.run_s)} each)"
    sentence = (
        f"It cannot be told yet: {_movement(bar, before)}, and what another seed does is not"
        f" known; more trainings would tell{cost}. {bar.wanted[0].upper()}{bar.wanted[1:]}."
    )
    return bar.finding(Outcome.UNKNOWN, sentence, before, answer=Answer.CANNOT_TELL)


def _compare(bar: Bar, before: float) -> Finding:
    """Put a known value against a known value of the baseline, on the same data."""
    context = wide_context()
    value, champion, bound = exact(bar.value), exact(before), exact(bar.bound)
    loss = context.subtract(champion, value)
    if bar.rule.goal is Goal.MINIMIZE:
        loss = context.minus(loss)
    if bar.kind == GAIN:
        gain = context.minus(loss)
        holds = gain >= bound if bound else gain > 0
    elif bar.kind == "max_relative_regression":
        holds = loss <= context.multiply(bound, context.abs(champion))
    else:
        holds = loss <= bound
    sentence = f"{_movement(bar, before)}; {bar.wanted}."
    return bar.finding(Outcome.PASSED if holds else Outcome.FAILED, sentence, before)


def _movement(bar: Bar, before: float) -> str:
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
