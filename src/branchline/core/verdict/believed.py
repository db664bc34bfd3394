"""Whether a verdict that another job hands on fits the gate of the default branch. Pure.

That job ran a branch's code, which could have written anything. What it was measured with is not
taken from it: bars, confidence and tests are the default branch's, the champion is the one that the
records and the registry name, with the numbers of its own record. What the branch says of its own
model is its word; everything that follows from it is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.core.evidence.flatten import is_finite
from branchline.core.policy import Goal, OnInconclusive
from branchline.core.values import Outcome
from branchline.core.verdict.bars import GAIN, LOSSES, Bar
from branchline.core.verdict.data import with_data
from branchline.core.verdict.judge import findings_of_tests, judge, worst_of
from branchline.core.verdict.summary import that_count
from branchline.core.verdict.values import TEST_RULE, Answer, Baseline

if TYPE_CHECKING:
    from branchline.core.evidence import Evidence
    from branchline.core.policy import Gate, MetricRule
    from branchline.core.verdict.values import Finding, Verdict

MOST_DOUBTS = 10
_COMPARING = (*LOSSES, GAIN)
_RANK = {Outcome.FAILED: 0, Outcome.UNKNOWN: 1, Outcome.PASSED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a verdict is held against; nothing of it comes from the job that is not believed.

    Attributes:
        baseline: Whom it had to be measured against; None where that was looked at before, when the
            run was recorded.
        why_unknown: Why nobody can say whom; "" where it is known.
        champion: What the record of the run says that the verdict names; None when it is not here.
        rescored: The champion's numbers as the job found them when it scored its model again;
            its word.
        tests: Names of the tests of the model.
    """

    baseline: Baseline | None = None
    why_unknown: str = ""
    champion: Evidence | None = None
    rescored: Evidence | None = None
    tests: tuple[str, ...] = ()


def doubts(
    verdict: Verdict, evidence: Evidence, gate: Gate, grounds: Grounds | None = None
) -> tuple[str, ...]:
    """Why a verdict does not fit a gate, a sentence each; empty where it does.

    Args:
        verdict: As it was handed on.
        evidence: Likewise.
        gate: Of the default branch.
        grounds: What it is held against; None: there is no champion.
    """
    known = grounds or Grounds(baseline=Baseline())
    if verdict.is_of_data:
        # Nothing was trained, so nothing was judged: it has only to stop what follows.
        lets_on = verdict.outcome is Outcome.PASSED or verdict.is_inconclusive
        return ("it lets on what bad data stopped",) if lets_on else ()
    found = [*_missing(verdict, gate, known)]
    if verdict.outcome is Outcome.FAILED:
        return tuple(found[:MOST_DOUBTS])
    found += _wrong_baseline(verdict, gate, known)
    found += _wrong_findings(verdict, evidence, gate, known)
    again = worst_of([finding.outcome for finding in that_count(verdict.findings)])
    if verdict.is_inconclusive and gate.on_inconclusive is OnInconclusive.FAIL:
        again = Outcome.FAILED
    if _RANK[verdict.outcome] > _RANK[again]:
        found.append(f"it says {verdict.outcome.value}, and by its findings it is {again.value}")
    with_checks = with_data(verdict, evidence.data_checks)
    if _RANK[verdict.outcome] > _RANK[with_checks.outcome]:
        found.append(f"it says {verdict.outcome.value}, and its data do not hold what is asked")
    return tuple(dict.fromkeys(found))[:MOST_DOUBTS]


def _missing(verdict: Verdict, gate: Gate, known: Grounds) -> list[str]:
    """Bars and tests that nothing was said of, or that were other ones."""
    found = []
    for rule in gate.metrics:
        for kind, bound in rule.bounds.items():
            if not is_finite(bound):
                continue  # nothing can be judged by it
            own = [f for f in verdict.findings if _is_of(f, rule.name, kind)]
            if not own:
                found.append(f"no finding says anything of the bar `{kind}` of `{rule.name}`")
            elif any(finding.bound != bound for finding in own):
                said = next(f.bound for f in own if f.bound != bound)
                told = "none" if said is None else figure(said, apart_from=bound)
                found.append(
                    f"`{kind}` of `{rule.name}` is {figure(bound, apart_from=said or 0.0)} on the"
                    f" default branch, and {told} was judged by"
                )
    named = {finding.metric for finding in verdict.findings if finding.rule == TEST_RULE}
    found += [f"no finding says anything of the test `{t}`" for t in known.tests if t not in named]
    return found


def _is_of(finding: Finding, metric: str, kind: str) -> bool:
    """Whether a finding is that of one bar on the whole evaluation set."""
    return (finding.metric, finding.rule, finding.where, finding.counts) == (metric, kind, "", True)


def _wrong_baseline(verdict: Verdict, gate: Gate, known: Grounds) -> list[str]:
    """That it was measured against somebody else than it had to be."""
    if known.baseline is None or not any(rule.compares for rule in gate.metrics):
        return []
    if known.why_unknown:
        return [f"it cannot be told whom it has to be measured against: {known.why_unknown}"]
    said, wanted = verdict.baseline, known.baseline
    if (said.run, said.commit) == (wanted.run, wanted.commit):
        return []
    return [
        f"it was measured against {_named(said)}, and the champion is {_named(wanted)}"
        f" ({wanted.via})" + ("; let the training job run again" if said.run else "")
    ]


