"""Evaluation rows that were trained on, and columns that tell the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from branchline.core.evidence.tables import Column, Table
from branchline.core.values import Outcome
from branchline.core.verdict.selftest.leaks import single_feature, train_test_overlap


def table(file: str, **columns: Any) -> Table:
    """A table of columns; None and NaN are missing."""
    made = {}
    for name, given in columns.items():
        values = np.asarray(given, dtype=object if isinstance(given[0], str) else None)
        missing = np.array([v is None or v != v for v in values.tolist()])
        made[name] = Column(values=values, missing=missing)
    return Table(file=file, rows=len(next(iter(columns.values()))), first_line=2, columns=made)


def split(random: np.random.Generator, rows: int, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {f"f{number}": random.normal(size=rows) for number in range(4)}
    return {**made, "kind": [("a", "b", "c")[v] for v in random.integers(3, size=rows)], **more}


def test_a_clean_split_has_no_overlap() -> None:
    random = np.random.default_rng(1)

    proof = train_test_overlap(
        table("train.csv", **split(random, 800)), table("test.csv", **split(random, 200))
    )

    assert proof.outcome is Outcome.PASSED
    assert proof.numbers["exact"] == proof.numbers["near"] == 0


def test_rows_on_both_sides_are_counted_and_shown() -> None:
    random = np.random.default_rng(2)
    train, test = split(random, 500), split(random, 100)
    for name in train:
        test[name] = np.concatenate([np.asarray(train[name])[:7], np.asarray(test[name])[7:]])
        test[name] = test[name].tolist() if name == "kind" else test[name]

    proof = train_test_overlap(table("train.csv", **train), table("test.csv", **test))

    assert proof.outcome is Outcome.FAILED
    assert proof.numbers["exact"] == 7
    assert proof.examples[0] == "test.csv:2"
    assert "7 of 100 rows of test.csv" in proof.sentence


@pytest.mark.parametrize("width", [8, 400])
def test_rows_of_numbers_in_one_array_are_compared_too(width: int) -> None:
    random = np.random.default_rng(11)
    train, test = random.normal(size=(300, width)), random.normal(size=(100, width))
    test[:3] = train[5:8]
    sides = []
    for file, values in (("train.npz", train), ("test.npz", test)):
        given = table(file, y=np.arange(len(values)) % 2, i=np.arange(len(values)))
        matrix = Column(values=values, missing=np.zeros(len(values), dtype=bool))
        sides.append(Table(file=file, rows=given.rows, columns={**given.columns, "X": matrix}))
    # A row is one that was trained on where its label is the same, too.
    sides[1].columns["y"].values[:3] = sides[0].columns["y"].values[5:8]

    proof = train_test_overlap(*sides)

    assert proof.outcome is Outcome.FAILED
    assert proof.numbers["exact"] == 3
    assert "without `i`" in proof.sentence


def test_one_number_of_an_array_that_tells_the_answer_is_named() -> None:
    random = np.random.default_rng(12)
    values = random.normal(size=(4000, 5))
    given = table("test.npz", y=(values[:, 3] > 0).astype(np.int64))
    matrix = Column(values=values, missing=np.zeros(4000, dtype=bool))

    proof = single_feature(
        Table(file="test.npz", rows=4000, columns={**given.columns, "X": matrix}), "y"
    )

    assert proof.outcome is Outcome.FAILED
    assert proof.examples == ("X[3]",)


def test_a_row_number_does_not_hide_them() -> None:
    random = np.random.default_rng(3)
    train = split(random, 300, id=np.arange(300))
    test = {name: np.asarray(values)[:50] for name, values in train.items()}
    test["kind"] = test["kind"].tolist()
    test["id"] = np.arange(1000, 1050)

    proof = train_test_overlap(table("train.csv", **train), table("test.csv", **test))

    assert proof.outcome is Outcome.FAILED
    assert proof.numbers["exact"] == 50
    assert "without `id`" in proof.sentence


def test_near_copies_are_found() -> None:
    random = np.random.default_rng(4)
    train = split(random, 1000)
    test = split(random, 200)
    for name in ("f0", "f1", "f2", "f3"):
        test[name][:20] = train[name][:20] + 1e-5
    test["kind"][:20] = train["kind"][:20]

    proof = train_test_overlap(table("train.csv", **train), table("test.csv", **test))

    assert proof.outcome is Outcome.FAILED
    assert proof.numbers["exact"] == 0
    assert proof.numbers["near"] == 20


def test_data_that_repeat_themselves_anyway_are_no_leak() -> None:
    random = np.random.default_rng(5)

    def survey(rows: int) -> Table:
        return table("s.csv", q=random.integers(3, size=rows), r=random.integers(2, size=rows))

    proof = train_test_overlap(survey(500), survey(100))

    assert proof.outcome is Outcome.PASSED
    assert "repeat themselves" in proof.sentence


@pytest.mark.parametrize("rows", [0, 5])
def test_without_common_columns_nothing_is_said(rows: int) -> None:
    train = table("train.csv", a=[1.0] * 5)
    test = Table(file="test.csv", rows=rows, columns=table("t", b=[1.0] * 5).columns)

    assert train_test_overlap(train, test).outcome is Outcome.UNKNOWN


def test_a_column_that_tells_the_answer_is_named() -> None:
    random = np.random.default_rng(6)
    target = random.integers(2, size=400)
    proof = single_feature(
        table(
            "test.csv",
            noise=random.normal(size=400),
            discharged=np.where(target == 1, random.normal(5, 1, 400), random.normal(-5, 1, 400)),
            y=target,
        ),
        "y",
    )

    assert proof.outcome is Outcome.FAILED
    assert proof.examples == ("discharged",)


@pytest.mark.parametrize("kind", ["classes", "values"])
def test_honest_features_pass(kind: str) -> None:
    random = np.random.default_rng(7)
    feature = random.normal(size=600)
    target = feature + random.normal(size=600)
    y = (target > 0).astype(int) if kind == "classes" else target

    proof = single_feature(table("t.csv", feature=feature, other=random.normal(size=600), y=y), "y")

    assert proof.outcome is Outcome.PASSED, proof.sentence
    assert "feature" in proof.sentence


def test_a_copy_of_a_continuous_target_is_found() -> None:
    random = np.random.default_rng(8)
    y = random.normal(size=800)

    proof = single_feature(table("t.csv", copy=2 * y + 1, other=random.normal(size=800), y=y), "y")

    assert proof.outcome is Outcome.FAILED


def test_a_category_that_names_rows_tells_nothing() -> None:
    y = [int(n % 2) for n in range(200)]

    proof = single_feature(table("t.csv", name=[f"n{n}" for n in range(200)], y=y), "y")

    assert proof.outcome is Outcome.PASSED


def test_iris_and_breast_cancer_are_honest() -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="the example's libraries are missing")
    for load in (datasets.load_iris, datasets.load_breast_cancer, datasets.load_wine):
        data = load()
        columns = {f"f{n}": data.data[:, n] for n in range(data.data.shape[1])}

        proof = single_feature(table("t.csv", **columns, y=data.target), "y")

        assert proof.outcome is Outcome.PASSED, (load.__name__, proof.sentence)


def test_numbers_that_a_csv_gave_as_texts_are_numbers() -> None:
    random = np.random.default_rng(9)
    y = random.integers(2, size=300)
    feature = [f"{v:.6f}" for v in y * 10 + random.normal(size=300)]

    proof = single_feature(table("t.csv", leak=feature, y=[str(v) for v in y]), "y")

    assert proof.outcome is Outcome.FAILED
