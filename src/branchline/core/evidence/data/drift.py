"""Whether new data differ from reference data, by effect size and beyond chance. Pure.

A column drifted where three things hold together: its PSI is material (> 0.1), it exceeds what
chance alone exceeds once in a hundred runs over all columns, and a second distance that does not
share the PSI's weakness for small bins says so, too. A p-value alone is never asked: at a million
rows the smallest shift is significant.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.evidence.data.chance import chi_squared_quantile
from branchline.core.evidence.data.values import ColumnDrift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.data.values import ColumnProfile, TableProfile

MATERIAL = 0.1
"""PSI from which a change is worth a word (Siddiqi 2006: 0.1 to 0.25 is a moderate shift)."""
CONFIRMING = 0.1
"""KS or Jensen-Shannon distance, or shift in standard deviations, that confirms it."""
ALARM_RATE = 0.01
"""Runs without any drift in which any column may be called drifted."""
_HEAVIER_TAIL = 0.5
"""At 200 rows the PSI exceeds its far quantiles twice as often as its limit distribution does."""
PSI_BINS = 10
MIN_ROWS = 200
"""Rows below which nothing is judged: of 100, half a deviation is seen in a third of cases."""


def psi(before: Sequence[int], after: Sequence[int], *, smooth: float = 0.5) -> float:
    """Population stability index of two histograms on the same bins, smoothed.

    Args:
        before: Counts of the reference.
        after: Counts of the new data, same length.
        smooth: Added to each count, so that an empty bin is no infinity.

    >>> psi([10, 10], [10, 10])
    0.0
    """
    bins = len(before)
    all_before, all_after = sum(before) + smooth * bins, sum(after) + smooth * bins
    total = 0.0
    for old, new in zip(before, after, strict=True):
        p, q = (old + smooth) / all_before, (new + smooth) / all_after
        total += (p - q) * math.log(p / q)
    return total


def psi_by_chance(rows_before: int, rows_after: int, *, bins: int, columns: int) -> float:
    """PSI that chance alone exceeds in `ALARM_RATE` of runs, over all columns together.

    Source: B. Yurdakul (2018), dissertation, Western Michigan University: without drift the PSI is
    distributed as (1/N + 1/M) times chi-squared with bins - 1 degrees of freedom.
    """
    rate = ALARM_RATE * _HEAVIER_TAIL / max(1, columns)
    quantile = chi_squared_quantile(1 - rate, max(1, bins - 1))
    return (1 / rows_before + 1 / rows_after) * quantile


def kolmogorov(before: Sequence[int], after: Sequence[int]) -> float:
    """Largest distance of two cumulative histograms on the same bins, in [0, 1]."""
    return max((abs(step) for step in _cumulative(before, after)), default=0.0)


def jensen_shannon(before: Sequence[int], after: Sequence[int]) -> float:
    """Jensen-Shannon distance of two histograms, base 2, in [0, 1]."""
    n, m = sum(before), sum(after)
    total = 0.0
    for old, new in zip(before, after, strict=True):
        p, q = old / n, new / m
        mean = (p + q) / 2
        total += sum(x / 2 * math.log2(x / mean) for x in (p, q) if x > 0)
    return math.sqrt(max(0.0, total))


def wasserstein(
    before: Sequence[int], after: Sequence[int], edges: Sequence[float], *, std: float
) -> float:
    """Distance that mass moves between two histograms, in standard deviations.

    What lies beyond the outer edges moves nothing: open bins have no width, so that single
    outliers do not make it large.
    """
    steps = _cumulative(before, after)
    widths = [edges[i + 1] - edges[i] for i in range(len(edges) - 1)]
    # Between two edges the difference of the cumulative shares goes from one step to the next.
    moved = sum(width * (abs(steps[i]) + abs(steps[i + 1])) / 2 for i, width in enumerate(widths))
    return moved / std if std > 0 else 0.0


def _cumulative(before: Sequence[int], after: Sequence[int]) -> list[float]:
    n, m = sum(before) or 1, sum(after) or 1
    found, old, new = [], 0, 0
    for one, other in zip(before, after, strict=True):
        old, new = old + one, new + other
        found.append(old / n - new / m)
    return found


def compare_profiles(before: TableProfile, after: TableProfile) -> tuple[ColumnDrift, ...]:
    """How far each column of `before` moved, those that moved most first.

    Args:
        before: The reference.
        after: The new data, counted on the bins and categories of the reference.
    """
    shared = [
        (old, new)
        for old in before.columns
        if (new := after.column(old.name)) is not None
        and (old.edges or old.categories or old.nulls or new.nulls)
    ]
    found = [
        _column(old, new, rows=(before.rows, after.rows), columns=len(shared))
        for old, new in shared
    ]
    return tuple(sorted(found, key=lambda item: (not item.is_drifted, -(item.psi or 0.0))))


def _column(
    old: ColumnProfile, new: ColumnProfile, *, rows: tuple[int, int], columns: int
) -> ColumnDrift:
    if min(rows) < MIN_ROWS:
        why = f"not judged: {min(rows):,} rows, and {MIN_ROWS} are the least"
        return ColumnDrift(column=old.name, psi=None, chance=None, why=why)
    fine = _bins_of(old, new)
    if not old.edges and not old.categories:
        # Dates and the like have no bins: whether there is a value is all that is compared.
        fine = [rows[0] - old.nulls], [rows[1] - new.nulls]
    coarse = (_merged(fine[0], PSI_BINS), _merged(fine[1], PSI_BINS)) if old.edges else fine
    with_nulls = ([*coarse[0], old.nulls], [*coarse[1], new.nulls])
    size = psi(*with_nulls)
    used = sum(1 for pair in zip(*with_nulls, strict=True) if any(pair))
    chance = psi_by_chance(*rows, bins=max(2, used), columns=columns)
    distance, shift = _second(old, fine)
    missing = new.nulls / rows[1] - old.nulls / rows[0]
    confirms = [
        distance is not None and distance > CONFIRMING,
        shift is not None and shift > CONFIRMING,
        abs(missing) > CONFIRMING / 2,
    ]
    is_drifted = size > MATERIAL and size > chance and any(confirms)
    why = _why(old, new, rows, missing, shift) if is_drifted else ""
    return ColumnDrift(
        column=old.name, psi=size, chance=chance, distance=distance, shift=shift,
        is_drifted=is_drifted, why=why,
    )  # fmt: skip


def _second(
    old: ColumnProfile, fine: tuple[list[int], list[int]]
) -> tuple[float | None, float | None]:
    if not sum(fine[0]) or not sum(fine[1]):
        return None, None
    if not old.edges:
        return jensen_shannon(*fine), None
    shift = wasserstein(*fine, old.edges, std=old.std or 0.0) if old.std else None
    return kolmogorov(*fine), shift


def _bins_of(old: ColumnProfile, new: ColumnProfile) -> tuple[list[int], list[int]]:
    if old.edges:
        return list(old.counts), list(new.counts)
    now = dict(new.categories)
    pairs = [(count, now.get(value, 0)) for value, count in old.categories]
    pairs.append((old.other, new.other))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _merged(counts: list[int], bins: int) -> list[int]:
    """A fine histogram as one of about `bins` bins: neighbours joined."""
    step = max(1, round(len(counts) / bins))
    return [sum(counts[start : start + step]) for start in range(0, len(counts), step)]


def _why(
    old: ColumnProfile,
    new: ColumnProfile,
    rows: tuple[int, int],
    missing: float,
    shift: float | None,
) -> str:
    """What moved most, in words."""
    if abs(missing) > CONFIRMING / 2:
        # What is no number counts as missing where numbers stood.
        what = "missing or no number" if old.edges else "missing"
        return f"{what} in {new.nulls / rows[1]:.1%} of the rows, was {old.nulls / rows[0]:.1%}"
    if old.edges:
        if old.mean is None or new.mean is None:
            return "other values than before"
        moved = f", moved by {shift:.2g} standard deviations" if shift is not None else ""
        return f"mean {new.mean:.4g}, was {old.mean:.4g}{moved}"
    now, all_old, all_new = dict(new.categories), rows[0] - old.nulls, rows[1] - new.nulls
    steps = [
        (abs(now.get(value, 0) / all_new - count / all_old), value, count)
        for value, count in old.categories
    ]
    largest = max(steps, default=(0.0, "", 0))
    others = new.other / all_new - old.other / all_old
    if others > largest[0]:
        now_share, was_share = new.other / all_new, old.other / all_old
        return f"values that were rare or unknown: {now_share:.1%}, were {was_share:.1%}"
    share, was = now.get(largest[1], 0) / all_new, largest[2] / all_old
    return f"`{largest[1]}` is {share:.1%} of the values, was {was:.1%}"
