"""The difference of two areas under the ROC curve on the same examples. Pure.

E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988), Biometrics 44, 837-845, by midranks as in
X. Sun, W. Xu (2014), IEEE Signal Processing Letters 21, 1389-1393; by groups as in N. A. Obuchowski
(1997), Biometrics 53, 567-578.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.noise.distributions import normal_quantile
from branchline.core.verdict.noise.estimate import Estimate, NoComparisonError, by_student

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_OF_A_CLASS = 5


def placements(
    scores: NDArray[np.float64],
    positive: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """The share of the other class that each example is ranked right against, ties by half.

    Args:
        scores: Finite, shape (n,).
        positive: Whether an example is positive, shape (n,); both classes are there.
        weights: > 0, shape (n,); None means 1 each.

    Returns:
        Shares in [0, 1], shape (n,). Their mean over the positive ones is the area under the curve,
        and so is that over the negative ones.
    """
    import numpy as np

    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    is_positive = positive[order]
    weight = np.ones(len(scores)) if weights is None else weights[order]
    positives = np.add.reduceat(np.where(is_positive, weight, 0.0), starts)
    negatives = np.add.reduceat(np.where(is_positive, 0.0, weight), starts)
    of_positive = (np.cumsum(negatives) - negatives / 2) / negatives.sum()
    of_negative = (positives.sum() - np.cumsum(positives) + positives / 2) / positives.sum()
    sizes = np.diff(np.concatenate((starts, [len(scores)])))
    result = np.empty(len(scores))
    result[order] = np.where(
        is_positive, np.repeat(of_positive, sizes), np.repeat(of_negative, sizes)
    )
    return result


def paired_areas(
    positive: NDArray[np.bool_],
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64],
    *,
    confidence: float,
    weights: NDArray[np.float64] | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> Estimate:
    """The difference of two areas, with Satterthwaite's degrees of freedom.

    Args:
        positive: Whether an example is positive, shape (n,).
        candidate: Scores, finite, shape (n,).
        champion: The same of the champion.
        confidence: One-sided, in (0.5, 1).
        weights: > 0; None means 1 each.
        clusters: Code of the group of each example; None means that all are independent.

    Raises:
        NoComparisonError: Too few of a class or of groups.
    """
    import numpy as np

    positives = int(positive.sum())
    negatives = len(positive) - positives
    if min(positives, negatives) < LEAST_OF_A_CLASS:
        raise NoComparisonError(
            f"{positives} positive and {negatives} negative examples: "
            f"at least {LEAST_OF_A_CLASS} of each are needed"
        )
    ours = placements(candidate, positive, weights)
    theirs = placements(champion, positive, weights)
    gains = ours - theirs
    weight = np.ones(len(gains)) if weights is None else weights
    areas = [float(np.average(each[positive], weights=weight[positive])) for each in (ours, theirs)]
    if not gains.any():
        pairs = min(positives, negatives) if clusters is None else len(np.unique(clusters))
        return same_order(areas[0], pairs, confidence=confidence, method="DeLong")
    parts = [weight[side] * (gains[side] - (areas[0] - areas[1])) for side in (positive, ~positive)]
    totals = [float(weight[side].sum()) for side in (positive, ~positive)]
    if clusters is None:
        variances = [
            len(part) / (len(part) - 1) * float(part @ part) / total**2
            for part, total in zip(parts, totals, strict=True)
        ]
        variance = sum(variances)
        fall = variances[0] ** 2 / (positives - 1) + variances[1] ** 2 / (negatives - 1)
        freedom = variance**2 / fall if fall > 0 else 1.0
        method, groups = "DeLong", None
    else:
        variance, freedom, groups = _clustered(positive, parts, totals, weight, clusters)
        method = "DeLong (by group)"
    if variance <= 0:
        raise NoComparisonError("every example gains the same, so its noise cannot be told")
    return by_student(
        areas[0],
        areas[1],
        variance**0.5,
        freedom,
        confidence=confidence,
        method=method + (", weighted" if weights is not None else ""),
        groups=groups,
    )


def _clustered(
    positive: NDArray[np.bool_],
    parts: list[NDArray[np.float64]],
    totals: list[float],
    weight: NDArray[np.float64],
    clusters: NDArray[np.int64],
) -> tuple[float, float, int]:
    """Variance, degrees of freedom and number of groups, from what each group adds."""
    import numpy as np

    codes = np.unique(clusters, return_inverse=True)[1]
    groups = int(codes.max()) + 1
    sums, effective = np.zeros(groups), []
    for side, part, total in zip((positive, ~positive), parts, totals, strict=True):
        sums += np.bincount(codes[side], part, groups) / total
        sizes = np.bincount(codes[side], weight[side], groups)
        effective.append(float(sizes.sum() ** 2 / (sizes @ sizes)))
    freedom = min(effective) - 1
    if groups < 2 or freedom <= 0.5:
        raise NoComparisonError("the examples of a class come from one group: two are needed")
    return groups / (groups - 1) * float(sums @ sums), freedom, groups


def same_order(area: float, pairs: int, *, confidence: float, method: str) -> Estimate:
    """Two models that rank every pair alike, though their scores differ.

    So many pairs of a positive and a negative example share no example; that none of them is
    ranked differently bounds the difference, as in Tango's interval with nothing discordant.
    """
    from branchline.core.verdict.noise.mcnemar import paired_shares

    z = normal_quantile(confidence)
    bound = z * z / (pairs + z * z)
    shares = paired_shares(0, 0, pairs, pairs, confidence=confidence)
    return Estimate(
        candidate=area,
        champion=area,
        low=-bound,
        high=bound,
        below=shares.below,
        above=shares.above,
        error=shares.error,
        method=f"{method} (the same order)",
    )
