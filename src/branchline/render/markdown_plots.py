"""Plots in a Markdown report, drawn by the forge itself: Mermaid charts, sparklines, tables. Pure.

A private repository shows them without any other host; images are named only, because a comment
cannot hold one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.core.evidence.steps.values import STEP_NAMES
from branchline.render.plots import curves_mermaid, have_one_span
from branchline.render.safe_markdown import code, sentence, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.render.drawing import Drawing
    from branchline.render.plots import Curve

_MOST_PLOTS = 12
_MOST_CLASSES = 12
_MOST_BARS = 20
_MOST_LINES = 6
_MOST_ROWS = 10
_MOST_COLUMNS = 6
_WIDTH = 24
_LEVELS = "▁▂▃▄▅▆▇█"


def plot_blocks(drawings: Sequence[Drawing]) -> list[str]:
    """The section "Plots" as blocks, each of which may be left out; none without drawings.

    Args:
        drawings: What to show, in order.
    """
    if not drawings:
        return []
    parts = []
    for number, drawing in enumerate(drawings[:_MOST_PLOTS]):
        heading = "" if number else "### Plots\n\n"
        note = f"\n\n{sentence(drawing.note)}" if drawing.note else ""
        parts.append(f"{heading}**{code(drawing.title)}**\n\n{_body(drawing)}{note}")
    if len(drawings) > _MOST_PLOTS:
        parts.append(f"{len(drawings) - _MOST_PLOTS:,} more: `branchline report --html FILE`.")
    return parts


def _body(drawing: Drawing) -> str:
    if drawing.labels:
        return _confusion(drawing)
    if drawing.bars:
        rows = [[code(label), _bar(value, drawing), figure(value)]
                for label, value in drawing.bars[:_MOST_BARS]]  # fmt: skip
        label = code(drawing.x_label) if drawing.x_label else "size"
        return table(["name", label, "value"], rows, [False, False, True])
    if drawing.curves:
        return _curves(drawing)
    if drawing.rows:
        heads = [code(head) for head in drawing.heads[:_MOST_COLUMNS]]
        cells = [[code(text) for text in row[:_MOST_COLUMNS]] for row in drawing.rows[:_MOST_ROWS]]
        shown = table(heads, cells, [False] * len(heads))
        return f"{code(drawing.path)}: {code(drawing.problem)}\n\n{shown}"
    if drawing.problem:
        return f"{code(drawing.path)} is not drawn: {code(drawing.problem)}"
    return f"{code(drawing.path)} is drawn by `branchline report --html FILE`."


def _curves(drawing: Drawing) -> str:
    shown = drawing.curves[:_MOST_LINES]
    chart = ""
    if not drawing.is_scatter:
        chart = curves_mermaid(shown, title=drawing.title, x_label=drawing.x_label)
    rows = [
        [code(curve.name), line, *_ends(curve)] for curve in shown if (line := sparkline(curve))
    ]
    # The course over time says something in one line; that of a ROC curve does not.
    is_course = drawing.x_label in ("", *STEP_NAMES) or not chart
    lines = ""
    if chart and not is_course and len(shown) > 1:
        lines = f"The lines, in this order: {', '.join(code(curve.name) for curve in shown)}."
    if rows and is_course and not drawing.is_scatter:
        heads = ["line", "course", "first", "last", "lowest", "highest"]
        lines = table(heads, rows, [False, False, True, True, True, True])
    if not chart and not lines:
        return f"{code(drawing.path)} is drawn by `branchline report --html FILE`."
    if chart and not have_one_span(shown):
        chart += "\n\nDrawn where all lines have values."
    more = len(drawing.curves) - len(shown)
    rest = f"{more:,} more lines: `branchline report --html FILE`." if more else ""
    return "\n\n".join(filter(None, [chart, lines, rest]))


def _ends(curve: Curve) -> list[str]:
    ys = [y for x, y in curve.points if math.isfinite(x) and math.isfinite(y)]
    return [figure(value) for value in (ys[0], ys[-1], min(ys), max(ys))]


def sparkline(curve: Curve, *, width: int = _WIDTH) -> str:
    """The course of a curve in one line of blocks, at equal steps of its points.

    >>> from branchline.render.plots import Curve
    >>> sparkline(Curve(name="a", points=((0, 0.0), (1, 1.0), (2, 0.5))))
    '▁█▅'
    """
    ys = [y for x, y in curve.points if math.isfinite(x) and math.isfinite(y)]
    if not ys:
        return ""
    if len(ys) > width:
        ys = [ys[round(n * (len(ys) - 1) / (width - 1))] for n in range(width)]
    low, high = min(ys), max(ys)
    if not low < high:
        return _LEVELS[3] * len(ys)
    span = high / 2 - low / 2  # Halved, so that the difference of two huge numbers stays finite.
    return "".join(_LEVELS[min(7, round((y / 2 - low / 2) / span * 7))] for y in ys)


def _bar(value: float, drawing: Drawing) -> str:
    widest = max((abs(size) for _, size in drawing.bars), default=0.0)
    blocks = round(abs(value) / widest * 16) if widest else 0
    return ("█" if value >= 0 else "░") * max(1, blocks) if value else ""


def _confusion(drawing: Drawing) -> str:
    """A table: rows are what was true, columns what was predicted."""
    shown = drawing.labels[:_MOST_CLASSES]
    rows = []
    for label, row in zip(shown, drawing.counts, strict=False):
        right = row[drawing.labels.index(label)] / sum(row) if sum(row) else math.nan
        share = f"{right * 100:.1f} %" if math.isfinite(right) else "–"
        rows.append([code(label), *(f"{count:,}" for count in row[: len(shown)]), share])
    heads = ["actual / predicted", *map(code, shown), "found"]
    matrix = table(heads, rows, [False, *[True] * (len(shown) + 1)])
    more = len(drawing.labels) - len(shown)
    return (
        f"{matrix}\n\n{more:,} more classes: `branchline report --html FILE`." if more else matrix
    )
