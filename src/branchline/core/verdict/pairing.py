"""Station `verdict`: two models' predictions put side by side, example by example. Pure.

Two lists that do not speak of the same examples are refused: a difference over other examples
would be one of the data and not of the models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.predictions import Predictions, Task
from branchline.core.verdict.noise.values import PairedExamples, Predicted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairing:
    """Two models' predictions of the same examples, or why there are none.

    Attributes:
        examples: Aligned; None when they cannot be.
        problem: Why not, as the rest of a sentence that begins with "cannot be compared example by
            example: "; "" when they are.
    """

    examples: PairedExamples | None
    problem: str = ""


def pair(candidate: Predictions, champion: Predictions) -> Pairing:
    """Align what two models said.

    By ids where both have them: rows may have moved, and the order of the pairs is that of the ids,
    whatever the order in the files. Else by position, where both have as many rows and the truth
    agrees in every one.

    Args:
        candidate: Of the run that is judged.
        champion: Of the baseline.
    """
    if candidate.task is not champion.task:
        return _refused(
            f"this run predicts {candidate.task.value} and the baseline {champion.task.value}"
        )
    if candidate.ids is not None and champion.ids is not None:
        ours, theirs, problem = _by_ids(candidate, champion)
    else:
        ours, theirs, problem = _by_position(candidate, champion)
    if problem:
        return _refused(problem)
    problem = _truth_differs(candidate, champion, ours, theirs)
    return (
        _refused(problem)
        if problem
        else Pairing(examples=_paired(candidate, champion, ours, theirs))
    )


def examples_digest(predictions: Predictions) -> str:
    """What set of examples this is: SHA-256 over ids and truth, in no order where there are ids."""
    import hashlib

    rows = [
        str(value).encode("utf-8", "surrogatepass") for value in predictions.truth_texts.tolist()
    ]
    if predictions.ids is not None:
        names = (str(i).encode("utf-8", "surrogatepass") for i in predictions.ids.tolist())
        rows = sorted(
            b"%d:%s%s" % (len(name), name, row) for name, row in zip(names, rows, strict=True)
        )
    hasher = hashlib.sha256()
    for start in range(0, len(rows), 100_000):
        hasher.update(b"".join(b"%d:%s" % (len(r), r) for r in rows[start : start + 100_000]))
    return hasher.hexdigest()


def _refused(problem: str) -> Pairing:
    return Pairing(examples=None, problem=problem)


def _by_ids(
    candidate: Predictions, champion: Predictions
) -> tuple[NDArray[np.int64], NDArray[np.int64], str]:
    """Rows of both in the order of the ids, or how many there are of each where they differ."""
    import numpy as np

    if candidate.ids is None or champion.ids is None:
        raise ValueError("both need ids")
    if candidate.ids.dtype.kind == champion.ids.dtype.kind == "i":
        both, ours, theirs = np.intersect1d(
            candidate.ids, champion.ids, assume_unique=True, return_indices=True
        )
        count = len(both)
    else:
        names, others = _texts(candidate.ids), _texts(champion.ids)
        place = {name: row for row, name in enumerate(others)}
        order = sorted(range(len(names)), key=names.__getitem__)
        ours = np.array([row for row in order if names[row] in place], dtype=np.int64)
        theirs = np.array([place[names[row]] for row in ours.tolist()], dtype=np.int64)
        count = len(ours)
    if count < max(candidate.count, champion.count):
        counts = (
            f"{candidate.count:,} examples here, {champion.count:,} in the baseline, {count:,} of"
            " them in both"
        )
        return ours, theirs, counts
    return ours, theirs, ""


def _by_position(
    candidate: Predictions, champion: Predictions
) -> tuple[NDArray[np.int64], NDArray[np.int64], str]:
    import numpy as np

    problem = ""
    if candidate.count != champion.count:
        problem = (
            f"{candidate.count:,} examples here and {champion.count:,} in the baseline, and no ids"
            " that tell which are the same (`gate.predictions.id` names their column)"
        )
    rows = np.arange(candidate.count)
    return rows, rows, problem


def _truth_differs(
    candidate: Predictions,
    champion: Predictions,
    ours: NDArray[np.int64],
    theirs: NDArray[np.int64],
) -> str:
    """Where the truth of an example is not the same in both; "" where it is everywhere."""
    if candidate.task is Task.CLASSES:
        differs = candidate.truth_texts[ours] != champion.truth_texts[theirs]
    else:
        differs = candidate.truth[ours] != champion.truth[theirs]
    number = int(differs.sum())
    if not number:
        return ""
    at = int(differs.argmax())
    row = int(ours[at])
    name = f"id `{candidate.ids[row]!s:.40}`" if candidate.ids is not None else f"row {row + 1:,}"
    here, there = candidate.truth_texts[row], champion.truth_texts[int(theirs[at])]
    of = f"the truth of {number:,} of {len(ours):,} examples is another one"
    advice = ""
    if candidate.ids is None or champion.ids is None:
        advice = "; without ids (`gate.predictions.id` names them) rows are compared by position"
    return f"{of} (first: {name}, `{here!s:.40}` here and `{there!s:.40}` there){advice}"


def _paired(
    candidate: Predictions,
    champion: Predictions,
    ours: NDArray[np.int64],
    theirs: NDArray[np.int64],
) -> PairedExamples:
    classes = candidate.classes
    if set(champion.classes) - set(classes):
        classes = _union(candidate.classes, champion.classes)
    elif set(classes) - set(champion.classes):
        classes = _union(champion.classes, candidate.classes)
    return PairedExamples(
        truth=_codes(candidate.truth[ours], candidate.classes, classes),
        candidate=_predicted(candidate, ours, classes),
        champion=_predicted(champion, theirs, classes),
        classes=classes,
        weights=None if candidate.weights is None else candidate.weights[ours],
        clusters=None if candidate.groups is None else _coded(candidate.groups[ours])[0],
        queries=None if candidate.queries is None else _coded(candidate.queries[ours])[0],
        slices={name: _coded(values[ours]) for name, values in candidate.slices.items()},
    )


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """Classes of both, numbers by size first."""
    from branchline.core.evidence.predictions import class_order

    return tuple(sorted({*one, *other}, key=class_order))


def _predicted(
    predictions: Predictions, rows: NDArray[np.int64], classes: tuple[str, ...]
) -> Predicted:
    import numpy as np

    scores, decisions = predictions.scores, predictions.decisions
    own = predictions.classes
    if scores is not None:
        scores = scores[rows]
        if own != classes and scores.ndim == 2:
            wide = np.zeros((len(rows), len(classes)))
            wide[:, [classes.index(name) for name in own]] = scores
            scores = wide
        elif own != classes and len(classes) > 2:
            wide = np.zeros((len(rows), len(classes)))
            for name, column in zip(own, (1 - scores, scores), strict=True):
                wide[:, classes.index(name)] = column
            scores = wide
    return Predicted(
        scores=scores,
        decisions=None if decisions is None else _codes(decisions[rows], own, classes),
    )


def _codes(values: NDArray[Any], own: Sequence[str], classes: Sequence[str]) -> NDArray[Any]:
    """Codes into one list of classes as codes into another."""
    import numpy as np

    if tuple(own) == tuple(classes):
        return values
    table: NDArray[np.int64] = np.array([classes.index(name) for name in own], dtype=np.int64)
    moved: NDArray[np.int64] = table[values]
    return moved


def _coded(values: NDArray[np.object_]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    import numpy as np

    names = sorted(set(values.tolist()))
    codes = {name: code for code, name in enumerate(names)}
    found = np.fromiter((codes[v] for v in values.tolist()), dtype=np.int64, count=len(values))
    return found, tuple(str(name) for name in names)


def _texts(values: NDArray[Any]) -> list[str]:
    return [str(value) for value in values.tolist()]
