"""Tables and lines as values: what a terminal shows, before anybody chose colours.

Serves the room `render`. The cli prints these values, with rich on a terminal or as plain text in a
pipe; nothing here knows which. Text from outside (branch names, metric names, commit subjects) is
made harmless here: a control character is shown, never sent.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum


class Tone(Enum):
    """What a piece of text means, so that a terminal can colour it."""

    PLAIN = "plain"
    STRONG = "strong"
    DIM = "dim"
    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"


class Align(Enum):
    """Which edge of its column a cell keeps to."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One piece of text of one line, and what it means."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        heading: Above it.
        align: Which edge its cells keep to.
        is_kept: On a narrow terminal, others are cut before it is.
        goes_below: Where too little is left for its sentences, they stand below their rows.
    """

    heading: str
    align: Align = Align.LEFT
    is_kept: bool = False
    goes_below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        columns: One entry a column.
        rows: Each with as many cells as there are columns.
        title: A line above; "" for none.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row needs as many cells as there are columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text made of pieces; no pieces is an empty line."""

    pieces: tuple[Cell, ...] = ()

    @property
    def text(self) -> str:
        """The line without its tones."""
        return "".join(piece.text for piece in self.pieces)


def cell(text: object, tone: Tone = Tone.PLAIN) -> Cell:
    """A cell that holds a value's text on one line, control characters made visible."""
    return Cell(text=visible(str(text)), tone=tone)


def line(*pieces: str | Cell) -> Line:
    """A line from strings and cells."""
    return Line(pieces=tuple(cell(p) if isinstance(p, str) else p for p in pieces))


def visible(text: str) -> str:
    r"""Show control and direction characters as escapes, so that no text can drive the terminal.

    >>> visible("a\x1b[31mb\n")
    'a\\x1b[31mb\\n'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode("ascii")
        for char in text
    )


def width_of(text: str) -> int:
    """Columns that a text takes on a terminal: wide East Asian characters 2, combining ones 0."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def table_to_text(table: Table) -> str:
    """A table as plain text: columns two spaces apart, no trailing blanks, no rules.

    Returns:
        Lines joined by a newline, without one at the end; the headings first.
    """
    rows = [[visible(column.heading) for column in table.columns]]
    rows += [[visible(item.text) for item in row] for row in table.rows]
    widths = [max(width_of(row[i]) for row in rows) for i in range(len(table.columns))]
    lines = [visible(table.title)] if table.title else []
    for row in rows:
        padded = [
            _pad(text, width, column.align)
            for text, width, column in zip(row, widths, table.columns, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _pad(text: str, width: int, align: Align) -> str:
    blanks = " " * (width - width_of(text))
    return blanks + text if align is Align.RIGHT else text + blanks
