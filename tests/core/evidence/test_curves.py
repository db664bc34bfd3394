"""Curves from predictions, against scikit-learn and against what must always hold."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from branchline.core.evidence.curves import (
    MOST_POINTS,
    calibration_curve,
    confusion_counts,
    ranked_curves,
    scatter_points,
)


def sample(count: int = 5_000, *, seed: int = 1, digits: int = 9) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    truth = chance.random(count) < 0.3
    raw = chance.normal(size=count) + 1.2 * truth
    return truth, np.round(1 / (1 + np.exp(-raw)), digits)


@pytest.mark.parametrize("digits", [9, 2, 0], ids=["no-ties", "many-ties", "nearly-all-ties"])
@pytest.mark.parametrize("weighted", [False, True])
def test_areas_are_those_of_scikit_learn(digits: int, weighted: bool) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, scores = sample(digits=digits)
    weights = np.random.default_rng(2).random(len(truth)) + 0.1 if weighted else None

    found = ranked_curves(truth, scores, weights=weights)

    area = metrics.roc_auc_score(truth, scores, sample_weight=weights)
    average = metrics.average_precision_score(truth, scores, sample_weight=weights)
    assert found.area == pytest.approx(area, abs=1e-12)
    assert found.average_precision == pytest.approx(average, abs=1e-12)


def test_a_thin_curve_lies_on_the_whole_one_and_keeps_its_hull() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, scores = sample(20_000)

    thin = np.array(ranked_curves(truth, scores).roc)
    fpr, tpr, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)

    whole = {(round(x, 12), round(y, 12)) for x, y in zip(fpr, tpr, strict=True)}
    assert len(thin) <= MOST_POINTS
    assert all((round(x, 12), round(y, 12)) in whole for x, y in thin)
    assert (tuple(thin[0]), tuple(thin[-1])) == ((0, 0), (1, 1))
    # No point of the whole curve is above the hull of the thin one: each cost of errors has its
    # best threshold among those that stay.
    for slope in np.geomspace(1e-3, 1e3, 41):
        best = (tpr - slope * fpr).max()
        assert (thin[:, 1] - slope * thin[:, 0]).max() == pytest.approx(best, abs=1e-12)
    area = np.trapezoid(thin[:, 1], thin[:, 0])
    assert area == pytest.approx(metrics.roc_auc_score(truth, scores), abs=0.003)


def test_a_small_curve_is_whole() -> None:
    found = ranked_curves(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.35, 0.8]))

    assert list(found.roc) == [(0, 0), (0, 0.5), (0, 1), (0.5, 1), (1, 1)]
    assert list(found.pr) == [(0, 1), (0.5, 1), (1, 1), (1, 2 / 3), (1, 0.5)]
    assert (found.area, found.average_precision) == (1, 1)


def test_constant_scores_are_a_diagonal() -> None:
    found = ranked_curves(np.array([0, 1, 1]), np.array([0.5, 0.5, 0.5]))

    assert list(found.roc) == [(0, 0), (1, 1)]
    assert found.area == 0.5


@pytest.mark.parametrize(
    ("truth", "scores", "word"),
    [
        pytest.param([1, 1], [0.1, 0.2], "one class", id="one-class"),
        pytest.param([0, 1], [0.1, math.nan], "not finite", id="nan"),
        pytest.param([0, 1], [0.1, math.inf], "not finite", id="infinite"),
        pytest.param([0, 1], [0.1], "shape", id="shapes-differ"),
        pytest.param([], [], "no examples", id="empty"),
    ],
)
def test_what_has_no_curve_says_why(truth: list[int], scores: list[float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        ranked_curves(np.array(truth), np.array(scores))


def test_calibration_counts_every_example() -> None:
    truth, scores = sample()

    bins = calibration_curve(truth, scores)

    assert sum(count for *_, count in bins) == len(truth)
    assert all(n / 10 <= score <= (n + 1) / 10 for n, (score, *_) in enumerate(bins))
    assert calibration_curve(np.array([1, 1]), np.array([1.0, 0.0])) == ((0, 1, 1), (1, 1, 1))
    with pytest.raises(ValueError, match="no probabilities"):
        calibration_curve(np.array([0, 1]), np.array([-0.1, 2.0]))


def test_confusion_counts() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chance = np.random.default_rng(3)
    truth, said = chance.integers(0, 4, 999), chance.integers(0, 4, 999)

    found = confusion_counts(truth, said, 4)

    assert np.array_equal(found, metrics.confusion_matrix(truth, said))
    assert confusion_counts(np.array([1]), np.array([1]), 3)[1] == (0, 1, 0)
    with pytest.raises(ValueError, match="outside"):
        confusion_counts(np.array([0]), np.array([4]), 4)


def test_scatter_leaves_out_what_is_not_finite_and_keeps_both_ends() -> None:
    truth = np.r_[np.arange(1000.0), math.nan]

    points = scatter_points(truth, truth * 2)

    assert len(points) <= MOST_POINTS
    assert (points[0], points[-1]) == ((0, 0), (999, 1998))


def test_a_million_examples_take_seconds() -> None:
    truth, scores = sample(1_000_000)
    began = time.process_time()

    ranked_curves(truth, scores)

    assert time.process_time() - began < 6