def _named(baseline: Baseline) -> str:
    if baseline.run:
        return f"run {baseline.run}"
    return f"commit {baseline.commit[:10]}" if baseline.commit else "nothing"


def _wrong_findings(verdict: Verdict, evidence: Evidence, gate: Gate, known: Grounds) -> list[str]:
    """Findings that say more than the numbers that they stand on."""
    found = []
    rules = {rule.name: rule for rule in gate.metrics}
    plain = _judged_plainly(verdict, evidence, gate, known)
    for finding in verdict.findings:
        rule = rules.get(finding.metric)
        is_comparison = rule is not None and finding.rule in _COMPARING
        if finding.answer is Answer.CANNOT_TELL and not is_comparison:
            found.append(f"`{finding.metric}` is open for noise, and nothing of it is compared")
            continue
        if finding.where or rule is None:
            continue
        if is_comparison and finding.noise is not None:
            found += _wrong_answer(finding, rule, verdict, gate, known)
            continue
        again = plain.get((finding.metric, finding.rule))
        if finding.answer is Answer.CANNOT_TELL and gate.replicates is not None:
            continue  # It stays open until another seed is tried, whatever two numbers say.
        if again is not None and _RANK[finding.outcome] > _RANK[again.outcome]:
            found.append(f"it says {finding.outcome.value}, and by the numbers: {again.sentence}")
    tests = {test.metric: test for test in findings_of_tests(evidence)}
    for finding in verdict.findings:
        test = tests.get(finding.metric) if finding.rule == TEST_RULE else None
        is_passed = finding.rule == TEST_RULE and finding.outcome is Outcome.PASSED
        if is_passed and (test is None or test.outcome is not Outcome.PASSED):
            found.append(f"the test `{finding.metric}` is said to have passed, and did not")
    return found


def _judged_plainly(
    verdict: Verdict, evidence: Evidence, gate: Gate, known: Grounds
) -> dict[tuple[str, str], Finding]:
    """Each bar judged again on the numbers alone, against the champion of the records."""
    said = verdict.baseline
    champion = known.rescored if said.is_rescored else known.champion
    if said.problem:
        champion = None
    again = judge(
        _without_his(evidence, known.champion),
        champion,
        replace(gate, selftest=False),
        baseline=replace(said, via="its record is not here") if said.run else said,
    )
    return {(finding.metric, finding.rule): finding for finding in again.findings}


def _without_his(evidence: Evidence, champion: Evidence | None) -> Evidence:
    """What was measured, with the champion's numbers beside it as the champion's record has them.

    A metric of the champion's project is none that is measured side by side.
    """
    if champion is None:
        return evidence
    measured = []
    for item in evidence.measured:
        his = champion.measure(item.name)
        if champion.metric(item.name) is not None:
            continue
        is_size = his is not None and not his.source
        measured.append(replace(item, baseline=his.value) if is_size and his else item)
    return replace(evidence, measured=tuple(measured))


def _wrong_answer(
    finding: Finding, rule: MetricRule, verdict: Verdict, gate: Gate, known: Grounds
) -> list[str]:
    """That an interval does not give the answer that is said of it."""
    noise, name, bound = finding.noise, finding.metric, finding.bound
    if noise is None or bound is None or finding.value is None or finding.baseline is None:
        return [f"`{name}` is compared, and its numbers are missing"]
    if not verdict.baseline.run:
        return [f"`{name}` is compared, and no run is named that it is compared with"]
    if noise.confidence != gate.confidence:
        sure, wanted = figure(noise.confidence), figure(gate.confidence)
        return [f"`{name}` is compared with confidence {sure}, and the gate asks for {wanted}"]
    low, high = noise.low, noise.high
    if rule.goal is Goal.MINIMIZE:
        low, high = -high, -low
    bar = Bar(rule=rule, kind=finding.rule, bound=bound, value=finding.value)
    margin = bar.margin(_his(finding, verdict, known))
    if margin is None:
        holds, is_open = low > 0 and low >= bound, high >= bound and high > 0
    else:
        # Of a metric that guards, so large a loss may be no proof: tests of it are corrected.
        holds, is_open = low >= -margin, high >= -margin or not rule.primary
    is_wrong = (finding.outcome is Outcome.PASSED and not holds) or (
        finding.outcome is Outcome.UNKNOWN and not is_open
    )
    if not is_wrong:
        return []
    return [f"`{name}` is said to be {finding.outcome.value}, and its own interval says otherwise"]


def _his(finding: Finding, verdict: Verdict, known: Grounds) -> float:
    """The champion's number, of which a share may be lost: as its record has it."""
    said = finding.baseline or 0.0
    his = known.champion.metric(finding.metric) if known.champion is not None else None
    if verdict.baseline.is_rescored or his is None or his.value is None:
        return said
    from branchline.core.verdict.noise.scoring import recomputed

    # What was rounded before it was recorded is the number that was compared.
    return his.value if recomputed(his.value, said, text=his.text).differs else said
