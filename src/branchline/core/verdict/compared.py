"""One bar against the champion, noise taken into account, in words that need no statistics. Pure.

What the noise says is `answer`; where none is known `judge` compares the plain numbers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import duration, figure, percent
from branchline.core.policy import Goal
from branchline.core.values import Outcome
from branchline.core.verdict.answer import answer_of
from branchline.core.verdict.bars import GAIN
from branchline.core.verdict.values import Answer

_MOST_PLACES = 12

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.evidence import Metric
    from branchline.core.policy import Gate, MetricRule
    from branchline.core.verdict.bars import Bar
    from branchline.core.verdict.noise.values import Difference, Spread
    from branchline.core.verdict.values import Finding, Noise

SAME_PREDICTIONS = "the same predictions"


def compared(
    bar: Bar,
    *,
    gate: Gate,
    difference: Difference | None,
    spread: Spread | None,
    recorded: Metric,
    before: float | None,
    family: Mapping[str, float],
) -> Finding:
    """The finding of a bar whose noise is known.

    Args:
        bar: It.
        gate: Names the confidence.
        difference: By examples; None without predictions.
        spread: By seeds; None when not known.
        recorded: The metric as it stands in the metrics file.
        before: The baseline's, as recorded; None where only the predictions are known.
        family: Metric -> how probable so large a loss is by chance, corrected for the number of
            metrics that are looked at.
    """
    rule = bar.rule
    if difference is not None:
        value, champion = difference.candidate, difference.champion
        estimate = difference.estimate
    else:
        value, champion = bar.value, before if before is not None else math.nan
        estimate = value - champion
    estimate = _over_seeds(estimate, spread)
    margin = bar.margin(champion)
    answer, noise = answer_of(
        estimate,
        rule.goal,
        margin=margin,
        min_gain=bar.bound if bar.kind == GAIN else None,
        confidence=gate.confidence,
        sampling=difference,
        training=spread,
    )
    corrected = ""
    if answer is Answer.WORSE and family.get(rule.name, 0.0) > 1 - gate.confidence:
        answer = Answer.CANNOT_TELL
        corrected = f" Among {len(family)} metrics that are looked at, so large a loss is no proof."
    outcome = _outcome(answer, noise, bar)
    sentence = (
        f"{_head(bar, answer, outcome, noise)}: "
        f"{change_in_words(value, champion, estimate, rule, noise, spread=spread)}. "
        f"{bar.wanted[0].upper()}{bar.wanted[1:]}.{corrected}"
        f"{_needed(noise) if outcome is Outcome.UNKNOWN else ''}"
        f"{_not_as_recorded(recorded, value) if difference is not None else ''}"
    )
    found = bar.finding(outcome, sentence, champion, answer=answer, noise=noise)
    return replace(found, value=value)


def corrected(
    gate: Gate, comparisons: Mapping[str, Difference], spreads: Mapping[str, Spread]
) -> dict[str, float]:
    """Metric -> p of "it is no worse", corrected (Holm) over the metrics that guard.

    The primary metrics decide by themselves; one metric alone needs no correction.
    """
    from branchline.core.verdict.noise.holm import holm

    guards = [rule for rule in gate.metrics if not rule.primary and _asks_for_no_loss(rule)]
    found = {
        rule.name: _p_worse(
            rule, comparisons.get(rule.name), spreads.get(rule.name), gate.confidence
        )
        for rule in guards
    }
    raw = {name: p for name, p in found.items() if p is not None}
    return dict(zip(raw, holm(tuple(raw.values())), strict=True))


def _asks_for_no_loss(rule: MetricRule) -> bool:
    return rule.max_regression is not None or rule.max_relative_regression is not None


def _p_worse(
    rule: MetricRule, difference: Difference | None, spread: Spread | None, confidence: float
) -> float | None:
    """How probable so large a loss is where there is none, by examples, by seeds, or by both.

    None where neither is known.
    """
    is_compared = difference is not None and not difference.problem
    if spread is None or spread.sd is None:
        return difference.p_worse if difference is not None and is_compared else None
    from statistics import NormalDist

    if difference is not None and is_compared:
        estimate = _over_seeds(difference.estimate, spread)
    else:
        estimate = _mean(spread.candidate) - _mean(spread.champion)
    _, noise = answer_of(
        estimate,
        rule.goal,
        margin=None,
        min_gain=None,
        confidence=confidence,
        sampling=difference if is_compared else None,
        training=spread,
    )
    half = (noise.high - noise.low) / 2
    gain = estimate if rule.goal is Goal.MAXIMIZE else -estimate
    if half == 0:
        return 0.0 if gain < 0 else 1.0
    return NormalDist().cdf(gain / half * NormalDist().inv_cdf(confidence))


def _over_seeds(estimate: float, spread: Spread | None) -> float:
    """A difference, that of the means where there are further trainings."""
    if spread is None or not _is_repeated(spread):
        return estimate
    return _mean(spread.candidate) - _mean(spread.champion)


def _is_repeated(spread: Spread) -> bool:
    return len(spread.candidate) + len(spread.champion) > 2


def _outcome(answer: Answer, noise: Noise, bar: Bar) -> Outcome:
    if bar.kind != GAIN:
        if answer is Answer.WORSE:
            return Outcome.FAILED
        return Outcome.UNKNOWN if answer is Answer.CANNOT_TELL else Outcome.PASSED
    if answer is Answer.BETTER:
        return Outcome.PASSED
    best = noise.high if bar.rule.goal is Goal.MAXIMIZE else -noise.low
    reaches = best >= bar.bound if bar.bound else best > 0
    return Outcome.UNKNOWN if reaches else Outcome.FAILED


def _head(bar: Bar, answer: Answer, outcome: Outcome, noise: Noise) -> str:
    name = f"`{bar.rule.name}`"
    if bar.kind == GAIN:
        if outcome is Outcome.UNKNOWN:
            return f"It cannot be told yet whether {name} is better"
        return f"{name} is better" if outcome is Outcome.PASSED else f"{name} did not gain enough"
    if answer is Answer.CANNOT_TELL:
        return f"It cannot be told yet whether {name} is worse"
    best = noise.high if bar.rule.goal is Goal.MAXIMIZE else -noise.low
    if answer is Answer.NO_WORSE and best < 0:
        return f"{name} lost, surely less than is tolerated"
    return f"{name} is {answer.value}"


def change_in_words(
    value: float,
    champion: float,
    estimate: float,
    rule: MetricRule,
    noise: Noise,
    *,
    spread: Spread | None = None,
) -> str:
    """From where to where, and what chance leaves open."""
    if noise.method == SAME_PREDICTIONS and not estimate:
        return f"{figure(value)}, as in the baseline; every prediction is the same"
    less = "" if rule.goal is Goal.MAXIMIZE else ", where less is better"
    step = f" ({signed(estimate, noise)})" if estimate else ""
    moved = f"{figure(value)} after {figure(champion)}"
    if spread is not None and _is_repeated(spread) and noise.training is not None:
        ours, theirs = _mean(spread.candidate), _mean(spread.champion)
        moved += f", over all seeds {_mean_figure(ours)} after {_mean_figure(theirs)}"
    moved += f"{step}{less}"
    by: list[str] = []
    if noise.examples:
        groups = f" of {noise.groups:,} groups" if noise.groups is not None else ""
        by.append(f"{noise.examples:,} examples{groups}, {noise.method}")
    if noise.training is not None:
        by.append(f"{noise.runs:,} trainings")
    apart = ""
    if noise.sampling is not None and noise.training is not None:
        apart = (
            f"; the examples alone leave ±{figure(noise.sampling)}, the seeds alone"
            f" ±{figure(noise.training)}"
        )
    sure = figure(percent(noise.confidence)).removesuffix(".0")
    return (
        f"{moved}; chance taken into account, the change lies between {signed(noise.low, noise)}"
        f" and {signed(noise.high, noise)} (each end {sure} % sure; {'; '.join(by)}{apart})"
    )


def _needed(noise: Noise) -> str:
    """What would tell."""
    ways = []
    if noise.needed_examples is not None:
        ways.append(
            f"about {noise.needed_examples:,} examples would tell (here are {noise.examples:,})"
        )
    if noise.needed_runs is not None:
        cost = f", {duration(noise.needed_s)} in all" if noise.needed_s is not None else ""
        many = (
            "1 more training" if noise.needed_runs == 1 else f"{noise.needed_runs:,} more trainings"
        )
        ways.append(f"about {many} would tell{cost}")
    said = "; ".join(ways)
    return f" {said[0].upper()}{said[1:]}." if said else ""


def _not_as_recorded(recorded: Metric, value: float) -> str:
    """That the metrics file says something else than the predictions; "" when it does not."""
    from branchline.core.verdict.noise.scoring import recomputed

    if recorded.value is None or not recomputed(recorded.value, value, text=recorded.text).differs:
        return ""
    ours, theirs = float(recorded.value), value
    return (
        f" `{recorded.file}` says {figure(ours, apart_from=theirs)}, the predictions make it"
        f" {figure(theirs, apart_from=ours)}: the predictions count."
    )


def signed(value: float, noise: Noise) -> str:
    """A change with its sign, with two digits of what chance does to it.

    >>> from branchline.core.verdict.values import Noise
    >>> noise = Noise(low=-0.0681, high=-0.0494, confidence=0.95)
    >>> [signed(v, noise) for v in (-0.068123, 0.5, 0.00001)]
    ['-0.0681', '+0.5000', '0']
    """
    half = (noise.high - noise.low) / 2
    unit = half if half > 0 and math.isfinite(half) else abs(value)
    places = min(_MOST_PLACES, max(0, 1 - math.floor(math.log10(unit)))) if unit else 1
    text = f"{value:+,.{places}f}"
    return text if float(text.replace(",", "")) else "0"


def _mean_figure(value: float) -> str:
    """A mean with as many digits as a metric is shown with."""
    return figure(float(f"{value:.4g}"))


def _mean(values: tuple[float, ...]) -> float:
    return math.fsum(values) / len(values)
