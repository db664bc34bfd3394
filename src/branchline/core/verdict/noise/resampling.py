"""How often each unit counts in a resample, and which are left out together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.noise.units import subset

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.units import Pair

    Strata = tuple[NDArray[np.int64], ...]

# Numbers of one array of a batch: 16 MB; an evaluation holds about ten such arrays.
_BATCH = 2_000_000
# Units that are left out one by one; of more, so many groups of them.
_ONE_BY_ONE = 2000
_GROUPS = 400
# Rows whose every resample is looked at, in a bag: rare classes and few groups stay whole.
_LEAST_IN_A_BAG = 2000
_LEAST_GROUPS_IN_A_BAG = 200


def strata_of(pair: Pair) -> Strata:
    """Units by class, where examples of classes are drawn one by one; else all as one."""
    import numpy as np

    if pair.member is not None or not pair.examples.classes:
        return (np.arange(pair.units),)
    truth = pair.examples.truth
    return tuple(np.flatnonzero(truth == code) for code in np.unique(truth))


def batches(total: int, width: int) -> Iterator[NDArray[np.int64]]:
    """0, 1, ... total - 1 in batches, for rows of so many numbers each."""
    import numpy as np

    most = max(1, _BATCH // max(width, 1))
    for start in range(0, total, most):
        yield np.arange(start, min(start + most, total))


def sizes_of_batches(total: int, width: int) -> Iterator[int]:
    """How many rows each of these batches has."""
    for batch in batches(total, width):
        yield len(batch)


def weights_drawn(
    counts: NDArray[np.float64], strata: Strata, random: np.random.Generator, many: int
) -> NDArray[np.float64]:
    """How often each unit counts in so many resamples, shape (many, units).

    Each stratum is drawn with replacement to its own size.
    """
    import numpy as np

    drawn = np.empty((many, len(counts)))
    for units in strata:
        size = int(counts[units].sum())
        if size > 2 * len(units):
            drawn[:, units] = random.multinomial(size, counts[units] / size, many)
            continue
        picks: NDArray[np.int64] = random.integers(0, size, (many, size))
        if size > len(units):
            kinds = np.repeat(np.arange(len(units)), counts[units].astype(np.int64))
            picks = kinds[picks].astype(np.int64)
        flat = picks + np.arange(many)[:, None] * len(units)
        tally = np.bincount(flat.ravel(), minlength=many * len(units))
        drawn[:, units] = tally.reshape(many, len(units))
    return drawn


def groups_left_out(
    pair: Pair, strata: Strata, random: np.random.Generator
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]]:
    """Counts of the units that are left, how many each case stands for, and its stratum."""
    import numpy as np

    for code, units in enumerate(strata):
        if len(units) <= _ONE_BY_ONE:
            parts = [units[at : at + 1] for at in range(len(units))]
            losses, stands_for = np.ones(len(units)), pair.counts[units]
        else:
            parts = np.array_split(random.permutation(units), _GROUPS)
            losses, stands_for = np.full(_GROUPS, np.inf), np.ones(_GROUPS)
        for batch in batches(len(parts), pair.width):
            left = np.repeat(pair.counts[None, :], len(batch), axis=0)
            for at, gone in enumerate(batch):
                part = parts[gone]
                left[at, part] = np.maximum(left[at, part] - losses[gone], 0)
            yield left, stands_for[batch], np.full(len(batch), code)


def little_bags(
    pair: Pair, strata: Strata, random: np.random.Generator, bags: int
) -> Iterator[tuple[Pair, NDArray[np.float64]]]:
    """Subsets of the units, with how often each of theirs counts on average."""
    import numpy as np

    for _ in range(bags):
        if pair.member is not None:
            share = max(pair.units, pair.examples.count) ** -0.3
            size = max(min(_LEAST_GROUPS_IN_A_BAG, pair.units), int(pair.units * share))
            chosen = np.sort(random.choice(pair.units, size, replace=False))
            inside = np.zeros(pair.units, dtype=bool)
            inside[chosen] = True
            rows = np.flatnonzero(inside[pair.member])
            yield subset(pair, rows), np.full(size, pair.units / size)
            continue
        parts, shares = [], []
        for units in strata:
            size = max(min(_LEAST_IN_A_BAG, len(units)), int(len(units) ** 0.7))
            parts.append(np.sort(random.choice(units, size, replace=False)))
            shares.append(np.full(size, len(units) / size))
        yield subset(pair, np.concatenate(parts)), np.concatenate(shares)
