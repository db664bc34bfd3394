"""The difference of two means over the same examples: Student's t, groups, sign flips. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.noise.distributions import normal_quantile
from branchline.core.verdict.noise.estimate import Estimate, NoComparisonError, by_student

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# So few units that Student's t leans on a normal distribution that nobody has seen.
FLIPPED_UP_TO = 50
_EXACT_FLIPS_UP_TO = 14
_FLIPS = 20_000


def paired_means(
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64],
    *,
    confidence: float,
    seed: int,
    weights: NDArray[np.float64] | None = None,
    clusters: NDArray[np.int64] | None = None,
    reach: float | None = None,
) -> Estimate:
    """The difference of two (weighted) means, robust to examples of one group being alike.

    Up to 50 examples or groups the test of no difference flips signs, too: the larger p-value
    counts, and the interval is widened to 0 where flipping does not exclude 0.

    Args:
        candidate: Of each example, finite, shape (n,).
        champion: The same of the champion.
        confidence: One-sided, in (0.5, 1).
        seed: Of the sign flips.
        weights: > 0, shape (n,); None means 1 each.
        clusters: Code of the group of each example; None means that all are independent.
        reach: Largest possible difference of one example; None where there is no limit.

    Raises:
        NoComparisonError: Fewer than two examples or groups, or no difference to learn noise from.

    Source:
        Linearised ratio with squared group totals over 1 - h (CR2), K.-Y. Liang and S. L. Zeger
        (1986), Biometrika 73, 13-22; R. M. Bell and D. F. McCaffrey (2002), Survey Methodology 28.
    """
    import numpy as np

    means = [float(np.average(each, weights=weights)) for each in (candidate, champion)]
    units, sizes = _units(candidate - champion, weights, clusters)
    groups = None if clusters is None else len(units)
    shares = sizes / sizes.sum()
    effective = 1 / float(shares @ shares)
    if len(units) < 2 or effective < 1.5:
        raise NoComparisonError(
            f"{len(units)} {'group' if groups else 'example'}: at least two are needed"
        )
    method = "paired difference"
    method += " (by group)" if groups else ""
    method += ", weighted" if weights is not None else ""
    if not (candidate - champion).any():
        return _nothing_differs(means, effective, reach, confidence, method, groups)
    difference = means[0] - means[1]
    residuals = shares * (units - difference)
    error = float(np.sum(residuals**2 / (1 - shares))) ** 0.5
    # All alike: only rounding is left, and it says nothing of the noise.
    if error <= 1e-12 * max(abs(difference), 1e-300):
        raise NoComparisonError("every example differs by the same, so its noise cannot be told")
    estimate = by_student(
        means[0],
        means[1],
        error,
        effective - 1,
        confidence=confidence,
        method=method,
        groups=groups,
    )
    if len(units) > FLIPPED_UP_TO:
        return estimate
    return _flipped(estimate, shares * units, confidence, seed)


def _units(
    values: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    clusters: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and weight of each independent unit."""
    import numpy as np

    weight = np.ones(len(values)) if weights is None else weights
    if clusters is None:
        return values, weight
    codes = np.unique(clusters, return_inverse=True)[1]
    sizes: NDArray[np.float64] = np.bincount(codes, weight).astype(np.float64)
    return np.bincount(codes, values * weight) / sizes, sizes


def _nothing_differs(
    means: list[float],
    units: float,
    reach: float | None,
    confidence: float,
    method: str,
    groups: int | None,
) -> Estimate:
    """No example differs, though the predictions do: bounded as a share of none is."""
    if reach is None:
        raise NoComparisonError("no example differs in this metric, so its noise cannot be told")
    z = normal_quantile(confidence)
    bound = reach * z * z / (units + z * z)
    return by_student(
        means[0], means[0], bound / z, 1e9, confidence=confidence, method=method, groups=groups
    )


def _flipped(
    estimate: Estimate, parts: NDArray[np.float64], confidence: float, seed: int
) -> Estimate:
    """An estimate whose test of no difference flips signs, too."""
    from dataclasses import replace

    less, more = flip_p_values(parts, seed=seed)

    def below(bar: float) -> float:
        return max(estimate.below(bar), less) if bar == 0 else estimate.below(bar)

    def above(bar: float) -> float:
        return max(estimate.above(bar), more) if bar == 0 else estimate.above(bar)

    risk = 1 - confidence
    return replace(
        estimate,
        low=min(estimate.low, 0.0) if more > risk else estimate.low,
        high=max(estimate.high, 0.0) if less > risk else estimate.high,
        below=below,
        above=above,
        method=estimate.method + ", sign flips",
    )


def flip_p_values(parts: NDArray[np.float64], *, seed: int) -> tuple[float, float]:
    """p-values of "no difference" by flipping the sign of each unit's difference.

    Args:
        parts: What each independent unit adds to the difference, shape (n,).
        seed: Of the flips where there are too many to try all.

    Returns:
        The share of flips whose sum is as small as that seen, or smaller; the same for as large.
        All flips up to 14 units that differ, else 20,000 drawn ones.
    """
    import numpy as np

    moving = parts[parts != 0]
    if len(moving) == 0:
        return 1.0, 1.0
    seen = float(moving.sum())
    slack = 1e-12 * float(np.abs(moving).sum())
    if len(moving) <= _EXACT_FLIPS_UP_TO:
        codes = np.arange(2 ** len(moving))[:, None] >> np.arange(len(moving)) & 1
        sums = (1 - 2 * codes) @ moving
        return float(np.mean(sums <= seen + slack)), float(np.mean(sums >= seen - slack))
    random = np.random.default_rng(seed)
    less = more = 1
    for _ in range(0, _FLIPS, 2000):
        signs = 1 - 2 * random.integers(0, 2, (2000, len(moving)), dtype=np.int8)
        sums = signs.astype(np.float64) @ moving
        less += int(np.count_nonzero(sums <= seen + slack))
        more += int(np.count_nonzero(sums >= seen - slack))
    return less / (_FLIPS + 1), more / (_FLIPS + 1)
