from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from branchline.core.verdict.noise.delong import paired_areas, placements
from branchline.core.verdict.noise.estimate import NoComparisonError

Scores = NDArray[np.float64]


def scores_of(count: int, seed: int, *, ties: bool) -> tuple[NDArray[np.bool_], Scores, Scores]:
    random = np.random.default_rng(seed)
    positive = random.random(count) < 0.3
    shared = random.normal(size=count) + positive
    both = [shared + random.normal(0, 0.7, count) for _ in range(2)]
    if ties:
        both = [np.round(each) for each in both]
    return positive, both[0], both[1]


def directly(positive: NDArray[np.bool_], scores: list[Scores]) -> tuple[float, float]:
    """Difference and its variance as the paper writes them: every pair looked at."""
    kernels = []
    for each in scores:
        apart = each[positive][:, None] - each[~positive][None, :]
        kernels.append((apart > 0) + 0.5 * (apart == 0))
    ten = np.array([kernel.mean(axis=1) for kernel in kernels])
    one = np.array([kernel.mean(axis=0) for kernel in kernels])
    matrix = np.cov(ten) / ten.shape[1] + np.cov(one) / one.shape[1]
    contrast = np.array([1.0, -1.0])
    areas = [float(kernel.mean()) for kernel in kernels]
    return areas[0] - areas[1], float(contrast @ matrix @ contrast)


@pytest.mark.parametrize("ties", [False, True], ids=["no-ties", "ties"])
@pytest.mark.parametrize("count", [30, 200, 1500])
def test_it_is_the_direct_formula(count: int, ties: bool) -> None:
    positive, ours, theirs = scores_of(count, count, ties=ties)
    difference, variance = directly(positive, [ours, theirs])

    found = paired_areas(positive, ours, theirs, confidence=0.95)

    assert found.candidate - found.champion == pytest.approx(difference, abs=1e-12)
    assert found.error == pytest.approx(variance**0.5, abs=1e-12)


def test_a_hand_made_example() -> None:
    positive = np.array([True] * 5 + [False] * 5)
    ours = np.array([9.0, 8, 7, 6, 3, 5, 4, 2, 1, 0])
    theirs = np.array([9.0, 8, 3, 2, 1, 7, 6, 5, 4, 0])

    found = paired_areas(positive, ours, theirs, confidence=0.95)

    assert found.candidate == pytest.approx(23 / 25)
    assert found.champion == pytest.approx(13 / 25)


def test_weights_count_as_copies_do() -> None:
    positive, ours, _ = scores_of(80, 3, ties=True)
    times = np.random.default_rng(0).integers(1, 4, 80)

    weighted = placements(ours, positive, times.astype(np.float64))
    copied = placements(np.repeat(ours, times), np.repeat(positive, times))

    assert np.repeat(weighted, times) == pytest.approx(copied, abs=1e-12)


def test_equal_weights_change_nothing() -> None:
    positive, ours, theirs = scores_of(200, 4, ties=False)

    plain = paired_areas(positive, ours, theirs, confidence=0.95)
    weighted = paired_areas(positive, ours, theirs, confidence=0.95, weights=np.full(200, 7.0))

    assert weighted.error == pytest.approx(plain.error, rel=1e-12)
    assert weighted.low == pytest.approx(plain.low, abs=1e-12)


def test_groups_of_one_are_nearly_no_groups() -> None:
    positive, ours, theirs = scores_of(2000, 5, ties=False)

    plain = paired_areas(positive, ours, theirs, confidence=0.95)
    grouped = paired_areas(positive, ours, theirs, confidence=0.95, clusters=np.arange(2000))

    assert grouped.groups == 2000
    assert grouped.error == pytest.approx(plain.error, rel=2e-3)


def test_ten_copies_of_each_patient_tell_no_more_than_one() -> None:
    positive, ours, theirs = scores_of(300, 6, ties=False)

    plain = paired_areas(positive, ours, theirs, confidence=0.95)
    copies = paired_areas(
        np.repeat(positive, 10),
        np.repeat(ours, 10),
        np.repeat(theirs, 10),
        confidence=0.95,
        clusters=np.repeat(np.arange(300), 10),
    )

    assert copies.error == pytest.approx(plain.error, rel=0.01)


def test_the_same_order_by_other_scores_is_no_difference_and_no_certainty() -> None:
    positive, ours, _ = scores_of(300, 7, ties=False)

    found = paired_areas(positive, ours, 3 * ours + 1, confidence=0.95)

    assert found.candidate == found.champion
    assert found.low < 0 < found.high < 0.05


@pytest.mark.parametrize("positives", [0, 1, 4, 296, 300])
def test_too_few_of_a_class_is_said(positives: int) -> None:
    positive = np.arange(300) < positives

    with pytest.raises(NoComparisonError, match="at least 5 of each"):
        paired_areas(positive, np.arange(300.0), np.arange(300.0)[::-1], confidence=0.95)


def test_one_group_is_none() -> None:
    positive, ours, theirs = scores_of(300, 8, ties=False)

    with pytest.raises(NoComparisonError, match="one group"):
        paired_areas(positive, ours, theirs, confidence=0.95, clusters=np.zeros(300, np.int64))
