"""Plot files as what can be drawn: curves, bars, a confusion matrix, an image. Pure.

Reads CSV, TSV, JSON and the usual images, with the options that DVC's plots have. What cannot be
drawn says why; a file is never trusted to be what its name says.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.render.plots import Curve, confusion_of, curves_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.values import Plot

    Rows = Sequence[Mapping[str, object]]

_MOST_ROWS = 100_000
_MOST_LABELS = 50
_IMAGES = (
    ((".png",), "image/png", b"\x89PNG\r\n\x1a\n"),
    ((".jpg", ".jpeg"), "image/jpeg", b"\xff\xd8\xff"),
    ((".gif",), "image/gif", b"GIF8"),
    ((".webp",), "image/webp", b"RIFF"),
    ((".svg",), "image/svg+xml", b""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One plot, ready to be drawn; exactly one of `curves`, `bars`, `labels`, `image`, `problem`.

    Attributes:
        path: Of its file. title: As declared, else the path. x_label, y_label: Of the axes.
        curves: Lines, or points when `is_scatter`.
        bars: (label, value), as in the file or the largest first.
        labels, counts: Of a confusion matrix; counts[i][j]: actual label i predicted as j.
        image: (media type, bytes).
        problem: Why nothing can be drawn; "" when something can.
    """

    path: str
    title: str
    x_label: str = ""
    y_label: str = ""
    curves: tuple[Curve, ...] = ()
    is_scatter: bool = False
    bars: tuple[tuple[str, float], ...] = ()
    labels: tuple[str, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()
    image: tuple[str, bytes] | None = None
    problem: str = ""


def drawing_of(plot: Plot, data: bytes) -> Drawing:
    """What a plot file shows.

    Args:
        plot: Its path and options: `template`, `x`, `y`, `title`, `x_label`, `y_label`, `header`.
        data: Its bytes.
    """
    title = _text(plot.options.get("title")) or plot.path
    for endings, media, start in _IMAGES:
        if plot.path.lower().endswith(endings):
            if data.startswith(start):
                return Drawing(path=plot.path, title=title, image=(media, data))
            return Drawing(path=plot.path, title=title, problem="it is not the image it is called")
    try:
        rows = _rows(plot.path.lower(), data, has_header=plot.options.get("header") is not False)
        return _table(plot, title, rows)
    except (ValueError, RecursionError, csv.Error) as error:
        return Drawing(path=plot.path, title=title, problem=str(error) or "it cannot be read")


def _table(plot: Plot, title: str, rows: Rows) -> Drawing:
    if not rows:
        raise ValueError("it has no rows")
    options = plot.options
    columns = [str(name) for name in rows[0]]
    template = _text(options.get("template"))
    ys = [name for name in _names(options.get("y")) or columns[-1:] if name in columns]
    x = _text(options.get("x"))
    if x and x not in columns:
        raise ValueError(f"it has no column `{x}`")
    if not ys:
        raise ValueError("it has none of the columns of `y`")
    x_label = _text(options.get("x_label")) or x
    y_label = _text(options.get("y_label")) or (ys[0] if len(ys) == 1 else "")
    if template.startswith("confusion"):
        labels, counts = confusion_of(rows, x or columns[0], ys[0])
        if len(labels) > _MOST_LABELS:
            raise ValueError(f"it has {len(labels)} classes, more than {_MOST_LABELS}")
        return Drawing(path=plot.path, title=title, labels=labels, counts=counts)
    if template.startswith("bar"):
        return Drawing(
            path=plot.path,
            title=title,
            x_label=x_label,
            bars=_bars(rows, x or columns[0], ys[0], is_sorted=template.endswith("sorted")),
        )
    curves = curves_of(rows, x, ys)
    return Drawing(
        path=plot.path,
        title=title,
        x_label=x_label,
        y_label=y_label,
        curves=curves,
        is_scatter=template.startswith("scatter"),
    )


def _bars(rows: Rows, x: str, y: str, *, is_sorted: bool) -> tuple[tuple[str, float], ...]:
    (curve,) = curves_of(rows, "", (x,))
    found = [
        (str(row.get(y, "")), value)
        for row, (_, value) in zip(rows, curve.points, strict=True)
        if value - value == 0  # finite
    ]
    if is_sorted:
        found.sort(key=lambda bar: -bar[1])
    return tuple(found[:_MOST_LABELS])


def _rows(name: str, data: bytes, *, has_header: bool) -> Rows:
    text = data.decode("utf-8-sig", "replace")
    if name.endswith(".json"):
        found = _records(json.loads(text))
    elif name.endswith((".csv", ".tsv")):
        lines = csv.reader(
            text.splitlines(keepends=True), delimiter="\t" if name.endswith(".tsv") else ","
        )
        cells = [line for line in lines if line]
        width = len(cells[0]) if cells else 0
        names = cells.pop(0) if has_header and cells else [str(n) for n in range(width)]
        found = [dict(zip(names, line, strict=False)) for line in cells]
    else:
        raise ValueError("files of its kind are not drawn")
    # A regular choice of rows keeps the shape; a page with all of them would not open on a phone.
    return found[:: max(1, -(-len(found) // _MOST_ROWS))]


def _records(value: object) -> list[Mapping[str, object]]:
    """The first list of mappings in a JSON document."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    for inner in value.values() if isinstance(value, dict) else ():
        found = _records(inner)
        if found:
            return found
    return []


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def beside(now: Drawing, before: Drawing | None) -> Drawing:
    """One curve of this run with the same curve of the baseline; other drawings as they are."""
    if before is None or len(now.curves) != 1 or len(before.curves) != 1 or now.is_scatter:
        return now
    if now.curves[0].points == before.curves[0].points:
        return now
    pair = (replace(now.curves[0], name="this run"), replace(before.curves[0], name="baseline"))
    return replace(now, curves=pair, y_label=now.y_label or now.curves[0].name)


def drawings_of(
    plots: Sequence[Plot],
    files: Mapping[str, bytes],
    *,
    earlier: Mapping[str, bytes] | None = None,
) -> tuple[Drawing, ...]:
    """All plots of a run, with the baseline's curve in each where it has one.

    Args:
        plots: As declared.
        files: Path -> bytes, as recorded; large files and folders are not.
        earlier: The same of the baseline.
    """
    found = []
    for plot in plots:
        if plot.path not in files:
            problem = "it is too large for a record, or a folder"
            found.append(Drawing(path=plot.path, title=plot.path, problem=problem))
            continue
        before = (earlier or {}).get(plot.path)
        old = None if before is None else drawing_of(plot, before)
        found.append(beside(drawing_of(plot, files[plot.path]), old))
    return tuple(found)
