"""Plot files as what can be drawn: curves, bars, a confusion matrix, an image. Pure.

Reads CSV, TSV, JSON, YAML, simple Vega-Lite charts and the usual images, with the options of DVC's
plots. What cannot be drawn says why; a file is never trusted to be what its name says.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.documents.yaml import read_yaml
from branchline.core.evidence.steps.values import STEP_NAMES
from branchline.errors import DocumentError
from branchline.render.plots import Curve, confusion_of, curves_of
from branchline.render.safe_markdown import cut
from branchline.render.vega import (
    is_vega,
    vega_bars,
    vega_labels,
    vega_problem,
    vega_rows,
    vega_series,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.values import Plot

    Rows = Sequence[Mapping[str, object]]

_MOST_ROWS = 100_000
_MOST_LABELS = 50
_MOST_CURVES = 20
_LONGEST = 120
_TABLE_ROWS, _TABLE_COLUMNS = 50, 12
_NOT_DRAWN = (*STEP_NAMES, "timestamp")
"""Columns that say when a number was noted: no line of their own unless asked for."""
_IMAGES = (
    ((".png",), "image/png", b"\x89PNG\r\n\x1a\n"),
    ((".jpg", ".jpeg"), "image/jpeg", b"\xff\xd8\xff"),
    ((".gif",), "image/gif", b"GIF8"),
    ((".webp",), "image/webp", b"RIFF"),
    ((".svg",), "image/svg+xml", b""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One plot, ready to be drawn: `curves`, `bars`, `labels`, `image`, or a `problem`.

    Attributes:
        path: Of its file. title: As declared, else the path. x_label, y_label: Of the axes.
        curves: Lines, or points when `is_scatter`.
        bars: (label, value), as in the file or the largest first.
        labels, counts: Of a confusion matrix; counts[i][j]: actual label i predicted as j.
        before: The baseline's counts, for the same labels; empty when there are none.
        image: (media type, bytes).
        heads, rows: A table of texts, of what cannot be drawn and can be read.
        has_diagonal: Whether the line y = x means something: chance, or perfect calibration.
        note: One line below, as text; "" for none.
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
    before: tuple[tuple[int, ...], ...] = ()
    image: tuple[str, bytes] | None = None
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    has_diagonal: bool = False
    note: str = ""
    problem: str = ""


def drawing_of(plot: Plot, data: bytes, others: Mapping[str, bytes] | None = None) -> Drawing:
    """What a plot file shows.

    Args:
        plot: Its path and options: `template`, `x`, `y`, `title`, `x_label`, `y_label`, `header`;
            besides, `series` (the column that names the line), `count` (of a confusion matrix),
            `diagonal` and `note`.
        data: Its bytes.
        others: Further files by path, for a `y` that names columns of several.
    """
    title = cut(_text(plot.options.get("title")) or plot.path, _LONGEST)
    path = cut(plot.path, 300)
    for endings, media, start in _IMAGES:
        if plot.path.lower().endswith(endings):
            if data.startswith(start):
                return Drawing(path=path, title=title, image=(media, data))
            return Drawing(path=path, title=title, problem="it is not the image it is called")
    try:
        if isinstance(plot.options.get("y"), dict):
            return _together(plot, path, title, {plot.path: data, **(others or {})})
        document, rows = _read(plot, data)
        if is_vega(document) and isinstance(document, dict):
            return _vega(path, title if title != path else "", document)
        return _table(plot, path, title, rows)
    except (ValueError, RecursionError, csv.Error, DocumentError) as error:
        said = error.message if isinstance(error, DocumentError) else str(error)
        return Drawing(path=path, title=title, problem=cut(said, 300) or "it cannot be read")


def _table(plot: Plot, path: str, title: str, rows: Rows) -> Drawing:
    if not rows:
        raise ValueError("it has no rows")
    options = plot.options
    columns = [str(name) for name in rows[0]]
    template = _text(options.get("template"))
    x = _text(options.get("x"))
    if x and x not in columns:
        raise ValueError(f"it has no column `{x}`")
    if not x and not template.startswith(("confusion", "bar", "scatter")):
        x = next((name for name in STEP_NAMES if name in columns), "")
    last = [name for name in columns if name not in (*_NOT_DRAWN, x)][-1:] or columns[-1:]
    ys = [name for name in _names(options.get("y")) or last if name in columns]
    if not ys:
        raise ValueError("it has none of the columns of `y`")
    x_label = cut(_text(options.get("x_label")) or x, _LONGEST)
    y_label = cut(_text(options.get("y_label")) or (ys[0] if len(ys) == 1 else ""), _LONGEST)
    note = cut(_text(options.get("note")), 300)
    if template.startswith("confusion"):
        labels, counts = confusion_of(rows, x or columns[0], ys[0], _text(options.get("count")))
        if len(labels) > _MOST_LABELS:
            raise ValueError(f"it has {len(labels)} classes, more than {_MOST_LABELS}")
        return Drawing(path=path, title=title, labels=labels, counts=counts, note=note)
    if template.startswith("bar"):
        bars = _bars(rows, x or columns[0], ys[0], is_sorted=template.endswith("sorted"))
        return Drawing(path=path, title=title, x_label=x_label, bars=bars, note=note)
    series = _text(options.get("series"))
    curves = _by_series(rows, series, x, ys[0]) if series in columns else curves_of(rows, x, ys)
    return Drawing(
        path=path,
        title=title,
        x_label=x_label,
        y_label=y_label,
        curves=curves[:_MOST_CURVES],
        is_scatter=template.startswith("scatter"),
        has_diagonal=options.get("diagonal") is True,
        note=note,
    )


def _by_series(rows: Rows, series: str, x: str, y: str) -> tuple[Curve, ...]:
    """One curve for each value of a column."""
    groups: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        groups.setdefault(str(row.get(series)), []).append(row)
    return tuple(
        replace(curve, name=cut(name, _LONGEST))
        for name, found in list(groups.items())[:_MOST_CURVES]
        for curve in curves_of(found, x, (y,))
    )


def _together(plot: Plot, path: str, title: str, files: Mapping[str, bytes]) -> Drawing:
    """One drawing of columns of several files: `y: {a.csv: loss, b.csv: [loss, auc]}`."""
    options = plot.options["y"]
    asked = options if isinstance(options, dict) else {}
    found: list[Curve] = []
    x_label = _text(plot.options.get("x_label"))
    for file, columns in asked.items():
        if file not in files:
            continue
        x = plot.options.get("x")
        x = x.get(file) if isinstance(x, dict) else x
        part = replace(
            plot, path=file, options={**plot.options, "y": columns, "x": x, "series": ""}
        )
        _, rows = _read(part, files[file])
        drawn = _table(part, file, title, rows)
        x_label = x_label or drawn.x_label
        several = len(asked) > 1
        found += [
            replace(curve, name=f"{curve.name} ({file})" if several else curve.name)
            for curve in drawn.curves
        ]
    if not found:
        raise ValueError("none of the files of its `y` is recorded")
    return Drawing(
        path=path, title=title, x_label=x_label, y_label=_text(plot.options.get("y_label")),
        curves=tuple(found[:_MOST_CURVES]),
        is_scatter=_text(plot.options.get("template")).startswith("scatter"),
    )  # fmt: skip


def _vega(path: str, title: str, document: Mapping[str, object]) -> Drawing:
    own, x_label, y_label = (cut(text, _LONGEST) for text in vega_labels(document))
    title = title or own or path
    problem = vega_problem(document)
    if problem:
        heads, rows = _texts(vega_rows(document))
        return Drawing(path=path, title=title, problem=problem, heads=heads, rows=rows)
    bars = vega_bars(document)
    if bars is not None:
        return Drawing(path=path, title=title, x_label=y_label, bars=bars[:_MOST_LABELS])
    curves, is_scatter = vega_series(document)
    return Drawing(
        path=path, title=title, x_label=x_label, y_label=y_label, curves=curves,
        is_scatter=is_scatter,
    )  # fmt: skip


def _texts(rows: Rows) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """(heads, rows) of what can only be shown as a table."""
    heads = [str(name) for name in (rows[0] if rows else {})][:_TABLE_COLUMNS]
    cells = tuple(
        tuple(cut(str(row.get(head, "")), 60) for head in heads) for row in rows[:_TABLE_ROWS]
    )
    return tuple(cut(head, 60) for head in heads), cells


def _bars(rows: Rows, x: str, y: str, *, is_sorted: bool) -> tuple[tuple[str, float], ...]:
    (curve,) = curves_of(rows, "", (x,))
    found = [
        (cut(str(row.get(y, "")), _LONGEST), value)
        for row, (_, value) in zip(rows, curve.points, strict=True)
        if value - value == 0  # finite
    ]
    if is_sorted:
        found.sort(key=lambda bar: -bar[1])
    return tuple(found[:_MOST_LABELS])


def _read(plot: Plot, data: bytes) -> tuple[object, Rows]:
    """(the document, where there is one; the rows of a table)."""
    name = plot.path.lower()
    document: object = None
    if name.endswith((".json", ".vl")):
        document = json.loads(data.decode("utf-8-sig", "replace"))
        found = [] if is_vega(document) else _records(document)
    elif name.endswith((".yaml", ".yml")):
        found = _records(read_yaml(data, file=plot.path).value)
    elif name.endswith((".csv", ".tsv")):
        found = _lines(name, data, has_header=plot.options.get("header") is not False)
    else:
        raise ValueError("files of its kind are not drawn")
    # A regular choice of rows keeps the shape; a page with all of them would not open on a phone.
    return document, found[:: max(1, -(-len(found) // _MOST_ROWS))]


def _lines(name: str, data: bytes, *, has_header: bool) -> list[Mapping[str, object]]:
    text = data.decode("utf-8-sig", "replace")
    lines = csv.reader(
        text.splitlines(keepends=True), delimiter="\t" if name.endswith(".tsv") else ","
    )
    cells = [line for line in lines if line]
    width = len(cells[0]) if cells else 0
    names = cells.pop(0) if has_header and cells else [str(n) for n in range(width)]
    return [dict(zip(names, line, strict=False)) for line in cells]


def _records(value: object) -> list[Mapping[str, object]]:
    """The first list of mappings in a document."""
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
    """The curves of this run with those of the baseline; other drawings as they are.

    A confusion matrix keeps the baseline's counts where the classes are the same.
    """
    if before is None:
        return now
    if before.note and before.note != now.note:
        now = replace(now, note=cut(f"{now.note} Baseline: {before.note}".strip(), 300))
    if now.labels and now.labels == before.labels and now.counts != before.counts:
        return replace(now, before=before.counts)
    if now.is_scatter or not now.curves or not before.curves:
        return now
    mine = {curve.name: curve.points for curve in now.curves}
    theirs = [curve for curve in before.curves if mine.get(curve.name) != curve.points]
    if not theirs:
        return now
    if len(now.curves) == len(before.curves) == 1:
        first = replace(now.curves[0], name="this run")
        second = replace(theirs[0], name="baseline", is_baseline=True)
        label = now.y_label or now.curves[0].name
        return replace(now, curves=(first, second), y_label=label)
    added = (replace(c, name=f"{c.name}, baseline", is_baseline=True) for c in theirs)
    return replace(now, curves=(*now.curves, *added))


def drawings_of(
    plots: Sequence[Plot],
    files: Mapping[str, bytes],
    *,
    earlier: Mapping[str, bytes] | None = None,
    earlier_plots: Sequence[Plot] = (),
) -> tuple[Drawing, ...]:
    """All plots of a run, with the baseline's curve in each where it has one.

    Args:
        plots: As declared.
        files: Path -> bytes, as recorded; large files and folders are not.
        earlier: The same of the baseline.
        earlier_plots: The baseline's, as declared then.
    """
    found = []
    then = {plot.path: plot for plot in earlier_plots}
    for plot in plots:
        if plot.path not in files:
            problem = "it is too large for a record, or a folder"
            path, title = cut(plot.path, 300), cut(plot.path, _LONGEST)
            found.append(Drawing(path=path, title=title, problem=problem))
            continue
        before = (earlier or {}).get(plot.path)
        old = None if before is None else drawing_of(then.get(plot.path, plot), before, earlier)
        found.append(beside(drawing_of(plot, files[plot.path], files), old))
    return tuple(found)
