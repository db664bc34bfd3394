from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from branchline.core.policy import Goal
from branchline.core.verdict.noise.estimate import NoComparisonError
from branchline.core.verdict.noise.metrics import KNOWN_NAMES, Needs, known_metric
from branchline.core.verdict.noise.scoring import recomputed, value_of
from branchline.core.verdict.noise.values import PairedExamples, Predicted

if TYPE_CHECKING:
    from collections.abc import Callable

sk = pytest.importorskip("sklearn.metrics")

NOBODY = Predicted()
RANDOM = np.random.default_rng(7)
COUNT = 500


def classes_of(classes: int, *, ties: bool = False, weighted: bool = False) -> PairedExamples:
    truth = RANDOM.integers(0, classes, COUNT)
    raw = RANDOM.normal(size=(COUNT, classes)) + 1.2 * np.eye(classes)[truth]
    if ties:
        raw = np.round(raw)
    shares = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    said = Predicted(
        scores=shares[:, 1].copy() if classes == 2 else shares,
        decisions=shares.argmax(axis=1).astype(np.int64),
    )
    weights = RANDOM.uniform(0.2, 3, COUNT) if weighted else None
    names = tuple("abcdefgh"[:classes])
    return PairedExamples(
        truth=truth, classes=names, candidate=said, champion=NOBODY, weights=weights
    )


def value(name: str, examples: PairedExamples) -> float:
    metric = known_metric(name)
    assert metric is not None
    return value_of(metric, examples, examples.candidate)


DECIDED: dict[str, Callable[..., Any]] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "mcc": sk.matthews_corrcoef,
    "cohen_kappa": sk.cohen_kappa_score,
    **{
        f"{word}_{average}": lambda *a, f=function, m=average, **k: f(
            *a, average=m, zero_division=0, **k
        )
        for word, function in (
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
            ("f1", sk.f1_score),
        )
        for average in ("macro", "micro", "weighted")
    },
}
OF_TWO: dict[str, Callable[..., Any]] = {
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
}
SCORED: dict[str, Callable[..., Any]] = {
    "roc_auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
}
VALUED: dict[str, Callable[..., Any]] = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "mape": sk.mean_absolute_percentage_error,
    "median_ae": sk.median_absolute_error,
}


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", DECIDED)
def test_decisions_score_as_in_scikit_learn(name: str, classes: int, weighted: bool) -> None:
    examples = classes_of(classes, weighted=weighted)

    theirs = DECIDED[name](
        examples.truth, examples.candidate.decisions, sample_weight=examples.weights
    )

    assert value(name, examples) == pytest.approx(theirs, abs=1e-10)


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("ties", [False, True], ids=["no-ties", "ties"])
@pytest.mark.parametrize("name", [*OF_TWO, *SCORED])
def test_two_classes_score_as_in_scikit_learn(name: str, ties: bool, weighted: bool) -> None:
    examples = classes_of(2, ties=ties, weighted=weighted)
    function = (OF_TWO | SCORED)[name]
    said = examples.candidate.decisions if name in OF_TWO else examples.candidate.scores

    theirs = function(examples.truth, said, sample_weight=examples.weights)

    assert value(name, examples) == pytest.approx(theirs, abs=1e-10)


def test_many_classes_score_as_in_scikit_learn() -> None:
    examples = classes_of(4, ties=True, weighted=True)
    truth, shares = examples.truth, examples.candidate.scores
    assert shares is not None

    assert value("log_loss", examples) == pytest.approx(
        sk.log_loss(truth, shares, sample_weight=examples.weights), abs=1e-10
    )
    assert value("brier", examples) == pytest.approx(
        sk.brier_score_loss(truth, shares, sample_weight=examples.weights), abs=1e-10
    )
    assert value("roc_auc_ovr", replace(examples, weights=None)) == pytest.approx(
        sk.roc_auc_score(truth, shares, multi_class="ovr", average="macro"), abs=1e-10
    )


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("name", VALUED)
def test_values_score_as_in_scikit_learn(name: str, weighted: bool) -> None:
    truth = RANDOM.normal(1000, 3, COUNT)
    examples = PairedExamples(
        truth=truth,
        candidate=Predicted(scores=truth + np.round(RANDOM.normal(size=COUNT), 1)),
        champion=NOBODY,
        weights=RANDOM.uniform(0.2, 3, COUNT) if weighted else None,
    )

    theirs = VALUED[name](truth, examples.candidate.scores, sample_weight=examples.weights)

    assert value(name, examples) == pytest.approx(theirs, abs=1e-10)


def lists_of(*, ties: bool) -> tuple[PairedExamples, list[np.ndarray[Any, Any]]]:
    queries = np.repeat(np.arange(60), RANDOM.integers(2, 15, 60))
    RANDOM.shuffle(queries)
    relevance = RANDOM.integers(0, 4, len(queries)).astype(float)
    scores = relevance + RANDOM.normal(0, 2, len(queries))
    if ties:
        scores = np.round(scores)
    examples = PairedExamples(
        truth=relevance, queries=queries, candidate=Predicted(scores=scores), champion=NOBODY
    )
    return examples, [np.flatnonzero(queries == query) for query in range(60)]


