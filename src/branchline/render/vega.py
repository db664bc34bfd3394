"""Simple Vega-Lite charts as drawings: lines, bars and points over data that stand in them. Pure.

What Vega-Lite can do besides (transforms, layers, data by address) is not drawn: its data are shown
as a table, with a note. Nothing in a chart is run or fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.render.plots import Curve, number_or_nan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rows = Sequence[Mapping[str, object]]

_LINES = ("line", "area", "trail")
_POINTS = ("point", "circle", "square")
_MOST_SERIES = 20


def is_vega(document: object) -> bool:
    """Whether a JSON document says that it is a chart of Vega or Vega-Lite."""
    schema = document.get("$schema") if isinstance(document, dict) else None
    return isinstance(schema, str) and "vega" in schema


def vega_rows(document: Mapping[str, object]) -> Rows:
    """The rows that stand in a chart; none when it has none."""
    data = document.get("data")
    if isinstance(data, list):  # Vega: a list of named data
        data = data[0] if data else None
    values = data.get("values") if isinstance(data, dict) else None
    return [row for row in values if isinstance(row, dict)] if isinstance(values, list) else []


def vega_problem(document: Mapping[str, object]) -> str:
    """Why a chart cannot be drawn; "" when it can."""
    if "vega-lite" not in str(document.get("$schema")):
        return "charts of Vega are not drawn, only simple ones of Vega-Lite"
    for key in ("layer", "hconcat", "vconcat", "concat", "repeat", "facet"):
        if key in document:
            return f"charts of Vega-Lite with `{key}` are not drawn"
    if document.get("transform"):
        return "charts of Vega-Lite with `transform` are not drawn"
    if not vega_rows(document):
        return "it holds no data of its own (`data.values`)"
    if _mark(document) not in (*_LINES, *_POINTS, "bar"):
        return "only the marks line, bar and point of Vega-Lite are drawn"
    encoding = _encoding(document)
    for axis in ("x", "y"):
        if not _field(encoding, axis):
            return f"its `encoding.{axis}.field` is not given"
        channel = encoding[axis]
        if isinstance(channel, dict) and {"aggregate", "bin"} & set(channel):
            return f"its `encoding.{axis}` is computed, which is not drawn"
    return ""


def vega_series(document: Mapping[str, object]) -> tuple[tuple[Curve, ...], bool]:
    """(curves, whether they are points) of a chart with lines or points."""
    encoding, rows = _encoding(document), vega_rows(document)
    x, y, color = (_field(encoding, key) for key in ("x", "y", "color"))
    groups: dict[str, list[tuple[float, float]]] = {}
    for number, row in enumerate(rows):
        name = str(row.get(color)) if color else y
        if name not in groups and len(groups) >= _MOST_SERIES:
            continue
        at = number_or_nan(row.get(x))
        # Texts and dates stand in their order.
        place = float(number) if at != at and not isinstance(row.get(x), float) else at
        groups.setdefault(name, []).append((place, number_or_nan(row.get(y))))
    is_scatter = _mark(document) in _POINTS
    curves = tuple(
        Curve(name=name, points=tuple(points if is_scatter else sorted(points, key=_x)))
        for name, points in groups.items()
    )
    return curves, is_scatter


def vega_bars(document: Mapping[str, object]) -> tuple[tuple[str, float], ...] | None:
    """(label, value) of a chart with bars, standing or lying; None for other marks."""
    if _mark(document) != "bar":
        return None
    encoding = _encoding(document)
    x, y = _field(encoding, "x"), _field(encoding, "y")
    rows = vega_rows(document)
    if any(number_or_nan(row.get(y)) != number_or_nan(row.get(y)) for row in rows[:1]):
        x, y = y, x
    found = ((str(row.get(x, "")), number_or_nan(row.get(y))) for row in rows)
    return tuple((label, value) for label, value in found if value - value == 0)


def vega_labels(document: Mapping[str, object]) -> tuple[str, str, str]:
    """(title, label of x, label of y) of a chart."""
    title = document.get("title")
    if isinstance(title, dict):
        title = title.get("text")
    encoding = _encoding(document)
    return title if isinstance(title, str) else "", _label(encoding, "x"), _label(encoding, "y")


def _x(point: tuple[float, float]) -> float:
    return point[0] if point[0] == point[0] else float("inf")


def _mark(document: Mapping[str, object]) -> str:
    mark = document.get("mark")
    if isinstance(mark, dict):
        mark = mark.get("type")
    return mark if isinstance(mark, str) else ""


def _encoding(document: Mapping[str, object]) -> Mapping[str, object]:
    found = document.get("encoding")
    return found if isinstance(found, dict) else {}


def _field(encoding: Mapping[str, object], key: str) -> str:
    channel = encoding.get(key)
    field = channel.get("field") if isinstance(channel, dict) else None
    return field if isinstance(field, str) else ""


def _label(encoding: Mapping[str, object], key: str) -> str:
    channel = encoding.get(key)
    title = channel.get("title") if isinstance(channel, dict) else None
    return title if isinstance(title, str) else _field(encoding, key)
