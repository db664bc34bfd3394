"""Station `evidence`: the trials of a search with several objectives that no other one beats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.policy import Goal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.trials import Trial


def front_of(trials: Sequence[Trial], goals: Sequence[Goal]) -> tuple[Trial, ...]:
    """Trials that are beaten by none: no other is as good everywhere and better somewhere.

    Args:
        trials: Those without a number for each goal are left out.
        goals: Of the objectives, in their order.

    Returns:
        The best in the first objective first; of equals, all.
    """
    signs = [-1.0 if goal is Goal.MAXIMIZE else 1.0 for goal in goals]
    costs = sorted(
        (
            (
                tuple(sign * value for sign, value in zip(signs, trial.objectives, strict=True)),
                trial,
            )
            for trial in trials
            if is_comparable(trial, len(goals))
        ),
        key=lambda pair: (pair[0], pair[1].number),
    )
    found: list[tuple[tuple[float, ...], Trial]] = []
    # Whoever beats another comes before it in this order, so that the front so far is enough.
    for cost, trial in costs:
        if not any(_beats(other, cost) for other, _ in found):
            found.append((cost, trial))
    return tuple(trial for _, trial in found)


def is_comparable(trial: Trial, count: int) -> bool:
    """Whether a trial has a number for each of so many objectives."""
    has_all = len(trial.objectives) == count > 0
    return has_all and trial.has_value and not any(map(math.isnan, trial.objectives))


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
