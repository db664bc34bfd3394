"""`core.verdict.parts.with_seeds`: a loss in one group that another seed explains is no proof."""

from __future__ import annotations

import pytest

from branchline.core.policy import Goal
from branchline.core.values import Outcome
from branchline.core.verdict.noise.values import Spread
from branchline.core.verdict.parts import with_seeds
from branchline.core.verdict.values import Answer, Finding, Noise


def lost(goal: Goal) -> Finding:
    """A part that examples alone prove worse: by 0.05, give or take 0.02."""
    low, high = (-0.07, -0.03) if goal is Goal.MAXIMIZE else (0.03, 0.07)
    return Finding(
        metric="acc",
        outcome=Outcome.FAILED,
        sentence="It is worse.",
        rule="slices",
        answer=Answer.WORSE,
        noise=Noise(low=low, high=high, confidence=0.95, sampling=0.02),
        where="site=B",
    )


def spread(sd: float | None) -> Spread:
    """What another seed does."""
    return Spread(
        metric="acc", candidate=(0.9,), champion=(0.9,), sd=sd, freedom=8.0, confidence=0.95
    )


@pytest.mark.parametrize("goal", list(Goal))
@pytest.mark.parametrize(
    ("sd", "outcome"),
    [
        pytest.param(None, Outcome.FAILED, id="not-known"),
        pytest.param(0.0, Outcome.FAILED, id="the-seed-moves-nothing"),
        pytest.param(0.01, Outcome.FAILED, id="less-than-the-loss"),
        pytest.param(0.03, Outcome.UNKNOWN, id="as-much-as-the-loss"),
    ],
)
def test_a_loss_that_seeds_explain_is_no_proof(
    goal: Goal, sd: float | None, outcome: Outcome
) -> None:
    found = with_seeds(lost(goal), spread(sd), goal)

    assert found.outcome is outcome
    assert found.counts is (outcome is Outcome.FAILED)


def test_both_noises_are_shown_apart() -> None:
    found = with_seeds(lost(Goal.MAXIMIZE), spread(0.01), Goal.MAXIMIZE)

    assert found.noise is not None
    assert found.noise.sampling == 0.02
    assert found.noise.training == pytest.approx(0.0263, abs=1e-4)
