"""Station `evidence`: which columns of a table are predictions, where nobody named them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.tables import form_of
from branchline.core.policy import PredictionColumns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TARGETS = ("y_true", "target", "label", "truth", "actual", "ground_truth", "y")
SCORES = (
    "y_score", "y_prob", "y_proba", "score", "probability", "proba", "prob", "p", "y_pred_proba",
)  # fmt: skip
DECISIONS = ("y_pred", "y_hat", "prediction", "predicted", "pred", "predictions")
IDS = ("id", "row_id", "example_id", "sample_id", "uid", "index", "row")
_CLASS_SCORE = re.compile(
    r"(?i)(?:y_score|y_prob|y_proba|score|probability|proba|prob|p)[_.\-](.+)"
)
_WORD = re.compile(r"(?i)(?:^|[^a-z])predictions?(?:[^a-z]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guessed:
    """What a look at the names of a table's columns led to.

    Attributes:
        columns: The columns; None when these are no predictions, or it cannot be told.
        problem: Why it cannot be told, as the rest of a sentence that begins with the file; "" for
            a table that has nothing to do with predictions.
    """

    columns: PredictionColumns | None
    problem: str = ""


def is_predictions_path(path: str) -> bool:
    """Whether a file's name says that it holds predictions.

    >>> [is_predictions_path(p) for p in ("reports/val_predictions.csv", "predict.py", "pred.csv")]
    [True, False, False]
    """
    name = path.rpartition("/")[2]
    return form_of(path) is not None and _WORD.search(name.rpartition(".")[0]) is not None


def guess_columns(path: str, names: Sequence[str]) -> Guessed:
    """The columns of predictions among the names of a table.

    Args:
        path: The file.
        names: Of its columns.

    >>> guess_columns("p.csv", ["id", "y_true", "y_score"]).columns.scores
    ('y_score',)
    >>> guess_columns("p.csv", ["label", "target", "score"]).problem
    'has several columns that could be the truth: `label`, `target`'
    """
    targets = _like(TARGETS, names)
    if not targets:
        return Guessed(columns=None)
    singles, decisions = _like(SCORES, names), _like(DECISIONS, names)
    by_class = tuple(name for name in names if _CLASS_SCORE.fullmatch(name))
    if not singles and not decisions and len(by_class) < 2:
        return Guessed(columns=None)
    for what, found in (
        ("the truth", targets),
        ("the score", singles),
        ("the decision", decisions),
    ):
        if len(found) > 1:
            several = ", ".join(f"`{name}`" for name in found)
            return Guessed(
                columns=None, problem=f"has several columns that could be {what}: {several}"
            )
    ids = _like(IDS, names)
    return Guessed(
        columns=PredictionColumns(
            path=path,
            target=targets[0],
            scores=tuple(singles) or (by_class if len(by_class) > 1 else ()),
            prediction=decisions[0] if decisions else "",
            id=ids[0] if ids else "",
        )
    )


def class_of_score(column: str, classes: Iterable[str]) -> str:
    """The class whose score a column holds, as its name says; "" when it says none.

    >>> [class_of_score(c, ["cat", "dog"]) for c in ("p_dog", "cat", "score")]
    ['dog', 'cat', '']
    """
    found = _CLASS_SCORE.fullmatch(column)
    names = {column.lower(), found[1].lower() if found else column.lower()}
    same = [name for name in classes if name.lower() in names]
    return same[0] if len(same) == 1 else ""


def _like(usual: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns that have a usual name, the more usual ones first."""
    lower = {name.lower(): name for name in names}
    return [lower[name] for name in usual if name in lower]
