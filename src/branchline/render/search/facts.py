"""What a search found, and what every report of it says. Pure."""

from __future__ import annotations

import json
import math
import re
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from branchline.core.evidence.figures import difference, duration
from branchline.core.evidence.front import front_of
from branchline.core.evidence.importance import Importance, importance_of
from branchline.core.policy import Goal
from branchline.core.run.confirming import squares_of
from branchline.core.run.trials import Trial, TrialState
from branchline.render.compare import signed
from branchline.render.trials import number_text, value_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue

_KEPT_NUMBER = re.compile(r"(?P<kept>\b(?:code|signal|status|stage) \d+)|\d[\d.,]*(?:e[+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search found.

    Attributes:
        metric, goal: What was searched for; with several objectives the first of them.
        trials: Best first.
        space: As written under `tune.space`; empty for a search of the user's own.
        current: Values that were set when it began; empty when they are not known.
        objectives: (metric, goal) of each, where there are several; else empty.
        duration_s: Wall time of the whole search; 0 when it is not known.
        command: Makes it again; "" for none.
        title: Of the model; "" for none.
        is_stopped: Whether it ended before its trials did.
    """

    metric: str
    goal: Goal
    trials: tuple[Trial, ...] = ()
    space: Mapping[str, Any] = field(default_factory=dict)
    current: Mapping[str, JsonValue] = field(default_factory=dict)
    objectives: tuple[tuple[str, Goal], ...] = ()
    duration_s: float = 0.0
    command: str = ""
    title: str = ""
    is_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What follows from it.

    Attributes:
        importance: What each parameter explains.
        varying: Parameters that had more than one value, the most important first.
        constant: The others -> their one value.
        best: The best trial; None when no trial has a number.
        current: The trial of the values that were set; None when there is none.
        front: Numbers of the trials that none beats, with several objectives.
    """

    importance: Importance
    varying: tuple[str, ...]
    constant: Mapping[str, JsonValue]
    best: Trial | None
    current: Trial | None
    front: frozenset[int] = frozenset()


def facts_of(searched: Searched) -> Facts:
    """What follows from what a search found."""
    importance = importance_of(searched.trials)
    names = dict.fromkeys(name for trial in searched.trials for name in trial.params)
    values: dict[str, set[str]] = {name: set() for name in names}
    for trial in searched.trials:
        for name, seen in values.items():
            seen.add(json.dumps(trial.params[name]) if name in trial.params else "")
    order = {share.parameter: place for place, share in enumerate(importance.shares)}
    varying = sorted(
        (name for name in names if len(values[name]) > 1),
        key=lambda name: order.get(name, len(order)),
    )
    first = searched.trials[0] if searched.trials else None
    goals = [goal for _, goal in searched.objectives]
    return Facts(
        importance=importance,
        varying=tuple(varying),
        constant={name: first.params[name] for name in names if first and len(values[name]) == 1},
        best=first if first and first.has_value else None,
        current=next((t for t in searched.trials if t.params == searched.current), None),
        front=frozenset(trial.number for trial in front_of(searched.trials, goals)),
    )


def in_order(trials: Sequence[Trial]) -> list[Trial]:
    """Trials as they were made."""
    return sorted(trials, key=lambda trial: trial.number)


def best_so_far(trials: Sequence[Trial], goal: Goal) -> list[tuple[int, float]]:
    """(number, best value up to it) of each trial that has a finite one, by number."""
    found: list[tuple[int, float]] = []
    better = max if goal is Goal.MAXIMIZE else min
    for trial in in_order(trials):
        if trial.has_value and trial.value is not None and math.isfinite(trial.value):
            found.append(
                (trial.number, better(trial.value, found[-1][1]) if found else trial.value)
            )
    return found


def good_ones(trials: Sequence[Trial]) -> frozenset[int]:
    """Numbers of the best tenth of ranked trials, at least 3 where so many have a value."""
    whole = [trial.number for trial in trials if trial.has_value]
    return frozenset(whole[: max(3, len(whole) // 10)])


def spread(trial: Trial) -> str:
    """The standard deviation of a trial over its seeds; "" when it was not repeated.

    >>> spread(Trial(number=1, params={}, state=TrialState.SUCCEEDED, values=(0.5, 0.75, 1.0)))
    '± 0.25 (3 seeds)'
    """
    count = len(trial.values)
    if count < 2 or not all(map(math.isfinite, trial.values)):
        return ""
    return f"± {math.sqrt(squares_of(trial.values) / (count - 1)):.2g} ({count} seeds)"


def against(trial: Trial, current: Trial | None) -> str:
    """How far a trial is from the one of the values that were set; "" when nobody knows."""
    if current is None or trial is current or trial.value is None or current.value is None:
        return ""
    if not (trial.has_value and current.has_value):
        return ""
    step = difference(trial.value, current.value)
    return "" if step is None else signed(float(f"{step:.4g}"))


def value_words(trial: Trial) -> str:
    """The value of a trial, or why it has none in a word."""
    return number_text(trial.value) if trial.value is not None else trial.state.value


def brief(value: JsonValue) -> str:
    """A parameter's value for a table: a number to 6 digits.

    >>> brief(0.123456789), brief(True), brief("sgd")
    ('0.123457', 'true', 'sgd')
    """
    return f"{value:.6g}" if isinstance(value, float) else value_text(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Trials without a value for one reason.

    Attributes:
        state: How they ended. detail: Of the first of them. numbers: Of all.
    """

    state: TrialState
    detail: str
    numbers: tuple[int, ...]


def losses_of(trials: Sequence[Trial]) -> tuple[Loss, ...]:
    """Trials without a value by reason, the most frequent first; numbers in a reason do not count.

    >>> refused = [
    ...     Trial(number=n, params={}, state=TrialState.REFUSED, detail=f"`ms` is {n}.5, outside")
    ...     for n in (1, 2)
    ... ]
    >>> [(loss.detail, loss.numbers) for loss in losses_of(refused)]
    [('`ms` is 1.5, outside', (1, 2))]
    """
    groups: dict[tuple[TrialState, str], list[Trial]] = {}
    for trial in in_order(trials):
        if not trial.has_value:
            kind = _KEPT_NUMBER.sub(lambda found: found["kept"] or "…", trial.detail)
            groups.setdefault((trial.state, kind), []).append(trial)
    return tuple(
        Loss(state=state, detail=group[0].detail, numbers=tuple(trial.number for trial in group))
        for (state, _), group in sorted(groups.items(), key=lambda item: -len(item[1]))
    )


def counts_of(trials: Sequence[Trial]) -> str:
    """How many trials there were and how they ended.

    >>> counts_of([Trial(number=1, params={}, state=TrialState.FAILED)])
    '1 trial, 1 failed'
    """
    count = len(trials)
    words = [f"{count:,} trial{'' if count == 1 else 's'}"]
    for state in (TrialState.FAILED, TrialState.REFUSED, TrialState.PRUNED):
        ended = sum(trial.state is state for trial in trials)
        if ended:
            words.append(f"{ended:,} {state.value}")
    return ", ".join(words)


def foot_words(searched: Searched) -> tuple[str, ...]:
    """How many trials there were and what they took, for the foot of a report."""
    taken = [trial.duration_s for trial in searched.trials if trial.duration_s > 0]
    words = [counts_of(searched.trials)]
    if taken:
        words.append(f"took {duration(time_s(searched))}")
        words.append(f"a trial {duration(statistics.median(taken))} (the median)")
    if searched.is_stopped:
        words.append("stopped before its end")
    return tuple(words)


def time_s(searched: Searched) -> float:
    """What the search took, in seconds; the sum of its trials where nobody took the time."""
    return searched.duration_s or math.fsum(trial.duration_s for trial in searched.trials)


def usual_range(values: Sequence[float], goal: Goal) -> tuple[float, float]:
    """The range to draw: all values, but a few that lie far off on the worse side.

    One diverged training would press all others into one line. What lies beyond
    3 times the distance of the quartiles is drawn at the edge.

    Source:
        J. W. Tukey (1977), Exploratory Data Analysis: the outer fences.
    """
    finite = sorted(value for value in values if math.isfinite(value))
    if not finite:
        return 0.0, 1.0
    low, high = finite[0], finite[-1]
    first, third = finite[len(finite) // 4], finite[(3 * len(finite)) // 4]
    reach = 3 * (third - first)
    if reach > 0 and math.isfinite(reach):
        if goal is Goal.MAXIMIZE:
            low = max(low, first - reach)
        else:
            high = min(high, third + reach)
    return low, high
