"""One line that says where a search is. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.policy import Goal
from branchline.core.run.trial_events import SearchResumed, TrialBegun
from branchline.render.table import visible, width_of
from branchline.render.trials import number_text, point_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.run.trial_events import TrialEvent
    from branchline.core.run.trials import Trial

_FEWEST_COLUMNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best trial so far.

    Attributes:
        number: Of the trial; 0 is what was set. value: Of the objective.
        params: Its values, in words: `lr 0.01, depth 5`.
    """

    number: int
    value: float
    params: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a search is.

    Attributes:
        metric, goal: What is searched for.
        done: Trials that ended, also those of an earlier call. total: That are to be made.
        before: How many of `done` were made by an earlier call: they say nothing of the pace.
        best: The best of them; None when none has a number yet.
        running: Number of each trial at work -> its values, in words.
    """

    metric: str
    goal: Goal
    done: int = 0
    total: int = 0
    before: int = 0
    best: Best | None = None
    running: Mapping[int, str] | None = None

    def ended(self, number: int, value: float | None, params: str) -> Standing:
        """The same after a trial ended; `value` is None when it has none."""
        best = self.best
        if value is not None and value == value and self._is_better(value):
            best = Best(number=number, value=value, params=params)
        running = {key: text for key, text in (self.running or {}).items() if key != number}
        # What is set is no trial of those that are to be made.
        done = self.done + (number > 0)
        return replace(self, done=done, best=best, running=running)

    def _is_better(self, value: float) -> bool:
        if self.best is None:
            return True
        is_more = self.goal is Goal.MAXIMIZE
        return value > self.best.value if is_more else value < self.best.value


def heard(standing: Standing, event: TrialEvent) -> Standing:
    """The standing after what a search tells of a trial.

    >>> here = Standing(metric="auc", goal=Goal.MAXIMIZE)
    >>> here = heard(here, TrialBegun(number=1, total=4, params={"lr": 0.1}))
    >>> here.total, here.running
    (4, {1: 'lr 0.1'})
    """
    standing = replace(standing, total=event.total)
    if isinstance(event, SearchResumed):
        best = None if event.best is None else _best_of(event.best)
        return replace(standing, done=event.made, before=event.made, best=best)
    running = standing.running or {}
    if isinstance(event, TrialBegun):
        return replace(standing, running={**running, event.number: point_words(event)})
    trial = event.trial
    value = trial.value if trial.has_value else None
    return standing.ended(trial.number, value, running.get(trial.number, ""))


def _best_of(trial: Trial) -> Best:
    begun = TrialBegun(number=trial.number, total=0, params=trial.params)
    return Best(number=trial.number, value=trial.value or 0.0, params=point_words(begun))


def live_line(standing: Standing, *, began_s: float, now_s: float, width: int = 0) -> str:
    """Where a search is, in one line.

    Args:
        standing: Where it is.
        began_s: When it began, on a clock that only goes forward.
        now_s: The same clock now.
        width: Columns to keep to, the values of the best first; 0 for no limit.

    >>> here = Standing(
    ...     metric="auc", goal=Goal.MAXIMIZE, done=12, total=60,
    ...     best=Best(number=9, value=0.934, params="lr 0.01, depth 5"),
    ... )
    >>> live_line(here, began_s=0, now_s=232)
    '12/60 trials · best auc 0.934 (trial 9: lr 0.01, depth 5) · 3.1 trials/min · 15 min left'
    """
    total = max(standing.total, standing.done)
    head = f"{standing.done}/{total} trials" if total else "0 trials"
    pace = _pace(standing, total, now_s - began_s)
    if standing.best is None:
        return _cut(" · ".join([head, *pace]), width)
    best = standing.best
    words = f"best {visible(standing.metric)} {number_text(best.value)}"
    who = f"trial {best.number}" if best.number else "as it was"
    values = f": {visible(best.params)}" if best.params else ""
    whole = " · ".join([head, f"{words} ({who}{values})", *pace])
    over = width_of(whole) - width if width > 0 else 0
    if over <= 0:
        return whole
    if width_of(values) - over > _FEWEST_COLUMNS:
        values = _cut(values, width_of(values) - over)
        return " · ".join([head, f"{words} ({who}{values})", *pace])
    short = [head, f"{words} ({who})", *pace]
    if width_of(" · ".join(short)) > width:
        del short[2:3]  # the pace goes before what is left
    return _cut(" · ".join(short), width)


def _pace(standing: Standing, total: int, passed_s: float) -> list[str]:
    made = standing.done - standing.before
    if made <= 0 or not passed_s > 0:
        return []
    per_min = 60 * made / passed_s
    rate = f"{per_min:.1f} trials/min" if per_min >= 1 else f"{60 * per_min:.1f} trials/h"
    left = total - standing.done
    return [rate, f"{left_words(left * passed_s / made)} left"] if left else [rate]


def left_words(seconds: float) -> str:
    """How long something will take, about.

    >>> [left_words(s) for s in (4, 95, 930, 8000, 200000)]
    ['4 s', '95 s', '15 min', '2 h 13 min', '2 d 7 h']
    """
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 2 * 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def _cut(text: str, width: int) -> str:
    if width <= 0 or width_of(text) <= width:
        return text
    kept = ""
    for char in text:
        if width_of(kept + char) > width - 1:
            break
        kept += char
    return kept + "…"
