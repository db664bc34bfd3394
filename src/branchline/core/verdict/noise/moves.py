"""How much each metric moved when nothing but chance changed, and the bar that follows. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.run.student import t_quantile, t_tail
from branchline.core.verdict.noise.training import squares_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Goal, MetricRule

_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """One metric over trainings of the same content.

    Attributes:
        metric: Its name.
        values: One a training, that of the commit's own seed first; finite.
        mean: Of the values.
        sd: Standard deviation of one training; None of fewer than two.
        goal: Which way is better; None when nothing says it.
        bar: What the gate lets it lose now, in the metric's unit; None where it has no such bar.
        harmless_loss: What a change that does nothing loses at most with the confidence asked for,
            one training against another; None when `sd` is None.
        suggested: The same, rounded up to two digits: a bar on plain numbers.
        refused: Share of changes that do nothing which `bar` refuses on plain numbers; also the
            share of real losses of twice the bar that it lets pass.
        same_seed: How much it moved at most when the very same was trained again; None: not tried.
    """

    metric: str
    values: tuple[float, ...]
    mean: float
    sd: float | None
    goal: Goal | None = None
    bar: float | None = None
    harmless_loss: float | None = None
    suggested: float | None = None
    refused: float | None = None
    same_seed: float | None = None


def moves_of(
    metric: str,
    values: Sequence[float],
    *,
    confidence: float,
    goal: Goal | None = None,
    rule: MetricRule | None = None,
    again: Sequence[float] = (),
) -> Moves:
    """What the values of a metric tell.

    The difference of two trainings has a standard deviation of sqrt(2) times that of one. With that
    of one learned from few trainings, it is Student's t that says how far chance reaches.

    Args:
        metric: Its name.
        values: One a training, that of the commit's own seed first; finite, at least one.
        confidence: Of the gate, one-sided.
        goal: Which way is better.
        rule: The bars of the gate on it.
        again: The metric of trainings with the commit's own seed.

    >>> found = moves_of("auc", [0.90, 0.92, 0.91], confidence=0.95)
    >>> round(found.sd, 4), round(found.harmless_loss, 4), found.suggested
    (0.01, 0.0413, 0.042)
    """
    squares, freedom = squares_of([values])
    mean = math.fsum(values) / len(values)
    sd = math.sqrt(squares / freedom) if freedom else None
    bar = _bar(rule, mean)
    loss = None if sd is None else t_quantile(confidence, freedom) * math.sqrt(2) * sd
    return Moves(
        metric=metric,
        values=tuple(values),
        mean=mean,
        sd=sd,
        goal=goal,
        bar=bar,
        harmless_loss=loss,
        suggested=None if loss is None else rounded_up(loss),
        refused=None if bar is None or sd is None else _beyond(bar, sd, freedom),
        same_seed=max(abs(value - values[0]) for value in again) if again else None,
    )


def _bar(rule: MetricRule | None, mean: float) -> float | None:
    """The smaller tolerated loss, in the metric's unit."""
    if rule is None:
        return None
    bars = [] if rule.max_regression is None else [rule.max_regression]
    if rule.max_relative_regression is not None:
        bars.append(rule.max_relative_regression * abs(mean))
    return min(bars) if bars else None


def _beyond(bar: float, sd: float, freedom: int) -> float:
    """How often one training is worse than another by more than a bar."""
    return t_tail(bar / (math.sqrt(2) * sd), freedom) if sd else 0.0


def rounded_up(value: float) -> float:
    """A number >= 0 with two digits, never less than it was.

    >>> [rounded_up(value) for value in (0.02851, 0.03, 123.4, 0.0)]
    [0.029, 0.03, 130.0, 0.0]
    """
    if value <= 0:
        return 0.0
    step = _DIGITS - 1 - math.floor(math.log10(value))
    found = round(math.ceil(round(value * 10.0**step, 9)) / 10.0**step, max(0, step))
    return float(found)
