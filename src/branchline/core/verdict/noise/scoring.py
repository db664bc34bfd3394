"""The metric of one model from its predictions, and held against what the project recorded. Pure.

Numbers are those of scikit-learn where it has the metric; `ranking` says what it does of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.inputs import read
from branchline.core.verdict.noise.metrics import Kind
from branchline.core.verdict.noise.ranking import by_query, by_query_code
from branchline.core.verdict.noise.rows import by_row
from branchline.core.verdict.noise.weighted import prepared

if TYPE_CHECKING:
    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples, Predicted


def value_of(metric: Metric, examples: PairedExamples, predicted: Predicted) -> float:
    """The metric of one model.

    Args:
        metric: As `known_metric` gives it.
        examples: Truth, classes, weights and queries.
        predicted: What the model said of them: `examples.candidate` or `.champion`.

    Raises:
        NoComparisonError: The metric is not defined for these; the message says why.
    """
    import numpy as np

    said = read(metric, examples, predicted)
    if metric.kind is Kind.ROWS:
        return float(np.average(by_row(metric, examples, said), weights=examples.weights))
    if metric.kind is Kind.QUERIES:
        of_queries = by_query(metric, examples, said)
        return float(np.average(of_queries, weights=by_query_code(examples)[0]))
    weights = np.ones(examples.count) if examples.weights is None else examples.weights
    return float(prepared(metric, examples.truth, said, len(examples.classes))(weights[None, :])[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """A metric as the project recorded it, and as its predictions say.

    Attributes:
        recorded, recomputed: The two numbers.
        differs: Whether they differ by more than rounding: the metric is not what its name says, or
            the predictions are not those that it was computed from.
    """

    recorded: float
    recomputed: float
    differs: bool


def recomputed(recorded: float, value: float, *, text: str = "") -> Recomputed:
    """Holds the recorded number against the recomputed one.

    A number that was rounded before it was written differs by half its last digit at most.

    Args:
        recorded: From the metrics file.
        value: By `value_of`, or a side of a `Difference`.
        text: How it was written; "" means as Python writes it.

    >>> recomputed(0.912, 0.91236).differs, recomputed(0.912, 0.92).differs
    (False, True)
    """
    if not (math.isfinite(recorded) and math.isfinite(value)):
        return Recomputed(recorded=recorded, recomputed=value, differs=True)
    slack = max(0.51 * _last_digit(text or repr(recorded)), 1e-6 * abs(recorded), 1e-9)
    return Recomputed(recorded=recorded, recomputed=value, differs=abs(recorded - value) > slack)


def _last_digit(text: str) -> float:
    """What one step of the last digit of a number is worth."""
    mantissa, _, exponent = text.lower().partition("e")
    places = len(mantissa.partition(".")[2].strip()) if "." in mantissa else 0
    if mantissa.endswith(".0"):
        places = 1 if len(mantissa) > 3 else 6  # `1.0` and `0.0` are whole, not rounded to tenths
    return float(10.0 ** ((int(exponent) if exponent else 0) - places))
