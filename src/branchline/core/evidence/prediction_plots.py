"""Plots that follow from per-example predictions, small enough for a record. Pure.

A report draws them like plot files; nobody has to write these in a training script.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.core.evidence.curves import (
    calibration_curve,
    confusion_counts,
    ranked_curves,
    scatter_points,
)
from branchline.core.evidence.figures import figure
from branchline.core.evidence.predictions import Task
from branchline.core.evidence.values import Plot
from branchline.core.pipeline import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from branchline.core.evidence.curves import Ranked
    from branchline.core.evidence.predictions import Predictions
    from branchline.core.values import JsonValue

FOLDER = ".branchline/curves"
"""Where they stand in a record's plots; no file of a project has this path."""
_MOST_LINES = 6
_MOST_CLASSES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePlot:
    """A plot and its file."""

    plot: Plot
    data: bytes


def prediction_plots(predictions: Predictions) -> tuple[MadePlot, ...]:
    """ROC, precision and recall, calibration, confusion matrix; or true against predicted values.

    What cannot be drawn (one class only, scores that are no probabilities) is left out.
    """
    if predictions.task is Task.VALUES and predictions.scores is not None:
        points = scatter_points(predictions.truth, predictions.scores)
        rows = [{"true": x, "predicted": y} for x, y in points]
        labels = {"x": "true", "y": "predicted", "x_label": "true value"}
        options = {**labels, "y_label": "predicted value", "template": "scatter"}
        return (_plot("predicted", "True and predicted values", rows, diagonal=True, **options),)
    if predictions.task is not Task.CLASSES or len(predictions.classes) < 2:
        return ()
    return (*_of_scores(predictions), *_calibration(predictions), *_confusion(predictions))


def _of_scores(predictions: Predictions) -> Iterable[MadePlot]:
    found = dict(_ranked(predictions))
    if not found:
        return
    several = len(predictions.classes) > 2
    of = "" if several else f" of class `{_cut(next(iter(found)))}`"
    areas = ", ".join(f"`{_cut(name)}` {figure(one.area)}" for name, one in found.items())
    roc_note = f"Areas: {areas}." if several else f"Area {areas.rpartition(' ')[2]}."
    averages = [figure(one.average_precision) for one in found.values()]
    pr_note = "" if several else f"Average precision {averages[0]}."
    roc = [_row(name, "fpr", "tpr", p) for name, one in found.items() for p in one.roc]
    pr = [_row(name, "recall", "precision", p) for name, one in found.items() for p in one.pr]
    series: Mapping[str, JsonValue] = {"series": "class"} if several else {}
    yield _plot(
        "roc", f"ROC curve{of}", roc, note=roc_note, x="fpr", y="tpr", diagonal=True,
        x_label="false positive rate", y_label="true positive rate", **series,
    )  # fmt: skip
    yield _plot(
        "precision-recall", f"Precision and recall{of}", pr, note=pr_note, x="recall",
        y="precision", x_label="recall", y_label="precision", **series,
    )  # fmt: skip


def _ranked(predictions: Predictions) -> Iterable[tuple[str, Ranked]]:
    """(class, curves) of the second of two classes, or of the classes with most examples."""
    import numpy as np

    scores = predictions.scores
    if scores is None:
        return
    if scores.ndim == 1:
        codes = [1]
    else:
        sizes = np.bincount(predictions.truth.astype(np.int64), minlength=len(predictions.classes))
        codes = sorted(np.argsort(-sizes, kind="stable")[:_MOST_LINES].tolist())
    for code in codes:
        column = scores if scores.ndim == 1 else scores[:, code]
        try:
            one = ranked_curves(predictions.truth == code, column, weights=predictions.weights)
        except ValueError:  # no example of the class, or nothing else
            continue
        yield predictions.classes[code], one


def _calibration(predictions: Predictions) -> Iterable[MadePlot]:
    scores = predictions.scores
    if scores is None or scores.ndim != 1:
        return
    try:
        bins = calibration_curve(predictions.truth == 1, scores, weights=predictions.weights)
    except ValueError:
        return
    rows = [{"score": score, "share": share, "examples": count} for score, share, count in bins]
    yield _plot(
        "calibration", "Calibration", rows, x="score", y="share", diagonal=True,
        x_label="score of the model", y_label="how often it is so",
        note="On the diagonal a score can be believed: of those with 0.7, 7 in 10 are so.",
    )  # fmt: skip


def _confusion(predictions: Predictions) -> Iterable[MadePlot]:
    classes, scores, note = predictions.classes, predictions.scores, ""
    said: NDArray[Any] | None = predictions.decisions
    if len(classes) > _MOST_CLASSES:
        return
    if said is None and scores is not None:
        if scores.ndim == 2:
            said = scores.argmax(axis=1)
        elif scores.min() >= 0 and scores.max() <= 1:
            said, note = (scores >= 0.5).astype(int), "Decided at a score of 0.5."
    if said is None:
        return
    counts = confusion_counts(predictions.truth, said, len(classes))
    names = [_cut(name) for name in classes]
    rows = [
        {"actual": names[i], "predicted": names[j], "count": counts[i][j]}
        for i in range(len(names))
        for j in range(len(names))
    ]
    yield _plot(
        "confusion", "Confusion matrix", rows, template="confusion", x="actual", y="predicted",
        count="count", note=note,
    )  # fmt: skip


def _row(name: str, x: str, y: str, point: tuple[float, float]) -> dict[str, object]:
    return {"class": _cut(name), x: point[0], y: point[1]}


def _plot(
    name: str, title: str, rows: list[dict[str, Any]], *, note: str = "", **options: JsonValue
) -> MadePlot:
    short = [
        {k: float(f"{v:.7g}") if isinstance(v, float) else v for k, v in row.items()}
        for row in rows
    ]
    data = json.dumps(short, ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    told: dict[str, JsonValue] = {"title": title.replace("`", ""), **options}
    if note:
        told["note"] = note
    content = Content(md5=digest, size_bytes=len(data))
    return MadePlot(
        plot=Plot(path=f"{FOLDER}/{name}.json", content=content, options=told), data=data
    )


def _cut(name: str) -> str:
    text = name.replace("`", "'")
    return text if len(text) <= 60 else f"{text[:59]}…"
