"""Station `run`: whether a trial is stopped early, from what it and others reported so far.

Only ranks decide: no value is averaged or interpolated, so that a metric, its logarithm and its
percentage are stopped at the same steps. Nothing is kept between two questions, and nothing is
drawn: the same reports give the same answer, on any machine. It stops nothing itself.

Sources:
    Median and percentile: D. Golovin et al. (2017), Google Vizier, KDD 2017, section 3.2.
    Successive halving, asynchronous: L. Li et al. (2020), MLSys 2, algorithm 2 (ASHA).
    Brackets: L. Li et al. (2018), Hyperband, J. Mach. Learn. Res. 18(185).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.policy import Goal

if TYPE_CHECKING:
    from collections.abc import Sequence


class Pruner(Enum):
    """Which rule stops trials early."""

    NONE = "none"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    ASHA = "asha"
    HYPERBAND = "hyperband"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """A trial that still improves goes on, whatever the rule says.

    Attributes:
        steps: Reports, >= 1, within which it must have improved.
        min_delta: By more than this, in the unit of the metric, >= 0.
    """

    steps: int
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.min_delta >= 0:
            raise ValueError("patience needs steps >= 1 and min_delta >= 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunerSettings:
    """What the user asked for.

    Attributes:
        kind: The rule.
        startup: Other trials, >= 0, that there must be to compare with: that ran to their end
            (median, percentile), or that reached the rung (asha, hyperband).
        warmup_steps: Steps below this one are not judged. Median and percentile only, as `every`.
        every: Judged once in so many steps, >= 1.
        percentile: A trial must reach what the best so many percent have, in (0, 100).
        min_steps: Step of the first rung, >= 1. Asha and hyperband only, as the next two.
        max_steps: Step at which a training ends; None takes that of the longest that ended.
            Hyperband only.
        factor: Each rung keeps one of so many, and stands at so many times the step, >= 2.
        patience: None for none.
    """

    kind: Pruner = Pruner.NONE
    startup: int = 5
    warmup_steps: int = 0
    every: int = 1
    percentile: float = 50.0
    min_steps: int = 1
    max_steps: int | None = None
    factor: int = 3
    patience: Patience | None = None

    def __post_init__(self) -> None:
        if min(self.startup, self.warmup_steps) < 0 or min(self.every, self.min_steps) < 1:
            raise ValueError("startup and warmup_steps must be >= 0, every and min_steps >= 1")
        if self.factor < 2 or not 0 < self.percentile < 100:
            raise ValueError("factor must be >= 2, percentile between 0 and 100")
        if self.max_steps is not None and self.max_steps < self.min_steps:
            raise ValueError("max_steps must be at least min_steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSteps:
    """What one trial reported.

    Attributes:
        number: Of the trial.
        steps: (step, value), by rising step, each step once.
        is_finished: Whether it ran to its end; neither one that still runs nor one that was
            stopped early did.
    """

    number: int
    steps: tuple[tuple[int, float], ...]
    is_finished: bool = False

    def at(self, step: int) -> float | None:
        """The last value at or before a step; None when there is none that is a number."""
        for index in range(bisect_right(self.steps, (step, math.inf)) - 1, -1, -1):
            if not math.isnan(self.steps[index][1]):
                return self.steps[index][1]
        return None

    def reached(self, step: int) -> float | None:
        """The first value at or after a step; None when there is none or it is no number."""
        index = bisect_left(self.steps, (step, -math.inf))
        value = self.steps[index][1] if index < len(self.steps) else math.nan
        return None if math.isnan(value) else value


def should_prune(
    history: Sequence[TrialSteps],
    me: TrialSteps,
    goal: Goal,
    settings: PrunerSettings,
    *,
    metric: str = "value",
) -> str:
    """Why a trial is stopped at its last step; asked after every step that it reports.

    The best of all at each of its steps is never stopped, nor is one that has too few to be
    compared with. What reports NaN is: no comparison is known to be in its favour.

    Args:
        history: Other trials, also those that run or were stopped early; `me` counts for nothing.
        me: The trial, with its steps up to now.
        goal: Which way the metric is better.
        settings: The rule.
        metric: Its name, for the reason.

    Returns:
        The reason; "" when it goes on.

    >>> others = [TrialSteps(number=n, steps=((2, n / 10),), is_finished=True) for n in range(5)]
    >>> me = TrialSteps(number=9, steps=((2, 0.15),))
    >>> should_prune(
    ...     others, me, Goal.MAXIMIZE, PrunerSettings(kind=Pruner.MEDIAN), metric="auc"
    ... )
    'at step 2: auc 0.15 is below the median 0.2 of 5 trials'
    """
    if settings.kind is Pruner.NONE or not me.steps:
        return ""
    step, value = me.steps[-1]
    if math.isnan(value) and step >= settings.warmup_steps:
        return f"at step {step}: {metric} is NaN"
    others = [trial for trial in history if trial.number != me.number]
    if settings.kind in (Pruner.MEDIAN, Pruner.PERCENTILE):
        found = _below_percentile(others, me, goal, settings)
    elif settings.kind is Pruner.ASHA:
        found = _halved(others, me, goal, settings, first_rung=0)
    else:
        found = _in_bracket(others, me, goal, settings)
    if not found or _is_improving(me, goal, settings.patience):
        return ""
    return f"at step {step}: {metric} {found}"


def recent(
    steps: Sequence[tuple[int, float]], goal: Goal, settings: PrunerSettings
) -> tuple[tuple[int, float], ...]:
    """What `should_prune` needs of the steps of `me`: the best of the older ones, and the last.

    The answer is the same as with all of them, and a training of a million steps is as cheap to
    judge as one of ten.

    Args:
        steps: By step; what an earlier call left, with newer ones behind.
        goal: Which way is better.
        settings: The rule.
    """
    kept = 2 + (settings.patience.steps if settings.patience else 0)
    if len(steps) <= kept + 1:
        return tuple(steps)
    older = steps[:-kept]
    choose = max if goal is Goal.MAXIMIZE else min
    numbers = [item for item in older if not math.isnan(item[1])]
    best = choose(numbers, key=lambda item: item[1], default=older[-1])
    return (best, *steps[-kept:])


def bracket_of(number: int, brackets: int, factor: int) -> int:
    """The bracket of a trial, from 0 (stops most) to `brackets` - 1 (stops nobody).

    A bracket gets trials in the proportions of Hyperband; which trial goes where depends on a hash
    of its number, so that a search that goes on after a kill sorts them as before.

    Args:
        number: Of the trial.
        brackets: How many there are, >= 1.
        factor: Of successive halving, >= 2.

    >>> [bracket_of(number, 3, 3) for number in range(8)]
    [0, 0, 0, 0, 2, 2, 2, 0]
    """
    from zlib import crc32

    sizes = [
        -(-brackets * factor**rounds // (rounds + 1)) for rounds in range(brackets - 1, -1, -1)
    ]
    place = crc32(str(number).encode()) % sum(sizes)
    for bracket, size in enumerate(sizes):
        if place < size:
            return bracket
        place -= size
    return brackets - 1


def _below_percentile(
    others: Sequence[TrialSteps], me: TrialSteps, goal: Goal, settings: PrunerSettings
) -> str:
    """How the best value so far compares with those that finished trials had at this step."""
    step = me.steps[-1][0]
    if step < settings.warmup_steps or not _is_due(me, settings):
        return ""
    values = [v for t in others if t.is_finished and (v := t.at(step)) is not None]
    if not values or len(values) < settings.startup:
        return ""
    best_first = sorted(values, reverse=goal is Goal.MAXIMIZE)
    # Between two values the worse one is the bar: a mean of them would not be a rank.
    share = settings.percentile / 100
    bar = best_first[math.ceil((len(best_first) - 1) * share - 1e-9)]
    best = _best(me.steps, goal)
    if not _is_better(bar, best, goal):
        return ""
    if settings.kind is Pruner.MEDIAN:
        return f"{_compared(best, 'the median ', bar, goal)} of {len(values)} trials"
    words = f"that the best {settings.percentile:g} % of {len(values)} trials have"
    return f"{_compared(best, 'the ', bar, goal)} {words}"


def _is_due(me: TrialSteps, settings: PrunerSettings) -> bool:
    """Whether this is the first report in its stretch of `every` steps."""
    past = me.steps[-1][0] - settings.warmup_steps
    begin = past // settings.every * settings.every + settings.warmup_steps
    return len(me.steps) < 2 or me.steps[-2][0] < begin


def _halved(
    others: Sequence[TrialSteps],
    me: TrialSteps,
    goal: Goal,
    settings: PrunerSettings,
    *,
    first_rung: int,
) -> str:
    """Whether it is not among the best of those that reached one of the rungs of this step."""
    step, value = me.steps[-1]
    before = me.steps[-2][0] if len(me.steps) > 1 else -1
    rung_step = settings.min_steps * settings.factor**first_rung
    while rung_step <= step:
        if rung_step > before:
            values = [v for t in others if (v := t.reached(rung_step)) is not None]
            best_first = sorted([*values, value], reverse=goal is Goal.MAXIMIZE)
            kept = max(1, len(best_first) // settings.factor)
            bar = best_first[kept - 1]
            if len(values) >= settings.startup and _is_better(bar, value, goal):
                words = f"that the best {kept} of {len(best_first)} trials have at step {rung_step}"
                return f"{_compared(value, 'the ', bar, goal)} {words}"
        rung_step *= settings.factor
    return ""


def _in_bracket(
    others: Sequence[TrialSteps], me: TrialSteps, goal: Goal, settings: PrunerSettings
) -> str:
    """Successive halving among the trials of the same bracket, of which each begins at a rung."""
    longest = settings.max_steps or max(
        (t.steps[-1][0] for t in others if t.is_finished and t.steps), default=0
    )
    if longest < settings.min_steps:
        return ""
    brackets = 1
    while settings.min_steps * settings.factor**brackets <= longest:
        brackets += 1
    own = bracket_of(me.number, brackets, settings.factor)
    rivals = [t for t in others if bracket_of(t.number, brackets, settings.factor) == own]
    return _halved(rivals, me, goal, settings, first_rung=own)


def _is_improving(me: TrialSteps, goal: Goal, patience: Patience | None) -> bool:
    """Whether it improved within the patience, or reported too little to tell."""
    if patience is None:
        return False
    if len(me.steps) <= patience.steps:
        return True
    before = _best(me.steps[: -patience.steps], goal)
    lately = _best(me.steps[-patience.steps :], goal)
    sign = 1.0 if goal is Goal.MAXIMIZE else -1.0
    return _is_better(lately, before, goal) and not sign * (lately - before) <= patience.min_delta


def _best(steps: Sequence[tuple[int, float]], goal: Goal) -> float:
    """The best value that is a number; the worst there is where none is."""
    worst = -math.inf if goal is Goal.MAXIMIZE else math.inf
    choose = max if goal is Goal.MAXIMIZE else min
    return choose((value for _, value in steps if not math.isnan(value)), default=worst)


def _is_better(one: float, other: float, goal: Goal) -> bool:
    return one > other if goal is Goal.MAXIMIZE else one < other


def _compared(value: float, words: str, bar: float, goal: Goal) -> str:
    """`0.71 is below the median 0.8`; all digits where both would look the same."""
    value, bar = value + 0.0, bar + 0.0  # -0 reads 0
    texts = f"{value:.4g}", f"{bar:.4g}"
    one, other = texts if texts[0] != texts[1] else (repr(value), repr(bar))
    return f"{one} is {'below' if goal is Goal.MAXIMIZE else 'above'} {words}{other}"
