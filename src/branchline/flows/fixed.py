"""Parameters of a space that take one value: set in every trial, and not searched. Pure.

Serves `search` and `trials`. A fixed value is a choice of one, so that nothing else need know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue


def as_choice(written: Any) -> Any:
    """What stands under a parameter of `tune.space`; a fixed value as a choice of one.

    >>> as_choice("rf"), as_choice({"fixed": 7, "when": {"kind": "rf"}}), as_choice([1, 2])
    ({'choice': ['rf']}, {'choice': [7], 'when': {'kind': 'rf'}}, [1, 2])
    """
    if isinstance(written, dict) and "fixed" in written:
        rest = {key: item for key, item in written.items() if key != "fixed"}
        return {"choice": [written["fixed"]], **rest}
    return written if isinstance(written, dict | list | tuple) else {"choice": [written]}


def without_set(space: Mapping[str, Any], current: Mapping[str, JsonValue]) -> dict[str, Any]:
    """A space without what is fixed to the value that is set: nothing changes it or shows it.

    A space of nothing else stays. What counts only with another value of such a parameter goes as
    well; where the value is the one that is asked for, the condition goes.

    >>> space = {"kind": {"choice": ["rf"]}, "trees": {"int": [1, 9], "when": {"kind": ["rf"]}}}
    >>> without_set(space, {"kind": "rf"}), without_set(space, {"kind": "gbm"}) == space
    ({'trees': {'int': [1, 9]}}, True)
    """
    found = dict(space)
    while dropped := next((name for name in found if _is_set(found[name], name, current)), None):
        value = current[dropped]
        del found[dropped]
        for name, written in list(found.items()):
            when = written.get("when") if isinstance(written, dict) else None
            if not when or dropped not in when:
                continue
            wanted = when[dropped]
            if value not in (wanted if isinstance(wanted, list) else [wanted]):
                del found[name]
                continue
            found[name] = {key: item for key, item in written.items() if key != "when"}
            rest = {key: item for key, item in when.items() if key != dropped}
            if rest:
                found[name]["when"] = rest
    return found or dict(space)


def _is_set(written: Any, name: str, current: Mapping[str, JsonValue]) -> bool:
    """Whether a parameter has one value, always, and that is set."""
    if not isinstance(written, dict) or written.get("when"):
        return False
    values = written.get("choice", ())
    return len(values) == 1 and name in current and bool(current[name] == values[0])
