"""The usual measures of a model, in NumPy: what `assert_minimum` knows by name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from branchline.errors import ModelTestError
from branchline.model_tests.predicting import as_array, predict, scores, unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

_OF_LABELS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
_OF_VALUES = ("r2", "mae", "mse", "rmse")
_OF_SCORES = ("roc_auc", "log_loss", "brier")
_LOWER_IS_BETTER = ("mae", "mse", "rmse", "log_loss", "brier")


def is_lower_better(metric: object) -> bool:
    """Whether a measure is an error."""
    return metric in _LOWER_IS_BETTER


def measure(
    metric: str | Callable[[Any, Any], float], model: Any, rows: Any, truth: np.ndarray
) -> float:
    """A measure of a model on rows whose truth is known.

    Args:
        metric: Its name, or a function of truth and prediction.
        model: Anything that can be asked.
        rows: As the model takes them.
        truth: Shape (rows,).

    Raises:
        ModelTestError: An unknown name; one class only; predictions that are not finite, or are not
            as many as the rows.
    """
    import numpy as np

    if not callable(metric) and metric not in (*_OF_LABELS, *_OF_VALUES, *_OF_SCORES):
        known = [*_OF_LABELS, *_OF_VALUES, *_OF_SCORES]
        near = difflib.get_close_matches(str(metric), known, n=1)
        raise ModelTestError(
            f"there is no measure {metric!r}",
            todo=f"Did you mean {near[0]!r}?"
            if near
            else f"There are: {', '.join(known)}; or hand over a function of truth and prediction.",
        )
    if metric in _OF_SCORES:
        return _of_scores(str(metric), model, rows, truth)
    if callable(metric):
        return float(metric(truth, predict(model, rows)))
    predicted = as_array(predict(model, rows)).reshape(len(truth), -1)
    if predicted.shape[1] != 1:
        raise ModelTestError(f"the model gives {predicted.shape[1]} predictions a row, not one")
    answer = predicted[:, 0]
    if metric in _OF_VALUES:
        return _of_values(str(metric), as_array(truth), answer)
    return _of_labels(str(metric), np.asarray(truth), answer)


def _of_labels(metric: str, truth: np.ndarray, answer: np.ndarray) -> float:
    import numpy as np

    if answer.dtype.kind != "U" or truth.dtype.kind in "fiub":
        truth, answer = as_array(truth), as_array(answer)
        _finite(answer)
    if answer.dtype.kind != truth.dtype.kind:
        truth, answer = truth.astype(str), answer.astype(str)
    if metric == "accuracy":
        return float(np.mean(truth == answer))
    classes = np.unique(np.concatenate([truth, answer]))
    if metric == "balanced_accuracy":
        known = np.unique(truth)
        return float(np.mean([np.mean(answer[truth == c] == c) for c in known]))
    # Two classes: of the one that sorts last, as libraries do; more: the mean over the classes.
    chosen = classes[-1:] if len(classes) == 2 else classes
    return float(np.mean([_of_class(metric, truth == c, answer == c) for c in chosen]))


def _of_class(metric: str, truth: np.ndarray, answer: np.ndarray) -> float:
    hits = float((truth & answer).sum())
    precision = hits / answer.sum() if answer.any() else 0.0
    recall = hits / truth.sum() if truth.any() else 0.0
    if metric == "precision":
        return precision
    if metric == "recall":
        return recall
    return 2 * precision * recall / (precision + recall) if hits else 0.0


def _of_values(metric: str, truth: np.ndarray, answer: np.ndarray) -> float:
    import numpy as np

    _finite(answer)
    errors = truth - answer
    if metric == "mae":
        return float(np.mean(np.abs(errors)))
    mse = float(np.mean(errors**2))
    if metric == "mse":
        return mse
    if metric == "rmse":
        return float(np.sqrt(mse))
    spread = float(np.mean((truth - truth.mean()) ** 2))
    if not spread:
        raise ModelTestError("r2 is not defined: the truth is the same in every row")
    return 1 - mse / spread


def _of_scores(metric: str, model: Any, rows: Any, truth: np.ndarray) -> float:
    import numpy as np

    given = scores(model, rows)
    _finite(given)
    classes = np.unique(truth)
    if len(classes) != 2:
        raise ModelTestError(
            f"{metric} needs two classes in the evaluation data, not {len(classes)}"
        )
    positive = np.asarray(truth == classes[1])
    score = given.reshape(len(truth), -1)[:, -1]
    if metric == "roc_auc":
        return _auc(positive, score)
    if (score < 0).any() or (score > 1).any():
        raise ModelTestError(f"{metric} needs probabilities, and the model gives other numbers")
    if metric == "brier":
        return float(np.mean((score - positive) ** 2))
    clipped = np.clip(score, 1e-15, 1 - 1e-15)
    return float(-np.mean(np.where(positive, np.log(clipped), np.log1p(-clipped))))


def _auc(positive: np.ndarray, score: np.ndarray) -> float:
    """By midranks, so that ties count half."""
    import numpy as np

    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse.ravel()]
    n, m = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def _finite(values: np.ndarray) -> None:
    import numpy as np

    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise ModelTestError(f"{bad} predictions are NaN or infinite")


def classes_of(model: Any) -> list[Any]:
    """Classes of a classifier in the order of its probabilities; empty where it names none."""
    return list(getattr(unwrapped(model), "classes_", ()))
