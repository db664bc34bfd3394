"""Curves and confusion matrices from tables of numbers, and curves as Mermaid charts. Pure."""

from __future__ import annotations

import bisect
import itertools
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MERMAID_POINTS = 40
_LABEL = 80
_MOST_CLASSES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A named line: points (x, y); those that are not finite are left out, where it is broken.

    Attributes:
        name: Of the line. points: (x, y).
        is_baseline: Whether it is the champion's, drawn beside that of this run.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    is_baseline: bool = False


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
                (float(index) if not x else number_or_nan(row.get(x)), number_or_nan(row.get(y)))
                for index, row in enumerate(rows)
            ),
        )
        for y in ys
    )


def confusion_of(
    rows: Sequence[Mapping[str, object]], actual: str, predicted: str, count: str = ""
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """(labels, counts) of a table of labels; counts[i][j]: actual label i predicted as j.

    Args:
        rows: One an example; or, with `count`, one a pair of labels.
        actual: Column of what was true.
        predicted: Column of what was said.
        count: Column that says how many examples a row stands for.
    """
    cells = [
        (
            str(row.get(actual, ""))[:_LABEL],
            str(row.get(predicted, ""))[:_LABEL],
            _times(row, count),
        )
        for row in rows
    ]
    seen = dict.fromkeys(label for truth, guess, _ in cells for label in (truth, guess))
    labels = tuple(seen) if count else tuple(sorted(seen))
    place = {label: index for index, label in enumerate(labels)}
    counts = [[0] * len(labels) for _ in labels] if len(labels) <= _MOST_CLASSES else []
    for truth, guess, times in cells if counts else ():
        counts[place[truth]][place[guess]] += times
    return labels, tuple(tuple(row) for row in counts)


def _times(row: Mapping[str, object], count: str) -> int:
    if not count:
        return 1
    number = number_or_nan(row.get(count))
    return int(number) if 0 <= number < 1e15 else 0


def curves_mermaid(curves: Sequence[Curve], *, title: str = "", x_label: str = "") -> str:
    """Curves as a Mermaid `xychart-beta`, which forges draw themselves; "" when nothing can be.

    Mermaid sets the numbers of a line at equal distances, so that each curve is read off at equal
    steps of x, straight between its points. A curve that goes back in x cannot be shown so, and
    where one has ended it is not drawn on: the chart spans what all of them have.
    """
    lines = [sorted_points(curve) for curve in curves]
    if not lines or not all(lines):
        return ""
    low, high = max(points[0][0] for points in lines), min(points[-1][0] for points in lines)
    if low > high:
        return ""
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


def _ends(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return points[0][0], points[-1][0]


def have_one_span(curves: Sequence[Curve]) -> bool:
    """Whether a Mermaid chart shows all of every curve."""
    spans = {_ends(points) for points in map(sorted_points, curves) if points}
    return len(spans) < 2


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


def number_or_nan(value: object) -> float:
    """A cell of a table as a number; NaN when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _share(value: float, low: float, high: float) -> float:
    # Halved first, so that the difference of two huge numbers stays finite.
    return (value / 2 - low / 2) / (high / 2 - low / 2 or 1.0)


def _between(low: float, high: float, share: float) -> float:
    return low * (1 - share) + high * share


def mermaid_label(text: str) -> str:
    """A text that ends no label and no chart."""
    return re.sub(r"[^0-9A-Za-z .,:_/-]", " ", text[:_LABEL])
