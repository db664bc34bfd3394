"""A search at a terminal that shows no pictures: its history and what matters. Pure.

Braille and blocks where the output can show them, ASCII elsewhere and in a pipe: whoever reads a
log in ten years may have no such font.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.core.policy import Goal
from branchline.render.search.facts import best_so_far, facts_of, in_order, usual_range
from branchline.render.table import Cell, Line, Tone, cell, line, visible, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.render.search.facts import Facts, Searched

_HEIGHT = 8
_WIDEST = 72
_FEWEST_COLUMNS = 16
_FEWEST_TRIALS = 3
_BARS = 8
_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the dots of a braille cell, by row and column."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def search_lines(searched: Searched, *, width: int, is_unicode: bool) -> tuple[Line, ...]:
    """The history as a chart, and the parameters that matter as bars.

    Args:
        searched: What a search found.
        width: Columns of the terminal.
        is_unicode: Whether the output shows braille and blocks.

    Returns:
        An empty line before each of the two; nothing for fewer than 3 trials with a value.
    """
    points = best_so_far(searched.trials, searched.goal)
    if len(points) < _FEWEST_TRIALS:
        return ()
    room = min(width - 2, _WIDEST)
    lines = _history(searched, points, room, is_unicode=is_unicode)
    return (*lines, *_importance(facts_of(searched), room, is_unicode=is_unicode))


def _history(
    searched: Searched, points: Sequence[tuple[int, float]], room: int, *, is_unicode: bool
) -> tuple[Line, ...]:
    dots = [
        (trial.number, trial.value)
        for trial in in_order(searched.trials)
        if trial.has_value and trial.value is not None and math.isfinite(trial.value)
    ]
    low, high = usual_range([value for _, value in dots], searched.goal)
    high = high if high > low else low + (abs(low) or 1.0)
    labels = {0: figure(high), _HEIGHT - 1: figure(low)}
    left = max(map(width_of, labels.values()))
    columns = max(_FEWEST_COLUMNS, room - left - 3)
    first, last = points[0][0], in_order(searched.trials)[-1].number
    across, down = (2, 4) if is_unicode else (1, 1)

    def place(number: float, value: float) -> tuple[int, int]:
        x = (number - first) / max(1, last - first) * (columns * across - 1)
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(x), round((1 - share) * (_HEIGHT * down - 1))

    tried = {place(number, value) for number, value in dots}
    best = _stairs([*(place(*point) for point in points), place(last, points[-1][1])])
    dot, way = ("", "") if is_unicode else (".", "#")
    bar, corner, floor = ("│", "└", "─") if is_unicode else ("|", "+", "-")
    way_up = "larger" if searched.goal is Goal.MAXIMIZE else "smaller"
    name = cell(_cut(visible(searched.metric), room // 3), Tone.STRONG)
    heading = (name, cell(f", {way_up} is better", Tone.DIM), *_key(is_unicode=is_unicode))
    lines = [line(), line(*heading)]
    for row in range(_HEIGHT):
        head = f"{labels.get(row, '').rjust(left)} {bar}"
        marks = [_mark(tried, best, row, column, dot, way) for column in range(columns)]
        lines.append(Line(pieces=(cell(head, Tone.DIM), *_joined(marks))))
    ends = f"{first}{f'trial {last}'.rjust(columns - len(str(first)))}"
    lines.append(line(cell(" " * (left + 1) + corner + floor * columns, Tone.DIM)))
    lines.append(line(cell(" " * (left + 2) + ends, Tone.DIM)))
    return tuple(lines)


def _key(*, is_unicode: bool) -> tuple[Cell, ...]:
    way, dot = ("⠤⠤", "⠂") if is_unicode else ("##", ".")
    best = cell(f"  {way} best so far", Tone.GOOD)
    return best, cell(f"  {dot} a trial", Tone.DIM)


def _stairs(corners: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Dots of a line that goes on level and then straight up or down."""
    dots = set(corners)
    for (x, y), (next_x, next_y) in itertools.pairwise(corners):
        dots.update((step, y) for step in range(x, next_x))
        dots.update((next_x, step) for step in range(min(y, next_y), max(y, next_y) + 1))
    return dots


def _mark(
    tried: set[tuple[int, int]],
    best: set[tuple[int, int]],
    row: int,
    column: int,
    dot: str,
    way: str,
) -> Cell:
    """One cell: the line of the best where it passes, else the trials."""
    if way:
        here = (column, row)
        text = way if here in best else dot if here in tried else " "
        return Cell(text=text, tone=Tone.GOOD if here in best else Tone.DIM)
    bits, is_best = 0, False
    for down, across in itertools.product(range(4), range(2)):
        here = (2 * column + across, 4 * row + down)
        if here in best or here in tried:
            bits |= _BRAILLE[down][across]
            is_best = is_best or here in best
    text = chr(0x2800 + bits) if bits else " "
    return Cell(text=text, tone=Tone.GOOD if is_best else Tone.DIM)


def _joined(marks: Sequence[Cell]) -> list[Cell]:
    """Neighbours of one tone as one piece, without blanks at the end."""
    pieces: list[Cell] = []
    for mark in marks:
        if pieces and (pieces[-1].tone is mark.tone or mark.text == " "):
            pieces[-1] = Cell(text=pieces[-1].text + mark.text, tone=pieces[-1].tone)
        else:
            pieces.append(mark)
    if pieces:
        pieces[-1] = Cell(text=pieces[-1].text.rstrip(), tone=pieces[-1].tone)
    return pieces


def _importance(facts: Facts, room: int, *, is_unicode: bool) -> tuple[Line, ...]:
    made = facts.importance
    if made.problem:
        words = f"Which parameter matters {made.problem}."
        return (line(), line(cell(words, Tone.DIM)))
    shown = made.shares[:_BARS]
    names = [_cut(visible(share.parameter), max(8, room // 3)) for share in shown]
    left = max(map(width_of, [*names, "none alone"]))
    longest = max(8, room - left - 8)
    rows = [*zip(names, (share.share for share in shown), strict=True)]
    others = sum(share.share for share in made.shares[_BARS:])
    rows += [("others", others)] if others else []
    lines = [line(), line(cell("what matters", Tone.STRONG), _of(made.trials))]
    for name, share in [*rows, ("none alone", made.rest)]:
        tone = Tone.DIM if name == "none alone" else Tone.PLAIN
        bar = _bar(share, longest, is_unicode=is_unicode)
        gap = " " * (left - width_of(name))
        lines.append(line(cell(f"{name}{gap}  {share:>4.0%}  {bar}".rstrip(), tone)))
    return tuple(lines)


def _of(trials: int) -> Cell:
    return cell(f"  share of the variance of the ranks of {trials:,} trials", Tone.DIM)


def _bar(share: float, longest: int, *, is_unicode: bool) -> str:
    if not is_unicode:
        return "#" * round(share * longest)
    whole, rest = divmod(round(share * longest * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}~"
