"""Simulated pairs of models of which the truth is known; benchmarks/gate.py does more of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from branchline.core.policy import Goal
from branchline.core.verdict.noise.compare import compare
from branchline.core.verdict.noise.mcnemar import paired_shares
from branchline.core.verdict.noise.values import PairedExamples, Predicted

pytestmark = pytest.mark.slow
LEVEL = 0.05


def most(cases: int, level: float = LEVEL) -> float:
    """The largest share that chance makes of the level, three standard errors."""
    return level + 3 * math.sqrt(level * (1 - level) / cases)


def shares_of(count: int, true: float, cases: int) -> dict[str, float]:
    """How often each answer is given of accuracies that differ on 6 % of the examples."""
    random = np.random.default_rng(count)
    gained, lost = (0.06 + true) / 2, (0.06 - true) / 2
    drawn = random.multinomial(count, [gained, lost, 0.87, 0.07], cases)
    kinds, times = np.unique(drawn[:, :3], axis=0, return_counts=True)
    tally = {"worse": 0, "blocked": 0, "passed": 0, "low": 0, "high": 0}
    for (gain, loss, both), many in zip(kinds.tolist(), times.tolist(), strict=True):
        found = paired_shares(gain, loss, both, count, confidence=1 - LEVEL)
        estimate = (gain - loss) / count
        tally["worse"] += many * (found.below(0) <= LEVEL)
        tally["blocked"] += many * (found.high < 0 and estimate < -0.01)
        tally["passed"] += many * (found.low > -0.01)
        tally["low"] += many * (found.low <= true + 1e-12)
        tally["high"] += many * (true - 1e-12 <= found.high)
    return {name: seen / cases for name, seen in tally.items()}


@pytest.mark.parametrize("count", [100, 500, 2000])
def test_a_harmless_change_is_seldom_called_worse(count: int) -> None:
    found = shares_of(count, 0.0, 5000)

    assert found["worse"] <= most(5000)
    assert found["blocked"] <= found["worse"]
    assert min(found["low"], found["high"]) >= 1 - most(5000)


def test_a_loss_of_two_points_is_blocked_and_one_of_the_margin_not_passed() -> None:
    assert shares_of(2000, -0.02, 5000)["blocked"] >= 0.95
    assert shares_of(500, -0.01, 5000)["passed"] <= 0.06


def scored(random: np.random.Generator, count: int, positives: float) -> PairedExamples:
    truth = (random.random(count) < positives).astype(np.int64)
    common = random.normal(0, 0.9, count) + 1.8 * truth
    raw = [common + random.normal(0, 0.44, count) for _ in range(2)]
    said = [Predicted(scores=1 / (1 + np.exp(1.6 - 1.8 * each))) for each in raw]
    return PairedExamples(truth=truth, classes=("no", "yes"), candidate=said[0], champion=said[1])


@pytest.mark.parametrize(
    ("metric", "count", "positives", "cases"),
    [
        ("roc_auc", 200, 0.1, 1500),
        ("roc_auc", 300, 0.5, 1500),
        ("log_loss", 200, 0.3, 1500),
        ("f1", 300, 0.3, 300),
        ("average_precision", 300, 0.3, 120),
    ],
)
def test_two_models_of_one_kind_are_seldom_told_apart(
    metric: str, count: int, positives: float, cases: int
) -> None:
    random = np.random.default_rng(1)
    alarms = 0
    for case in range(cases):
        found = compare(
            metric,
            scored(random, count, positives),
            goal=Goal.MAXIMIZE,
            margin=0.01,
            confidence=1 - LEVEL,
            seed=case,
            resamples=400,
        )
        alarms += (found.p_worse <= LEVEL) + (found.p_better <= LEVEL)

    # Both directions of each case were counted.
    assert alarms / (2 * cases) <= most(cases)


@pytest.mark.parametrize("groups", [12, 60])
def test_users_with_ten_rows_each_are_not_taken_for_ten_users(groups: int) -> None:
    random = np.random.default_rng(groups)
    clusters = np.repeat(np.arange(groups), 10)
    cases, robust, naive = 1000, 0, 0
    for case in range(cases):
        shared = random.normal(0, 0.7, (2, groups))[:, clusters]
        right = shared + random.normal(0, 0.7, shared.shape) < 0.8
        for code in (clusters, None):
            examples = PairedExamples(
                truth=np.ones(len(clusters), np.int64),
                classes=("no", "yes"),
                candidate=Predicted(decisions=right[0].astype(np.int64)),
                champion=Predicted(decisions=right[1].astype(np.int64)),
                clusters=code,
            )
            found = compare(
                "accuracy",
                examples,
                goal=Goal.MAXIMIZE,
                margin=0.01,
                confidence=1 - LEVEL,
                seed=case,
            )
            alarmed = found.p_worse <= LEVEL
            robust, naive = (robust, naive + alarmed) if code is None else (robust + alarmed, naive)

    assert robust / cases <= most(cases)
    assert naive / cases > 0.12
