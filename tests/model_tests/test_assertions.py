from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from branchline.errors import ModelTestError
from branchline.model_tests.assertions import (
    assert_cases,
    assert_direction,
    assert_invariant,
    assert_maximum,
    assert_minimum,
    assert_repeatable,
)
from branchline.model_tests.measures import measure
from branchline.model_tests.rows import Rows

X = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 6.0]])
COLUMNS = {"a": X[:, 0], "b": X[:, 1]}


class Linear:
    """Predicts the first column times a factor."""

    def __init__(self, factor: float = 2.0) -> None:
        self.factor = factor

    def predict(self, rows: Any) -> Any:
        return rows[:, 0] * self.factor


class Classifier:
    """Two classes, and probabilities that grow with the first column."""

    def __init__(self) -> None:
        self.classes_ = np.array(["no", "yes"])

    def predict_proba(self, rows: Any) -> Any:
        p = rows[:, 0] / 5
        return np.column_stack([1 - p, p])

    def predict(self, rows: Any) -> Any:
        return self.classes_[(rows[:, 0] > 2).astype(int)]


def moody(rows: Any) -> Any:
    """Answers by its mood."""
    moody.calls += 1  # type: ignore[attr-defined] # a counter of its own
    return rows[:, 0] + moody.calls  # type: ignore[attr-defined] # as above


moody.calls = 0  # type: ignore[attr-defined] # as above


def by_batch(rows: Any) -> Any:
    """Standardises by the rows that happen to be asked together."""
    return rows[:, 0] - rows[:, 0].mean()


def by_place(rows: Any) -> Any:
    """Depends on the order of the rows."""
    return rows[:, 0] + np.arange(len(rows)) * (len(rows) > 1)


@pytest.mark.parametrize("model", [Linear(), Classifier(), lambda rows: rows[:, 0]])
def test_what_depends_on_its_row_alone_is_repeatable(model: Any) -> None:
    assert_repeatable(model, COLUMNS)


@pytest.mark.parametrize(
    ("model", "part"),
    [
        pytest.param(moody, "asked twice, 4 of 4 answers differ", id="another-answer-each-time"),
        pytest.param(by_place, "in another order", id="by-the-order"),
        pytest.param(by_batch, "one row at a time", id="by-the-batch"),
        pytest.param(lambda rows: rows[:, 0] * math.nan, "(NaN)", id="nan-equals-nothing"),
        pytest.param(lambda _rows: [1.0], "4 rows got 1 answers", id="too-few-answers"),
    ],
)
def test_what_is_not_repeatable_fails_with_rows(model: Any, part: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(part)):
        assert_repeatable(model, COLUMNS)


def test_rows_in_messages_are_few_short_and_on_one_line() -> None:
    rows = {f"c{i}": np.array(["\x1b[31m" + "x" * 99] * 30, dtype=object) for i in range(40)}
    calls = iter(range(999))

    with pytest.raises(AssertionError) as failed:
        assert_repeatable(lambda held: np.full(len(held), next(calls), dtype=float), rows)

    text = str(failed.value)
    assert len(text.splitlines()) == 6
    assert "\x1b" not in text
    assert len(text) < 5000


@pytest.mark.parametrize(
    ("change", "way", "part"),
    [
        pytest.param(lambda a: a + 1, "up", "", id="up"),
        pytest.param(lambda a: a - 1, "down", "", id="down"),
        pytest.param(lambda a: a + 1, "not down", "", id="not-down"),
        pytest.param(lambda a: a - 1, "up", "4 of 4 answers went down; wanted is up", id="wrong"),
        pytest.param(lambda a: a - 1, "not down", "went down", id="wrong-not-down"),
        pytest.param(lambda a: a + 1, "not up", "went up", id="wrong-not-up"),
    ],
)
def test_direction(change: Any, way: str, part: str) -> None:
    if not part:
        assert_direction(Linear(), COLUMNS, "a", change, way)
        assert_direction(Classifier(), X, 0, change, way)
        return
    with pytest.raises(AssertionError, match=part):
        assert_direction(Linear(), COLUMNS, "a", change, way)


def test_a_direction_that_nothing_takes_is_no_pass() -> None:
    with pytest.raises(AssertionError, match="none moved at all"):
        assert_direction(Linear(), COLUMNS, "b", lambda b: b + 1, "up")
    with pytest.raises(AssertionError, match="4 of 4"):
        assert_direction(lambda r: r[:, 0] * math.nan, COLUMNS, "a", lambda a: a + 1, "not down")
    with pytest.raises(AssertionError, match="proves nothing"):
        assert_direction(Linear(), COLUMNS, "a", lambda a: a, "not down")


def test_the_class_that_is_meant() -> None:
    assert_direction(Classifier(), X, 0, lambda a: a + 0.1, "down", of="no")
    with pytest.raises(ModelTestError, match="no class 'maybe'"):
        assert_direction(Classifier(), X, 0, lambda a: a + 0.1, "up", of="maybe")
    with pytest.raises(ModelTestError, match="no direction"):
        assert_direction(Classifier(), X, 0, lambda a: a + 0.1, "sideways")


