"""Interval and p-values from resampled differences: bias-corrected and accelerated. Pure.

B. Efron (1987), J. Am. Stat. Assoc. 82, 171-185.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.noise.distributions import (
    normal_quantile,
    normal_share,
    normal_tail,
)
from branchline.core.verdict.noise.estimate import Estimate, NoComparisonError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# More undefined resamples than this, and what is left is no sample of anything.
_MOST_UNDEFINED = 0.05


def from_resamples(
    candidate: float,
    champion: float,
    resamples: NDArray[np.float64],
    *,
    acceleration: float,
    confidence: float,
    method: str,
    groups: int | None,
) -> Estimate:
    """The estimate from differences of resampled examples.

    Args:
        candidate: The metric of the candidate.
        champion: That of the champion.
        resamples: Differences, shape (many,); NaN where the metric was not defined.
        acceleration: How fast the error changes with the value; 0 for none.
        confidence: One-sided, in (0.5, 1).
        method: In words.
        groups: How many groups.

    Raises:
        NoComparisonError: Too many are undefined, or they do not move.
    """
    import numpy as np

    defined = np.sort(resamples[np.isfinite(resamples)])
    undefined = 1 - len(defined) / len(resamples)
    if undefined > _MOST_UNDEFINED:
        raise NoComparisonError(
            f"the metric is not defined in {100 * undefined:.0f} % of the resamples: "
            "there are too few examples"
        )
    difference = candidate - champion
    slack = 1e-12 * max(abs(candidate), abs(champion), float(np.ptp(defined)))
    error = float(defined.std(ddof=1))
    if error <= slack:
        raise NoComparisonError("no resample moves the difference, so its noise cannot be told")
    many = len(defined)

    def share_below(bar: float) -> float:
        less = np.searchsorted(defined, bar - slack, "left")
        upto = np.searchsorted(defined, bar + slack, "right")
        # Off 0 and 1 by half a resample: so many cannot say more.
        return float(min(max((less + upto) / 2, 0.5), many - 0.5)) / many

    bias = normal_quantile(share_below(difference))

    def level(z: float) -> float:
        """Share of the resamples at which the bound of normal quantile z stands."""
        moved = bias + z
        bent = 1 - acceleration * moved
        if bent <= 0:
            return 0.5 if z == 0 else float(z > 0)
        return normal_share(bias + moved / bent)

    def quantile_at(bar: float) -> float:
        """The z whose bound is this bar: the inverse of `level`."""
        moved = normal_quantile(share_below(bar)) - bias
        bent = 1 + acceleration * moved
        return moved / bent - bias if bent > 0 else float(np.copysign(40.0, moved))

    z = normal_quantile(confidence)
    low, high = np.quantile(defined, [level(-z), level(z)], method="linear")
    return Estimate(
        candidate=candidate,
        champion=champion,
        low=float(low),
        high=float(high),
        below=lambda bar: normal_tail(quantile_at(bar)),
        above=lambda bar: normal_tail(-quantile_at(bar)),
        error=error,
        method=method,
        groups=groups,
    )


def acceleration_of(
    left_out: NDArray[np.float64],
    counts: NDArray[np.float64],
    strata: NDArray[np.int64] | None = None,
) -> float:
    """The acceleration by the jackknife.

    Args:
        left_out: The difference without each unit (or group of them), shape (some,).
        counts: How many units each stands for, shape (some,).
        strata: Stratum of each; None means one.
    """
    import numpy as np

    usable = np.isfinite(left_out)
    if not usable.all():
        return 0.0
    codes = np.zeros(len(left_out), dtype=np.int64) if strata is None else strata
    sizes = np.bincount(codes, counts)
    means = np.divide(
        np.bincount(codes, counts * left_out), sizes, out=np.zeros_like(sizes), where=sizes > 0
    )
    pulls = means[codes] - left_out
    squares = float(counts @ pulls**2)
    if squares <= 0:
        return 0.0
    cubes = float(counts @ pulls**3)
    return float(cubes / (6 * squares**1.5))
