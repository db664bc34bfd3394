"""Drift: its figures beside scipy, its false alarms and its power on simulated columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from branchline.core.evidence.data.chance import chi_squared_below, chi_squared_quantile
from branchline.core.evidence.data.drift import (
    compare_profiles,
    jensen_shannon,
    kolmogorov,
    psi,
    psi_by_chance,
    wasserstein,
)
from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.values import ColumnProfile, TableProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BINS = 40


def scale(name: str, values: Floats, edges: Floats, *, nulls: int = 0) -> ColumnProfile:
    """A column of numbers, counted on edges as the adapter counts."""
    places = np.searchsorted(edges, values, side="left")
    counts = np.bincount(places, minlength=len(edges) + 1)
    return ColumnProfile(
        name=name,
        type=ColumnType.NUMBER,
        nulls=nulls,
        mean=float(values.mean()),
        std=float(values.std()),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
    )


def codes(name: str, values: NDArray[np.int64], known: Sequence[int]) -> ColumnProfile:
    """A column of categories, counted on those of the reference."""
    counted = [(str(code), int((values == code).sum())) for code in known]
    other = len(values) - sum(count for _, count in counted)
    return ColumnProfile(
        name=name, type=ColumnType.TEXT, categories=tuple(counted), other=int(other)
    )


def edges_of(values: Floats) -> Floats:
    quantiles = np.quantile(values, [k / BINS for k in range(1, BINS)])
    return np.unique(quantiles)


@pytest.mark.parametrize("probability", [0.5, 0.99, 0.9999, 1 - 1e-7])
@pytest.mark.parametrize("degrees", [1, 2, 9, 49, 500])
def test_quantiles_of_chance_are_those_of_scipy(probability: float, degrees: int) -> None:
    quantile = chi_squared_quantile(probability, degrees)

    assert quantile == pytest.approx(stats.chi2.ppf(probability, degrees), rel=1e-8)
    assert chi_squared_below(quantile, degrees) == pytest.approx(probability, rel=1e-10)


def test_distances_are_those_of_scipy() -> None:
    generator = np.random.default_rng(1)
    before, after = generator.integers(0, 100, 12), generator.integers(0, 100, 12)

    assert jensen_shannon(before.tolist(), after.tolist()) == pytest.approx(
        jensenshannon(before, after, base=2)
    )
    p, q = (before + 0.5) / (before + 0.5).sum(), (after + 0.5) / (after + 0.5).sum()
    both_ways = stats.entropy(p, q) + stats.entropy(q, p)
    assert psi(before.tolist(), after.tolist()) == pytest.approx(both_ways)


def test_a_moved_normal_has_the_ks_and_wasserstein_distance_of_theory() -> None:
    generator = np.random.default_rng(2)
    old, new = generator.normal(0, 1, 100_000), generator.normal(0.5, 1, 100_000)
    edges = edges_of(old)
    before, after = scale("x", old, edges), scale("x", new, edges)

    ks = kolmogorov(before.counts, after.counts)
    moved = wasserstein(before.counts, after.counts, before.edges, std=1.0)

    assert ks == pytest.approx(2 * stats.norm.cdf(0.25) - 1, abs=0.02)
    assert moved == pytest.approx(0.5, abs=0.05)


def table(columns: Sequence[ColumnProfile], rows: int) -> TableProfile:
    return TableProfile(path="d", rows=rows, columns=tuple(columns))


@pytest.mark.parametrize(
    ("shift", "is_drifted"),
    [
        pytest.param(0.02, False, id="significant-at-a-million-rows-and-immaterial"),
        pytest.param(0.5, True, id="half-a-deviation"),
    ],
)
def test_effect_size_decides_and_not_a_p_value(*, shift: float, is_drifted: bool) -> None:
    generator = np.random.default_rng(3)
    old, new = generator.normal(0, 1, 400_000), generator.normal(shift, 1, 400_000)
    edges = edges_of(old)

    (found,) = compare_profiles(
        table([scale("x", old, edges)], len(old)), table([scale("x", new, edges)], len(new))
    )

    assert stats.ks_2samp(old, new).pvalue < 1e-6
    assert found.is_drifted is is_drifted
    if is_drifted:
        assert "standard deviations" in found.why


def test_too_few_rows_are_not_judged() -> None:
    values = np.random.default_rng(4).normal(0, 1, 100)
    edges = edges_of(values)

    (found,) = compare_profiles(
        table([scale("x", values, edges)], 100), table([scale("x", values + 9, edges)], 100)
    )

    assert (found.psi, found.is_drifted) == (None, False)
    assert found.why == "not judged: 100 rows, and 200 are the least"


def test_a_new_category_and_missing_values_are_named() -> None:
    old = codes("c", np.repeat([1, 2], 500), [1, 2])
    new = codes("c", np.repeat([1, 2, 3], [400, 300, 300]), [1, 2])
    gone = ColumnProfile(
        name="m", type=ColumnType.TEXT, nulls=400, categories=(("1", 300), ("2", 300))
    )
    full = ColumnProfile(name="m", type=ColumnType.TEXT, categories=(("1", 500), ("2", 500)))

    found = {
        c.column: c for c in compare_profiles(table([old, full], 1000), table([new, gone], 1000))
    }

    assert found["c"].is_drifted
    assert found["c"].why == "values that were rare or unknown: 30.0%, were 0.0%"
    assert found["m"].is_drifted
    assert found["m"].why == "missing in 40.0% of the rows, was 0.0%"


def test_dates_that_are_missing_now_are_drift() -> None:
    old = ColumnProfile(name="d", type=ColumnType.DATE, dates=("a", "b"))
    new = ColumnProfile(name="d", type=ColumnType.DATE, dates=("a", "b"), nulls=250)

    (found,) = compare_profiles(table([old], 500), table([new], 500))

    assert found.is_drifted
    assert found.why == "missing in 50.0% of the rows, was 0.0%"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            ColumnProfile(name="x", type=ColumnType.NUMBER, nulls=500),
            ColumnProfile(name="x", type=ColumnType.NUMBER, nulls=500),
            id="all-missing",
        ),
        pytest.param(
            ColumnProfile(name="x", type=ColumnType.TEXT, categories=(("a", 500),)),
            ColumnProfile(name="x", type=ColumnType.TEXT, categories=(("a", 500),)),
            id="constant",
        ),
        pytest.param(
            ColumnProfile(name="x", type=ColumnType.TEXT, other=500, nulls=0, categories=()),
            ColumnProfile(name="x", type=ColumnType.TEXT, other=500),
            id="only-rare-values",
        ),
    ],
)
def test_degenerate_columns_are_no_drift(old: ColumnProfile, new: ColumnProfile) -> None:
    found = compare_profiles(table([old], 500), table([new], 500))

    assert not any(item.is_drifted for item in found)
    assert all(item.psi is None or math.isfinite(item.psi) for item in found)


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "rows"), [(20, 200), (20, 2000), (100, 200), (100, 500)])
def test_no_drift_alarms_in_at_most_one_run_of_a_hundred(columns: int, rows: int) -> None:
    """An alarm is any column of a run called drifted; the bound holds with its Monte Carlo error.

    Of the columns a few are skewed, and a third are categories of 2 to 50 levels.
    """
    generator = np.random.default_rng(columns * rows)
    reference, runs, alarms = 5000, 200, 0
    made = [_column(generator, kind) for kind in range(columns)]
    before = [made[k](reference) for k in range(columns)]
    edges = [edges_of(v) if v.dtype.kind == "f" else np.unique(v) for v in before]
    old = table([_profile(k, v, edges[k]) for k, v in enumerate(before)], reference)
    for _ in range(runs):
        new = table([_profile(k, made[k](rows), edges[k]) for k in range(columns)], rows)
        alarms += any(found.is_drifted for found in compare_profiles(old, new))

    # 99 % of draws with a true rate of 1 % have at most 6 alarms in 200.
    assert alarms <= stats.binom.ppf(0.99, runs, 0.01)


@pytest.mark.slow
def test_half_a_deviation_in_one_of_fifty_columns_is_found_at_500_rows() -> None:
    generator = np.random.default_rng(7)
    columns, rows, runs, hits = 50, 500, 40, 0
    before = generator.normal(0, 1, (columns, 20_000))
    edges = [edges_of(values) for values in before]
    old = table([scale(str(k), v, edges[k]) for k, v in enumerate(before)], 20_000)
    for _ in range(runs):
        after = generator.normal(0, 1, (columns, rows))
        after[0] += 0.5
        new = table([scale(str(k), v, edges[k]) for k, v in enumerate(after)], rows)
        hits += [c.column for c in compare_profiles(old, new) if c.is_drifted] == ["0"]

    assert hits >= 0.95 * runs


def _column(generator: np.random.Generator, kind: int):  # type: ignore[no-untyped-def] # a draw
    if kind % 3 == 2:
        levels = 2 + (kind * 7) % 49
        weights = generator.dirichlet(np.ones(levels))
        return lambda n: generator.choice(levels, n, p=weights)
    if kind % 30 == 1:
        return lambda n: generator.lognormal(0, 2, n)
    return lambda n: generator.normal(0, 1, n)


def _profile(number: int, values: Floats, known: Floats) -> ColumnProfile:
    if values.dtype.kind == "f":
        return scale(str(number), values, known)
    return codes(str(number), values.astype(np.int64), [int(v) for v in known])


def test_the_bound_of_chance_falls_with_rows_and_rises_with_columns() -> None:
    few = psi_by_chance(1000, 1000, bins=10, columns=1)

    assert psi_by_chance(10_000, 10_000, bins=10, columns=1) == pytest.approx(few / 10)
    assert psi_by_chance(1000, 1000, bins=10, columns=100) > few
