"""What a difference says once its noise is known."""

from __future__ import annotations

import math
from typing import Any

import pytest

from branchline.core.policy import Goal
from branchline.core.verdict.answer import answer_of
from branchline.core.verdict.noise.values import Difference, Spread
from branchline.core.verdict.values import Answer


def difference(low: float, estimate: float, high: float, **more: Any) -> Difference:
    return Difference(
        metric="m",
        goal=more.pop("goal", Goal.MAXIMIZE),
        candidate=0.9 + estimate,
        champion=0.9,
        estimate=estimate,
        low=low,
        high=high,
        confidence=0.95,
        p_worse=more.pop("p_worse", 0.001),
        p_beyond=0.5,
        p_better=0.5,
        method="DeLong",
        examples=1000,
        **more,
    )


def spread(sd: float | None, *, seeds: int = 1, freedom: float = 1e9, **more: Any) -> Spread:
    return Spread(
        metric="m",
        candidate=(0.9,) * seeds,
        champion=(0.9,) * seeds,
        sd=sd,
        freedom=freedom,
        confidence=0.95,
        **more,
    )


def asked(found: Difference | None, training: Spread | None = None, **more: Any) -> Answer:
    answer, _ = answer_of(
        found.estimate if found else more.pop("estimate"),
        more.pop("goal", Goal.MAXIMIZE),
        margin=more.pop("margin", 0.01),
        min_gain=more.pop("min_gain", None),
        confidence=0.95,
        sampling=found,
        training=training,
    )
    return answer


@pytest.mark.parametrize(
    ("low", "estimate", "high", "answer"),
    [
        pytest.param(0.001, 0.01, 0.02, Answer.BETTER, id="all-of-it-is-a-gain"),
        pytest.param(-0.01, 0.0, 0.01, Answer.NO_WORSE, id="a-loss-of-exactly-the-margin-at-worst"),
        pytest.param(-0.011, 0.0, 0.01, Answer.CANNOT_TELL, id="perhaps-more-than-the-margin"),
        pytest.param(
            -0.03, -0.02, -0.001, Answer.WORSE, id="all-of-it-is-a-loss-beyond-the-margin"
        ),
        pytest.param(-0.03, -0.02, 0.0, Answer.CANNOT_TELL, id="no-loss-at-all-is-possible"),
        pytest.param(-0.02, -0.01, -0.001, Answer.CANNOT_TELL, id="a-proven-loss-of-the-margin"),
        pytest.param(-0.009, -0.005, -0.001, Answer.NO_WORSE, id="a-proven-loss-within-the-margin"),
        pytest.param(0.0, 0.0, 0.0, Answer.NO_WORSE, id="the-same-model"),
    ],
)
@pytest.mark.parametrize("goal", Goal, ids=lambda goal: goal.value)
def test_answers_whichever_way_is_better(
    low: float, estimate: float, high: float, answer: Answer, goal: Goal
) -> None:
    found = difference(low, estimate, high)
    if goal is Goal.MINIMIZE:
        found = difference(-high, -estimate, -low, goal=goal)

    assert asked(found, goal=goal) is answer


@pytest.mark.parametrize(
    ("low", "min_gain", "answer"),
    [(0.001, 0.0, Answer.BETTER), (0.0, 0.0, Answer.NO_WORSE), (0.005, 0.01, Answer.NO_WORSE),
     (0.01, 0.01, Answer.BETTER)],
)  # fmt: skip
def test_a_wanted_gain_has_to_be_proven(low: float, min_gain: float, answer: Answer) -> None:
    assert asked(difference(low, 0.02, 0.03), margin=None, min_gain=min_gain) is answer


def test_both_noises_add_as_variances_and_are_shown_apart() -> None:
    found = difference(-0.003, 0.0, 0.003)
    seeds = spread(0.004 / 1.6448536269514722 / math.sqrt(2))

    _, noise = answer_of(
        0.0, Goal.MAXIMIZE, margin=0.01, min_gain=None, confidence=0.95, sampling=found,
        training=seeds,
    )  # fmt: skip

    assert noise.sampling == pytest.approx(0.003)
    assert noise.training == pytest.approx(0.004, rel=1e-4)
    assert (noise.low, noise.high) == pytest.approx((-0.005, 0.005), rel=1e-4)


def test_the_same_predictions_are_the_same_model_whatever_seeds_do() -> None:
    assert asked(difference(0.0, 0.0, 0.0), spread(0.5)) is Answer.NO_WORSE


def test_seeds_alone_give_an_answer_without_predictions() -> None:
    assert asked(None, spread(0.001), estimate=-0.1) is Answer.WORSE
    assert asked(None, spread(0.1), estimate=-0.1) is Answer.CANNOT_TELL


def test_few_seeds_are_wider_than_many() -> None:
    assert asked(None, spread(0.004, freedom=1), estimate=0.0) is Answer.CANNOT_TELL
    assert asked(None, spread(0.004), estimate=0.0) is Answer.NO_WORSE


@pytest.mark.parametrize(
    "training", [None, spread(None), spread(0.1, freedom=0.0)], ids=["none", "no-sd", "no-freedom"]
)
def test_without_any_noise_there_is_no_answer(training: Spread | None) -> None:
    with pytest.raises(ValueError, match="neither"):
        asked(None, training, estimate=0.0)


def test_what_would_tell_is_said() -> None:
    found = difference(-0.011, 0.0, 0.011, needed=4000)
    seeds = spread(0.02, run_s=60.0)

    _, noise = answer_of(
        0.0, Goal.MAXIMIZE, margin=0.02, min_gain=None, confidence=0.95, sampling=found,
        training=seeds,
    )  # fmt: skip

    # The seeds alone leave more open than the margin: examples alone would not tell.
    assert noise.needed_examples is None
    assert noise.needed_runs is not None
    assert noise.needed_s == noise.needed_runs * 60.0
    enough = spread(0.02, seeds=1 + math.ceil((noise.needed_runs + 2) / 2))
    assert asked(found, enough, margin=0.02) is Answer.NO_WORSE
