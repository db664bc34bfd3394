"""Adapter `metric_readers`: printed tables, drawn with boxes or with spaces alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.dialect import NO_METRICS, Dialect, said
from branchline.adapters.metric_readers.grids import metrics_of_grid
from branchline.core.evidence.written import name_of, number_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.metric_readers.dialect import Steps
    from branchline.adapters.metric_readers.lines import Line
    from branchline.core.evidence.found import Found

_RULE = re.compile(r"\s*[+=~─━═\-┏┓┗┛┡┩┢┪┣┫└┘├┤┌┐╒╕╘╛╞╡╔╗╚╝╠╣╟╢┬┴┼┳┻╇╈┯┷┿╤╧╪╦╩╬╫╥╨: |]+\s*")
_BARS = re.compile(r"[│┃║|]")
_SPACES = re.compile(r"\t+|\s{2,}")
_MOST_ROWS = 2000
_MOST_CELLS = 200


class Boxes(Dialect):
    """Tables with lines around their cells, as Lightning, rich and tabulate draw them."""

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps)
        self._rows: list[tuple[str, Sequence[str]]] = []
        self._step: int | None = None

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        text = line.text.strip()
        if text and self._rows and _RULE.fullmatch(text):
            return ()
        if text[:1] not in "│┃║|" or len(_BARS.findall(text)) < 2 or not text:
            return None
        cells = [cell.strip() for cell in _BARS.split(text)[1:-1]][:_MOST_CELLS]
        self._step = self.steps.now
        if len(self._rows) < _MOST_ROWS:
            self._rows.append((f"line {line.number}", cells))
        return ()

    def end(self) -> Sequence[Found]:
        """See the base."""
        rows, self._rows = self._rows, []
        return _grid(rows, self._step)


class Aligned(Dialect):
    """Tables whose columns are parted by spaces, as pandas and older Lightning print them.

    Two columns, a name and a number, need no header.
    """

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps)
        self._header: list[str] = []
        self._header_line = 0
        self._rows: list[tuple[str, Sequence[str]]] = []

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        if _RULE.fullmatch(line.text):
            return () if self._header else None
        cells = _SPACES.split(line.text.strip())[:_MOST_CELLS]
        numbers = [number_in(cell) is not None for cell in cells]
        if (
            self._header
            and len(cells) > 1
            and all(numbers[1:])
            and len(cells) - len(self._header) in (0, 1)
        ):
            if len(self._rows) < _MOST_ROWS:
                self._rows.append((f"line {line.number}", cells))
            return ()
        if len(cells) > 1 and not any(numbers) and not any(c in line.text for c in ":={}"):
            found = self.end()
            self._header, self._header_line = cells, line.number
            return found
        if numbers == [False, True] and _is_name(cells[0]):
            return said(cells[0], cells[1], line, step=self.steps.now)
        return None

    def end(self) -> Sequence[Found]:
        """See the base."""
        header, rows = self._header, self._rows
        self._header, self._rows = [], []
        if not rows:
            return ()
        width = max(len(cells) for _, cells in rows)
        if width == len(header) + 1:
            header = ["", *header]
        return _grid([(f"line {self._header_line}", header), *rows], self.steps.now)


def _is_name(text: str) -> bool:
    words = text.split()
    return (
        len(words) <= 4
        and re.fullmatch(r"[A-Za-z_][\w./@%()' -]{0,80}", text) is not None
        and name_of(text).lower() not in NO_METRICS
    )


def _grid(rows: list[tuple[str, Sequence[str]]], step: int | None) -> Sequence[Found]:
    """What a table says; rows that are steps of their own count as one statement here."""
    if not rows:
        return ()
    has_header = not any(number_in(cell) is not None for cell in rows[0][1][1:])
    header, body = (rows[0][1], rows[1:]) if has_header else ((), rows)
    found = list(metrics_of_grid(header, body))
    last = {item.name: item for item in found if item.step is not None}
    plain = [item for item in found if item.step is None]
    return [replace(item, step=step) for item in (*plain, *last.values())]
