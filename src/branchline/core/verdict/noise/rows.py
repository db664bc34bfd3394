"""Metrics that are a mean over examples: the value of each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.inputs import Said
    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples

# Largest difference of one example; log-loss and losses of values have no limit.
_REACHES = {"accuracy": 1.0, "error_rate": 1.0}


def by_row(metric: Metric, examples: PairedExamples, said: Said) -> NDArray[np.float64]:
    """The value of each example, shape (n,); the metric is their (weighted) mean.

    Log-loss keeps probabilities off 0 and 1 by the spacing of floats, as scikit-learn does.
    """
    import numpy as np

    truth = examples.truth
    if metric.name == "accuracy":
        return np.asarray(said.decision == truth, dtype=np.float64)
    if metric.name == "error_rate":
        return np.asarray(said.decision != truth, dtype=np.float64)
    scores = said.score
    if metric.name == "log_loss":
        eps = np.finfo(np.float64).eps
        of_truth: NDArray[np.float64]
        if scores.ndim == 2:
            of_truth = scores[np.arange(len(truth)), truth.astype(np.int64)]
        else:
            of_truth = np.where(truth == 1, scores, 1 - scores)
        return -np.log(np.clip(of_truth, eps, 1 - eps))
    if metric.name == "brier":
        return _brier(scores, truth, len(examples.classes))
    error = np.abs(scores - truth)
    if metric.name == "mse":
        return error**2
    if metric.name == "mape":
        return error / np.maximum(np.abs(truth), np.finfo(np.float64).eps)
    return error


def _brier(
    scores: NDArray[np.float64], truth: NDArray[np.int64] | NDArray[np.float64], classes: int
) -> NDArray[np.float64]:
    """Squared error of the positive class; of more than two classes the sum over all."""
    import numpy as np

    if classes == 2:
        positive = scores[:, 1] if scores.ndim == 2 else scores
        return np.asarray((positive - truth) ** 2, dtype=np.float64)
    squares = np.sum(scores**2, axis=1)
    of_truth = scores[np.arange(len(truth)), truth.astype(np.int64)]
    return np.asarray(squares - 2 * of_truth + 1, dtype=np.float64)


def reach_of(metric: Metric, classes: int) -> float | None:
    """The largest possible difference of one example or query; None where there is no limit."""
    if metric.name == "brier":
        return 1.0 if classes == 2 else 2.0
    return _REACHES.get(metric.name)
