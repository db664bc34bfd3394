"""Predictions read from a table: what is odd is refused with its place, nothing is filled in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from branchline.adapters.tables import FileTables
from branchline.core.evidence.prediction_columns import guess_columns, is_predictions_path
from branchline.core.evidence.predictions import (
    Predictions,
    Task,
    columns_needed,
    read_predictions,
)
from branchline.core.evidence.tables import Form
from branchline.core.policy import PredictionColumns
from branchline.errors import DocumentError

NAMED = PredictionColumns(path="p.csv", target="y", scores=("p",), id="id")


def read(text: str, columns: PredictionColumns = NAMED, **options: Any) -> Predictions:
    slices = options.get("slices", ())
    table = FileTables().read(
        text.encode(), Form.CSV, columns_needed(columns, slices), file="p.csv"
    )
    return read_predictions(table, columns, **options)


def columns(**names: Any) -> PredictionColumns:
    return PredictionColumns(path="p.csv", target="y", **names)


def test_two_classes_and_a_score() -> None:
    found = read("id,y,p\na,0,0.25\nb,1,0.75\n")

    assert found.task is Task.CLASSES
    assert found.classes == ("0", "1")
    assert found.truth.tolist() == [0, 1]
    assert found.scores is not None
    assert found.scores.tolist() == [0.25, 0.75]
    assert found.ids is not None
    assert found.ids.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "labels", [("0", "1"), ("0.0", "1.0"), ("False", "True"), ("false", "true")], ids=" ".join
)
def test_a_label_is_the_same_however_it_is_written(labels: tuple[str, str]) -> None:
    assert read(f"id,y,p\na,{labels[0]},0\nb,{labels[1]},1\n").classes == ("0", "1")


def test_classes_of_numbers_are_sorted_by_size() -> None:
    found = read("y,d\n10,9\n9,10\n2,2\n", columns(prediction="d"))

    assert found.classes == ("2", "9", "10")
    assert found.decisions is not None
    assert found.decisions.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "header", ["y,p_cat,p_dog,p_eel", "y,p_eel,p_dog,p_cat"], ids=["sorted", "the-other-way-round"]
)
def test_scores_go_to_their_classes_by_the_names_of_their_columns(header: str) -> None:
    names = tuple(header.split(",")[1:])
    values = {"p_cat": "0.7", "p_dog": "0.2", "p_eel": "0.1"}
    row = ",".join(values[name] for name in names)

    found = read(f"{header}\ncat,{row}\ndog,{row}\n", columns(scores=names))

    assert found.classes == ("cat", "dog", "eel")
    assert found.scores is not None
    assert found.scores[0].tolist() == [0.7, 0.2, 0.1]


def test_a_score_that_names_the_first_class_is_turned_round() -> None:
    found = read("y,p_benign\nbenign,0.75\nmalignant,0.25\n", columns(scores=("p_benign",)))

    assert found.classes == ("benign", "malignant")
    assert found.scores is not None
    assert found.scores.tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    ("text", "names", "task"),
    [
        pytest.param(
            "y,d\n1.5,1.4\n2.5,2.4\n", columns(prediction="d"), Task.VALUES, id="fractions"
        ),
        pytest.param(
            "y,d\n1,1.4\n5,2.4\n9,3\n",
            columns(prediction="d"),
            Task.VALUES,
            id="whole-truth-and-predicted-fractions",
        ),
        pytest.param(
            "y,d\n1,1\n5,5\n9,1\n", columns(prediction="d"), Task.CLASSES, id="few-whole-numbers"
        ),
        pytest.param(
            "y,p,q\n2,0.4,1\n0,0.1,1\n",
            columns(scores=("p",), query="q"),
            Task.RANKING,
            id="a-query",
        ),
        pytest.param("y,d\na,a\nb,a\n", columns(prediction="d"), Task.CLASSES, id="texts"),
    ],
)
def test_what_is_predicted(text: str, names: PredictionColumns, task: Task) -> None:
    assert read(text, names).task is task


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "id,y,p\na,0,0.5\nb,1,nan\n", "p.csv:3: `p`: the value is not finite", id="nan"
        ),
        pytest.param(
            "id,y,p\na,0,inf\nb,1,-inf\n",
            "p.csv:2: `p`: 2 of 2 values are not finite",
            id="infinite",
        ),
        pytest.param(
            "id,y,p\na,0,0.5\nb,1,\nc,1,\n",
            "p.csv:3: `p`: 2 of 3 values are missing",
            id="missing-score",
        ),
        pytest.param(
            "id,y,p\na,,0.5\nb,1,0.1\n", "p.csv:2: `y`: the value is missing", id="missing-truth"
        ),
        pytest.param(
            "id,y,p\n,0,0.5\nb,1,0.1\n", "p.csv:2: `id`: the value is missing", id="missing-id"
        ),
        pytest.param(
            "id,y,p\na,0,0.5\na,1,0.1\nb,1,1\nb,0,1\n",
            "p.csv:3: id `a` stands twice (first in row 1); 2 rows have an id that another one has",
            id="ids-twice",
        ),
        pytest.param(
            "id,y,p\na,0,high\nb,1,0.1\n",
            "p.csv:2: `p` is 'high', a number is wanted",
            id="a-text-for-a-score",
        ),
        pytest.param(
            "id,y,p\na,x,1\nb,y,0.1\nc,z,0.1\n",
            "p.csv: `y` has 3 classes and `score` names one column, `p`",
            id="three-classes-and-one-score",
        ),
        pytest.param("id,y,p\n", "p.csv has no rows", id="no-rows"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)

    assert caught.value.message == said


def test_a_weight_that_is_not_above_0_is_refused() -> None:
    with pytest.raises(DocumentError, match="`w`: the value is not above 0"):
        read("y,p,w\n0,0.5,1\n1,0.5,0\n", columns(scores=("p",), weight="w"))


def test_a_constant_score_and_a_single_class_are_said() -> None:
    found = read("id,y,p\na,1,0.5\nb,1,0.5\n")

    assert found.classes == ("0", "1")
    assert found.remarks == (
        "every score in p.csv is 0.5: the model tells nothing apart.",
        "every example of p.csv is of class `1`.",
    )


def test_slices_are_texts_and_what_is_empty_is_a_group() -> None:
    found = read("id,y,p,site\na,0,0.1,N\nb,1,0.9,\n", slices=("site",))

    assert found.slices["site"].tolist() == ["N", "(empty)"]


def test_a_wanted_task_overrules_what_it_looks_like() -> None:
    found = read("id,y,p\na,0,0.1\nb,1,0.9\n", task=Task.VALUES)

    assert found.task is Task.VALUES
    assert found.truth.dtype == np.float64


@pytest.mark.parametrize(
    ("names", "target", "scores", "decision", "id_"),
    [
        ("id,y_true,y_score", "y_true", ("y_score",), "", "id"),
        ("label,prediction", "label", (), "prediction", ""),
        ("Target,Score,Row_Id", "Target", ("Score",), "", "Row_Id"),
        ("y_true,y_pred,p_a,p_b", "y_true", ("p_a", "p_b"), "y_pred", ""),
        ("actual,predicted", "actual", (), "predicted", ""),
    ],
)
def test_usual_names_are_found(
    names: str, target: str, scores: tuple[str, ...], decision: str, id_: str
) -> None:
    found = guess_columns("p.csv", names.split(",")).columns

    assert found == PredictionColumns(
        path="p.csv", target=target, scores=scores, prediction=decision, id=id_
    )


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("fpr,tpr,threshold", ""),
        ("y,loss", ""),
        ("y_true,y,score", "has several columns that could be the truth: `y_true`, `y`"),
        (
            "y,y_pred,predicted",
            "has several columns that could be the decision: `y_pred`, `predicted`",
        ),
    ],
)
def test_what_is_none_or_not_clear_is_not_guessed(names: str, problem: str) -> None:
    found = guess_columns("p.csv", names.split(","))

    assert found.columns is None
    assert found.problem == problem


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("predictions.csv", True),
        ("reports/test-predictions.parquet", True),
        ("prediction.npz", True),
        ("predictions.txt", False),
        ("unpredictable.csv", False),
        ("predictions", False),
    ],
)
def test_names_of_files_that_hold_predictions(path: str, is_one: bool) -> None:
    assert is_predictions_path(path) is is_one
