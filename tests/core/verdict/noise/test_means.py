from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from branchline.core.verdict.noise.estimate import NoComparisonError
from branchline.core.verdict.noise.means import flip_p_values, paired_means

RANDOM = np.random.default_rng(11)


def test_independent_examples_are_those_of_the_paired_t_test() -> None:
    ours, theirs = RANDOM.normal(0.1, 1, 80), RANDOM.normal(0, 1, 80)
    test = stats.ttest_rel(ours, theirs)
    interval = test.confidence_interval(0.9)

    found = paired_means(ours, theirs, confidence=0.95, seed=0)

    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert 2 * min(found.above(0), found.below(0)) == pytest.approx(test.pvalue, abs=1e-9)


def test_groups_of_equal_size_are_the_t_test_of_their_means() -> None:
    differences = np.repeat(RANDOM.normal(size=60), 10) + RANDOM.normal(size=600)
    means = differences.reshape(60, 10).mean(axis=1)
    interval = stats.ttest_1samp(means, 0).confidence_interval(0.9)

    found = paired_means(
        differences,
        np.zeros(600),
        confidence=0.95,
        seed=0,
        clusters=np.repeat(np.arange(60), 10),
    )

    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert found.groups == 60


@pytest.mark.parametrize("icc", [0.0, 0.3, 0.9])
def test_ten_rows_a_user_widen_the_interval_by_the_design_effect(icc: float) -> None:
    users = 4000
    shared = np.repeat(RANDOM.normal(0, icc**0.5, users), 10)
    differences = shared + RANDOM.normal(0, (1 - icc) ** 0.5, 10 * users)
    clusters = np.repeat(np.arange(users), 10)

    naive = paired_means(differences, np.zeros(10 * users), confidence=0.95, seed=0)
    robust = paired_means(
        differences, np.zeros(10 * users), confidence=0.95, seed=0, clusters=clusters
    )

    ratio = (robust.high - robust.low) / (naive.high - naive.low)
    assert ratio == pytest.approx((1 + 9 * icc) ** 0.5, rel=0.05)


def test_few_groups_are_robust_to_their_sizes() -> None:
    sizes = np.array([1, 2, 3, 4, 40, 5, 6, 7])
    clusters = np.repeat(np.arange(8), sizes)

    found = paired_means(
        RANDOM.normal(size=68), np.zeros(68), confidence=0.95, seed=0, clusters=clusters
    )

    assert found.error is not None
    # One group of 40 weighs as much as two or so of equal size would: Student's t is far out.
    assert found.high - found.low > 2 * 3 * found.error


def test_sign_flips_are_those_of_scipy() -> None:
    differences = RANDOM.normal(0.4, 1, 10)

    less, more = flip_p_values(differences / 10, seed=0)

    for side, ours in (("less", less), ("greater", more)):
        theirs = stats.permutation_test(
            (differences,),
            lambda each: each.mean(),
            permutation_type="samples",
            alternative=side,
            n_resamples=np.inf,
        )
        assert ours == pytest.approx(theirs.pvalue, abs=1e-12)


def test_drawn_flips_come_near_to_all_flips() -> None:
    differences = RANDOM.normal(0.3, 1, 30)
    sums = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        alternative="greater",
        n_resamples=20_000,
        random_state=1,
    )

    assert flip_p_values(differences, seed=0)[1] == pytest.approx(sums.pvalue, abs=0.01)
    assert flip_p_values(differences, seed=0) == flip_p_values(differences, seed=0)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_four_examples_prove_no_direction(count: int) -> None:
    ours = np.linspace(1.0, 1.001, count)

    found = paired_means(ours, np.zeros(count), confidence=0.95, seed=0)

    assert found.above(0) >= 0.0625
    assert found.low <= 0


def test_a_difference_that_never_varies_tells_nothing_of_its_noise() -> None:
    with pytest.raises(NoComparisonError, match="by the same"):
        paired_means(np.full(9, 0.3) + 0.1, np.full(9, 0.3), confidence=0.95, seed=0)


def test_one_example_is_none() -> None:
    with pytest.raises(NoComparisonError, match="at least two"):
        paired_means(np.array([1.0]), np.array([0.0]), confidence=0.95, seed=0)


def test_nothing_differs_where_a_limit_is_known() -> None:
    same = np.full(100, 0.5)

    found = paired_means(same, same, confidence=0.95, seed=0, reach=1.0)

    assert found.low < 0 < found.high < 0.03
    with pytest.raises(NoComparisonError, match="no example differs"):
        paired_means(same, same, confidence=0.95, seed=0)
