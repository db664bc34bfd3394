"""The test of no difference by swapping what the two models said of an example. Pure.

Valid where both are exchangeable: were there no difference, who said what would not matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.resampling import batches
from branchline.core.verdict.noise.weighted import prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.inputs import Said
    from branchline.core.verdict.noise.units import Pair

    Evaluate = Callable[[NDArray[np.float64]], NDArray[np.float64]]

# Where more examples differ, the bootstrap needs no second opinion.
SWAPPED_UP_TO = 100
_EXACT_UP_TO = 11
_SWAPS = 4000
_LARGE = 2000
_SWAPS_IF_LARGE = 1000


def swapped(
    pair: Pair, difference: float, random: np.random.Generator
) -> tuple[float, float] | None:
    """p-values of "no difference": of one as small as that seen, and of one as large.

    Returns:
        None where examples come in groups, or more than 100 differ.
    """
    import numpy as np

    if pair.member is not None:
        return None
    differing = _differing(pair)
    if pair.counts[differing].sum() > SWAPPED_UP_TO:
        return None
    rows = np.repeat(differing, pair.counts[differing].astype(np.int64))
    count = len(rows)
    exact = count <= _EXACT_UP_TO
    total = 2**count if exact else _SWAPS if pair.width <= _LARGE else _SWAPS_IF_LARGE
    less = more = 0 if exact else 1
    evaluate = _stacked(pair, rows)
    slack = 1e-12 * max(1.0, abs(difference))
    for batch in batches(total, 2 * pair.width):
        if exact:
            swaps = batch[:, None] >> np.arange(count) & 1
        else:
            swaps = random.integers(0, 2, (len(batch), count))
        found = evaluate(swaps.astype(np.float64))
        # What is not defined speaks for chance.
        less += int(np.count_nonzero(~(found > difference + slack)))
        more += int(np.count_nonzero(~(found < difference - slack)))
    out_of = total if exact else total + 1
    return less / out_of, more / out_of


def _differing(pair: Pair) -> NDArray[np.int64]:
    """Examples of which the two models did not say the same."""
    import numpy as np

    differs = np.zeros(pair.examples.count, dtype=bool)
    for ours, theirs in (
        (pair.candidate.scores, pair.champion.scores),
        (pair.candidate.decisions, pair.champion.decisions),
    ):
        if ours is not None and theirs is not None:
            apart = ours != theirs
            differs |= apart if apart.ndim == 1 else apart.any(axis=1)
    return np.flatnonzero(differs)


def _stacked(pair: Pair, rows: NDArray[np.int64]) -> Evaluate:
    """Swaps, shape (many, differing examples), to differences: of each example one side counts."""
    import numpy as np

    examples, weights = pair.examples, pair.counts
    if examples.weights is not None:
        weights = weights * examples.weights
    rows_twice = np.concatenate((np.arange(examples.count), rows))
    truth = examples.truth[rows_twice]
    classes = len(examples.classes)
    ours = prepared(pair.metric, truth, _joined(pair.candidate, pair.champion, rows), classes)
    theirs = prepared(pair.metric, truth, _joined(pair.champion, pair.candidate, rows), classes)
    one = np.ones(len(rows)) if examples.weights is None else examples.weights[rows]

    def evaluate(swaps: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = swaps * one
        kept = np.repeat(weights[None, :], len(swaps), axis=0)
        for at, row in enumerate(rows):
            kept[:, row] -= moved[:, at]
        both = np.concatenate((np.maximum(kept, 0.0), moved), axis=1)
        return np.asarray(ours(both) - theirs(both))

    return evaluate


def _joined(first: Said, second: Said, rows: NDArray[np.int64]) -> Said:
    """What one said of all, then what the other said of some."""
    import numpy as np

    if first.scores is not None and second.scores is not None:
        return replace(first, scores=np.concatenate((first.scores, second.scores[rows])))
    return replace(first, decisions=np.concatenate((first.decision, second.decision[rows])))