def test_invariance() -> None:
    assert_invariant(Linear(), COLUMNS, "b", 0.0)
    assert_invariant(Linear(), COLUMNS, "a", lambda a: a + 0.01, tolerance=0.1)
    with pytest.raises(AssertionError, match=r"by up to 0\.02; tolerated is 1e-06"):
        assert_invariant(Linear(), COLUMNS, "a", lambda a: a + 0.01)
    with pytest.raises(ModelTestError, match="Did you mean 'a'"):
        assert_invariant(Linear(), COLUMNS, "aa", 0.0)
    with pytest.raises(ModelTestError, match="a matrix of 2 columns"):
        assert_invariant(Linear(), X, 2, 0.0)


def test_cases() -> None:
    assert_cases(Linear(), [([1.0, 0.0], 2.0), ([2.0, 0.0], (3, 5))])
    assert_cases(Classifier(), [({"a": 4.0, "b": 1.0}, "yes")])
    assert_cases(lambda rows: rows[:, :1], [([1.0, 0.0], (0.9, 1.1))])
    with pytest.raises(ModelTestError, match="shape"):
        assert_cases(lambda rows: rows, [([1.0, 0.0], 1.0)])
    with pytest.raises(AssertionError, match="1 of 1 cases"):
        assert_cases(lambda rows: rows[:, 0] * math.nan, [([1.0, 0.0], (0.9, 1.1))])
    with pytest.raises(AssertionError, match=r"1 of 2 cases are wrong:\n  case 1: 4\.0, wanted"):
        assert_cases(Linear(), [([1.0, 0.0], 2.0), ([2.0, 0.0], (5, 6))])
    with pytest.raises(AssertionError, match="no cases"):
        assert_cases(Linear(), [])


def test_minimum_and_maximum() -> None:
    truth = np.array(["no", "no", "yes", "no"])

    assert assert_minimum(Classifier(), "accuracy", 0.75, X, truth) == 0.75
    with pytest.raises(AssertionError, match=r"accuracy is 0\.75 on 4 rows; at least 0\.8"):
        assert_minimum(Classifier(), "accuracy", 0.8, X, truth)
    with pytest.raises(AssertionError, match=r"<lambda> is nan"):
        assert_minimum(Classifier(), lambda _t, _p: math.nan, 0.0, X, truth)
    with pytest.raises(AssertionError, match="no rows"):
        assert_minimum(Classifier(), "accuracy", 0.5, X[:0], truth[:0])
    with pytest.raises(ModelTestError, match="less is better"):
        assert_minimum(Linear(), "mae", 1.0, X, X[:, 0])
    with pytest.raises(ModelTestError, match="Did you mean 'accuracy'"):
        assert_minimum(Classifier(), "acuracy", 0.5, X, truth)
    with pytest.raises(AssertionError, match=r"rmse is 2\.73861 on 4 rows; at most 1 is wanted"):
        assert_maximum(Linear(), "rmse", 1.0, X, X[:, 0])


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "precision", "recall", "f1"])
@pytest.mark.parametrize("classes", [2, 3])
def test_measures_of_labels_are_those_of_scikit_learn(metric: str, classes: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(classes)
    truth, answer = generator.integers(0, classes, (2, 300))
    names = {"balanced_accuracy": "balanced_accuracy_score", "accuracy": "accuracy_score"}
    theirs = getattr(metrics, names.get(metric, f"{metric}_score"))
    options = {} if metric in names else {"average": "binary" if classes == 2 else "macro"}

    ours = measure(metric, lambda rows: rows[:, 0], answer[:, None], truth)

    assert ours == pytest.approx(theirs(truth, answer, **options), abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "name"),
    [("roc_auc", "roc_auc_score"), ("log_loss", "log_loss"), ("brier", "brier_score_loss")],
)
def test_measures_of_scores_are_those_of_scikit_learn(metric: str, name: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, 500)
    score = np.round(np.clip(truth * 0.2 + generator.random(500) * 0.8, 0.01, 0.99), 2)

    ours = measure(metric, lambda rows: rows[:, 0], score[:, None], truth)

    assert ours == pytest.approx(getattr(metrics, name)(truth, score), abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "model", "truth", "part"),
    [
        pytest.param("roc_auc", Linear(), [1, 1, 1, 1], "two classes", id="one-class"),
        pytest.param("log_loss", Linear(), [1, 0, 1, 1], "probabilities", id="no-probabilities"),
        pytest.param("r2", Linear(), [1, 1, 1, 1], "not defined", id="constant-truth"),
        pytest.param("accuracy", lambda r: r[:, 0] * math.nan, [1, 0, 1, 1], "NaN", id="nan"),
        pytest.param("mae", lambda r: r, [1, 0, 1, 1], "2 predictions a row", id="two-columns"),
        pytest.param("mae", object(), [1, 0, 1, 1], "no `predict`", id="no-model"),
    ],
)
def test_what_cannot_be_measured_is_said(
    metric: str, model: Any, truth: list[int], part: str
) -> None:
    with pytest.raises(ModelTestError, match=part):
        measure(metric, model, X, np.array(truth))


def test_rows_keep_what_they_were_made_of() -> None:
    rows = Rows.of(COLUMNS)

    changed = rows.changed("a", 9.0)

    assert rows.column("a")[0] == 1.0
    assert changed.column("a").tolist() == [9.0] * 4
    assert Rows.of(X).changed(0, lambda a: a * 2).column(0).tolist() == [2, 4, 6, 8]
