"""Charts of the parameters of a search: the objective against each, and all side by side. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.render import svg
from branchline.render.axis import axis_of
from branchline.render.search.charts import SET, STAR, has_number, notable, thinned, value_axis
from branchline.render.search.facts import good_ones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.trials import Trial
    from branchline.render.axis import Axis
    from branchline.render.search.facts import Facts, Searched
    from branchline.render.svg import Point

MOST_SLICES = 12
MOST_AXES = 8
_ON_ONE_LEVEL = 6
_BOX = svg.Box(width=380, height=250)
_POINTS = 400
_LINES, _GOOD = 150, 150
_TOP, _FOOT, _SIDE = 34.0, 40.0, 56.0
_WIDTH, _HEIGHT = 1080.0, 360.0


def slices(searched: Searched, facts: Facts) -> list[tuple[str, str]]:
    """(parameter, chart) of the parameters that vary, the most important first."""
    whole = [trial for trial in searched.trials if trial.has_value and has_number(trial)]
    if not whole:
        return []
    names = facts.varying[:MOST_SLICES]
    return [(name, _slice(name, searched, facts, whole)) for name in names]


def _slice(name: str, searched: Searched, facts: Facts, whole: Sequence[Trial]) -> str:
    held = [trial for trial in whole if name in trial.params]
    x, y = axis_of(name, held or searched.trials, searched.space), value_axis(searched)

    def place(trial: Trial) -> Point:
        share = x.share(trial.params[name], number=trial.number)
        return _BOX.at(share, y.share(trial.value))

    good = good_ones(whole)
    shown = thinned(held, _POINTS, good)
    parts = [
        *svg.frame(_BOX, x, y),
        svg.path("dot", svg.dots(place(t) for t in shown if t.number not in good)),
        svg.path("good", svg.dots(place(t) for t in shown if t.number in good)),
    ]
    marked = _only_with(name, facts)
    parts += notable(marked, place)
    without = len(whole) - len(held)
    said = f"{len(held)} trials" + (f", {without} without it" if without else "")
    title = f"{searched.metric} against {name}"
    note = f'<p class="dim">{without:,} trials do not have it.</p>' if without else ""
    return svg.chart(_BOX, title, said, parts) + note


def _only_with(name: str, facts: Facts) -> Facts:
    best, current = facts.best, facts.current
    return replace(
        facts,
        best=best if best and name in best.params else None,
        current=current if current and name in current.params else None,
    )


def slices_key(facts: Facts) -> str:
    """What their marks mean."""
    marks = [("dot", "dot", "a trial"), ("good", "dot", "one of the best"), STAR]
    return svg.key([*marks, SET] if facts.current is not None else marks)


def parallel(searched: Searched, facts: Facts) -> str:
    """One line a trial over parallel axes, the objective last; "" when there is nothing to see."""
    whole = [trial for trial in searched.trials if trial.has_value and has_number(trial)]
    names = facts.varying[:MOST_AXES]
    if len(names) < 2 or len(whole) < 2:
        return ""
    good = good_ones(whole[:_GOOD])
    shown = thinned(whole, _LINES, good)
    axes = [axis_of(name, whole, searched.space) for name in names] + [value_axis(searched)]
    box = svg.Box(width=_WIDTH, height=_HEIGHT)
    kinds: dict[str, list[str]] = {"thin": [], "fine": [], "set": [], "way": []}
    for trial in reversed(shown):
        kind = "fine" if trial.number in good else "thin"
        kind = "set" if trial is facts.current else "way" if trial is facts.best else kind
        kinds[kind].append(svg.polyline(_line(trial, names, axes)))
    parts = [svg.path(kind, "".join(lines)) for kind, lines in kinds.items()]
    for place, axis in enumerate(axes):
        # Names stand on two levels where they would run into each other.
        height = 11 if place % 2 and len(axes) > _ON_ONE_LEVEL else 25
        parts.append(_scale(axis, _x(place, len(axes)), height))
    parts += [
        svg.text_at(_x(place, len(axes)) + 6, _below() + 4, "without", anchor="start", kind="h")
        for place, name in enumerate(names)
        if any(name not in trial.params for trial in shown)
    ]
    said = f"{len(shown)} of {len(whole)} trials as lines over {', '.join(names)}"
    marks = [("way", "line", "the best"), ("fine", "line", "one of the best")]
    marks += [("thin", "line", "a trial")]
    marks += [("set", "line", "as it was")] if kinds["set"] else []
    picture = svg.chart(box, "Parallel coordinates", said, parts)
    return f'<div class="wide"><div class="across">{picture}</div></div>{svg.key(marks)}'


def _x(place: int, axes: int) -> float:
    return _SIDE + (_WIDTH - 2 * _SIDE) / (axes - 1) * place


def _below() -> float:
    return _HEIGHT - _FOOT + 22


def _y(share: float) -> float:
    return _HEIGHT - _FOOT - share * (_HEIGHT - _TOP - _FOOT)


def _line(trial: Trial, names: Sequence[str], axes: Sequence[Axis]) -> list[Point]:
    """Where a trial meets the axes; below the axis of a parameter that it does not have."""
    points = []
    for place, (name, axis) in enumerate(zip(names, axes, strict=False)):
        has_it = name in trial.params
        height = _y(axis.middle(trial.params[name])) if has_it else _below()
        points.append((_x(place, len(axes)), height))
    return [*points, (_x(len(names), len(axes)), _y(axes[-1].share(trial.value)))]


def _scale(axis: Axis, x: float, height: float) -> str:
    parts = [svg.path("edge", f"M{x:.1f} {_y(0):.1f}V{_y(1):.1f}")]
    parts.append(svg.text_at(x, height, svg.cut(axis.label, 20)))
    for share, text in axis.ticks(4):
        parts.append(svg.path("edge", f"M{x - 3:.1f} {_y(share):.1f}h6"))
        parts.append(svg.text_at(x + 6, _y(share) + 4, svg.cut(text, 12), anchor="start", kind="h"))
    return "\n".join(parts)
