"""Station `verdict`: the candidate against the champion on the same examples. Pure.

Chooses the method by the metric; says how in `Difference.method`, or why not in `.problem`. Judges
nothing: what a difference means for a bar is `core.verdict.answer`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.policy import Goal
from branchline.core.verdict.noise.estimate import (
    Estimate,
    NoComparisonError,
    UnmovedError,
    no_difference,
)
from branchline.core.verdict.noise.inputs import check_examples, read
from branchline.core.verdict.noise.metrics import Kind, known_metric
from branchline.core.verdict.noise.needed import needed_examples
from branchline.core.verdict.noise.scoring import value_of
from branchline.core.verdict.noise.values import Difference

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples, Predicted

SAME = "the same predictions"


def compare(
    metric_name: str,
    examples: PairedExamples,
    *,
    goal: Goal,
    margin: float | None,
    confidence: float,
    seed: int,
    computed_as: str = "",
    function: Callable[[NDArray[np.float64], NDArray[np.float64]], float] | None = None,
    resamples: int = 2000,
) -> Difference:
    """The difference of a metric, with what sampling leaves open.

    Never raises for what stands in the predictions: `Difference.problem` says why there is no
    comparison, and its numbers are NaN then. The same arguments give the same bytes.

    Args:
        metric_name: As in the metrics file, dotted; `known_metric` says which are known.
        examples: What both models said of the same examples.
        goal: Which way is better, as the gate says.
        margin: Tolerated loss, in the metric's unit, >= 0; None when none was asked for.
        confidence: One-sided, in (0.5, 1).
        seed: Of resampling; derive it from the digests of what is compared.
        computed_as: What the metric is where its name does not say it.
        function: Of truth and prediction (scores where there are some, else decisions), for a
            metric that is not known; it is called some thousand times.
        resamples: Of the bootstrap, >= 200.

    Raises:
        ValueError: Confidence, margin or resamples out of range.
    """
    if not 0.5 < confidence < 1:
        raise ValueError(f"a confidence in (0.5, 1) is needed, not {confidence}")
    if margin is not None and not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"a margin >= 0 is needed, not {margin}")
    if resamples < 200:
        raise ValueError(f"at least 200 resamples are needed, not {resamples}")
    import numpy as np

    try:
        # Numbers near the largest float overflow: the result is refused, and nothing is printed.
        with np.errstate(all="ignore"):
            check_examples(examples)
            if function is None:
                metric = _known(metric_name, computed_as)
                found = _compared(metric, examples, confidence, seed, resamples)
            else:
                from branchline.core.verdict.noise.custom import compared_by

                found = compared_by(
                    function, examples, confidence=confidence, seed=seed, resamples=resamples
                )
    except NoComparisonError as error:
        return without(metric_name, goal, str(error), examples.count, confidence, margin)
    return _difference(metric_name, goal, found, examples.count, confidence, margin)


def _known(name: str, computed_as: str) -> Metric:
    """The metric that is compared."""
    metric = known_metric(name, computed_as)
    if metric is None:
        raise NoComparisonError(
            f"no known metric is called {computed_as or name}; say which it is with `computed_as`"
        )
    return metric


def _compared(
    metric: Metric, examples: PairedExamples, confidence: float, seed: int, resamples: int
) -> Estimate:
    """The estimate by the method that fits the metric."""
    candidate = read(metric, examples, examples.candidate, "the candidate")
    champion = read(metric, examples, examples.champion, "the champion")
    if same_predictions(examples.candidate, examples.champion):
        return no_difference(value_of(metric, examples, examples.candidate), SAME)
    if metric.kind is Kind.AREA:
        from branchline.core.verdict.noise.delong import paired_areas

        return paired_areas(
            examples.truth == 1,
            candidate.score,
            champion.score,
            confidence=confidence,
            weights=examples.weights,
            clusters=examples.clusters,
        )
    if metric.kind in (Kind.ROWS, Kind.QUERIES):
        from branchline.core.verdict.noise.decomposed import compared_by_unit

        return compared_by_unit(
            metric, examples, candidate, champion, confidence=confidence, seed=seed
        )
    from branchline.core.verdict.noise.bootstrap import resampled

    try:
        return resampled(
            metric,
            examples,
            candidate,
            champion,
            confidence=confidence,
            seed=seed,
            resamples=resamples,
        )
    except UnmovedError:
        if not examples.classes:
            raise
        from branchline.core.verdict.noise.unmoved import unmoved

        value = value_of(metric, examples, examples.candidate)
        return unmoved(value, examples, confidence=confidence)


def same_predictions(one: Predicted, other: Predicted) -> bool:
    """Whether two models said exactly the same of every example."""
    import numpy as np

    for mine, yours in ((one.scores, other.scores), (one.decisions, other.decisions)):
        if (mine is None) != (yours is None):
            return False
        if mine is not None and yours is not None and not np.array_equal(mine, yours):
            return False
    return True


def _difference(
    name: str,
    goal: Goal,
    found: Estimate,
    count: int,
    confidence: float,
    margin: float | None,
) -> Difference:
    """The estimate in the words of the gate."""
    rises = goal is Goal.MAXIMIZE
    worse, better = (found.below, found.above) if rises else (found.above, found.below)
    beyond = 1.0
    if margin is not None:
        beyond = found.above(-margin) if rises else found.below(margin)
    numbers = (found.candidate, found.champion, found.low, found.high)
    if not all(math.isfinite(number) for number in numbers):
        problem = "the metric or its interval is not finite"
        return without(name, goal, problem, count, confidence, margin)
    needed = None
    if margin is not None and found.error is not None:
        needed = needed_examples(count, found.error, margin, confidence=confidence)
    return Difference(
        metric=name,
        goal=goal,
        candidate=found.candidate,
        champion=found.champion,
        estimate=found.candidate - found.champion,
        low=found.low,
        high=found.high,
        confidence=confidence,
        p_worse=worse(0.0),
        p_beyond=beyond,
        p_better=better(0.0),
        margin=margin,
        method=found.method,
        examples=count,
        groups=found.groups,
        needed=needed,
    )


def without(
    name: str, goal: Goal, problem: str, count: int, confidence: float, margin: float | None
) -> Difference:
    """No comparison, and why."""
    return Difference(
        metric=name,
        goal=goal,
        candidate=math.nan,
        champion=math.nan,
        estimate=math.nan,
        low=math.nan,
        high=math.nan,
        confidence=confidence,
        p_worse=math.nan,
        p_beyond=math.nan,
        p_better=math.nan,
        margin=margin,
        method="",
        examples=count,
        problem=problem,
    )
