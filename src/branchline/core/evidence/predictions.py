"""Station `evidence`: what a model said of each example, read from a table and checked. Pure.

What cannot be compared is refused with its numbers; nothing is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.evidence.prediction_columns import class_of_score
from branchline.core.evidence.table_reader import TableReader, cut
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.evidence.tables import Table
    from branchline.core.policy import PredictionColumns

_MOST_CLASSES = 1000


class Task(Enum):
    """What the model predicts.

    Attributes:
        CLASSES: One of some classes.
        VALUES: A number.
        RANKING: The order of documents within queries.
    """

    CLASSES = "classes"
    VALUES = "values"
    RANKING = "ranking"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """What one model said of each example.

    Attributes:
        file: Path of the table, from the root.
        task: What is predicted.
        truth: Class codes into `classes` (int64) or values (float64), shape (n,).
        classes: Names of the classes by code; empty for values and ranking.
        scores: Shape (n,), or (n, k) in the order of `classes`; a regression's value. None: none.
        decisions: Codes into `classes`, shape (n,); None when there are none.
        ids: Names of the examples, whole numbers or texts, shape (n,); None when they have none.
        truth_texts: The truth as text, for messages and digests, shape (n,).
        weights, groups, queries: Shape (n,); None when not there.
        slices: Column -> its values as texts, shape (n,).
        remarks: What is odd and no error, as sentences.
    """

    file: str
    task: Task
    truth: NDArray[np.int64] | NDArray[np.float64]
    truth_texts: NDArray[np.object_]
    classes: tuple[str, ...] = ()
    scores: NDArray[np.float64] | None = None
    decisions: NDArray[np.int64] | None = None
    ids: NDArray[np.int64] | NDArray[np.object_] | None = None
    weights: NDArray[np.float64] | None = None
    groups: NDArray[np.object_] | None = None
    queries: NDArray[np.object_] | None = None
    slices: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many examples there are."""
        return len(self.truth)


