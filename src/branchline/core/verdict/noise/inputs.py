"""What a metric reads of a model's predictions, checked: scores, decisions. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.estimate import NoComparisonError
from branchline.core.verdict.noise.metrics import Kind, Needs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples, Predicted

_OF_TWO = ("precision", "recall", "f1", "roc_auc", "average_precision")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What one model said, as the metric reads it.

    Attributes:
        scores: Finite, shape (n,) or (n, k); None where the metric reads decisions.
        decisions: Codes of classes, shape (n,); None where it reads scores.
    """

    scores: NDArray[np.float64] | None = None
    decisions: NDArray[np.int64] | None = None

    @property
    def score(self) -> NDArray[np.float64]:
        """The scores, where the metric reads them."""
        if self.scores is None:
            raise NoComparisonError("there are no scores")
        return self.scores

    @property
    def decision(self) -> NDArray[np.int64]:
        """The decisions, where the metric reads them."""
        if self.decisions is None:
            raise NoComparisonError("there are no decisions")
        return self.decisions


def check_examples(examples: PairedExamples) -> None:
    """Refuses truth, weights, groups and queries that no metric can be computed on.

    Raises:
        NoComparisonError: No example, NaN or infinite truth, a class that is not known, a weight
            that is not above 0, or columns of different lengths.
    """
    import numpy as np

    count = examples.count
    if count == 0:
        raise NoComparisonError("no example")
    columns = (
        ("weights", examples.weights),
        ("groups", examples.clusters),
        ("queries", examples.queries),
    )
    for name, column in columns:
        if column is not None and column.shape != (count,):
            raise NoComparisonError(f"{len(column)} {name} for {count} examples")
    if examples.classes:
        codes = examples.truth
        if codes.dtype.kind not in "iub" or codes.min() < 0 or codes.max() >= len(examples.classes):
            raise NoComparisonError("the truth holds a class that is not known")
    else:
        _finite(np.asarray(examples.truth, dtype=np.float64), "the truth")
    if examples.weights is not None:
        _finite(examples.weights, "the weights")
        if examples.weights.min() <= 0:
            raise NoComparisonError("a weight is not above 0")


def read(
    metric: Metric, examples: PairedExamples, predicted: Predicted, who: str = "the model"
) -> Said:
    """What a metric reads of what a model said.

    Raises:
        NoComparisonError: It is not there, not finite, or the metric is not defined for it.
    """
    _check_task(metric, examples)
    if metric.needs is Needs.DECISIONS:
        return Said(decisions=decisions_of(examples, predicted, who))
    scores = predicted.scores
    if scores is None:
        raise NoComparisonError(f"{metric.name} needs {metric.needs.value}; {who} has none")
    _shape(metric, scores, examples, who)
    _finite(scores, f"the scores of {who}")
    if metric.needs is Needs.PROBABILITIES and (scores.min() < 0 or scores.max() > 1):
        raise NoComparisonError(
            f"{metric.name} needs probabilities; {who} has a score outside [0, 1]"
        )
    if metric.name in ("roc_auc", "average_precision") and scores.ndim == 2:
        scores = scores[:, 1]
    if metric.needs is Needs.SCORES and (scores == scores[0]).all():
        raise NoComparisonError(f"{who} gives every example the same score: it ranks nothing")
    return Said(scores=scores)


