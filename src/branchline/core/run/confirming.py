"""Station `run`: is the best of a search better, or was it lucky? Pure.

The best of many trials is too good on average: it was chosen for its number. So the finalists and
the values that are set now are trained again with seeds that the search never used, and only these
numbers count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.policy import Goal
from branchline.core.run.student import t_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What the fresh seeds say.

    Attributes:
        winner: Number of the trial that is better than what is set; None when none is.
        gain: Of the best finalist over what is set, in units of the objective; above 0 is better.
        margin: Half the width of its confidence interval, corrected for the choice; same units.
        seeds: How many each was trained with.
        sentence: The same in words.
    """

    winner: int | None
    gain: float
    margin: float
    seeds: int
    sentence: str


def confirm(
    current: Sequence[float],
    finalists: Mapping[int, Sequence[float]],
    goal: Goal,
    *,
    confidence: float = 0.95,
) -> Confirmed:
    """Compare finalists with what is set now.

    The spread is pooled over all of them, and the confidence is corrected for the number of
    finalists (Bonferroni), so that of searches that can find nothing at most 1 - confidence offer
    something.

    Args:
        current: The objective with the values that are set now, one for each seed.
        finalists: Number of the trial -> the objective, for the same seeds in the same order.
        goal: Which way is better.
        confidence: Of the answer, in (0, 1); one-sided.

    Raises:
        ValueError: The lengths differ, or there are none.

    >>> confirm([0.90, 0.91, 0.89], {7: [0.95, 0.96, 0.94]}, Goal.MAXIMIZE).winner
    7
    """
    count = len(current)
    if not count or not finalists or any(len(values) != count for values in finalists.values()):
        raise ValueError("each needs a number for each seed")
    means = {number: math.fsum(values) / count for number, values in finalists.items()}
    sign = 1.0 if goal is Goal.MAXIMIZE else -1.0
    best = max(means, key=lambda number: (sign * means[number], -number))
    gain = sign * (means[best] - math.fsum(current) / count)
    margin = _margin([current, *finalists.values()], len(finalists), confidence)
    seeds = f"{count} fresh seeds" if count > 1 else "a fresh seed"
    words = f"{_rounded(gain, margin)} over what is set, with {seeds} each"
    if gain > 0 and gain > margin:
        return Confirmed(
            winner=best, gain=gain, margin=margin, seeds=count,
            sentence=f"trial {best} is better: {words}",
        )  # fmt: skip
    why = "no finalist is better" if gain <= 0 else "the gain is within the noise"
    return Confirmed(
        winner=None, gain=gain, margin=margin, seeds=count,
        sentence=f"keep the current parameters: {why} (trial {best}: {words})",
    )  # fmt: skip


def _rounded(gain: float, margin: float) -> str:
    """A gain and its margin, as many digits of it as the margin leaves any meaning.

    >>> _rounded(0.0065961, 0.00392)
    '+0.0066 ± 0.0039'
    """
    if not margin or not math.isfinite(margin):
        return f"{gain:+.4g} ± {'0' if not margin else 'unknown'}"
    decimals = max(0, 1 - math.floor(math.log10(margin)))
    return f"{gain:+.{decimals}f} ± {margin:.{decimals}f}"


def _margin(groups: Sequence[Sequence[float]], finalists: int, confidence: float) -> float:
    """Half the width of the interval of a difference of two means of `groups`."""
    count = len(groups[0])
    if count < 2:
        return math.inf
    squares = math.fsum(map(squares_of, groups))
    freedom = len(groups) * (count - 1)
    spread = math.sqrt(squares / freedom)
    quantile = t_quantile(1 - (1 - confidence) / finalists, freedom)
    return quantile * spread * math.sqrt(2 / count)


def spread_of(values: Sequence[float]) -> float | None:
    """Standard error of a mean; None of fewer than two values.

    >>> spread_of([1.0, 3.0])
    1.0
    """
    count = len(values)
    if count < 2:
        return None
    return math.sqrt(squares_of(values) / (count - 1) / count)


def squares_of(values: Sequence[float]) -> float:
    """Sum of the squared distances from the mean; exactly 0 of equal values.

    >>> squares_of([1.0, 3.0]), squares_of([0.1, 0.1, 0.1])
    (2.0, 0.0)
    """
    if min(values) == max(values):
        return 0.0  # their mean, as it is rounded, may be another number
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values)


def is_out_of_reach(
    values: Sequence[float], best: Sequence[float], pooled: float | None, goal: Goal
) -> bool:
    """Whether a trial that was repeated so far need not be repeated further to know it loses.

    Args:
        values: Of the trial so far.
        best: Of the best trial.
        pooled: Standard deviation of one training, over all that were repeated; None: not known.
        goal: Which way is better.
    """
    if not values or not best or not pooled:
        return False
    sign = 1.0 if goal is Goal.MAXIMIZE else -1.0
    gap = sign * (math.fsum(best) / len(best) - math.fsum(values) / len(values))
    return gap > _FAR * pooled * math.sqrt(1 / len(values) + 1 / len(best))


_FAR = 3.0
"""Standard errors; a trial that is so far behind loses with a chance of 0.999."""