def columns_needed(columns: PredictionColumns, slices: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of all columns that `read_predictions` reads."""
    named = (columns.target, *columns.scores, columns.prediction, columns.id)
    others = (columns.group, columns.query, columns.weight, *slices)
    return tuple(dict.fromkeys(name for name in (*named, *others) if name))


def read_predictions(
    table: Table,
    columns: PredictionColumns,
    *,
    slices: Sequence[str] = (),
    task: Task | None = None,
) -> Predictions:
    """The predictions that a table holds.

    Args:
        table: With the columns of `columns_needed`.
        columns: What each column is.
        slices: Columns by whose values the metrics are judged too.
        task: What is predicted; None tells it by the columns and by what the truth looks like.

    Raises:
        DocumentError: A value is missing, NaN or infinite, an id stands twice, a column that has to
            be numbers is not: with the place of the first and how many there are.
    """
    reader = TableReader(table)
    if not table.rows:
        raise DocumentError(f"{table.file} has no rows")
    if not columns.scores and not columns.prediction:
        raise DocumentError(
            f"`gate.predictions` names neither `score` nor `prediction` of {table.file}"
        )
    ids = reader.ids(columns.id) if columns.id else None
    scores = reader.scores(columns.scores) if columns.scores else None
    task = task or _task(reader, columns, scores)
    common = {
        "file": table.file,
        "task": task,
        "truth_texts": reader.texts(columns.target),
        "ids": ids,
        "weights": reader.weights(columns.weight) if columns.weight else None,
        "groups": reader.texts(columns.group) if columns.group else None,
        "queries": reader.texts(columns.query) if columns.query else None,
        "slices": {name: reader.texts(name, may_miss=True) for name in slices},
    }
    if task is not Task.CLASSES:
        value = scores if scores is not None else reader.numbers(columns.prediction)
        if value.ndim != 1:
            raise DocumentError(
                f"{table.file}: `score` names {value.shape[1]} columns, and the truth"
                f" `{columns.target}` holds numbers: one value an example is wanted"
            )
        truth = reader.numbers(columns.target)
        return Predictions(**common, truth=truth, scores=value, remarks=_constant(value, table))  # type: ignore[arg-type] # as built above
    return _classes(reader, columns, scores, common)


def _task(
    reader: TableReader, columns: PredictionColumns, scores: NDArray[np.float64] | None
) -> Task:
    """What is predicted, by the columns and what the truth looks like."""
    if columns.query:
        return Task.RANKING
    if scores is not None and scores.ndim == 2:
        return Task.CLASSES
    if not reader.is_numeric(columns.target):
        return Task.CLASSES
    truth = reader.numbers(columns.target)
    import numpy as np

    distinct = np.unique(truth)
    is_whole = bool(np.all(truth == np.round(truth)))
    if len(distinct) <= 2 and is_whole:
        return Task.CLASSES
    if columns.prediction and is_whole and len(distinct) <= _few(len(truth)):
        if not reader.is_numeric(columns.prediction):
            return Task.CLASSES
        said = reader.numbers(columns.prediction)
        return Task.CLASSES if np.all(said == np.round(said)) else Task.VALUES
    return Task.VALUES


def _few(rows: int) -> int:
    """How many different whole numbers are still classes."""
    return min(_MOST_CLASSES, max(10, rows // 10))


def _classes(
    reader: TableReader,
    columns: PredictionColumns,
    scores: NDArray[np.float64] | None,
    common: Mapping[str, object],
) -> Predictions:
    import numpy as np

    truth = reader.texts(columns.target)
    said = reader.texts(columns.prediction) if columns.prediction else None
    names = set(truth.tolist()) | (set(said.tolist()) if said is not None else set())
    by_name = scores is not None and scores.ndim == 2 and len(columns.scores) > 1
    if by_name:
        names |= _named_classes(columns.scores, names)
    if len(names) > _MOST_CLASSES:
        raise DocumentError(
            f"{reader.table.file}: `{columns.target}` has {len(names):,} different values, at most"
            f" {_MOST_CLASSES:,} classes are compared"
        )
    if len(names) == 1 and next(iter(names)) in ("0", "1"):
        names = {"0", "1"}  # One class only, of two that everybody knows.
    classes = sorted(names, key=class_order)
    codes = {name: code for code, name in enumerate(classes)}
    remarks: tuple[str, ...] = ()
    if scores is not None:
        scores = _in_order(reader, columns, scores, classes)
        remarks = _constant(scores, reader.table)
    if len(set(truth.tolist())) == 1:
        remarks += (f"every example of {reader.table.file} is of class `{cut(truth[0])}`.",)
    return Predictions(
        **common,  # type: ignore[arg-type] # as built by the caller
        truth=np.fromiter((codes[name] for name in truth), dtype=np.int64, count=len(truth)),
        classes=tuple(classes),
        scores=scores,
        decisions=None
        if said is None
        else np.fromiter((codes[name] for name in said), dtype=np.int64, count=len(said)),
        remarks=remarks,
    )


def _named_classes(columns: Sequence[str], known: set[str]) -> set[str]:
    """Classes that only a column of scores names: no example has them, nobody decided for them."""
    import re

    found = set()
    for column in columns:
        if class_of_score(column, known):
            continue
        last = re.split(r"[_.\-]", column, maxsplit=1)[-1]
        found.add(last)
    # Only where the others speak of known classes is the rest one, too.
    return found if len(found) < len(columns) else set()


def _in_order(
    reader: TableReader,
    columns: PredictionColumns,
    scores: NDArray[np.float64],
    classes: Sequence[str],
) -> NDArray[np.float64]:
    """Scores in the order of the classes; one of two classes as that of the second."""
    import numpy as np

    file = reader.table.file
    if scores.ndim == 1:
        only = class_of_score(columns.scores[0], classes)
        if len(classes) > 2:
            raise DocumentError(
                f"{file}: `{columns.target}` has {len(classes)} classes and `score` names one"
                f" column, `{columns.scores[0]}`",
                todo="Name one column a class: score: [p_a, p_b, p_c].",
            )
        if len(classes) == 2 and only == classes[0]:
            return 1 - scores if bool(np.all((scores >= 0) & (scores <= 1))) else -scores
        return scores
    if scores.shape[1] != len(classes):
        raise DocumentError(
            f"{file}: {scores.shape[1]} scores an example, but {len(classes)} classes in"
            f" `{columns.target}`: {', '.join(f'`{cut(name)}`' for name in classes[:10])}"
        )
    if len(columns.scores) > 1:
        order = [class_of_score(column, classes) for column in columns.scores]
        if "" not in order and len(set(order)) == len(order):
            scores = scores[:, [order.index(name) for name in classes]]
        elif any(order):
            raise DocumentError(
                f"{file}: it cannot be told which class each score is of: "
                f"{', '.join(f'`{column}`' for column in columns.scores[:10])}",
                todo="Call the columns by their classes: p_CLASS.",
            )
    return scores[:, 1] if len(classes) == 2 else scores


def _constant(scores: NDArray[np.float64], table: Table) -> tuple[str, ...]:
    first = scores[0]
    if len(scores) > 1 and bool((scores == first).all()):
        shown = first if scores.ndim == 1 else first[0]
        return (
            f"every score in {table.file} is {float(shown):.6g}: the model tells nothing apart.",
        )
    return ()


def class_order(name: str) -> tuple[int, float, str]:
    """By what classes are sorted: numbers by size, then texts."""
    import math

    try:
        number = float(name)
    except ValueError:
        return (1, 0.0, name)
    return (0, number, name) if math.isfinite(number) else (1, 0.0, name)
