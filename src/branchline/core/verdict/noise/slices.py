"""The evaluation set cut by a column, so that a loss in one group is found and named. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.values import PairedExamples, Predicted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A column with more values than this is no grouping but a name or a number of each example.
MOST_VALUES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Examples with one value of one column.

    Attributes:
        where: `column=value`.
        count: How many examples.
        examples: They; None where there are too few to judge.
        problem: Why it is not judged: "not judged (57 rows)"; "" when it is.
    """

    where: str
    count: int
    examples: PairedExamples | None = None
    problem: str = ""


def slices_of(examples: PairedExamples, column: str, *, min_rows: int) -> tuple[Slice, ...]:
    """The examples by the values of a column, the largest first.

    Args:
        examples: With the column among their `slices`.
        column: Its name.
        min_rows: Examples that a slice must have to be judged, >= 1.

    Returns:
        One a value; a single one without examples where the column is not there, or has so many
        values that it names examples and does not group them.
    """
    import numpy as np

    if column not in examples.slices:
        return (Slice(where=column, count=0, problem=f"not judged (no column {column})"),)
    codes, names = examples.slices[column]
    if len(codes) != examples.count:
        problem = f"not judged ({len(codes)} values for {examples.count} rows)"
        return (Slice(where=column, count=0, problem=problem),)
    values, sizes = np.unique(codes, return_counts=True)
    if len(values) > MOST_VALUES:
        problem = f"not judged ({len(values)} values; at most {MOST_VALUES} make groups)"
        return (Slice(where=column, count=examples.count, problem=problem),)
    order = np.lexsort((values, -sizes))
    found = []
    for value, size in zip(values[order].tolist(), sizes[order].tolist(), strict=True):
        where = f"{column}={names[value] if 0 <= value < len(names) else '(none)'}"
        if size < min_rows:
            rows = "row" if size == 1 else "rows"
            problem = f"not judged ({size} {rows})"
            found.append(Slice(where=where, count=size, problem=problem))
            continue
        part = rows_of(examples, np.flatnonzero(codes == value))
        found.append(Slice(where=where, count=size, examples=part))
    return tuple(found)


def rows_of(examples: PairedExamples, rows: NDArray[np.int64]) -> PairedExamples:
    """Some of the examples, in the order given."""
    return replace(
        examples,
        truth=examples.truth[rows],
        candidate=_some(examples.candidate, rows),
        champion=_some(examples.champion, rows),
        weights=None if examples.weights is None else examples.weights[rows],
        clusters=None if examples.clusters is None else examples.clusters[rows],
        queries=None if examples.queries is None else examples.queries[rows],
        slices={name: (codes[rows], names) for name, (codes, names) in examples.slices.items()},
    )


def _some(predicted: Predicted, rows: NDArray[np.int64]) -> Predicted:
    return Predicted(
        scores=None if predicted.scores is None else predicted.scores[rows],
        decisions=None if predicted.decisions is None else predicted.decisions[rows],
    )
