"""`core.verdict.noise.trainings`: trainings as records keep them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from branchline.core.evidence.values import Metric
from branchline.core.verdict.noise.trainings import (
    Training,
    content_of,
    groups_of,
    training_from_json,
    training_to_json,
)
from branchline.errors import RecordError


def made(seed: int | None, value: float, *, content: str = "a" * 64, at: str = "1") -> Training:
    """A training that left one metric."""
    metric = Metric(name="auc", value=value, text=str(value), file="metrics.json", stage="train")
    return Training(
        model="m",
        content=content,
        param="" if seed is None else "seed",
        seed=seed,
        metrics=(metric,),
        at=at,
    )


def test_a_training_comes_back_equal() -> None:
    """Through text, as git holds it."""
    training = made(3, 0.9)

    assert training_from_json(json.loads(json.dumps(training_to_json(training)))) == training


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_stays_none(value: float) -> None:
    """Records hold plain JSON, and nothing that is not finite is ever averaged."""
    text = json.dumps(training_to_json(made(3, value)), allow_nan=False)

    assert training_from_json(json.loads(text)).value("auc") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema_version", 99),
        ("seed", "1"),
        ("seed", True),
        ("metrics", [["f", "auc", "0.9", "", ""]]),
        ("metrics", 7),
        ("content", "x" * 10_000),
        ("duration_s", "soon"),
    ],
)
def test_a_record_of_other_types_is_refused(field: str, value: object) -> None:
    """Anybody who may push may have written it."""
    fields = {**training_to_json(made(3, 0.9)), field: value}

    with pytest.raises(RecordError):
        training_from_json(fields)


def test_groups_are_by_content_newest_first() -> None:
    """Each seed counts once, and the very same again does not count."""
    old = [made(None, 0.1, content="a", at="1"), made(1, 0.2, content="a", at="2")]
    new = [made(None, 0.3, content="b", at="3"), made(2, 0.4, content="b", at="4")]
    again = replace(made(None, 0.9, content="b", at="5"), again=1)

    assert groups_of([*old, *new, again], "auc", "seed") == [[0.3, 0.4], [0.1, 0.2]]


def test_what_another_seed_does_is_another_noise() -> None:
    """A seed of the split moves a metric more than one of the weights."""
    other = replace(made(5, 0.7), param="split.seed")

    assert groups_of([made(None, 0.9), other], "auc", "seed") == [[0.9]]
    assert replace(made(5, 0.7), param="split.seed").place != made(5, 0.7).place


def test_content_is_what_was_walked_and_what_it_left() -> None:
    """An undeclared file that moved the outputs is another content."""
    one = content_of({"train": "k"}, {"model": "x"})

    assert one == content_of({"train": "k"}, {"model": "x"})
    assert one != content_of({"train": "k"}, {"model": "y"})
