"""Adapter `metric_readers`: what a table says, whatever it is drawn with.

Three kinds of tables, told apart by their first column and their header:

- names and values (`metric | value`): a metric a row;
- named rows (`model | auc | f1`): `row.column`, of a single row the columns alone;
- steps (numbers or dates in the first column): the last row counts, cell by cell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.evidence.found import Found
from branchline.core.evidence.written import name_of, number_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Row = tuple[str, Sequence[str]]
    """Its place and its cells."""

_NAMES = frozenset({"metric", "metrics", "name", "key", "measure", "score", "statistic", "tag"})
_VALUES = frozenset({"value", "values", "result", "results", "score", "scores"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}:\d\d")
_NOTHING = frozenset({"", "-", "--", "—", "–", "nan?", "n/a", "na", "none", "null"})


def metrics_of_grid(header: Sequence[str], rows: Sequence[Row]) -> Iterator[Found]:
    """The values of a table.

    Args:
        header: Its first row; () where it has none.
        rows: The others.
    """
    if not rows:
        return
    names = [name_of(cell) for cell in header]
    labels = [cells[0].strip() if cells else "" for _, cells in rows]
    has_labels = bool(labels) and all(_is_label(label) for label in labels)
    width = max(len(cells) for _, cells in rows)
    if width == 2 and has_labels and _is_pairs(header):
        for place, cells in rows:
            if len(cells) == 2:
                yield from _found(name_of(cells[0]), cells[1], place)
    elif not names:
        return
    elif has_labels and len(rows) > 1:
        for place, cells in rows:
            row = name_of(cells[0])
            for name, cell in zip(names[1:], cells[1:], strict=False):
                yield from _found(f"{row}.{name}" if name else row, cell, place)
    else:
        skip = 1 if has_labels else 0
        for step, (place, cells) in enumerate(rows):
            for name, cell in zip(names[skip:], cells[skip:], strict=False):
                if name:
                    yield from _found(name, cell, place, step=step)


def _is_pairs(header: Sequence[str]) -> bool:
    if not header:
        return True
    first, second = (re.sub(r"[^a-z0-9 ]", "", cell.lower()).strip() for cell in header)
    words = first.split()
    return (
        second in _VALUES
        or second.startswith("dataloader")
        or (bool(words) and words[-1] in _NAMES)
    )


def _is_label(text: str) -> bool:
    return bool(text) and number_in(text) is None and not _DATE.match(text)


def _found(name: str, cell: str, place: str, *, step: int | None = None) -> Iterator[Found]:
    """The value of a cell; an empty one is none, and a text stays to say what it is."""
    text = cell.strip()
    written = number_in(text)
    if not name or (written is None and text.lower() in _NOTHING and text != "n/a"):
        return
    yield Found(
        name=name,
        value=None if written is None else written.value,
        text=text[:100] if written is None else written.text,
        place=place,
        unit="" if written is None else written.unit,
        step=step,
    )
