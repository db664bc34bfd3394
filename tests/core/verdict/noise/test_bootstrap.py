from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from branchline.core.policy import Goal
from branchline.core.verdict.noise import bootstrap
from branchline.core.verdict.noise.compare import compare
from branchline.core.verdict.noise.values import Difference, PairedExamples, Predicted

if TYPE_CHECKING:
    from numpy.typing import NDArray


def compared(name: str, examples: PairedExamples, **options: Any) -> Difference:
    settings: dict[str, Any] = {"goal": Goal.MAXIMIZE, "margin": 0.01, "confidence": 0.95}
    return compare(name, examples, **{**settings, "seed": 1, **options})


def classes_of(count: int, *, share: float = 0.5, seed: int = 0) -> PairedExamples:
    random = np.random.default_rng(seed)
    truth = (random.random(count) < share).astype(np.int64)
    shared = random.normal(size=count) + 1.5 * (truth - 0.5)
    scores = [1 / (1 + np.exp(-shared - random.normal(0, 0.5, count))) for _ in range(2)]
    return PairedExamples(
        truth=truth,
        classes=("no", "yes"),
        candidate=Predicted(scores=scores[0]),
        champion=Predicted(scores=scores[1]),
    )


def values_of(count: int, seed: int = 0) -> PairedExamples:
    random = np.random.default_rng(seed)
    truth = random.normal(size=count)
    said = [Predicted(scores=truth + random.standard_t(4, count)) for _ in range(2)]
    return PairedExamples(truth=truth, candidate=said[0], champion=said[1])


def test_the_interval_of_rmse_is_that_of_scipy() -> None:
    examples = values_of(300)
    assert examples.candidate.scores is not None
    assert examples.champion.scores is not None
    squares = [
        (examples.truth - scores) ** 2
        for scores in (examples.candidate.scores, examples.champion.scores)
    ]

    def difference(ours: NDArray[Any], theirs: NDArray[Any], axis: int = -1) -> Any:
        return np.sqrt(ours.mean(axis=axis)) - np.sqrt(theirs.mean(axis=axis))

    theirs = stats.bootstrap(
        squares,
        difference,
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        confidence_level=0.9,
        method="BCa",
        rng=np.random.default_rng(5),
    )
    bent, error = theirs.confidence_interval, theirs.standard_error

    found = compared("rmse", examples, resamples=10_000)

    reach = stats.t.ppf(0.95, 299) * error
    low, high = found.estimate - reach, found.estimate + reach
    assert found.low == pytest.approx(min(bent.low, low), abs=0.06 * reach)
    assert found.high == pytest.approx(max(bent.high, high), abs=0.06 * reach)
    assert found.method == "paired bootstrap (BCa)"


@pytest.mark.parametrize("name", ["average_precision", "f1"])
def test_a_metric_and_the_same_as_a_function_agree(name: str) -> None:
    sk = pytest.importorskip("sklearn.metrics")
    examples = classes_of(300)
    functions = {
        "average_precision": sk.average_precision_score,
        "f1": lambda truth, scores: sk.f1_score(truth, scores > 0.5),
    }

    ours = compared(name, examples, resamples=4000)
    theirs = compared("any", examples, function=functions[name], resamples=300)

    wide = ours.high - ours.low
    assert theirs.estimate == pytest.approx(ours.estimate, abs=1e-12)
    assert theirs.low == pytest.approx(ours.low, abs=0.15 * wide)
    assert theirs.high == pytest.approx(ours.high, abs=0.15 * wide)


@pytest.mark.parametrize("name", ["average_precision", "rmse", "median_ae"])
def test_little_bags_agree_with_whole_resamples(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = classes_of(8_000) if name == "average_precision" else values_of(8_000)
    whole = compared(name, examples)
    monkeypatch.setattr(bootstrap, "WHOLE_UP_TO", 5_000)

    bags = compared(name, examples)

    wide = whole.high - whole.low
    assert "bag of 20 little bootstraps" in bags.method
    assert bags.low == pytest.approx(whole.low, abs=0.15 * wide)
    assert bags.high == pytest.approx(whole.high, abs=0.15 * wide)


def test_rows_by_rows_and_kinds_of_rows_agree() -> None:
    examples = classes_of(2000)

    kinds = compared("f1", examples)
    rows = compared("f1", replace(examples, weights=np.full(2000, 3.0)))

    wide = kinds.high - kinds.low
    assert rows.estimate == pytest.approx(kinds.estimate, abs=1e-12)
    assert rows.low == pytest.approx(kinds.low, abs=0.08 * wide)


@pytest.mark.parametrize("name", ["f1", "average_precision"])
def test_ten_copies_of_each_example_tell_no_more_than_one(name: str) -> None:
    groups = 200
    once = classes_of(groups)
    rows = np.repeat(np.arange(groups), 10)
    assert once.candidate.scores is not None
    assert once.champion.scores is not None
    copies = replace(
        once,
        truth=once.truth[rows],
        candidate=Predicted(scores=once.candidate.scores[rows]),
        champion=Predicted(scores=once.champion.scores[rows]),
        clusters=rows,
    )

    one, ten = compared(name, once), compared(name, copies)
    naive = compared(name, replace(copies, clusters=None))

    assert ten.groups == groups
    assert ten.high - ten.low == pytest.approx(one.high - one.low, rel=0.35)
    assert naive.high - naive.low < 0.5 * (ten.high - ten.low)


@pytest.mark.parametrize("name", ["f1", "average_precision", "mcc"])
def test_three_examples_that_differ_prove_nothing(name: str) -> None:
    examples = classes_of(400)
    assert examples.champion.scores is not None
    scores = examples.champion.scores.copy()
    right = np.flatnonzero((scores > 0.5) == examples.truth)[:3]
    scores[right] = 1 - scores[right]

    found = compared(name, replace(examples, candidate=Predicted(scores=scores)))

    assert found.estimate < 0
    assert found.p_worse >= 0.125
    assert found.high >= 0
    assert "swaps" in found.method


def test_the_same_arguments_give_the_same_bytes() -> None:
    for name, examples in (
        ("f1", classes_of(500)),
        ("average_precision", classes_of(21_000)),
        ("r2", values_of(40)),
    ):
        assert repr(compared(name, examples)) == repr(compared(name, examples))


def test_another_seed_moves_the_interval_little() -> None:
    examples = classes_of(1000)

    lows = [compared("average_precision", examples, seed=seed).low for seed in range(3)]

    wide = 2 * abs(lows[0])
    assert len(set(lows)) == 3
    assert max(lows) - min(lows) < 0.2 * wide


def test_a_function_that_refuses_is_quoted() -> None:
    def refuse(truth: NDArray[Any], said: NDArray[Any]) -> float:
        raise ValueError("y_pred has 2 columns")

    found = compared("mine", classes_of(100), function=refuse)

    assert found.problem == "the function refuses: y_pred has 2 columns"
    assert np.isnan(found.estimate)
