"""Station `run`: trials of a search, and which of them is better."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.policy import Goal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue


class TrialState(Enum):
    """How a trial ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """It left no number; `Trial.detail` says why."""
    REFUSED = "refused"
    """It breaks a constraint."""
    PRUNED = "pruned"
    """It was stopped early: others were better at the same step."""
    GIVEN = "given"
    """The user's own search made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial.

    Attributes:
        number: From 1; 0 is what was set, where no point is that.
        params: As named in `tune.space` -> value.
        state: How it ended.
        value: Of the objective, the mean where it was repeated; None when there is none.
        values: Of the objective with each seed, where it was repeated; else empty.
        objectives: Of each objective, where there are several; else empty.
        steps: (step, value) as reported meanwhile, by step; where nothing was reported, empty.
        metrics: All numbers that it left.
        detail: Why it has no value.
        duration_s: Wall time, of all its repetitions.
    """

    number: int
    params: Mapping[str, JsonValue]
    state: TrialState
    value: float | None = None
    values: tuple[float, ...] = ()
    objectives: tuple[float, ...] = ()
    steps: tuple[tuple[int, float], ...] = ()
    metrics: Mapping[str, float | int] = field(default_factory=dict)
    detail: str = ""
    duration_s: float = 0.0

    @property
    def has_value(self) -> bool:
        """Whether it can be compared: it has a number that is one, and was not stopped early."""
        is_whole = self.state in (TrialState.SUCCEEDED, TrialState.GIVEN)
        return is_whole and self.value is not None and not math.isnan(self.value)


def ranked(trials: Sequence[Trial], goal: Goal) -> list[Trial]:
    """Trials by their value, best first; of equals the first tried. Those without come last."""
    sign = -1.0 if goal is Goal.MAXIMIZE else 1.0

    def order(trial: Trial) -> tuple[bool, float, int]:
        value = trial.value if trial.has_value else None
        return value is None, 0.0 if value is None else sign * value, trial.number

    return sorted(trials, key=order)
