"""Bars of a first gate, from the metrics that a project leaves. Serves `init`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.directions import goal_of, is_share, natural_goal
from branchline.core.policy import Goal, MetricRule
from branchline.flows.init.guess import About, Certainty, Question

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from branchline.flows.init.guess import Look

__all__ = ["MOST_OF_SHARES", "Named", "bars_of_files", "bars_of_names"]

_MOST_BARS = 3
_POINT = 0.01  # one point of a share: small enough to matter, large enough for most test sets
_RELATIVE = 0.05
_AVERAGES = ("macro_avg.", "weighted_avg.")
_NEITHER = "neither"
_LEARNED_FROM = ("train", "training", "tr", "fit")
# How long it took depends on the machine, and moves by more than any bar: judged by those who ask.
_TIMES = ("runtime", "seconds", "duration", "elapsed", "time")
_PERCENT = re.compile(r"(?i)(?<![a-z])(?:pct|percent|perc)(?![a-z])")
MOST_OF_SHARES = 1.5
"""What is called a share and has a larger value is written in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A metric that is known by its name.

    Attributes:
        name: As it will be read.
        where: `file:line`.
        is_percent: Whether its values are in percent: 93.3 and not 0.933.
    """

    name: str
    where: str
    is_percent: bool = False


def bars_of_files(
    paths: Sequence[str], look: Look, certainty: Certainty = Certainty.DECLARED
) -> tuple[MetricRule, ...]:
    """Bars for the numbers in metrics files that are there already.

    Raises:
        DocumentError: A file cannot be read.
    """
    names: list[Named] = []
    for path in dict.fromkeys(paths):
        read = look.view.document(path)
        if read is None:
            continue
        names += [
            Named(name=name, where=read.where(keys), is_percent=abs(value) > MOST_OF_SHARES)
            for keys, value in _numbers(read.value, ())
            for name in [".".join(keys)]
        ]
    return bars_of_names(names, look, certainty)


def bars_of_names(
    names: Sequence[Named], look: Look, certainty: Certainty
) -> tuple[MetricRule, ...]:
    """Bars for metrics whose names tell which way is better, at most three.

    What is measured on the training data, and how long something took, judges nothing where
    anything else is measured; where no name tells which way is better, it is asked.

    Args:
        names: The metrics.
        look: Gets a guess for each bar, and a remark for each metric without one.
        certainty: How sure it is that these are the metrics.
    """
    bars: list[MetricRule] = []
    silent = []
    once = {item.name: item for item in reversed(names)}
    for name in sorted(_without_classes(dict.fromkeys(n.name for n in names)), key=_is_aside):
        goal = natural_goal(name) or goal_of(name)
        if goal is None:
            silent.append(name)
        elif len(bars) < _MOST_BARS and not (bars and _is_aside(name)):
            better = "higher" if goal is Goal.MAXIMIZE else "lower"
            sentence = f"metric {name}: {better} is better, by its name"
            look.saw_at(About.METRICS, sentence, certainty, once[name].where)
            bars.append(_bar(once[name], goal))
    if silent and not bars:
        return _asked(silent[0], once[silent[0]].where, look)
    if silent:
        look.unknowns.append(
            f"Which way is better for {', '.join(silent[:6])}: names do not tell; "
            "add those that matter under `gate:`."
        )
    return tuple(bars)


def _asked(name: str, where: str, look: Look) -> tuple[MetricRule, ...]:
    """The bar for the only metric there is, once somebody said which way is better."""
    answer = look.choose(
        Question(
            key=f"goal.{name}",
            text=f"Which way is {name} ({where}) better?",
            answers=("maximize", "minimize", _NEITHER),
            safe=_NEITHER,
            told=f"Which way is better for {name}: its name does not tell, so nothing is judged by "
            f"it; write `gate: {{metrics: {{{name}: {{goal: minimize, max_regression: 0.01}}}}}}` "
            "or the like.",
        )
    )
    if answer == _NEITHER:
        return ()
    goal = Goal(answer)
    look.saw_at(About.METRICS, f"metric {name}: {answer}, you said", Certainty.DECLARED, where)
    return (MetricRule(name=name, goal=goal, max_relative_regression=_RELATIVE),)


def _without_classes(names: Collection[str]) -> list[str]:
    """Leave out the rows of single classes where their average is there, too."""
    known = set(names)
    averaged = {n.partition(".")[2] for n in known if n.startswith(_AVERAGES)}
    return [
        name
        for name in names
        if name.startswith(_AVERAGES) or name.partition(".")[2] not in averaged
    ]


def _is_aside(name: str) -> bool:
    """Whether a metric is one of the training data, or a time."""
    words = name.lower().replace("-", "_").replace("/", "_").replace(".", "_").split("_")
    return any(word in _LEARNED_FROM or word in _TIMES for word in words)


def _bar(item: Named, goal: Goal) -> MetricRule:
    """One point of a share may be lost, in its own unit; of anything else a twentieth."""
    if is_share(item.name):
        is_percent = item.is_percent or bool(_PERCENT.search(item.name))
        point = 100 * _POINT if is_percent else _POINT
        return MetricRule(name=item.name, goal=goal, max_regression=point)
    return MetricRule(name=item.name, goal=goal, max_relative_regression=_RELATIVE)


def _numbers(value: object, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Path and value of the numbers in a metrics file."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, (*keys, str(key)))
    elif isinstance(value, int | float) and not isinstance(value, bool) and keys:
        yield keys, value
