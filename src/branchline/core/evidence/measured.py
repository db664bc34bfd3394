"""Numbers that Branchline itself or a test measured, and their JSON. Serves `evidence`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

_NAME_AT_MOST = 300
_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number that Branchline or a test measured; `gate.metrics` may name it.

    Attributes:
        name: `latency.p95_ms`, `model.size_bytes`.
        value: The number, finite or not.
        baseline: The champion's, measured side by side; None where it was not.
        source: The test that measured it; "" for Branchline itself.
    """

    name: str
    value: float
    baseline: float | None = None
    source: str = ""


def measured_to_json(item: Measured) -> dict[str, JsonValue]:
    """A measured number as plain JSON values."""
    return {
        "name": item.name,
        "value": finite_or_name(item.value),
        "baseline": None if item.baseline is None else finite_or_name(item.baseline),
        "source": item.source,
    }


def measured_from_json(value: object, *, source: str | None = None) -> Measured:
    """The number that `measured_to_json`, or a test, wrote.

    Args:
        value: What `json.loads` gave.
        source: The test that wrote it; None takes what it says.

    Raises:
        KeyError, TypeError: It is none.
    """
    if not isinstance(value, dict):
        raise TypeError("a measured number is no mapping")
    fields: Mapping[str, object] = value
    name, baseline = fields["name"], fields.get("baseline")
    if not isinstance(name, str):
        raise TypeError("the name of a measured number is no text")
    return Measured(
        name=name[:_NAME_AT_MOST],
        value=number_of(fields["value"]),
        baseline=None if baseline is None else number_of(baseline),
        source=str(fields.get("source", "")) if source is None else source,
    )


def number_of(value: object) -> float:
    """A number, or the name of one that JSON lacks.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(value, str) and value in _NUMBERS:
        return _NUMBERS[value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise TypeError("no number")


def finite_or_name(value: float) -> JsonValue:
    """A number as JSON has it; "nan", "inf" or "-inf" where it has none."""
    return value if math.isfinite(value) else repr(value)
