"""Charts of a whole search: its history, its learning curves, what matters, its front. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.evidence.front import is_comparable
from branchline.core.policy import Goal
from branchline.core.run.trials import TrialState
from branchline.render import svg
from branchline.render.axis import number_axis
from branchline.render.page import escaped
from branchline.render.search.facts import best_so_far, brief, good_ones, in_order, usual_range
from branchline.render.trials import change_words, number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.run.trials import Trial
    from branchline.render.axis import Axis
    from branchline.render.search.facts import Facts, Searched
    from branchline.render.svg import Point

_BOX = svg.Box(width=460, height=270)
_MOST_TITLES = 400
_MOST_POINTS = 1_000
_MOST_CURVES = 40
_MOST_STEPS = 60
_MOST_BARS = 15


def value_axis(searched: Searched) -> Axis:
    """The axis of the objective, without what lies far off on the worse side."""
    whole = [trial for trial in searched.trials if trial.has_value]
    values = [trial.value for trial in whole if trial.value is not None]
    return number_axis(searched.metric, *usual_range(values, searched.goal))


def has_number(trial: Trial) -> bool:
    """Whether a trial can be drawn: it has a finite value, also one that was stopped early."""
    return trial.value is not None and math.isfinite(trial.value)


def thinned(trials: Sequence[Trial], most: int, kept: frozenset[int]) -> list[Trial]:
    """A regular choice of trials, and all whose numbers are to be kept."""
    every = max(1, math.ceil(len(trials) / most))
    return [t for place, t in enumerate(trials) if place % every == 0 or t.number in kept]


def history(searched: Searched, facts: Facts) -> str:
    """Each trial by its number, and the best value so far; "" without any value."""
    points = best_so_far(searched.trials, searched.goal)
    if not points:
        return ""
    trials = in_order(searched.trials)
    x = number_axis("trial", trials[0].number, trials[-1].number)
    y = value_axis(searched)
    lines = [_BOX.at(x.share(n), y.share(value)) for n, value in points]
    lines.append(_BOX.at(x.share(trials[-1].number), y.share(points[-1][1])))
    shown = thinned(trials, _MOST_POINTS, good_ones(searched.trials))
    parts = [
        *svg.frame(_BOX, x, y),
        *_tried(shown, searched, x, y),
        svg.path("way", _stairs(lines)),
    ]
    parts += notable(facts, lambda t: _BOX.at(x.share(t.number), y.share(t.value)))
    said = f"{len(trials)} trials; the best so far goes from {number_text(points[0][1])}"
    title = f"History of {searched.metric}"
    picture = svg.chart(_BOX, title, f"{said} to {number_text(points[-1][1])}", parts)
    beyond = sum(
        not y.low <= trial.value <= y.high
        for trial in searched.trials
        if trial.has_value and trial.value is not None
    )
    words = f"{beyond} lie{'s' * (beyond == 1)} beyond and stand{'s' * (beyond == 1)} at the edge."
    note = f'<p class="dim">{words}</p>' if beyond else ""
    return picture + svg.key(_history_key(trials, facts)) + note


def _tried(shown: Sequence[Trial], searched: Searched, x: Axis, y: Axis) -> list[str]:
    """Dots, triangles where a trial was stopped early, crosses at the bottom for the others."""
    whole = [trial for trial in shown if trial.has_value and has_number(trial)]
    cut = [t for t in shown if t.state is TrialState.PRUNED and has_number(t)]
    drawn = {trial.number for trial in (*whole, *cut)}
    lost = [trial for trial in shown if trial.number not in drawn]

    def place(trial: Trial) -> Point:
        return _BOX.at(x.share(trial.number), y.share(trial.value))

    if len(whole) <= _MOST_TITLES:
        marks = [
            svg.path("dot", svg.dots([place(t)]), title=_title(t, searched.metric)) for t in whole
        ]
    else:
        marks = [svg.path("dot", svg.dots(map(place, whole)))]
    bottom = [(_BOX.x(x.share(trial.number)), _BOX.y(0) - 5) for trial in lost]
    return [
        *marks,
        svg.path("cut", svg.triangles(map(place, cut))),
        svg.path("cross", svg.crosses(bottom)),
    ]


def _title(trial: Trial, metric: str) -> str:
    words = ", ".join(f"{name} {brief(value)}" for name, value in trial.params.items())
    return svg.cut(f"trial {trial.number}: {metric} {number_text(trial.value)}; {words}", 160)


def notable(facts: Facts, place: Callable[[Trial], Point]) -> list[str]:
    """The trial of the values that were set, and the best one above it."""
    best, current = facts.best, facts.current
    parts = []
    if current is not None and current.has_value and has_number(current):
        parts.append(svg.path("set", svg.squares([place(current)])))
    if best is not None and has_number(best):
        parts.append(svg.path("star", svg.stars([place(best)])))
    return parts


def _history_key(trials: Sequence[Trial], facts: Facts) -> list[tuple[str, str, str]]:
    states = {trial.state for trial in trials}
    marks = [("dot", "dot", "a trial"), ("way", "line", "best so far"), STAR]
    if facts.current is not None:
        marks.append(SET)
    if TrialState.PRUNED in states:
        marks.append(("cut", svg.triangles([(8, 6)]), "stopped early"))
    if states & {TrialState.FAILED, TrialState.REFUSED}:
        marks.append(("cross", svg.crosses([(8, 6)]), "without a value"))
    return marks


STAR = ("star", "M8 0l1.5 4.5l4.5 1.5l-4.5 1.5l-1.5 4.5l-1.5 -4.5l-4.5 -1.5l4.5 -1.5z", "the best")
SET = ("set", "M4 2h8v8h-8z", "as it was")


def _stairs(points: Sequence[Point]) -> str:
    """Level, then straight up or down."""
    (x, y), *rest = points
    return f"M{x:.1f} {y:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in rest)


def curves(searched: Searched, facts: Facts) -> str:
    """What trials reported step by step; "" when none did."""
    told = [trial for trial in searched.trials if len(trial.steps) > 1]
    if not told:
        return ""
    kept = frozenset(trial.number for trial in told[:5])
    shown = thinned(told, _MOST_CURVES - len(kept), kept)
    steps = [step for trial in shown for step, _ in trial.steps]
    values = [value for trial in shown for _, value in trial.steps]
    x = number_axis("step", min(steps), max(steps))
    y = number_axis(searched.metric, *usual_range(values, searched.goal))
    by_kind: dict[str, list[str]] = {"thin": [], "dash": [], "way": []}
    for trial in shown:
        every = max(1, math.ceil(len(trial.steps) / _MOST_STEPS))
        some = [*trial.steps[:-1:every], trial.steps[-1]]
        line = [_BOX.at(x.share(s), y.share(v)) for s, v in some if math.isfinite(v)]
        kind = "dash" if trial.state is TrialState.PRUNED else "thin"
        by_kind["way" if trial is facts.best else kind].append(svg.polyline(line))
    parts = [*svg.frame(_BOX, x, y), *(svg.path(kind, "".join(d)) for kind, d in by_kind.items())]
    said = f"{len(shown)} of {len(told)} trials that reported steps, the best one thick"
    marks = [("way", "line", "the best"), ("thin", "line", "a trial")]
    marks += [("dash", "line", "stopped early")] if by_kind["dash"] else []
    note = f"<p class=dim>{len(shown)} of {len(told)} trials.</p>" if len(shown) < len(told) else ""
    title = f"Learning curves of {searched.metric}"
    return svg.chart(_BOX, title, said, parts) + svg.key(marks) + note


def importance(facts: Facts) -> str:
    """What each parameter explains as bars, or that nobody can tell."""
    made = facts.importance
    if made.problem:
        return f"<p>Which parameter matters {escaped(made.problem)}.</p>"
    rows = [(f"<code>{escaped(svg.cut(s.parameter, 40))}</code>", s.share) for s in made.shares]
    others = sum(share for _, share in rows[_MOST_BARS:])
    rows = rows[:_MOST_BARS] + ([(f"{len(rows) - _MOST_BARS} others", others)] if others else [])
    lines = "\n".join(
        f"<tr><th scope=row>{name}</th><td class=right>{share:.0%}</td><td class=rod>"
        f'<div style="width:{100 * min(1.0, share):.1f}%"></div></td></tr>'
        for name, share in [*rows, ("<span class=dim>none alone</span>", made.rest)]
    )
    note = f"Share of the variance of the ranks of {made.trials:,} trials that each explains alone."
    return f'<table class="rods">\n{lines}\n</table>\n<p class="dim">{note}</p>'


def fronts(searched: Searched, facts: Facts) -> list[tuple[str, str]]:
    """(title, chart) of the first objective against each other one; none with one objective."""
    names = searched.objectives
    whole = [trial for trial in searched.trials if is_comparable(trial, len(names))]
    found = []
    for place in range(1, len(names)) if whole else ():
        title = f"{names[0][0]} against {names[place][0]}"
        found.append((title, _front(searched, facts, whole, place)))
    return found


def _front(searched: Searched, facts: Facts, whole: Sequence[Trial], place: int) -> str:
    axes = []
    for index in (0, place):
        name, goal = searched.objectives[index]
        better = "larger" if goal is Goal.MAXIMIZE else "smaller"
        ends = usual_range([trial.objectives[index] for trial in whole], goal)
        axes.append(number_axis(f"{name}, {better} is better", *ends))
    x, y = axes

    def at(trial: Trial) -> Point:
        return _BOX.at(x.share(trial.objectives[0]), y.share(trial.objectives[place]))

    front = sorted(
        (trial for trial in whole if trial.number in facts.front),
        key=lambda trial: (trial.objectives[0], trial.objectives[place]),
    )
    is_left = searched.objectives[0][1] is Goal.MAXIMIZE
    line = ""
    if len(searched.objectives) == 2 and front:
        start, *rest = map(at, front)
        line = f"M{start[0]:.1f} {start[1]:.1f}" + "".join(
            # The corner is what one of the two neighbours reaches in each objective at worst.
            f"V{b:.1f}H{a:.1f}" if is_left else f"H{a:.1f}V{b:.1f}"
            for a, b in rest
        )
    shown = thinned(whole, _MOST_POINTS, facts.front)
    others = [at(trial) for trial in shown if trial.number not in facts.front]
    parts = [*svg.frame(_BOX, x, y), svg.path("dot", svg.dots(others)), svg.path("way", line)]
    parts += [svg.path("node", svg.dots([at(t)]), title=_title(t, searched.metric)) for t in front]
    if facts.current is not None and facts.current in whole:
        parts.append(svg.path("set", svg.squares([at(facts.current)])))
    said = f"{len(whole)} trials, {len(front)} of which no other one beats"
    title = f"{searched.objectives[0][0]} against {searched.objectives[place][0]}"
    label = svg.text_at(6, 11, svg.cut(y.label, 40), anchor="start")
    marks = [("dot", "dot", "a trial"), ("node", "dot", "beaten by none")]
    marks += [SET] if facts.current is not None else []
    return svg.chart(_BOX, title, said, [*parts, label]) + svg.key(marks)


def changes(searched: Searched, facts: Facts) -> str:
    """What the best changes, in words; "" when nothing or nobody knows."""
    if facts.best is None or not searched.current:
        return ""
    return change_words(searched.current, facts.best.params)
