"""Plots as SVG and as Mermaid charts, from tables of numbers. Pure; no drawing library.

Every text from outside is escaped, and nothing in the SVG refers to anything outside of it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.render.table import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 480, 320, 56, 32, 48
_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")
_MERMAID_POINTS = 60


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
    curves: Sequence[Curve], *, title: str = "", x_label: str = "", y_label: str = ""
) -> str:
    """Lines over common axes, with a legend when there are several."""
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
        for piece in _pieces(curve.points):
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


def curve_mermaid(curve: Curve, *, title: str = "") -> str:
    """One curve as a Mermaid `xychart-beta` for a comment; at most 60 points of it."""
    points = [(x, y) for x, y in curve.points if math.isfinite(x) and math.isfinite(y)]
    step = max(1, math.ceil(len(points) / _MERMAID_POINTS))
    kept = points[::step]
    if not kept:
        return ""
    low, high = kept[0][0], kept[-1][0]
    numbers = ", ".join(f"{y:.6g}" for _, y in kept)
    return (
        f'```mermaid\nxychart-beta\n    title "{_mermaid(title or curve.name)}"\n'
        f"    x-axis {low:.6g} --> {max(high, low + 1e-9):.6g}\n    line [{numbers}]\n```"
    )


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


def _mermaid(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z .,:_/-]", " ", text)