def decisions_of(examples: PairedExamples, predicted: Predicted, who: str) -> NDArray[np.int64]:
    """The classes decided for; from probabilities where only these are known.

    Of two classes the positive one is taken above 0.5, of more the most probable, the first of
    equals.
    """
    import numpy as np

    count, classes = examples.count, len(examples.classes)
    if predicted.decisions is not None:
        decisions = predicted.decisions
        if decisions.shape != (count,):
            raise NoComparisonError(f"{len(decisions)} decisions of {who} for {count} examples")
        if decisions.dtype.kind not in "iub":
            raise NoComparisonError(f"the decisions of {who} are no codes of classes")
        if decisions.min() < 0 or decisions.max() >= classes:
            raise NoComparisonError(f"{who} decided for a class that is not known, or for none")
        return decisions.astype(np.int64)
    scores = predicted.scores
    if scores is None:
        raise NoComparisonError(f"{who} has no decisions")
    if len(scores) != count or (scores.ndim == 2 and scores.shape[1] != classes):
        raise NoComparisonError(f"the scores of {who} fit neither the examples nor the classes")
    _finite(scores, f"the scores of {who}")
    if scores.ndim == 2:
        best: NDArray[np.int64] = scores.argmax(axis=1).astype(np.int64)
        return best
    if classes != 2 or scores.min() < 0 or scores.max() > 1:
        raise NoComparisonError(
            f"{who} has no decisions, and its scores are no probabilities; name a column of"
            " decisions (`gate.predictions.prediction`), or write probabilities"
        )
    return (scores > 0.5).astype(np.int64)


def _check_task(metric: Metric, examples: PairedExamples) -> None:
    """Whether the metric is defined for these classes and this truth."""
    import numpy as np

    classes = len(examples.classes)
    if metric.needs in (Needs.VALUES, Needs.RANKS):
        if classes and metric.needs is Needs.VALUES:
            raise NoComparisonError(f"{metric.name} is of values; the truth are classes")
        if metric.needs is Needs.RANKS and examples.queries is None:
            raise NoComparisonError(f"{metric.name} needs the query of each example")
        if metric.name == "r2" and (examples.truth == examples.truth[0]).all():
            raise NoComparisonError("the truth is the same for every example: r2 is not defined")
        return
    if classes < 2:
        raise NoComparisonError(f"{metric.name} is of classes; at least two are needed")
    if metric.name in _OF_TWO and classes != 2:
        more = "roc_auc_ovr" if metric.name == "roc_auc" else f"{metric.name}_macro"
        words = "" if metric.name == "average_precision" else f"; {more} is of more"
        raise NoComparisonError(f"{metric.name} is of two classes, here are {classes}{words}")
    alone = metric.kind in (Kind.COUNTS, Kind.AREA, Kind.ORDER)
    there = np.bincount(examples.truth.astype(np.int64), minlength=classes) > 0
    if alone and there.sum() < 2:
        raise NoComparisonError(
            f"every example is of class {examples.classes[int(there.argmax())]!r}: "
            f"{metric.name} needs more than one class"
        )
    if metric.name == "roc_auc_ovr" and not there.all():
        missing = examples.classes[int((~there).argmax())]
        raise NoComparisonError(f"no example is of class {missing!r}: roc_auc_ovr needs each class")


def _shape(metric: Metric, scores: NDArray[np.float64], examples: PairedExamples, who: str) -> None:
    classes = len(examples.classes)
    flat = scores.shape == (examples.count,)
    of_each = scores.shape == (examples.count, classes) and classes >= 2
    if metric.needs in (Needs.VALUES, Needs.RANKS):
        fits = flat
    else:
        fits = of_each or (flat and classes == 2 and metric.name != "roc_auc_ovr")
    if not fits:
        raise NoComparisonError(
            f"the scores of {who} have shape {scores.shape}, "
            f"which does not fit {examples.count} examples"
            + (f" of {classes} classes" if classes else "")
        )


def _finite(numbers: NDArray[np.float64], what: str) -> None:
    import numpy as np

    if not np.isfinite(numbers).all():
        # 0 times a number is 0, times what is none NaN.
        rows = (0 * numbers.reshape(len(numbers), -1)).sum(axis=1) == 0
        raise NoComparisonError(
            f"{what}: {np.count_nonzero(~rows)} of {len(rows)} are NaN or infinite, "
            f"the first in example {int((~rows).argmax()) + 1}"
        )
