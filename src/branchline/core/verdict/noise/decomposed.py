"""Metrics that are means over examples or queries, compared unit by unit. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.mcnemar import paired_shares
from branchline.core.verdict.noise.means import paired_means
from branchline.core.verdict.noise.metrics import Kind
from branchline.core.verdict.noise.rows import by_row, reach_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.estimate import Estimate
    from branchline.core.verdict.noise.inputs import Said
    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples


def compared_by_unit(
    metric: Metric,
    examples: PairedExamples,
    candidate: Said,
    champion: Said,
    *,
    confidence: float,
    seed: int,
) -> Estimate:
    """McNemar where each unit is right or wrong, independent and alike; else paired means.

    Raises:
        NoComparisonError: Too few units, or nothing to learn the noise from.
    """
    weights, clusters = examples.weights, examples.clusters
    reach = reach_of(metric, len(examples.classes))
    if metric.kind is Kind.QUERIES:
        from branchline.core.verdict.noise.ranking import by_query, by_query_code

        ours, theirs = (by_query(metric, examples, said) for said in (candidate, champion))
        weights, clusters = by_query_code(examples)
        reach = 1.0
    else:
        ours, theirs = (by_row(metric, examples, said) for said in (candidate, champion))
    if weights is None and clusters is None and _is_right_or_wrong(ours, theirs):
        found = _shares(ours, theirs, confidence)
    else:
        found = paired_means(
            ours,
            theirs,
            confidence=confidence,
            seed=seed,
            weights=weights,
            clusters=clusters,
            reach=reach,
        )
    if metric.kind is Kind.QUERIES and found.groups is None:
        found = replace(found, groups=len(ours))
    return found


def _is_right_or_wrong(*values: NDArray[np.float64]) -> bool:
    return all(bool(((each == 0) | (each == 1)).all()) for each in values)


def _shares(ours: NDArray[np.float64], theirs: NDArray[np.float64], confidence: float) -> Estimate:
    gained = int(((ours == 1) & (theirs == 0)).sum())
    lost = int(((ours == 0) & (theirs == 1)).sum())
    both = int(((ours == 1) & (theirs == 1)).sum())
    return paired_shares(gained, lost, both, len(ours), confidence=confidence)
