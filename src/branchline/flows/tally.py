"""What a search has to know of all its trials before each next one, at a constant cost a trial.

Pure. Serves `trials`. Whether to stop, `core.run.stopping` says; here is only counted.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.evidence.front import front_of, is_comparable
from branchline.core.policy import Goal
from branchline.core.run.pruning import TrialSteps
from branchline.core.run.stopping import expected_of
from branchline.core.run.trials import Trial, TrialState

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_COMPARED = 1000
"""Trials, the last, whose reports a new one is compared with; ranks among so many are sharp."""


@dataclass(slots=True)
class Tally:
    """Counts of trials, told one by one as they end.

    Args:
        goals: Which way is better, of each objective.
        min_gain: A gain that counts, in units of the one objective; of several any is one.

    Attributes:
        spent_s: Wall time of all trainings that this search made.
        since: Trials since the last gain, failures left out; 0 where there is no best yet.
        fruitless: Trials that failed for one and the same reason, while none has ended otherwise.
        best: The best of those that can be compared, of equals the first; None: there is none.
    """

    goals: Sequence[Goal]
    min_gain: float = 0.0
    spent_s: float = 0.0
    since: int = 0
    fruitless: int = 0
    best: Trial | None = None
    _has_fruit: bool = False
    _why: str | None = None
    _bar: float | None = None
    _front: tuple[Trial, ...] = ()
    _durations: list[float] = field(default_factory=list)
    _squares: float = 0.0
    _freedom: int = 0
    _reports: deque[TrialSteps] = field(default_factory=lambda: deque(maxlen=MOST_COMPARED))

    def add(self, trial: Trial) -> None:
        """Count a trial."""
        self.spent_s += trial.duration_s
        self._has_fruit = (
            self._has_fruit
            or trial.state is not TrialState.FAILED
            or trial.detail != (self._why if self._why is not None else trial.detail)
        )
        self._why = trial.detail
        self.fruitless = 0 if self._has_fruit else self.fruitless + 1
        if trial.duration_s > 0:
            insort(self._durations, trial.duration_s)
        if trial.has_value and len(trial.values) > 1:
            mean = math.fsum(trial.values) / len(trial.values)
            self._squares += math.fsum((value - mean) ** 2 for value in trial.values)
            self._freedom += len(trial.values) - 1
        if self._is_gain(trial):
            self.since = 0
        elif self.best is not None and trial.state is not TrialState.FAILED:
            self.since += 1

    def report(self, trial: Trial, number: int) -> None:
        """Remember what a trial reported, to compare others with it.

        Args:
            trial: The trial.
            number: Of its own among all; below 0 for those of other searches.
        """
        if trial.steps:
            steps = TrialSteps(number=number, steps=trial.steps, is_finished=trial.has_value)
            self._reports.append(steps)

    @property
    def reports(self) -> tuple[TrialSteps, ...]:
        """What the last trials reported."""
        return tuple(self._reports)

    @property
    def expected_s(self) -> float:
        """How long the next trial may take; 0 where nothing is known."""
        return expected_of(self._durations)

    @property
    def pooled(self) -> float | None:
        """Standard deviation of one training, over all that were repeated; None: not known."""
        return math.sqrt(self._squares / self._freedom) if self._freedom else None

    def _is_gain(self, trial: Trial) -> bool:
        if not trial.has_value or trial.value is None:
            return False
        if self.best is None or self._over(trial.value, self.best.value or 0.0) > 0:
            self.best = trial
        if len(self.goals) > 1:
            return self._is_of_front(trial)
        is_gain = self._bar is None or self._over(trial.value, self._bar) > self.min_gain
        if is_gain:
            self._bar = trial.value
        return is_gain

    def _over(self, value: float, other: float) -> float:
        return value - other if self.goals[0] is Goal.MAXIMIZE else other - value

    def _is_of_front(self, trial: Trial) -> bool:
        """Whether it is bettered by none, and is not the equal of one."""
        is_new = all(trial.objectives != other.objectives for other in self._front)
        if not is_new or not is_comparable(trial, len(self.goals)):
            return False
        self._front = front_of([*self._front, trial], self.goals)
        return trial in self._front
