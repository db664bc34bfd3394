"""One number at one step, and what counts as a step or a number in a log. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STEP_NAMES = (
    "step",
    "global_step",
    "epoch",
    "iteration",
    "iter",
    "round",
    "_step",
    "trainer.global_step",
)
"""Columns and keys that say the step, the first that is there wins."""
_MOST_STEP = 2**53
_MOST_NAMES = 1000
_MOST_DEPTH = 8
_WORDS = frozenset({"nan", "inf", "-inf", "infinity", "-infinity", "+inf"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A number that a training reported.

    Attributes:
        step: Epoch, batch or round, >= 0. name: Of the metric, parts joined by dots.
        value: May be NaN or infinite.
    """

    step: int
    name: str
    value: float


def tidy_name(name: str) -> str:
    """A metric's name in the one spelling that is compared.

    >>> tidy_name(" val/auc"), tidy_name("val.auc")
    ('val.auc', 'val.auc')
    """
    return name.strip().replace("/", ".")


def number_of(value: object) -> float | None:
    """A value of a log as a number; None when it is none.

    >>> number_of(1), number_of("NaN"), number_of("0.9"), number_of(True)
    (1.0, nan, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return float(value) if value.strip().lower() in _WORDS else None
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def step_of(value: float | None) -> int | None:
    """A number as a step; None when it is none: negative, with a fraction, too large.

    >>> step_of(3.0), step_of(0.5), step_of(-1.0), step_of(float("inf"))
    (3, None, None, None)
    """
    if value is None or not 0 <= value < _MOST_STEP or value != int(value):
        return None
    return int(value)


def flat_numbers(document: Mapping[object, object]) -> dict[str, float]:
    """The numbers of nested mappings, by names joined with dots; other values are left out."""
    return dict(_numbers(document, "", 0, [_MOST_NAMES]))


def _numbers(
    document: Mapping[object, object], prefix: str, depth: int, left: list[int]
) -> Iterator[tuple[str, float]]:
    for key, value in document.items():
        if left[0] <= 0:
            return
        name = prefix + tidy_name(str(key))
        if isinstance(value, dict) and depth < _MOST_DEPTH:
            yield from _numbers(value, f"{name}.", depth + 1, left)
            continue
        number = number_of(value)
        if number is not None:
            left[0] -= 1
            yield name, number


def steps_of(numbers: Mapping[str, float], *, row: int | None = None) -> list[Step]:
    """The numbers of one report, at the step that one of them says.

    Args:
        numbers: Name -> number.
        row: The step where none of them is one; None: then there is nothing.
    """
    name = next((name for name in STEP_NAMES if name in numbers), None)
    step = row if name is None else step_of(numbers[name])
    if step is None:
        return []
    return [
        Step(step=step, name=name, value=value)
        for name, value in numbers.items()
        if name not in STEP_NAMES
    ]
