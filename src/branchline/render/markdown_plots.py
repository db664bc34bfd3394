"""Plots in a Markdown report, drawn by the forge itself: Mermaid charts and tables. Pure.

A private repository shows them without any other host; images are named only, because a comment
cannot hold one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.render.plots import curves_mermaid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.render.drawing import Drawing

    _Code = Callable[[str], str]

_MOST_PLOTS = 12
_MOST_CLASSES = 12
_MOST_BARS = 20


def plots_section(drawings: Sequence[Drawing], code: _Code) -> str:
    """The section "Plots"; "" when there are none.

    Args:
        drawings: What to show, in order.
        code: Makes a text from outside safe (`markdown.code`).
    """
    if not drawings:
        return ""
    parts = ["### Plots"]
    for drawing in drawings[:_MOST_PLOTS]:
        parts.append(f"**{code(drawing.title)}**")
        parts.append(_body(drawing, code))
    if len(drawings) > _MOST_PLOTS:
        parts.append(f"{len(drawings) - _MOST_PLOTS} more: `branchline report --html FILE`.")
    return "\n\n".join(part for part in parts if part)


def _body(drawing: Drawing, code: _Code) -> str:
    if drawing.problem:
        return f"{code(drawing.path)} is not drawn: {code(drawing.problem)}"
    if drawing.labels:
        return _confusion(drawing, code)
    if drawing.bars:
        rows = [[code(label), figure(value)] for label, value in drawing.bars[:_MOST_BARS]]
        return _table(["", code(drawing.x_label)], rows)
    chart = ""
    if not drawing.is_scatter:
        chart = curves_mermaid(drawing.curves, title=drawing.title, x_label=drawing.x_label)
    if not chart:
        return f"{code(drawing.path)} is drawn by `branchline report --html FILE`."
    if len(drawing.curves) == 1:
        return chart
    names = ", ".join(code(curve.name) for curve in drawing.curves)
    return f"{chart}\n\nThe lines, in this order: {names}."


def _confusion(drawing: Drawing, code: _Code) -> str:
    """A table: rows are what was true, columns what was predicted."""
    shown = drawing.labels[:_MOST_CLASSES]
    rows = [
        [code(label), *(f"{count:,}" for count in row[: len(shown)])]
        for label, row in zip(shown, drawing.counts, strict=False)
    ]
    table = _table(["actual / predicted", *map(code, shown)], rows)
    more = len(drawing.labels) - len(shown)
    return f"{table}\n\n{more} more classes: `branchline report --html FILE`." if more else table


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = ["---", *["---:"] * (len(heads) - 1)]
    lines = [heads, marks, *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
