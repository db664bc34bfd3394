"""Axes of charts: where a value stands, which ticks are written. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.core.evidence.importance import is_number
from branchline.render.trials import value_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue

_MOST_CHOICES = 12
_OTHERS = "others"
_LOG_FROM = 100
"""Without a word in the space: positive numbers that span so many times the smallest are on a
logarithmic scale."""
_FARTHEST = 1e280
"""No axis goes beyond: room and ticks must be numbers, too."""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis.

    Attributes:
        label: What is on it.
        low, high: Its ends; low < high, both > 0 when `is_log`.
        is_log: Whether equal factors are equally far apart.
        choices: Texts in equal columns instead of numbers; empty for numbers.
    """

    label: str
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    choices: tuple[str, ...] = ()

    def share(self, value: JsonValue, *, number: int = 0) -> float:
        """Where a value stands, from 0 to 1; beyond an end at the end.

        Args:
            value: A number, or one of the choices.
            number: Of the trial: spreads those of one choice over its column, always alike.
        """
        if self.choices:
            text = value_text(value)
            place = self.choices.index(text if text in self.choices else self.choices[-1])
            aside = ((number * _GOLDEN) % 1.0 - 0.5) * 0.6
            return (place + 0.5 + aside) / len(self.choices)
        return min(1.0, max(0.0, self._share(float(value))))  # type: ignore[arg-type] # a number: `axis_of` saw to it

    def middle(self, value: JsonValue) -> float:
        """The same without being spread."""
        if not self.choices:
            return self.share(value)
        text = value_text(value)
        place = self.choices.index(text if text in self.choices else self.choices[-1])
        return (place + 0.5) / len(self.choices)

    def ticks(self, most: int = 5) -> tuple[tuple[float, str], ...]:
        """(share, text) of what is written at it."""
        if self.choices:
            count = len(self.choices)
            return tuple(((n + 0.5) / count, text) for n, text in enumerate(self.choices))
        values = self._decades(most) if self.is_log else self._steps(most)
        return tuple((self._share(value), f"{value:.6g}") for value in values)

    def _share(self, value: float) -> float:
        if self.is_log:
            if value <= 0:
                return 0.0
            low, high = math.log(self.low), math.log(self.high)
            return (math.log(value) - low) / (high - low)
        # Halved first, so that the difference of two huge numbers stays finite.
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)

    def _steps(self, most: int) -> list[float]:
        """Multiples of 1, 2 or 5 times a power of ten."""
        span = self.high / 2 - self.low / 2
        power = 10.0 ** math.floor(math.log10(span * 2 / most)) if 1e-290 < span < 1e290 else 0.0
        step = next((f * power for f in (1, 2, 5, 10) if 2 * span / (f * power or 1) <= most), 0.0)
        first = math.ceil(self.low / step - 1e-9) if step else 0
        if not step or not math.isfinite(first):
            return [self.low, self.high]
        found = [(first + n) * step for n in range(most + 1)]
        kept = [value for value in found if value <= self.high + step * 1e-9]
        return [0.0 if abs(value) < step / 1e6 else value for value in kept]

    def _decades(self, most: int) -> list[float]:
        """Powers of ten; with few of them 2 and 5 times these as well."""
        low, high = math.log10(self.low), math.log10(self.high)
        first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
        if last - first < 1:
            multiples = [f * 10.0**n for n in range(first - 1, last + 2) for f in (1, 2, 5)]
            inside = [value for value in multiples if self.low <= value <= self.high]
            return inside if len(inside) > 1 else [self.low, self.high]
        every = max(1, math.ceil((last - first + 1) / most))
        return [10.0**n for n in range(first, last + 1, every)]


def number_axis(label: str, low: float, high: float, *, is_log: bool = False) -> Axis:
    """An axis of numbers with a little room at both ends; one value stands in the middle."""
    low, high = (min(max(end, -_FARTHEST), _FARTHEST) for end in (low, high))
    if is_log and low > 0:
        low, high = (max(end, 1 / _FARTHEST) for end in (low, high))
    if not low < high and is_log and low > 0:
        low, high = low / 2, high * 2
    elif not low < high:
        low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
    if is_log and low > 0:
        room = math.exp(0.04 * (math.log(high) - math.log(low)))
        return Axis(label=label, low=low / room, high=high * room, is_log=True)
    room = (high / 2 - low / 2) * 0.08
    return Axis(label=label, low=low - room, high=high + room)


def axis_of(name: str, trials: Sequence[Trial], space: Mapping[str, Any]) -> Axis:
    """The axis of a parameter: numbers, on a logarithmic scale where the space says so, or choices.

    Args:
        name: Of the parameter.
        trials: Whose values are shown.
        space: As written under `tune.space`; may lack it.
    """
    values = [trial.params[name] for trial in trials if name in trial.params]
    numbers = [float(value) for value in values if is_number(value)]  # type: ignore[arg-type] # as asked
    written = space.get(name)
    if len(numbers) < len(values) or not numbers:
        return Axis(label=name, choices=_choices(values, written))
    ends = _ends(written)
    low, high = min([*numbers, *ends]), max([*numbers, *ends])
    is_log = bool(isinstance(written, dict) and written.get("log"))
    if not ends and low > 0 and high / low >= _LOG_FROM:
        is_log = True
    return number_axis(name, low, high, is_log=is_log and low > 0)


def _ends(written: object) -> list[float]:
    """The ends of a range; none for a list of values."""
    if not isinstance(written, dict):
        return []
    ends = written.get("int") or written.get("float")
    if not isinstance(ends, list | tuple) or not all(map(is_number, ends)):
        return []
    return [float(end) for end in ends]


def _choices(values: Sequence[JsonValue], written: object) -> tuple[str, ...]:
    """Texts in the order of the space, else by the alphabet; many of them end in "others"."""
    listed = written.get("choice") if isinstance(written, dict) else written
    order = list(map(value_text, listed)) if isinstance(listed, list | tuple) else []
    seen = set(map(value_text, values))
    found = [text for text in dict.fromkeys(order) if text in seen]
    found += sorted(seen.difference(found))
    if len(found) > _MOST_CHOICES:
        found = [*found[: _MOST_CHOICES - 1], _OTHERS]
    return tuple(found) or (_OTHERS,)
