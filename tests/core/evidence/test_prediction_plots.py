"""What follows from predictions for a report: drawn like any plot file, and small."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from branchline.core.evidence.prediction_plots import FOLDER, MadePlot, prediction_plots
from branchline.core.evidence.predictions import Predictions, Task
from branchline.render.drawing import drawing_of


def predictions_of(truth: Any, task: Task = Task.CLASSES, **more: Any) -> Predictions:
    values = np.asarray(truth)
    return Predictions(file="p.csv", task=task, truth=values, truth_texts=values.astype(object),
                       **more)  # fmt: skip


def named(made: tuple[MadePlot, ...]) -> dict[str, MadePlot]:
    return {one.plot.path.removeprefix(f"{FOLDER}/"): one for one in made}


def chance_of(count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(1)
    truth = (chance.random(count) < 0.4).astype(np.int64)
    return truth, np.clip(chance.normal(0.4 + 0.2 * truth, 0.2), 0, 1)


def test_two_classes_have_four_plots_that_are_drawn() -> None:
    truth, scores = chance_of()

    made = named(prediction_plots(predictions_of(truth, classes=("no", "yes"), scores=scores)))

    assert list(made) == [
        "roc.json", "precision-recall.json", "calibration.json", "confusion.json",
    ]  # fmt: skip
    drawn = {name: drawing_of(one.plot, one.data) for name, one in made.items()}
    assert not [one.problem for one in drawn.values() if one.problem]
    assert drawn["roc.json"].title == "ROC curve of class yes"
    assert drawn["roc.json"].has_diagonal
    assert drawn["roc.json"].note.startswith("Area 0.7")
    assert drawn["confusion.json"].labels == ("no", "yes")
    assert sum(map(sum, drawn["confusion.json"].counts)) == 2000
    assert all(len(one.data) < 32_000 for one in made.values())


def test_several_classes_have_a_line_each() -> None:
    chance = np.random.default_rng(2)
    truth = chance.integers(0, 9, 3000)
    scores = chance.dirichlet(np.ones(9), 3000)
    classes = tuple("abcdefghi")

    made = named(prediction_plots(predictions_of(truth, classes=classes, scores=scores)))

    roc = drawing_of(made["roc.json"].plot, made["roc.json"].data)
    assert len(roc.curves) == 6
    assert len(made["roc.json"].data) < 64_000
    assert "calibration.json" not in made
    assert len(drawing_of(made["confusion.json"].plot, made["confusion.json"].data).labels) == 9


def test_values_are_drawn_against_the_truth() -> None:
    truth = np.arange(500.0)

    (made,) = prediction_plots(predictions_of(truth, Task.VALUES, scores=truth + 1))

    assert len(drawing_of(made.plot, made.data).curves[0].points) == 200


@pytest.mark.parametrize(
    "predictions",
    [
        pytest.param(predictions_of([1, 1], classes=("0", "1"), scores=np.array([0.1, 0.2]),
                                    decisions=None), id="one-class-only"),
        pytest.param(predictions_of([0, 1], classes=("0", "1")), id="nothing-said"),
        pytest.param(predictions_of([0, 0], classes=("0",)), id="one-class-known"),
        pytest.param(predictions_of([1.0, 2.0], Task.RANKING, scores=np.array([1.0, 2.0])),
                     id="ranking"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_left_out(predictions: Predictions) -> None:
    assert "roc.json" not in named(prediction_plots(predictions))


def test_scores_that_are_no_probabilities_decide_nothing() -> None:
    made = named(prediction_plots(predictions_of([0, 1], classes=("0", "1"),
                                                 scores=np.array([-3.0, 7.0]))))  # fmt: skip

    assert list(made) == ["roc.json", "precision-recall.json"]


def test_names_of_classes_are_cut_and_stay_json() -> None:
    name = "`<b>" * 1000
    made = prediction_plots(predictions_of([0, 1], classes=("a", name), decisions=np.array([0, 1])))

    assert len(json.loads(made[0].data)[0]["actual"]) <= 60
    assert len(made[0].data) < 1000
