"""Bars of a first gate, from the metrics that a project writes. Serves `init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.directions import goal_of, is_share
from branchline.core.policy import Goal, MetricRule
from branchline.flows.init.look import document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from branchline.flows.init.look import Look
    from branchline.ports.tree import Tree

__all__ = ["bars_of_files", "bars_of_names"]

_MOST_BARS = 4
_POINT = 0.01  # one point of a share: small enough to matter, large enough for most test sets
_RELATIVE = 0.05


def bars_of_files(tree: Tree, paths: Sequence[str], look: Look) -> tuple[MetricRule, ...]:
    """Bars for the numbers in metrics files that are there already.

    Raises:
        DocumentError: A file cannot be read.
    """
    names: list[tuple[str, str]] = []
    for path in dict.fromkeys(paths):
        read = document(tree, path)
        if read is None:
            continue
        names += [(".".join(keys), read.where(keys)) for keys in _numbers(read.value, ())]
    return bars_of_names(names, look)


def bars_of_names(names: Sequence[tuple[str, str]], look: Look) -> tuple[MetricRule, ...]:
    """Bars for metrics whose names tell which way is better, at most four.

    Args:
        names: Name and `file:line` of each metric.
        look: Gets a clue for each bar, and a remark for each metric without one.
    """
    bars: list[MetricRule] = []
    silent = []
    for name, where in names:
        goal = goal_of(name)
        if goal is None:
            silent.append(name)
        elif len(bars) < _MOST_BARS:
            better = "higher" if goal is Goal.MAXIMIZE else "lower"
            look.saw(f"metric {name}: {better} is better, by its name", where)
            bars.append(_bar(name, goal))
    if silent:
        look.unknowns.append(
            f"Which way is better for {', '.join(silent[:6])}: names do not tell; "
            "add those that matter under `gate:`."
        )
    return tuple(bars)


def _bar(name: str, goal: Goal) -> MetricRule:
    if is_share(name):
        return MetricRule(name=name, goal=goal, max_regression=_POINT)
    return MetricRule(name=name, goal=goal, max_relative_regression=_RELATIVE)


def _numbers(value: object, keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths of the numbers in a metrics file."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, (*keys, str(key)))
    elif isinstance(value, int | float) and not isinstance(value, bool) and keys:
        yield keys
