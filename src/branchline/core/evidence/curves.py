"""ROC, precision-recall and calibration curves and confusion matrices from per-example predictions.

Pure; NumPy is imported where it computes. Serves the station `evidence`: what is made here is small
enough for a record, so that a report can draw it without the predictions. No plot is drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Points = tuple[tuple[float, float], ...]

MOST_POINTS = 200
"""Of one curve; a screen shows no more, and a record stays small."""
BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """How well scores put the positive examples first.

    Attributes:
        roc: (false positive rate, true positive rate), from (0, 0) to (1, 1).
        pr: (recall, precision), by rising recall.
        area: Under the whole ROC curve, in [0, 1], ties counted half.
        average_precision: Sum of precision times the gain in recall over all thresholds.
    """

    roc: Points
    pr: Points
    area: float
    average_precision: float


def ranked_curves(
    is_positive: NDArray[Any],
    scores: NDArray[Any],
    *,
    weights: NDArray[Any] | None = None,
    most: int = MOST_POINTS,
) -> Ranked:
    """ROC and precision-recall curves of one class against the rest.

    Both are thinned to the same thresholds: the corners of the convex hull of the ROC curve, which
    are the thresholds that can be best for some cost of errors, and between them equal steps along
    the curve. The areas are those of the whole curves.

    Args:
        is_positive: Of each example, shape (n,), truthy for the class.
        scores: Shape (n,), higher says "positive"; finite.
        weights: Shape (n,), > 0; None means 1 each.
        most: Points of a curve, >= 2.

    Raises:
        ValueError: The shapes differ, a score is not finite, or only one class is there.

    Source:
        T. Fawcett (2006), Pattern Recognition Letters 27, 861-874.
    """
    import numpy as np

    truth, values, weight = _checked(is_positive, scores, weights)
    order = np.argsort(-values, kind="stable")
    truth, values, weight = truth[order], values[order], weight[order]
    last = np.r_[np.flatnonzero(np.diff(values)), len(values) - 1]
    hits = np.cumsum(weight * truth)[last]
    misses = np.cumsum(weight * ~truth)[last]
    tpr, fpr = np.r_[0.0, hits / hits[-1]], np.r_[0.0, misses / misses[-1]]
    area = float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2))
    precision = hits / (hits + misses)
    average = float(np.sum(np.diff(tpr) * precision))
    kept = _thinned(fpr, tpr, most)
    # At no threshold at all nothing is claimed, so its precision is that of the first claims.
    claims = np.r_[precision[0], precision]
    return Ranked(
        roc=_points(fpr[kept], tpr[kept]),
        pr=_points(tpr[kept], claims[kept]),
        area=min(1.0, max(0.0, area)),
        average_precision=min(1.0, max(0.0, average)),
    )


def calibration_curve(
    is_positive: NDArray[Any],
    scores: NDArray[Any],
    *,
    weights: NDArray[Any] | None = None,
    bins: int = BINS,
) -> tuple[tuple[float, float, int], ...]:
    """How often the class is there where its score says so, in bins of equal width.

    Args:
        is_positive: Of each example, shape (n,), truthy for the class.
        scores: Probabilities of the class, shape (n,).
        weights: Shape (n,), > 0; None means 1 each.
        bins: How many parts of [0, 1], >= 1.

    Returns:
        (mean score, observed share, examples) of each bin that holds any.

    Raises:
        ValueError: As in `ranked_curves`, or a score is outside of [0, 1].
    """
    import numpy as np

    truth, values, weight = _checked(is_positive, scores, weights, one_class=True)
    if values.min() < 0 or values.max() > 1:
        raise ValueError("the scores are no probabilities: some are outside of [0, 1]")
    place = np.minimum((values * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    total = np.bincount(place, weights=weight, minlength=bins)
    score = np.bincount(place, weights=weight * values, minlength=bins)
    there = np.bincount(place, weights=weight * truth, minlength=bins)
    return tuple(
        (float(score[n] / total[n]), float(there[n] / total[n]), int(counts[n]))
        for n in range(bins)
        if counts[n]
    )


def confusion_counts(
    truth: NDArray[Any], decisions: NDArray[Any], classes: int
) -> tuple[tuple[int, ...], ...]:
    """How often each class was taken for each; rows are what was true.

    Args:
        truth: Codes from 0 to `classes` - 1, shape (n,).
        decisions: The same, of what was said.
        classes: How many there are, >= 1.

    Raises:
        ValueError: The shapes differ, or a code is none of these.
    """
    import numpy as np

    true, said = np.asarray(truth), np.asarray(decisions)
    if true.shape != said.shape or true.ndim != 1:
        raise ValueError(f"truth has shape {true.shape}, decisions have {said.shape}")
    for codes in (true, said):
        if len(codes) and not (codes.min() >= 0 and codes.max() < classes):
            raise ValueError(f"a code is outside of 0 to {classes - 1}")
    flat = np.bincount(true.astype(np.int64) * classes + said.astype(np.int64),
                       minlength=classes * classes)  # fmt: skip
    return tuple(tuple(map(int, row)) for row in flat.reshape(classes, classes))


def scatter_points(truth: NDArray[Any], values: NDArray[Any], *, most: int = MOST_POINTS) -> Points:
    """(true value, predicted value) of a regression: examples at equal steps of the true value.

    Pairs that are not finite are left out.

    Raises:
        ValueError: The shapes differ.
    """
    import numpy as np

    true, said = np.asarray(truth, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if true.shape != said.shape or true.ndim != 1:
        raise ValueError(f"truth has shape {true.shape}, predictions have {said.shape}")
    finite = np.isfinite(true) & np.isfinite(said)
    true, said = true[finite], said[finite]
    order = np.argsort(true, kind="stable")
    kept = order[_even(len(order), most)]
    return _points(true[kept], said[kept])


def _checked(
    is_positive: Any, scores: Any, weights: Any, *, one_class: bool = False
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    import numpy as np

    truth = np.asarray(is_positive).astype(bool)
    values = np.asarray(scores, dtype=np.float64)
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape or weight.shape != values.shape:
        raise ValueError(f"truth has shape {truth.shape}, scores have {values.shape}")
    if not len(values):
        raise ValueError("there are no examples")
    if not np.isfinite(values).all():
        raise ValueError("a score is not finite")
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ValueError("a weight is not above 0")
    if not one_class and (truth.all() or not truth.any()):
        raise ValueError("all examples are of one class")
    return truth, values, weight


def _thinned(fpr: NDArray[Any], tpr: NDArray[Any], most: int) -> NDArray[Any]:
    """Indices of the points that stay: the hull's corners first, then equal steps."""
    import numpy as np

    if len(fpr) <= most:
        return np.arange(len(fpr))
    hull = np.array(_hull(fpr, tpr))
    if len(hull) >= most:
        return np.asarray(hull[_even(len(hull), most)])
    # Steps along the curve and not along x: a good curve rises where x hardly moves.
    way = fpr + tpr
    steps = np.searchsorted(way, np.linspace(0.0, way[-1], most - len(hull) + 2)[1:-1])
    return np.unique(np.r_[hull, np.minimum(steps, len(fpr) - 1)])


def _hull(xs: NDArray[Any], ys: NDArray[Any]) -> Sequence[int]:
    """Corners of the upper convex hull of points by rising x; linear."""
    kept: list[int] = []
    x, y = xs.tolist(), ys.tolist()
    for at in range(len(x)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (x[b] - x[a]) * (y[at] - y[a]) < (y[b] - y[a]) * (x[at] - x[a]):
                break
            kept.pop()
        kept.append(at)
    return kept


def _even(count: int, most: int) -> NDArray[Any]:
    """At most so many of `count` indices, in equal steps, both ends among them."""
    import numpy as np

    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))


def _points(xs: NDArray[Any], ys: NDArray[Any]) -> Points:
    return tuple((float(x), float(y)) for x, y in zip(xs, ys, strict=True))
