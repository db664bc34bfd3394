"""Metrics that are functions of counts by class. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def count_features(
    truth: NDArray[np.int64], decisions: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """What one example adds to the right ones, the decisions and the truth of each class.

    Returns:
        Zeros and ones, shape (n, 3 * classes).
    """
    import numpy as np

    rows = np.arange(len(truth))
    features = np.zeros((len(truth), 3 * classes))
    features[rows, truth] = truth == decisions
    features[rows, classes + decisions] = 1.0
    features[rows, 2 * classes + truth] = 1.0
    return features


def of_counts(name: str, sums: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """A metric of each of many sums of `count_features`.

    Args:
        name: Of the metric: balanced_accuracy, mcc, cohen_kappa, or precision, recall or f1 alone
            or with _macro, _micro or _weighted.
        sums: Shape (many, 3 * classes).
        classes: How many.

    Returns:
        Shape (many,); NaN where the metric is not defined. A class without decisions counts 0 in an
        average over classes, as in scikit-learn.
    """
    import numpy as np

    right, decided, true = (sums[:, at * classes : (at + 1) * classes] for at in range(3))
    total = true.sum(axis=1)
    if name == "balanced_accuracy":
        return _share((_quotient(right, true)).sum(axis=1), (true > 0).sum(axis=1))
    agreed = right.sum(axis=1)
    if name == "cohen_kappa":
        chance = (decided * true).sum(axis=1) / total**2
        return _share(agreed / total - chance, _off_zero(1 - chance))
    if name == "mcc":
        decided, true = decided / total[:, None], true / total[:, None]
        both = (_off_zero(1 - (each**2).sum(axis=1)) for each in (decided, true))
        covered = agreed / total - (decided * true).sum(axis=1)
        return _share(covered, np.sqrt(next(both) * next(both)))
    word, _, average = name.partition("_")
    above, below = {
        "precision": (right, decided),
        "recall": (right, true),
        "f1": (2 * right, decided + true),
    }[word]
    if average == "":
        return _share(above[:, 1], below[:, 1])
    if average == "micro":
        return _share(above.sum(axis=1), below.sum(axis=1))
    each = _quotient(above, below)
    if average == "weighted":
        return _share((each * true).sum(axis=1), total)
    return _share(each.sum(axis=1), (decided + true > 0).sum(axis=1))


def _quotient(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 where the denominator is."""
    import numpy as np

    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _off_zero(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for what is 0 but for rounding."""
    import numpy as np

    return np.where(shares > 1e-14, shares, 0.0)


def _share(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN where the denominator is 0."""
    import numpy as np

    found: NDArray[np.float64] = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found
