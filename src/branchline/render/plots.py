"""Plots as SVG and as Mermaid charts, from tables of numbers. Pure; no drawing library.

Every text from outside is escaped, and nothing in the SVG refers to anything outside of it.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.render.table import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 480, 320, 56, 32, 48
_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")
_MERMAID_POINTS = 40
_SVG_POINTS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A named line: points (x, y); those that are not finite are left out, where it is broken."""

    name: str
    points: tuple[tuple[float, float], ...]


def curves_of(rows: Sequence[Mapping[str, object]], x: str, ys: Sequence[str]) -> tuple[Curve, ...]:
    """Curves from the rows of a table (a CSV, a JSON list).

    Args:
        rows: Cells may be texts; what is no number becomes NaN.
        x: Column of the abscissa; "" counts the rows from 0.
        ys: Columns, one curve each.
    """
    return tuple(
        Curve(
            name=y,
            points=tuple(
                (float(index) if not x else _number(row.get(x)), _number(row.get(y)))
                for index, row in enumerate(rows)
            ),
        )
        for y in ys
    )


def confusion_of(
    rows: Sequence[Mapping[str, object]], actual: str, predicted: str
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """(labels, counts) of a table of labels; counts[i][j]: actual label i predicted as j."""
    pairs = [(str(row.get(actual, "")), str(row.get(predicted, ""))) for row in rows]
    labels = tuple(sorted({label for pair in pairs for label in pair}))
    place = {label: index for index, label in enumerate(labels)}
    counts = [[0] * len(labels) for _ in labels]
    for truth, guess in pairs:
        counts[place[truth]][place[guess]] += 1
    return labels, tuple(tuple(row) for row in counts)


def confusion_svg(
    labels: Sequence[str], counts: Sequence[Sequence[int]], *, title: str = ""
) -> str:
    """A confusion matrix: rows are what was true, columns what was predicted.

    Args:
        labels: One a class.
        counts: Shape (classes, classes), each >= 0.
        title: Above it; "" for none.

    Raises:
        ValueError: The shapes do not fit.
    """
    size = len(labels)
    if len(counts) != size or any(len(row) != size for row in counts):
        raise ValueError("counts need one row and one column a label")
    cell = 64
    left, top = 96, 56
    parts = [_text(left, 20, title, anchor="start", weight="bold")] if title else []
    parts.append(_text(left + size * cell / 2, top - 20, "predicted"))
    parts.append(_text(left - 8, top - 4, "actual", anchor="end"))
    for i, (label, row) in enumerate(zip(labels, counts, strict=True)):
        middle = (i + 0.5) * cell
        parts.append(_text(left - 8, top + middle + 4, _cut(label), anchor="end"))
        parts.append(_text(left + middle, top - 4, _cut(label)))
        total = sum(row)
        for j, count in enumerate(row):
            share = count / total if total else 0.0
            box = f'x="{left + j * cell}" y="{top + i * cell}" width="{cell}" height="{cell}"'
            parts.append(f'<rect {box} fill="#1f77b4" fill-opacity="{share:.3f}" stroke="#888"/>')
            color = "#fff" if share > 0.5 else "#222"
            at = left + (j + 0.5) * cell
            parts.append(_text(at, top + middle + 4, f"{count:,}", fill=color))
    return _svg(left + size * cell + 16, top + size * cell + 16, parts)


def curves_svg(
    curves: Sequence[Curve],
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    is_scatter: bool = False,
) -> str:
    """Lines (or points) over common axes, with a legend when there are several."""
    curves = [_thinned(curve) for curve in curves]
    xs, ys = _finite(curves, 0), _finite(curves, 1)
    (x_low, x_high), (y_low, y_high) = _range(xs), _range(ys)
    right, bottom = _WIDTH - 16, _HEIGHT - _FOOT
    frame = f'x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP}"'
    parts = [f'<rect {frame} fill="none" stroke="#888"/>']
    if title:
        parts.append(_text(_LEFT, 20, title, anchor="start", weight="bold"))
    for share in (0.0, 0.5, 1.0):
        x, y = _LEFT + share * (right - _LEFT), bottom - share * (bottom - _TOP)
        parts.append(_text(x, bottom + 16, figure(_between(x_low, x_high, share))))
        shown = figure(_between(y_low, y_high, share))
        parts.append(_text(_LEFT - 6, y + 4, shown, anchor="end"))
    parts.append(_text((_LEFT + right) / 2, bottom + 34, _cut(x_label, 40)))
    parts.append(_text(right, _TOP - 8, _cut(y_label, 40), anchor="end"))
    for number, curve in enumerate(curves):
        color = _COLORS[number % len(_COLORS)]
        if is_scatter:
            parts += [
                f'<circle cx="{_LEFT + _share(x, x_low, x_high) * (right - _LEFT):.1f}" '
                f'cy="{bottom - _share(y, y_low, y_high) * (bottom - _TOP):.1f}" r="2" '
                f'fill="{color}"/>'
                for piece in _pieces(curve.points)
                for x, y in piece
            ]
        for piece in [] if is_scatter else _pieces(curve.points):
            path = " ".join(
                f"{_LEFT + _share(x, x_low, x_high) * (right - _LEFT):.1f},"
                f"{bottom - _share(y, y_low, y_high) * (bottom - _TOP):.1f}"
                for x, y in piece
            )
            style = f'fill="none" stroke="{color}" stroke-width="1.5"'
            parts.append(f'<polyline points="{path}" {style}/>')
        if len(curves) > 1:
            at = _TOP + 14 + 14 * number
            parts.append(_text(right - 6, at, _cut(curve.name, 24), anchor="end", fill=color))
    return _svg(_WIDTH, _HEIGHT, parts)


def bars_svg(bars: Sequence[tuple[str, float]], *, title: str = "") -> str:
    """Horizontal bars, each with its label and value; they begin at zero."""
    left, step = 160, 22
    widest = max((abs(value) for _, value in bars), default=1.0) or 1.0
    room = _WIDTH - left - 72
    parts = [_text(8, 20, title, anchor="start", weight="bold")] if title else []
    for number, (label, value) in enumerate(bars):
        top = _TOP + number * step
        color = _COLORS[0] if value >= 0 else _COLORS[1]
        width = abs(value) / widest * room
        place = f'x="{left}" y="{top}" width="{width:.1f}" height="{step - 6}"'
        parts.append(f'<rect {place} fill="{color}"/>')
        parts.append(_text(left - 6, top + 12, _cut(label, 24), anchor="end"))
        parts.append(_text(left + width + 6, top + 12, figure(value), anchor="start"))
    return _svg(_WIDTH, _TOP + len(bars) * step + 8, parts)


def curves_mermaid(curves: Sequence[Curve], *, title: str = "", x_label: str = "") -> str:
    """Curves as a Mermaid `xychart-beta`, which forges draw themselves; "" when nothing can be.

    Mermaid sets the numbers of a line at equal distances, so that each curve is read off at equal
    steps of x, straight between its points. A curve that goes back in x cannot be shown so.
    """
    lines = [sorted_points(curve) for curve in curves]
    if not lines or not all(lines):
        return ""
    low = min(points[0][0] for points in lines)
    high = max(points[-1][0] for points in lines)
    longest = max(len(points) for points in lines)
    count = min(_MERMAID_POINTS, max(longest, 2 if high > low else 1))
    steps = [_between(low, high, n / (count - 1)) for n in range(count)] if count > 1 else [low]
    text = [f'```mermaid\nxychart-beta\n    title "{mermaid_label(title or curves[0].name)}"']
    named = f'"{mermaid_label(x_label)}" ' if x_label else ""
    ends = [plain_number(low), plain_number(max(high, low + 1e-9))]
    text.append(f"    x-axis {named}{' --> '.join(ends)}")
    drawn = [[plain_number(_read_off(points, x)) for x in steps] for points in lines]
    if "" in itertools.chain(ends, *drawn):
        return ""
    text += [f"    line [{', '.join(numbers)}]" for numbers in drawn]
    return "\n".join([*text, "```"])


def plain_number(value: float) -> str:
    """A number to 6 digits as Mermaid reads it: it knows no exponents; "" for one too long.

    >>> plain_number(1e-5), plain_number(12345.678), plain_number(1e-300), plain_number(1e300)
    ('0.00001', '12345.7', '0', '')
    """
    if not math.isfinite(value) or abs(value) >= 1e15:
        return ""
    return "0" if abs(value) < 1e-12 else f"{Decimal(f'{value:.6g}'):f}"


def sorted_points(curve: Curve) -> list[tuple[float, float]]:
    """The finite points of a curve that never goes back in x; none when it does."""
    points = [p for p in curve.points if all(map(math.isfinite, p))]
    backwards = any(b[0] < a[0] for a, b in itertools.pairwise(points))
    return [] if backwards else points


def _read_off(points: Sequence[tuple[float, float]], x: float) -> float:
    """The height of a curve at x; where it is steep the last of its points there."""
    place = bisect.bisect_right(points, x, key=lambda point: point[0])
    if place == 0:
        return points[0][1]
    if place == len(points):
        return points[-1][1]
    before, after = points[place - 1], points[place]
    return _between(before[1], after[1], _share(x, before[0], after[0]))


def _thinned(curve: Curve) -> Curve:
    """Every n-th point, the last among them: a screen shows no more."""
    step = math.ceil(len(curve.points) / _SVG_POINTS)
    if step <= 1:
        return curve
    return Curve(name=curve.name, points=(*curve.points[:-1:step], curve.points[-1]))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _finite(curves: Sequence[Curve], axis: int) -> list[float]:
    return [p[axis] for curve in curves for p in curve.points if all(map(math.isfinite, p))]


def _range(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _share(value: float, low: float, high: float) -> float:
    # Halved first, so that the difference of two huge numbers stays finite.
    return (value / 2 - low / 2) / (high / 2 - low / 2 or 1.0)


def _between(low: float, high: float, share: float) -> float:
    return low * (1 - share) + high * share


def _pieces(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Runs of finite points."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if all(map(math.isfinite, point)):
            pieces[-1].append(point)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _text(
    x: float, y: float, text: str, *, anchor: str = "middle", fill: str = "#222", weight: str = ""
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{bold}>'
        f"{_escaped(text)}</text>"
    )


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    body = "\n".join(part for part in parts if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="sans-serif" font-size="11">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _escaped(text: str) -> str:
    flat = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return flat.replace('"', "&quot;")


def _cut(text: str, most: int = 12) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def mermaid_label(text: str) -> str:
    """A text that ends no label and no chart."""
    return re.sub(r"[^0-9A-Za-z .,:_/-]", " ", text)