@pytest.mark.parametrize("ties", [False, True], ids=["no-ties", "ties"])
@pytest.mark.parametrize("k", [None, 1, 3, 10])
def test_ndcg_is_that_of_scikit_learn(k: int | None, ties: bool) -> None:
    examples, lists = lists_of(ties=ties)
    scores = examples.candidate.scores
    assert scores is not None

    theirs = np.mean(
        [sk.ndcg_score(examples.truth[None, rows], scores[None, rows], k=k) for rows in lists]
    )

    assert value("ndcg" if k is None else f"ndcg@{k}", examples) == pytest.approx(theirs, abs=1e-10)


@pytest.mark.parametrize("ties", [False, True], ids=["no-ties", "ties"])
def test_ranked_lists_score_as_written_down_plainly(ties: bool) -> None:
    examples, lists = lists_of(ties=ties)
    scores = examples.candidate.scores
    assert scores is not None
    found: dict[str, list[float]] = {name: [] for name in ("map", "mrr", "hit@2")}
    for rows in lists:
        relevant = examples.truth[rows] > 0
        order = sorted(range(len(rows)), key=lambda at: (-scores[rows][at], relevant[at]))
        first = next((at + 1 for at, place in enumerate(order) if relevant[place]), None)
        found["mrr"].append(1 / first if first else 0)
        found["hit@2"].append(float(first is not None and first <= 2))
        found["map"].append(
            sk.average_precision_score(relevant, scores[rows]) if relevant.any() else 0
        )

    for name, values in found.items():
        assert value(name, examples) == pytest.approx(np.mean(values), abs=1e-10)


def test_precision_and_recall_at_k_average_over_the_orders_of_ties() -> None:
    truth = np.array([1.0, 0, 0, 1, 0, 0])
    examples = PairedExamples(
        truth=truth,
        queries=np.zeros(6, dtype=np.int64),
        candidate=Predicted(scores=np.array([3.0, 2, 2, 2, 1, 1])),
        champion=NOBODY,
    )

    assert value("precision@2", examples) == pytest.approx((1 + 1 / 3) / 2)
    assert value("recall@2", examples) == pytest.approx((1 + 1 / 3) / 2)
    assert value("hit@1", examples) == 1


@pytest.mark.parametrize(
    ("name", "known", "goal", "needs"),
    [
        ("val.ROC-AUC", "roc_auc", Goal.MAXIMIZE, Needs.SCORES),
        ("auc", "roc_auc", Goal.MAXIMIZE, Needs.SCORES),
        ("Accuracy", "accuracy", Goal.MAXIMIZE, Needs.DECISIONS),
        ("test.log-loss", "log_loss", Goal.MINIMIZE, Needs.PROBABILITIES),
        ("RMSE", "rmse", Goal.MINIMIZE, Needs.VALUES),
        ("f1_score_macro", "f1_macro", Goal.MAXIMIZE, Needs.DECISIONS),
        ("macro_f1", "f1_macro", Goal.MAXIMIZE, Needs.DECISIONS),
        ("ndcg_at_10", "ndcg@10", Goal.MAXIMIZE, Needs.RANKS),
        ("hit-rate@5", "hit@5", Goal.MAXIMIZE, Needs.RANKS),
        ("PR_AUC", "average_precision", Goal.MAXIMIZE, Needs.SCORES),
    ],
)
def test_a_name_is_known_however_it_is_spelled(
    name: str, known: str, goal: Goal, needs: Needs
) -> None:
    metric = known_metric(name)

    assert metric is not None
    assert (metric.name, metric.goal, metric.needs) == (known, goal, needs)


def test_every_known_name_is_known_by_itself() -> None:
    for name in KNOWN_NAMES:
        metric = known_metric(name.replace("@k", "@3"))
        assert metric is not None
        assert metric.name == name.replace("@k", "@3")


@pytest.mark.parametrize("name", ["latency_ms", "loss", "", ".", "ndcg@0", "ndcg@9999999", "f2"])
def test_what_is_not_known_is_none(name: str) -> None:
    assert known_metric(name) is None


def test_what_the_user_says_goes_before_the_name() -> None:
    metric = known_metric("val.loss", "log_loss")

    assert metric is not None
    assert metric.name == "log_loss"


@pytest.mark.parametrize(
    ("recorded", "text", "value", "differs"),
    [
        pytest.param(0.91, "0.91", 0.9149, False, id="rounded-to-two-digits"),
        pytest.param(0.91, "0.91", 0.9161, True, id="beyond-its-rounding"),
        pytest.param(0.912345678, "", 0.9123456781, False, id="the-same-but-for-floats"),
        pytest.param(0.9, "", 0.1, True, id="labels-swapped"),
        pytest.param(1.0, "1.0", 0.96, True, id="a-whole-number-is-not-rounded"),
        pytest.param(91.0, "91.0", 0.91, True, id="per-cent"),
        pytest.param(1.2e-05, "1.2e-05", 1.23e-05, False, id="an-exponent"),
        pytest.param(float("nan"), "", 0.9, True, id="nan-never-agrees"),
    ],
)
def test_a_recorded_number_is_held_against_the_recomputed(
    recorded: float, text: str, value: float, differs: bool
) -> None:
    assert recomputed(recorded, value, text=text).differs is differs


def test_a_metric_of_two_classes_refuses_three() -> None:
    with pytest.raises(NoComparisonError, match="f1_macro"):
        value("f1", classes_of(3))
