"""The checks of branchline.yaml as facts: matrices, runners, commands, all checked."""

from __future__ import annotations

import math
import re
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from branchline.core.plan.ci_machines import MOST_LEGS, most_minutes, small_labels
from branchline.generate.workflows.limits import command_of, labels_of, wrong
from branchline.generate.workflows.values import CheckFacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Policy

_Axes: TypeAlias = "Sequence[tuple[str, tuple[str, ...]]]"
_MOST_COUNTED = 100_000


def checks_of(policy: Policy) -> tuple[CheckFacts, ...]:
    """The checks that the policy of a model declares.

    Raises:
        ConfigError: GitHub would refuse a matrix, a runner or a command, or do something else.
    """
    from branchline.config.units import seconds_of

    checks: Any = policy.sections.get("checks") or ()
    made = []
    for number, check in enumerate(checks):
        key = f"checks.{number}"
        labels = check.get("runs_on") or small_labels(policy)
        matrix = check.get("matrix") or {}
        axes = tuple(
            (name, tuple(_axis_text(value, f"{key}.matrix.{name}") for value in values))
            for name, values in matrix.items()
        )
        exclude = _exclude(check.get("exclude") or (), axes, f"{key}.exclude")
        _check_axes(axes, exclude, f"{key}.matrix")
        seconds = seconds_of(check.get("timeout")) or 1800.0
        made.append(
            CheckFacts(
                name=check["name"],
                run=command_of(check["run"], f"{key}.run"),
                axes=axes,
                exclude=exclude,
                runs_on=labels_of(labels, f"{key}.runs_on"),
                is_beside=check.get("when") == "beside",
                minutes=min(max(1, math.ceil(seconds / 60)), most_minutes(labels)),
            )
        )
    return tuple(made)


def _axis_text(value: Any, key: str) -> str:
    if isinstance(value, float):
        raise wrong(
            key, f"holds the number {value}; 3.10 is read as 3.1", "Quote it, e.g. '3.10'."
        )  # fmt: skip
    return str(value).lower() if isinstance(value, bool) else str(value)


def _exclude(
    left_out: Sequence[Mapping[str, Any]], axes: _Axes, key: str
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Combinations that are not run; each must leave something out, or it is a slip."""
    known = dict(axes)
    made = []
    for number, one in enumerate(left_out):
        place = f"{key}.{number}"
        pairs = tuple((name, _axis_text(value, f"{place}.{name}")) for name, value in one.items())
        for name, value in pairs:
            if value not in known.get(name, ()):
                there = ", ".join(known.get(name, ())) or ", ".join(known) or "no matrix"
                raise wrong(
                    f"{place}.{name}", f"is `{value}`, which the matrix does not have",
                    f"Take it out, or write one of: {there}.",
                )  # fmt: skip
        made.append(pairs)
    return tuple(made)


def _legs(axes: _Axes, exclude: Sequence[tuple[tuple[str, str], ...]]) -> int:
    """How many combinations are left."""
    count = math.prod(len(values) for _, values in axes)
    if not exclude or count > _MOST_COUNTED:
        return count
    names = [name for name, _ in axes]
    combinations = (
        dict(zip(names, values, strict=True)) for values in product(*(v for _, v in axes))
    )
    return sum(
        not any(all(leg[name] == value for name, value in one) for one in exclude)
        for leg in combinations
    )


def _check_axes(axes: _Axes, exclude: Sequence[tuple[tuple[str, str], ...]], key: str) -> None:
    for name, values in axes:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name in ("include", "exclude"):
            raise wrong(f"{key}.{name}", "is no name of a variable", "Use letters, digits and `_`.")
        for value in values:
            if "${{" in value or not value.isprintable():
                raise wrong(f"{key}.{name}", f"is {value!r}", "Write a plain value.")
    if len({name.upper() for name, _ in axes}) < len(axes):
        raise wrong(key, "has a name twice, in other letters", "Give each another name.")
    legs = _legs(axes, exclude)
    if not legs:
        raise wrong(key, "leaves no combination to run", "Take values out of `exclude`.")
    if legs > MOST_LEGS:
        raise wrong(
            key, f"makes {legs} jobs, GitHub's limit is {MOST_LEGS}", "Take values or names out."
        )
