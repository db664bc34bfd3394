"""The paired bootstrap of metrics that are no mean over examples. Pure.

Stratified by class, or whole groups; BCa; in batches of bounded memory. Above 20,000 examples by
the bag of little bootstraps: subsets of n^0.7 examples, each weighted up to all of them
(A. Kleiner et al. (2014), J. R. Stat. Soc. B 76, 795-816). Fewer than 50 groups are left out one by
one instead (jackknife with Student's t): resamples of few groups are too alike. Where few examples
differ, swaps of the two models' predictions test "no difference", too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.bca import Bend, bend_of, from_resamples
from branchline.core.verdict.noise.estimate import NoComparisonError, by_student
from branchline.core.verdict.noise.resampling import (
    batches,
    groups_left_out,
    little_bags,
    sizes_of_batches,
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

WHOLE_UP_TO = 20_000
JACKKNIFED_BELOW = 50
# So many groups of so many examples that a resample of them all is dear, and few bags save nothing.
JACKKNIFED_UP_TO_IF_LARGE = 200
LEAST_GROUPS = 5
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
    large = pair.width > WHOLE_UP_TO
    few = JACKKNIFED_UP_TO_IF_LARGE if large else JACKKNIFED_BELOW - 1
    if pair.groups is not None and pair.groups <= few:
        return _jackknifed(pair, values, confidence)
    if not large:
        drawn = _drawn(pair, strata, random, resamples)
        bend = _bend(pair, strata, random)
        method = "paired bootstrap (BCa"
    else:
        drawn = values[0] - values[1] + _bagged(pair, strata, random, resamples)
        bend = Bend()
        method = f"paired bootstrap (bag of {_BAGS} little bootstraps"
    method += ", by group" if pair.groups is not None else ""
    method += ", weighted)" if examples.weights is not None else ")"
    found = from_resamples(
        values[0],
        values[1],
        drawn,
        bend=bend,
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
    least = LEAST_UNITS if pair.groups is None else LEAST_GROUPS
    if units < least:
        what = "examples" if pair.groups is None else "groups"
        raise NoComparisonError(f"{units} {what}: at least {least} are needed")
    if len(strata) == 1:
        return
    least = min(int(pair.counts[rows].sum()) for rows in strata)
    if least < LEAST_OF_A_CLASS:
        raise NoComparisonError(
            f"a class has only {least} examples: at least {LEAST_OF_A_CLASS} of each are needed"
        )


def _jackknifed(pair: Pair, values: list[float], confidence: float) -> Estimate:
    """By leaving out each group, with Student's t."""
    import numpy as np

    left_out = []
    for at in batches(pair.units, pair.width):
        weights = np.ones((len(at), pair.units))
        weights[np.arange(len(at)), at] = 0.0
        ours, theirs = pair.values(weights)
        left_out.append(ours - theirs)
    differences = np.concatenate(left_out)
    if not np.isfinite(differences).all():
        raise NoComparisonError(f"{pair.metric.name} is not defined without one of the groups")
    pulls = differences - differences.mean()
    error = float(np.sqrt((pair.units - 1) / pair.units * (pulls @ pulls)))
    if error <= 1e-12 * max(map(abs, values)):
        raise NoComparisonError("no group moves the difference, so its noise cannot be told")
    sizes = np.bincount(pair.member if pair.member is not None else np.arange(pair.units))
    effective = float(sizes.sum() ** 2 / (sizes.astype(np.float64) @ sizes))
    return by_student(
        values[0],
        values[1],
        error,
        max(effective - 1, 1.0),
        confidence=confidence,
        method="jackknife (by group)",
        groups=pair.units,
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
    for many in sizes_of_batches(resamples, pair.width):
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
        for many in sizes_of_batches(-(-resamples // _BAGS), bag.width):
            weights = random.poisson(sizes, (many, len(sizes))).astype(np.float64)
            ours, theirs = bag.values(weights)
            found.append(ours - theirs - middle)
    return np.concatenate(found)


def _bend(pair: Pair, strata: tuple[NDArray[np.int64], ...], random: np.random.Generator) -> Bend:
    import numpy as np

    left_out, counts, codes = [], [], []
    for weights, stands_for, code in groups_left_out(pair, strata, random):
        ours, theirs = pair.values(weights)
        left_out.append(ours - theirs)
        counts.append(stands_for)
        codes.append(code)
    sizes = np.array([pair.counts[units].sum() for units in strata])
    return bend_of(np.concatenate(left_out), np.concatenate(counts), np.concatenate(codes), sizes)


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
