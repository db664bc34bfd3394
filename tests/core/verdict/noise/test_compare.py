from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from branchline.core.policy import Goal
from branchline.core.verdict.noise.compare import compare
from branchline.core.verdict.noise.metrics import KNOWN_NAMES
from branchline.core.verdict.noise.needed import needed_examples
from branchline.core.verdict.noise.values import Difference, PairedExamples, Predicted

OF_CLASSES = [
    "accuracy",
    "error_rate",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "precision_macro",
    "recall_micro",
    "f1_weighted",
    "log_loss",
    "brier",
    "roc_auc",
    "average_precision",
    "mcc",
    "cohen_kappa",
]
OF_VALUES = ["mae", "mse", "rmse", "r2", "mape", "median_ae"]
OF_LISTS = ["ndcg", "ndcg@3", "hit@2", "mrr", "map", "precision@2", "recall@2"]


def compared(name: str, examples: PairedExamples, **options: Any) -> Difference:
    settings: dict[str, Any] = {"goal": Goal.MAXIMIZE, "margin": 0.01, "confidence": 0.95}
    return compare(name, examples, **{**settings, "seed": 1, "resamples": 400, **options})


def examples_of(name: str, count: int = 300, seed: int = 0) -> PairedExamples:
    random = np.random.default_rng(seed)
    if name in OF_CLASSES:
        truth = random.integers(0, 2, count)
        scores = [
            1 / (1 + np.exp(-(2 * truth - 1 + random.normal(0, 1.2, count)))) for _ in range(2)
        ]
        ours, theirs = (Predicted(scores=each) for each in scores)
        return PairedExamples(truth=truth, classes=("no", "yes"), candidate=ours, champion=theirs)
    values = random.choice([0.0, 0.0, 0.0, 0.0, 1.0, 2.0], count)
    ours, theirs = (Predicted(scores=values + random.normal(size=count)) for _ in range(2))
    queries = np.arange(count) // 10 if name in OF_LISTS else None
    return PairedExamples(truth=values, queries=queries, candidate=ours, champion=theirs)


EVERY = [*OF_CLASSES, *OF_VALUES, *OF_LISTS]


@pytest.mark.parametrize("name", EVERY)
def test_a_model_against_itself_is_no_difference_at_all(name: str) -> None:
    examples = examples_of(name)

    found = compared(name, replace(examples, candidate=examples.champion))

    assert (found.estimate, found.low, found.high) == (0, 0, 0)
    assert (found.p_worse, found.p_better, found.p_beyond) == (1, 1, 0)
    assert found.method == "the same predictions"
    assert found.problem == ""


@pytest.mark.parametrize("name", EVERY)
def test_every_metric_says_the_same_of_swapped_models(name: str) -> None:
    examples = examples_of(name)
    swapped = replace(examples, candidate=examples.champion, champion=examples.candidate)

    one, other = compared(name, examples), compared(name, swapped)

    assert one.problem == ""
    assert one.low <= one.estimate <= one.high
    assert other.estimate == pytest.approx(-one.estimate, abs=1e-12)
    wide = one.high - one.low
    assert other.low == pytest.approx(-one.high, abs=0.25 * wide)
    assert 0 <= one.p_beyond <= 1
    assert one.needed is not None
    assert one.needed > 0


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_never_compared(name: str, bad: float) -> None:
    examples = examples_of(name)
    scores = examples.candidate.scores
    assert scores is not None
    scores[17] = bad

    found = compared(name, examples)

    assert "1 of 300 are NaN or infinite, the first in example 18" in found.problem
    assert "the candidate" in found.problem
    assert math.isnan(found.estimate)
    assert math.isnan(found.p_worse)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 9])
def test_few_examples_are_never_a_wrong_answer(name: str, count: int) -> None:
    for seed in range(5):
        found = compared(name, examples_of(name, count, seed))

        if not found.problem:
            assert found.low <= 0 <= found.high or count >= 5
            assert min(found.p_worse, found.p_better) > 0.5**count / 1.001


