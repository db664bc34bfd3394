"""Station `run`: what a space of a search has, and which of its parameters count beside others.

Pure. Whoever asks about `when` asks here: samplers, grid, what is taken from other searches.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue


def is_met(written: Any, point: Mapping[str, JsonValue]) -> bool:
    """Whether a parameter counts beside the values of a point: it has no `when`, or it is met.

    >>> rule = {"int": [1, 9], "when": {"kind": ["a", "b"]}}
    >>> is_met(rule, {"kind": "b"}), is_met(rule, {"kind": "c"}), is_met([1, 2], {})
    (True, False, True)
    """
    when = written.get("when") if isinstance(written, dict) else None
    return not when or all(
        point.get(name) in (wanted if isinstance(wanted, list) else [wanted])
        for name, wanted in when.items()
    )


def without_unmet(space: Mapping[str, Any], point: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A point without the parameters that do not count in it.

    What is left out meets no `when` of others, whatever value was drawn for it.

    >>> space = {"a": [1, 2], "b": {"choice": [1], "when": {"a": 1}},
    ...          "c": {"choice": [1], "when": {"b": 1}}}
    >>> without_unmet(space, {"a": 2, "b": 1, "c": 1})
    {'a': 2}
    """
    kept = dict(point)
    while unmet := [name for name in kept if not is_met(space[name], kept)]:
        for name in unmet:
            del kept[name]
    return kept


def fits(space: Mapping[str, Any], params: Mapping[str, JsonValue]) -> bool:
    """Whether a space has a point: each value in its range, and `when` as it is asked for.

    >>> fits({"lr": {"float": [0.1, 1]}}, {"lr": 0.5}), fits({"lr": [0.1]}, {"lr": 0.5})
    (True, False)
    """
    if not set(params) <= set(space):
        return False
    return all(
        (name in params) is is_met(written, params)
        and (name not in params or _holds(written, params[name]))
        for name, written in space.items()
    )


def _holds(written: Any, value: JsonValue) -> bool:
    choices = written if isinstance(written, list | tuple) else [written]
    if isinstance(written, dict):
        choices = written.get("choice", [written["fixed"]] if "fixed" in written else ())
    if choices:
        return any(_is_same(one, value) for one in choices)
    kind = "int" if "int" in written else "float"
    low, high = written[kind]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if not low <= value <= high or (kind == "int" and value != int(value)):
        return False
    step = written.get("step")
    return not step or bool(written.get("log")) or _is_on(value, low, step)


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are one; a yes is no 1."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _is_on(value: float, low: float, step: float) -> bool:
    """Whether a value is a whole number of steps from the beginning; as written, in decimals."""
    first, distance, reached = (Decimal(str(item)) for item in (low, step, value))
    return (reached - first) % distance == 0
