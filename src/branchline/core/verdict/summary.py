"""What a verdict says in one sentence. Serves `judge`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.policy import OnInconclusive
from branchline.core.values import Outcome
from branchline.core.verdict.values import TEST_RULE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Gate
    from branchline.core.verdict.values import Finding, Verdict

_THEN = {
    OnInconclusive.WARN: "It goes on with a warning (`on_inconclusive: warn`).",
    OnInconclusive.FAIL: "That counts as failed (`on_inconclusive: fail`).",
    OnInconclusive.APPROVE: "It waits for a person's approval (`on_inconclusive: approve`).",
}


def that_count(findings: Sequence[Finding]) -> list[Finding]:
    """Findings that a verdict is made of; what is only shown counts where it failed."""
    return [f for f in findings if f.counts or f.outcome is Outcome.FAILED]


def summary_of(verdict: Verdict, gate: Gate, *, known: bool) -> str:
    """What was judged, what decided it, and against which run.

    Args:
        verdict: Without its summary.
        gate: Says what follows where chance leaves it open.
        known: Whether there is a baseline whose numbers are known.
    """
    counted = [f for f in that_count(verdict.findings) if not f.where]
    if not counted:
        return "No gate is declared (`gate.metrics`), so nothing was judged."
    bars = [finding for finding in counted if finding.rule != TEST_RULE]
    said = _said(verdict, counted, bars)
    if not bars:
        return f"{said}."
    baseline = verdict.baseline
    if known:
        against = f"against run {baseline.run}" if baseline.run else "against the baseline"
        via = f" ({baseline.via})" if baseline.via else ""
        then = f" {_THEN[gate.on_inconclusive]}" if verdict.is_inconclusive else ""
        return f"{said}, {against}{via}.{then}"
    if baseline.run or baseline.commit:
        return f"{said}. The baseline is not known: {baseline.via}."
    return f"{said}. There is no baseline ({baseline.via}): only absolute bounds were judged."


def _said(verdict: Verdict, counted: Sequence[Finding], bars: Sequence[Finding]) -> str:
    """The outcome and the findings that made it, bars before tests of the model."""
    looked_for = Outcome.UNKNOWN if verdict.is_inconclusive else verdict.outcome
    tests = [finding for finding in counted if finding.rule == TEST_RULE]
    made = [_part(looked_for, bars, "bar", "held"), _part(looked_for, tests, "test", "passed")]
    made = [part for part in made if part]
    if verdict.outcome is Outcome.FAILED and not made:
        lost = _parts_in_words([f for f in that_count(verdict.findings) if f.where])
        return f"Failed: {_number(bars, 'bar')} held for the whole evaluation set, {lost}"
    word = "Cannot tell yet" if verdict.is_inconclusive else verdict.outcome.value.capitalize()
    return f"{word}: {' and '.join(made)}"


def _number(findings: Sequence[Finding], noun: str) -> str:
    return f"1 {noun}" if len(findings) == 1 else f"{len(findings)} {noun}s"


def _part(outcome: Outcome, findings: Sequence[Finding], noun: str, verb: str) -> str:
    """What of one sort of findings made the outcome; "" where none did."""
    bad = [f.metric for f in findings if f.outcome is outcome]
    if not bad:
        return ""
    every = _number(findings, noun)
    if outcome is Outcome.PASSED:
        return f"{every} {verb}" if len(findings) == 1 else f"all {every} {verb}"
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(bad))
    if noun == "bar":
        return f"{len(bad)} of {every}, on {names}"
    return f"test {names}" if len(findings) == 1 else f"{len(bad)} of {every}, {names}"


def _parts_in_words(parts: Sequence[Finding]) -> str:
    """Parts of the evaluation set that lost, as the rest of a sentence; "" for none."""
    if not parts:
        return ""
    from branchline.core.verdict.parts import where_in_words

    said = [f"`{part.metric}` is worse {where_in_words(part.where)}" for part in parts[:3]]
    more = f" and {len(parts) - 3} more parts lost" if len(parts) > 3 else ""
    return f"but {', '.join(said)}{more}"
