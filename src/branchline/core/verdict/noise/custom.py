"""A metric that is given as a function: the paired bootstrap of rows. Pure, if the function is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.bca import Bend, bend_of, from_resamples
from branchline.core.verdict.noise.estimate import NoComparisonError, no_difference

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.estimate import Estimate
    from branchline.core.verdict.noise.values import PairedExamples, Predicted

    Stratum = tuple[NDArray[np.int64], ...] | NDArray[np.int64]
    Function = Callable[[NDArray[np.float64], NDArray[np.float64]], float]

# What a function says no to by raising; anything else is a mistake in it that must be seen.
_REFUSALS = (ArithmeticError, ValueError, LookupError, TypeError)
_LEAST = 10
# Rows of one resample: of more examples so many are drawn, and the spread scaled (m out of n).
_MOST_ROWS = 10_000
_GROUPS = 200


def compared_by(
    function: Function,
    examples: PairedExamples,
    *,
    confidence: float,
    seed: int,
    resamples: int,
) -> Estimate:
    """The difference of what a function says of truth and prediction.

    Args:
        function: Of truth and scores (decisions where there are no scores) to a number.
        examples: With weights is refused: the function takes none.
        confidence: One-sided, in (0.5, 1).
        seed: The same seed gives the same numbers.
        resamples: How many.

    Raises:
        NoComparisonError: The function refuses, or the examples are too few.
    """
    import numpy as np

    if examples.weights is not None:
        raise NoComparisonError("a function of truth and prediction takes no weights")
    ours, theirs = (_said(each) for each in (examples.candidate, examples.champion))
    for who, said in (("candidate", ours), ("champion", theirs)):
        if len(said) != examples.count:
            raise NoComparisonError(f"{len(said)} predictions of the {who} for {examples.count}")
        if not np.isfinite(said).all():
            raise NoComparisonError(f"a prediction of the {who} is NaN or infinite")
    values = [_call(function, examples.truth, said) for said in (ours, theirs)]
    if not all(math.isfinite(value) for value in values):
        raise NoComparisonError("the function gives no finite number for these predictions")
    if np.array_equal(ours, theirs):
        return no_difference(values[0], "the same predictions")
    strata = _strata(examples)
    _check_enough(examples, strata)
    random = np.random.default_rng(seed)

    def difference(rows: NDArray[np.int64]) -> float:
        truth = examples.truth[rows]
        try:
            return _call(function, truth, ours[rows]) - _call(function, truth, theirs[rows])
        except NoComparisonError:
            return math.nan

    share = min(1.0, _MOST_ROWS / examples.count) if examples.clusters is None else 1.0
    drawn = np.array([difference(_rows(strata, random, share)) for _ in range(resamples)])
    seen = values[0] - values[1]
    bend = Bend()
    if share < 1:
        drawn = seen + (drawn - seen) * math.sqrt(share)
    else:
        bend = _bend(difference, strata, random)
    words = "paired bootstrap (BCa" if share == 1 else f"paired bootstrap ({_MOST_ROWS} rows each"
    return from_resamples(
        values[0],
        values[1],
        drawn,
        bend=bend,
        confidence=confidence,
        method=words + (", by group)" if examples.clusters is not None else ")"),
        groups=None if examples.clusters is None else len(strata[0]),
    )


def _said(predicted: Predicted) -> NDArray[np.float64]:
    said = predicted.scores if predicted.scores is not None else predicted.decisions
    if said is None:
        raise NoComparisonError("there are no predictions")
    return said  # type: ignore[return-value] # codes are numbers, too


def _call(function: Function, truth: object, said: NDArray[np.float64]) -> float:
    try:
        return float(function(truth, said))  # type: ignore[arg-type] # codes are numbers, too
    except _REFUSALS as error:
        raise NoComparisonError(f"the function refuses: {error}") from error


def _check_enough(examples: PairedExamples, strata: tuple[Stratum, ...]) -> None:
    units = min(len(stratum) for stratum in strata) if examples.classes else len(strata[0])
    least = 5 if len(strata) > 1 else _LEAST
    if units < least:
        what = "examples" if examples.clusters is None else "groups"
        raise NoComparisonError(f"{units} {what} (of a class): at least {least} are needed")


def _strata(examples: PairedExamples) -> tuple[Stratum, ...]:
    """Strata of units of rows: by class, or one of all groups."""
    import numpy as np

    if examples.clusters is not None:
        order = np.argsort(examples.clusters, kind="stable")
        ranked = examples.clusters[order]
        return (tuple(np.split(order, np.flatnonzero(ranked[1:] != ranked[:-1]) + 1)),)
    rows = np.arange(examples.count)
    if not examples.classes:
        return (rows,)
    codes = np.unique(examples.truth)
    return tuple(np.flatnonzero(examples.truth == code) for code in codes)


def _rows(
    strata: tuple[Stratum, ...], random: np.random.Generator, share: float
) -> NDArray[np.int64]:
    """Rows of one resample."""
    import numpy as np

    parts = []
    for units in strata:
        size = max(1, round(len(units) * share))
        parts.append(_of_units(units, random.integers(0, len(units), size)))
    return np.concatenate(parts)


def _of_units(units: Stratum, places: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    if isinstance(units, tuple):
        return np.concatenate([units[at] for at in places])
    return np.asarray(units[places])


def _bend(
    difference: Callable[[NDArray[np.int64]], float],
    strata: tuple[Stratum, ...],
    random: np.random.Generator,
) -> Bend:
    """By leaving out groups of units, at most 200 a stratum."""
    import numpy as np

    left_out, codes = [], []
    everything = [_of_units(units, np.arange(len(units))) for units in strata]
    for code, units in enumerate(strata):
        others = [rows for other, rows in enumerate(everything) if other != code]
        parts = np.array_split(random.permutation(len(units)), min(_GROUPS, len(units)))
        for part in parts:
            gone = np.zeros(len(units), dtype=bool)
            gone[part] = True
            kept = _of_units(units, np.flatnonzero(~gone))
            left_out.append(difference(np.concatenate([*others, kept])))
            codes.append(code)
    sizes = np.array([float(len(units)) for units in strata])
    return bend_of(np.array(left_out), np.ones(len(left_out)), np.array(codes), sizes)