@pytest.mark.parametrize("name", OF_CLASSES)
def test_one_class_only_is_said(name: str) -> None:
    examples = replace(examples_of(name), truth=np.ones(300, dtype=np.int64))

    found = compared(name, examples)

    if name in ("accuracy", "error_rate", "log_loss", "brier"):
        assert found.problem == ""
    else:
        assert "every example is of class 'yes'" in found.problem


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_constant_score_is_no_silent_half(name: str) -> None:
    examples = replace(examples_of(name), champion=Predicted(scores=np.full(300, 0.5)))

    found = compared(name, examples)

    assert found.problem == "the champion gives every example the same score: it ranks nothing"


@pytest.mark.parametrize("name", ["mcc", "cohen_kappa", "precision"])
def test_a_constant_decision_has_no_value(name: str) -> None:
    examples = replace(
        examples_of(name), candidate=Predicted(decisions=np.zeros(300, dtype=np.int64))
    )

    found = compared(name, examples)

    assert "cand" in found.problem or name == "cohen_kappa"


def test_all_correct_is_no_proof_of_perfection() -> None:
    truth = np.arange(40) % 2
    scores = np.where(truth == 1, 0.9, 0.1)
    examples = PairedExamples(
        truth=truth,
        classes=("no", "yes"),
        candidate=Predicted(scores=scores),
        champion=Predicted(scores=np.where(truth == 1, 0.8, 0.2) + np.arange(40) / 1000),
    )

    for name in ("accuracy", "roc_auc", "f1", "average_precision"):
        found = compared(name, examples)
        assert (found.candidate, found.champion, found.estimate) == (1, 1, 0)
        assert found.low < -0.05
        assert found.p_beyond > 0.05


def test_a_loss_is_worse_where_less_is_better() -> None:
    examples = examples_of("rmse")
    assert examples.candidate.scores is not None
    noisy = examples.candidate.scores + np.random.default_rng(2).normal(0, 2, 300)
    worse = replace(examples, candidate=Predicted(scores=noisy))

    found = compared("rmse", worse, goal=Goal.MINIMIZE)

    assert found.estimate > 0
    assert found.p_worse < 0.01
    assert found.p_better > 0.99
    assert found.p_beyond > 0.99


@pytest.mark.parametrize("goal", Goal)
def test_the_margin_is_on_the_side_of_the_loss(goal: Goal) -> None:
    examples = examples_of("log_loss", 3000)

    tight = compared("log_loss", examples, goal=goal, margin=0.0)
    wide = compared("log_loss", examples, goal=goal, margin=5.0)

    assert wide.p_beyond < 1e-6
    assert tight.p_beyond == pytest.approx(tight.p_better)


def test_without_a_margin_nothing_is_proven_of_one() -> None:
    found = compared("accuracy", examples_of("accuracy"), margin=None)

    assert found.p_beyond == 1
    assert found.needed is None


def test_rows_needed_are_those_of_the_reference() -> None:
    # Accuracy, 6 % discordance, margin 1 pt: 3,711 rows; 2 %: 1,237; 6 % and 0.5 pt: 14,844.
    for share, margin, needed in ((0.06, 0.01, 3711), (0.02, 0.01, 1237), (0.06, 0.005, 14844)):
        found = needed_examples(500, (share / 500) ** 0.5, margin, confidence=0.95)
        assert found == pytest.approx(needed, abs=5)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"weights": np.r_[0.0, np.ones(299)]}, "a weight is not above 0"),
        ({"weights": np.r_[math.nan, np.ones(299)]}, "the weights: 1 of 300 are NaN"),
        ({"weights": np.ones(7)}, "7 weights for 300 examples"),
        ({"clusters": np.zeros(299, np.int64)}, "299 groups for 300 examples"),
        ({"clusters": np.zeros(300, np.int64)}, "group"),
        ({"truth": np.full(300, 2)}, "the truth holds a class that is not known"),
        ({"truth": np.full(300, -1)}, "the truth holds a class that is not known"),
        ({"candidate": Predicted(decisions=np.full(300, 2))}, "class that is not known, or for no"),
        ({"candidate": Predicted(decisions=np.zeros(9, np.int64))}, "9 decisions of the candidate"),
        ({"candidate": Predicted()}, "the candidate has no decisions"),
        ({"candidate": Predicted(scores=np.full(300, 2.0))}, "its scores are no probabilities"),
        ({"candidate": Predicted(scores=np.ones((300, 3)))}, "fit neither"),
    ],
)
def test_what_cannot_be_compared_says_why(change: dict[str, Any], problem: str) -> None:
    found = compared("accuracy", replace(examples_of("accuracy"), **change))

    assert problem in found.problem
    assert found.examples == 300
    assert math.isnan(found.low)


