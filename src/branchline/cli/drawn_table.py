"""A table as rich draws it on a terminal, fitted to its width. Imported only where one is drawn.

Columns that are kept are neither cut nor wrapped while others can give way; the text of one that
would become a narrow tower stands below its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from branchline.render.table import Align, visible, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from branchline.render.table import Cell, Column, Table

__all__ = ["drawn"]

_STYLES = {"strong": "bold", "dim": "dim", "good": "green", "bad": "red", "unsure": "yellow"}
_GAP = 2
_NARROWEST = 8
"""Columns below which no column is made to give way."""
_TOWER = 36
"""A text of sentences that gets fewer columns stands below its row."""
_INDENT = 5


def drawn(table: Table, width: int) -> Iterator[RenderableType]:
    """What to print one after the other.

    Args:
        table: What to draw.
        width: Columns of the terminal.
    """
    if table.title:
        yield Text(table.title, style="bold")
    below = _below(table, width)
    if below is None:
        whole = _headed(table.columns)
        for row in table.rows:
            whole.add_row(*map(_text, row))
        yield whole
        return
    columns = [column for index, column in enumerate(table.columns) if index != below]
    widths = _fitted(table, below, width)
    head = _headed(columns, widths)
    for row in table.rows:
        head.add_row(*(_text(item) for index, item in enumerate(row) if index != below))
        yield head
        if row[below].text:
            yield Padding(_text(row[below]), (0, 0, 0, _INDENT))
        head = _headed(columns, widths, show_header=False)


def _below(table: Table, width: int) -> int | None:
    """The column whose texts go below the rows; None where all stand side by side."""
    index = next((i for i, column in enumerate(table.columns) if column.goes_below), None)
    if index is None or not table.rows:
        return None
    widths = _natural(table)
    left = width - sum(widths) + widths[index] - _GAP * (len(widths) - 1)
    return index if left < min(widths[index], _TOWER) else None


def _natural(table: Table) -> list[int]:
    """What each column takes where nothing is cut."""
    rows = [[item.text for item in row] for row in table.rows]
    rows.append([visible(column.heading) for column in table.columns])
    return [max(width_of(row[i]) for row in rows) for i in range(len(table.columns))]


def _fitted(table: Table, without: int, width: int) -> list[int]:
    """Widths of the columns but one; those that are kept give way last, the widest first."""
    natural = _natural(table)
    indices = [index for index in range(len(natural)) if index != without]
    over = sum(natural[index] for index in indices) + _GAP * (len(indices) - 1) - width
    giving = sorted(indices, key=lambda index: (table.columns[index].is_kept, -natural[index]))
    for index in giving:
        given = max(0, min(over, natural[index] - _NARROWEST))
        natural[index] -= given
        over -= given
    return [natural[index] for index in indices]


def _headed(
    columns: Sequence[Column], widths: Sequence[int] = (), *, show_header: bool = True
) -> RichTable:
    """A table without rows."""
    made = RichTable(
        box=None,
        pad_edge=False,
        padding=(0, _GAP, 0, 0),
        header_style="bold",
        show_header=show_header,
    )
    for index, column in enumerate(columns):
        made.add_column(
            Text(column.heading),
            justify="right" if column.align is Align.RIGHT else "left",
            no_wrap=column.is_kept,
            width=widths[index] if widths else None,
        )
    return made


def _text(item: Cell) -> Text:
    return Text(item.text, style=_STYLES.get(item.tone.value, ""))
