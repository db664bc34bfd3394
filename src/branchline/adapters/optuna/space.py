"""Adapter `optuna`: a space as Optuna's distributions, and its numbers as values of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.core.run.spaces import is_met

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna import Trial
    from optuna.distributions import BaseDistribution

    from branchline.core.values import JsonValue

_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One parameter.

    Attributes:
        name: As under `tune.space`.
        values: The values of a choice or of a range with steps; empty for a range without.
        low, high: Ends of a range, both possible.
        is_whole, is_log, is_ordered: Of its numbers; a choice is not ordered.
        when: Parameters and values under which it counts; empty means always.
    """

    name: str
    values: Sequence[JsonValue] = ()
    low: float = 0.0
    high: float = 0.0
    is_whole: bool = False
    is_log: bool = False
    is_ordered: bool = False
    when: Mapping[str, Any]

    def distribution(self) -> BaseDistribution:
        """What Optuna draws from: indices of values, or numbers of the range."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        if self.values and self.is_ordered:
            return IntDistribution(0, len(self.values) - 1)
        if self.values:
            return CategoricalDistribution(tuple(range(len(self.values))))
        if self.is_whole:
            return IntDistribution(int(self.low), int(self.high), log=self.is_log)
        return FloatDistribution(self.low, self.high, log=self.is_log)

    def suggested(self, trial: Trial) -> float | int:
        """A number that Optuna draws for a trial."""
        if self.values and self.is_ordered:
            return trial.suggest_int(self.name, 0, len(self.values) - 1)
        if self.values:
            drawn = trial.suggest_categorical(self.name, tuple(range(len(self.values))))
            return int(drawn)
        if self.is_whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.is_log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.is_log)

    def value(self, drawn: float) -> JsonValue:
        """The value of a drawn number: what is written into the file, of six digits at most."""
        if self.values:
            return self.values[int(drawn)]
        if self.is_whole:
            return int(drawn)
        return float(min(max(float(f"{drawn:.{_DIGITS}g}"), self.low), self.high))

    def drawn(self, value: JsonValue) -> float | int | None:
        """The number that stands for a value; None when it has none."""
        if self.values:
            same = [i for i, v in enumerate(self.values) if v == value and type(v) is type(value)]
            loose = same or [i for i, v in enumerate(self.values) if v == value]
            return loose[0] if loose else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not self.low <= value <= self.high or (self.is_whole and value != int(value)):
            return None
        return int(value) if self.is_whole else float(value)

    def is_met(self, point: Mapping[str, JsonValue]) -> bool:
        """Whether it counts beside other values."""
        return is_met({"when": self.when}, point)
