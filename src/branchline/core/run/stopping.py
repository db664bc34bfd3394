"""Station `run`: when a search ends before its trials do, in a sentence. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a search may cost.

    Attributes:
        time_s: Seconds of this call; None means no limit.
        deadline_s: Seconds after which this process must have ended, the search unfinished.
        cost: In the currency of `per_hour`, over all trials of the search; None means no limit.
        per_hour: Price of an hour of a trial.
        plateau: Trials without a gain after which it ends; 0 means never.
        min_gain: A gain that counts, in units of the objective.
        reserve: Trainings that follow the search; for these at most half of it is kept back.
    """

    time_s: float | None = None
    deadline_s: float | None = None
    cost: float | None = None
    per_hour: float = 0.0
    plateau: int = 0
    min_gain: float = 0.0
    reserve: int = 0


def expected_of(durations: Sequence[float]) -> float:
    """How long the next trial may take: the 95th percentile of those that trained.

    Args:
        durations: Seconds, each > 0, the shortest first; none: nothing is known.

    >>> expected_of([1.0, 2.0, 9.0]), expected_of([])
    (9.0, 0.0)
    """
    if not durations:
        return 0.0
    return durations[min(len(durations) - 1, math.ceil(0.95 * len(durations)) - 1)]


def is_late(budget: Budget, elapsed_s: float, expected_s: float) -> bool:
    """Whether one more trial would not end before the deadline of this process."""
    limit = budget.deadline_s
    return limit is not None and elapsed_s + expected_s > limit


def time_is_over(budget: Budget, elapsed_s: float, expected_s: float, *, slots: int = 1) -> str:
    """Why the time is over; "" while a further trial may begin.

    Args:
        budget: Its `time_s` and `reserve`.
        elapsed_s: Of this call.
        expected_s: Of one more trial.
        slots: Trainings at once; those that follow the search share them.
    """
    limit = budget.time_s
    if limit is None:
        return ""
    kept = min(math.ceil(budget.reserve / slots) * expected_s, limit / 2)
    if elapsed_s + expected_s + kept <= limit:
        return ""
    if elapsed_s > limit:
        return "the time is over"
    more = f", and {kept:.0f} s are kept to confirm the best" if kept else ""
    return f"the time is over: the next trial may take {expected_s:.0f} s{more}"


def money_is_spent(budget: Budget, spent_s: float, expected_s: float, *, running: int = 0) -> str:
    """Why the money is spent; "" while a further trial may begin.

    Args:
        budget: Its `cost`, `per_hour` and `reserve`.
        spent_s: Wall time of the trials that ended.
        expected_s: Of one more trial.
        running: Trials that are not at their end; each is taken to cost as much as one more.
    """
    if budget.cost is None:
        return ""
    spent = spent_s / 3600 * budget.per_hour
    following = expected_s / 3600 * budget.per_hour
    kept = min(budget.reserve * following, budget.cost / 2)
    if spent + (running + 1) * following + kept <= budget.cost:
        return ""
    at_work = f", {running} are at work" if running else ""
    return (
        f"the budget is spent: {spent:.2f} of {budget.cost:g}{at_work}, one more trial costs about"
        f" {following:.2f} ({budget.per_hour:g} an hour, tune.budget.per_hour)"
    )


def trainings_left(budget: Budget, spent_s: float, expected_s: float) -> float:
    """For how many trainings the money reaches: a whole number from 0, or infinity.

    Args:
        budget: Its `cost` and `per_hour`.
        spent_s: Wall time of all trainings so far.
        expected_s: Of one more; 0 where nothing is known.

    >>> trainings_left(Budget(cost=1.0, per_hour=3600), 0.4, 0.2)
    3
    """
    following = expected_s / 3600 * budget.per_hour
    if budget.cost is None or following <= 0:
        return math.inf
    left = budget.cost - spent_s / 3600 * budget.per_hour
    # (1 - 0.4) / 0.2 is below 3 in binary.
    return max(0, math.floor(left / following + 1e-9))


def has_settled(budget: Budget, since: int) -> str:
    """Why no further gain is likely; "" where one may be.

    Args:
        budget: Its `plateau` and `min_gain`.
        since: Trials since the last gain; 0 where there is no best yet.
    """
    if not budget.plateau or since < budget.plateau:
        return ""
    least = f" of more than {budget.min_gain:g}" if budget.min_gain else ""
    return f"no gain{least} in the last {since} trials (tune.stop.plateau {budget.plateau})"


MOST_FRUITLESS = 5
"""Trials that fail alike before any has not: it is the code or the machine, not the values."""


def is_hopeless(fruitless: int) -> str:
    """Why no further trial is worth its time; "" where one may be.

    Args:
        fruitless: Trials that failed for one reason, while none has ended otherwise.
    """
    if fruitless < MOST_FRUITLESS:
        return ""
    return f"the first {fruitless} trials failed alike, whatever their values: the search ends"