def test_a_name_that_is_not_known_says_what_to_do() -> None:
    found = compared("score_of_ours", examples_of("accuracy"))

    assert found.problem == (
        "no known metric is called score_of_ours; say which it is with `computed_as`"
    )


def test_what_it_is_computed_as_goes_before_its_name() -> None:
    examples = examples_of("accuracy")

    assert compared("loss", examples, computed_as="log_loss").estimate == pytest.approx(
        compared("log_loss", examples).estimate
    )


def test_decisions_that_agree_leave_noise_where_scores_do_not() -> None:
    examples = examples_of("accuracy")
    assert examples.champion.scores is not None
    nearly = replace(examples, candidate=Predicted(scores=examples.champion.scores * 0.9999))

    found = compared("accuracy", nearly)

    assert found.estimate == 0
    assert found.low < 0 < found.high


@pytest.mark.parametrize("name", EVERY)
def test_weights_and_groups_are_heeded_by_every_metric(name: str) -> None:
    examples = examples_of(name)
    groups = np.arange(300) // 10 if name in OF_LISTS else np.arange(300) // 3
    weights = 1.0 + groups**2 % 7 / 3
    plain = compared(name, examples)

    found = compared(name, replace(examples, weights=weights, clusters=groups))

    assert found.problem == ""
    assert found.groups == len(set(groups.tolist()))
    assert "group" in found.method
    assert found.candidate != plain.candidate


def test_every_known_metric_is_tried_here() -> None:
    tried = {name.replace("@2", "@k").replace("@3", "@k") for name in EVERY}
    averaged = {
        f"{word}_{by}"
        for word in ("precision", "recall", "f1")
        for by in ("macro", "micro", "weighted")
    }

    assert set(KNOWN_NAMES) - tried - averaged == {"roc_auc_ovr"}


@pytest.mark.parametrize(
    "wrong", [{"confidence": 0.5}, {"confidence": 1.0}, {"margin": -1.0}, {"resamples": 10}]
)
def test_arguments_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needed"):
        compared("accuracy", examples_of("accuracy"), **wrong)


@pytest.mark.parametrize("name", OF_VALUES)
def test_numbers_near_the_largest_float_are_refused_in_silence(name: str) -> None:
    examples = examples_of(name)
    assert examples.candidate.scores is not None
    huge = examples.candidate.scores.copy()
    huge[:150] = 1e308

    found = compared(name, replace(examples, candidate=Predicted(scores=huge)))

    assert found.problem or (math.isfinite(found.low) and math.isfinite(found.p_worse))


@pytest.mark.parametrize("name", ["accuracy", "f1_macro", "roc_auc_ovr", "log_loss", "mcc"])
def test_more_than_two_classes_are_compared(name: str) -> None:
    random = np.random.default_rng(4)
    truth = random.integers(0, 3, 400)
    shares = []
    for noise in (1.0, 3.0):
        raw = 2 * np.eye(3)[truth] + random.normal(0, noise, (400, 3))
        shares.append(np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True))
    examples = PairedExamples(
        truth=truth,
        classes=("a", "b", "c"),
        candidate=Predicted(scores=shares[0]),
        champion=Predicted(scores=shares[1]),
    )
    goal = Goal.MINIMIZE if name == "log_loss" else Goal.MAXIMIZE

    found = compared(name, examples, goal=goal)

    assert found.problem == ""
    assert found.p_better < 0.01
    assert found.p_worse > 0.99
    assert "of two classes, here are 3" in compared("roc_auc", examples).problem
