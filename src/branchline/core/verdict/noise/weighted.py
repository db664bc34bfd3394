"""Metrics as functions of the weight of each example, for many weightings at once. Pure.

This is what the bootstrap, the jackknife and swaps have in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.noise.counts import count_features, of_counts
from branchline.core.verdict.noise.metrics import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.inputs import Said
    from branchline.core.verdict.noise.metrics import Metric

    Weighted = Callable[[NDArray[np.float64]], NDArray[np.float64]]
    Truth = NDArray[np.int64] | NDArray[np.float64]


def prepared(metric: Metric, truth: Truth, said: Said, classes: int) -> Weighted:
    """The metric as a function of weights.

    Args:
        metric: One that is no mean over examples or queries.
        truth: Codes or values, shape (n,).
        said: What the model said, as `inputs.read` gives it.
        classes: How many; 0 for values.

    Returns:
        A function of weights >= 0, shape (many, n), to values, shape (many,); NaN where the
        metric is not defined.
    """
    import numpy as np

    if metric.kind in (Kind.COUNTS, Kind.SUMS):
        features = features_of(metric, truth, said, classes)
        return lambda weights: of_sums(metric, weights @ features, classes)
    if metric.name == "roc_auc":
        return _area(truth == 1, said.score)
    if metric.name == "average_precision":
        return _average_precision(truth == 1, said.score)
    if metric.name == "roc_auc_ovr":
        areas = [_area(truth == code, said.score[:, code]) for code in range(classes)]
        return lambda weights: np.mean([area(weights) for area in areas], axis=0)
    return _median(abs(truth - said.score))


def features_of(metric: Metric, truth: Truth, said: Said, classes: int) -> NDArray[np.float64]:
    """What each example adds to the sums that the metric is a function of, shape (n, some)."""
    import numpy as np

    if metric.kind is Kind.COUNTS:
        return count_features(truth.astype(np.int64), said.decision, classes)
    centred = truth - truth.mean()
    squares = (truth - said.score) ** 2
    return np.column_stack((np.ones(len(truth)), squares, centred, centred**2))


def of_sums(metric: Metric, sums: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """The metric of each of many sums of `features_of`, shape (many, some) to (many,)."""
    import numpy as np

    if metric.kind is Kind.COUNTS:
        return of_counts(metric.name, sums, classes)
    total, squares, centred, centred_squares = sums.T
    if metric.name == "rmse":
        return np.asarray(np.sqrt(np.maximum(squares, 0) / total))
    spread = centred_squares - centred**2 / total
    loss = np.divide(squares, spread, out=np.full(len(sums), np.nan), where=spread > 0)
    return np.asarray(1 - loss)


def _sorted(scores: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order of rising scores, and where each run of equal ones starts."""
    import numpy as np

    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    return order, np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))


def _runs(weights: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums over runs of equal scores."""
    import numpy as np

    return weights if len(starts) == weights.shape[1] else np.add.reduceat(weights, starts, axis=1)


def _area(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Weighted:
    import numpy as np

    order, starts = _sorted(scores)
    is_positive = positive[order]

    def area(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        ranked = weights[:, order]
        positives = _runs(ranked * is_positive, starts)
        negatives = _runs(ranked * ~is_positive, starts)
        below = np.cumsum(negatives, axis=1) - negatives / 2
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        won = np.einsum("ij,ij->i", positives, below)
        found: NDArray[np.float64] = np.full(len(weights), np.nan)
        np.divide(won, pairs, out=found, where=pairs > 0)
        return found

    return area


def _average_precision(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Weighted:
    import numpy as np

    order, starts = _sorted(-scores)
    is_positive = positive[order]

    def precision(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        ranked = weights[:, order]
        positives = _runs(ranked * is_positive, starts)
        everything = np.cumsum(_runs(ranked, starts), axis=1)
        found = np.cumsum(positives, axis=1)
        total = found[:, -1]
        shares = np.divide(found, everything, out=np.zeros_like(found), where=everything > 0)
        summed = np.einsum("ij,ij->i", positives, shares)
        result: NDArray[np.float64] = np.full(len(weights), np.nan)
        np.divide(summed, total, out=result, where=total > 0)
        return result

    return precision


def _median(errors: NDArray[np.float64]) -> Weighted:
    """The weighted median, both middles averaged."""
    import numpy as np

    order = np.argsort(errors, kind="stable")
    ranked = errors[order]

    def median(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        below = np.cumsum(weights[:, order], axis=1)
        half = below[:, -1:] / 2
        # Weights such as 0.1 do not add up exactly: rounding must not shift the middle.
        slack = 1e-12 * half
        low = (below < half - slack).sum(axis=1)
        high = np.minimum((below <= half + slack).sum(axis=1), len(ranked) - 1)
        return np.asarray((ranked[low] + ranked[high]) / 2)

    return median
