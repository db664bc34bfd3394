"""The paired bootstrap of metrics that are no mean over examples. Pure.

Stratified by class, or whole groups; BCa; in batches of bounded memory. Above 100,000 examples by
the bag of little bootstraps: subsets of n^0.7 examples, each weighted up to all of them
(A. Kleiner et al. (2014), J. R. Stat. Soc. B 76, 795-816). Where few examples differ, swaps of the
two models' predictions test "no difference", too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.bca import acceleration_of, from_resamples
from branchline.core.verdict.noise.estimate import NoComparisonError
from branchline.core.verdict.noise.resampling import (
    batches,
    groups_left_out,
    little_bags,
    strata_of,
    weights_drawn,
)
from branchline.core.verdict.noise.swaps import swapped
from branchline.core.verdict.noise.units import Pair, pair_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.estimate import Estimate
    from branchline.core.verdict.noise.inputs import Said
    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples

WHOLE_UP_TO = 100_000
LEAST_UNITS = 10
LEAST_OF_A_CLASS = 5
_BAGS = 20


def resampled(
    metric: Metric,
    examples: PairedExamples,
    candidate: Said,
    champion: Said,
    *,
    confidence: float,
    seed: int,
    resamples: int,
) -> Estimate:
    """The difference of a metric, its noise by resampling examples or groups.

    Args:
        metric: Of kind counts, sums or order.
        examples: Truth, weights and groups.
        candidate: What it said.
        champion: What it said.
        confidence: One-sided, in (0.5, 1).
        seed: The same seed gives the same numbers.
        resamples: How many.

    Raises:
        NoComparisonError: The metric is not defined for these, or they are too few.
    """
    import numpy as np

    pair = pair_of(metric, examples, candidate, champion)
    values = [float(side[0]) for side in pair.values(pair.counts[None, :])]
    if not np.isfinite(values).all():
        who = "the candidate" if not np.isfinite(values[0]) else "the champion"
        raise NoComparisonError(f"{metric.name} is not defined for {who}: it divides by 0")
    strata = strata_of(pair)
    _check_enough(pair, strata)
    random = np.random.default_rng(seed)
    if pair.units <= WHOLE_UP_TO:
        drawn = _drawn(pair, strata, random, resamples)
        acceleration = _acceleration(pair, strata, random)
        method = "paired bootstrap (BCa"
    else:
        drawn = values[0] - values[1] + _bagged(pair, strata, random, resamples)
        acceleration = 0.0
        method = f"paired bootstrap (bag of {_BAGS} little bootstraps"
    method += ", by group" if pair.groups is not None else ""
    method += ", weighted)" if examples.weights is not None else ")"
    found = from_resamples(
        values[0],
        values[1],
        drawn,
        acceleration=acceleration,
        confidence=confidence,
        method=method,
        groups=pair.groups,
    )
    p_values = swapped(pair, values[0] - values[1], random)
    if p_values is None:
        return found
    return _with_swaps(found, *p_values, risk=1 - confidence)


def _check_enough(pair: Pair, strata: tuple[NDArray[np.int64], ...]) -> None:
    units = int(pair.counts.sum()) if pair.groups is None else pair.units
    if units < LEAST_UNITS:
        what = "examples" if pair.groups is None else "groups"
        raise NoComparisonError(f"{units} {what}: at least {LEAST_UNITS} are needed")
    if len(strata) == 1:
        return
    least = min(int(pair.counts[rows].sum()) for rows in strata)
    if least < LEAST_OF_A_CLASS:
        raise NoComparisonError(
            f"a class has only {least} examples: at least {LEAST_OF_A_CLASS} of each are needed"
        )


def _drawn(
    pair: Pair,
    strata: tuple[NDArray[np.int64], ...],
    random: np.random.Generator,
    resamples: int,
) -> NDArray[np.float64]:
    """Differences of resamples, shape (resamples,)."""
    import numpy as np

    found = []
    for many in batches(resamples, pair.width):
        ours, theirs = pair.values(weights_drawn(pair.counts, strata, random, many))
        found.append(ours - theirs)
    return np.concatenate(found)


def _bagged(
    pair: Pair,
    strata: tuple[NDArray[np.int64], ...],
    random: np.random.Generator,
    resamples: int,
) -> NDArray[np.float64]:
    """Differences of resamples less that of their subset, over all subsets."""
    import numpy as np

    found = []
    for bag, sizes in little_bags(pair, strata, random, _BAGS):
        ours, theirs = bag.values(bag.counts[None, :] * sizes)
        middle = float(ours[0] - theirs[0])
        for many in batches(-(-resamples // _BAGS), bag.width):
            weights = random.poisson(sizes, (many, len(sizes))).astype(np.float64)
            ours, theirs = bag.values(weights)
            found.append(ours - theirs - middle)
    return np.concatenate(found)


def _acceleration(
    pair: Pair, strata: tuple[NDArray[np.int64], ...], random: np.random.Generator
) -> float:
    import numpy as np

    left_out, counts, codes = [], [], []
    for weights, stands_for, code in groups_left_out(pair, strata, random):
        ours, theirs = pair.values(weights)
        left_out.append(ours - theirs)
        counts.append(stands_for)
        codes.append(code)
    return acceleration_of(np.concatenate(left_out), np.concatenate(counts), np.concatenate(codes))


def _with_swaps(found: Estimate, less: float, more: float, *, risk: float) -> Estimate:
    """The estimate, its test of no difference no bolder than swaps allow."""
    return replace(
        found,
        low=min(found.low, 0.0) if more > risk else found.low,
        high=max(found.high, 0.0) if less > risk else found.high,
        below=lambda bar: max(found.below(bar), less) if bar == 0 else found.below(bar),
        above=lambda bar: max(found.above(bar), more) if bar == 0 else found.above(bar),
        method=found.method + ", swaps",
    )
