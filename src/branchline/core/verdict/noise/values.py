"""Values of a comparison of two models on the same examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.policy import Goal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predicted:
    """What one model said of each example.

    Attributes:
        scores: Probability or score of the positive class, shape (n,); of each class in the order
            of `PairedExamples.classes`, shape (n, k); or a regression's value, shape (n,). None
            when only decisions are known.
        decisions: The class decided for, shape (n,), as codes into `PairedExamples.classes`; None
            when only scores are known or the task has no classes.
    """

    scores: NDArray[np.float64] | None = None
    decisions: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairedExamples:
    """The examples that both models predicted, aligned row by row.

    Attributes:
        truth: Codes into `classes` (integer) where there are classes, else values or relevances
            (float), shape (n,).
        classes: Names of the classes in the order of their codes; empty for regression and
            ranking. Of two classes the second is the positive one.
        candidate, champion: What each model said.
        weights: Of each example, > 0, shape (n,); None means 1 each.
        clusters: Code of the group (user, patient) of each example, shape (n,): examples of one
            group are not independent. None means that all are.
        queries: Code of the query of each example, for ranking, shape (n,); None otherwise.
        slices: Column -> value of each example as a code and the names of the codes.
    """

    truth: NDArray[np.int64] | NDArray[np.float64]
    candidate: Predicted
    champion: Predicted
    classes: tuple[str, ...] = ()
    weights: NDArray[np.float64] | None = None
    clusters: NDArray[np.int64] | None = None
    queries: NDArray[np.int64] | None = None
    slices: Mapping[str, tuple[NDArray[np.int64], tuple[str, ...]]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many examples there are."""
        return len(self.truth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The candidate's metric less the champion's, with what sampling alone leaves open.

    In the metric's own unit and direction: above 0 the candidate's number is larger, whichever way
    is better.

    Attributes:
        metric: Its name.
        goal: Which way is better.
        candidate, champion: The metric of each on these examples.
        estimate: candidate - champion.
        low, high: Interval of the difference; each bound holds with the one-sided `confidence`, so
            that the interval holds with 2 * confidence - 1.
        confidence: One-sided, in (0.5, 1).
        p_worse: Of "it is no worse" (a difference of 0 or better): small proves that it is worse.
        p_beyond: Of "it lost the margin or more": small proves that it is no worse. 1 without a
            margin.
        p_better: Of "it is no better": small proves that it is better.
        margin: Tolerated loss, in the metric's unit, >= 0; None when none was asked for.
        method: In words: `McNemar (exact)`, `DeLong`, `paired bootstrap (BCa)`, ...
        examples: How many examples were compared.
        groups: How many groups they come from; None when examples are independent.
        needed: About how many examples would decide it with 80 % power, were the true difference 0;
            None without a margin or when it is not known.
        problem: Why there is no comparison ("one class only"); "" when there is one. Every number
            but `examples` is NaN then.
    """

    metric: str
    goal: Goal
    candidate: float
    champion: float
    estimate: float
    low: float
    high: float
    confidence: float
    p_worse: float
    p_beyond: float
    p_better: float
    method: str
    examples: int
    margin: float | None = None
    groups: int | None = None
    needed: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How much a metric moves when only the seed of the training does.

    Attributes:
        metric: Its name.
        candidate: The metric of this run's content, one number a seed, its own first; at least 1.
        champion: The same of the champion's content; at least 1.
        sd: Standard deviation of one training, in the metric's unit, pooled over these and over
            what earlier runs of the model left; None when not known.
        freedom: Degrees of freedom of `sd`, >= 0.
        confidence: One-sided confidence of this look, in (0.5, 1): looking again after each
            training costs, so that it is above that of the gate until the last look.
        run_s: Seconds of one training, as recorded; None when not known.
    """

    metric: str
    candidate: tuple[float, ...]
    champion: tuple[float, ...]
    sd: float | None
    freedom: float
    confidence: float
    run_s: float | None = None
