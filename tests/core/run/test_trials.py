"""Which trial is better."""

from __future__ import annotations

import math

import pytest

from branchline.core.policy import Goal
from branchline.core.run.trials import Trial, TrialState, ranked


def trial(number: int, value: float | None, state: TrialState = TrialState.SUCCEEDED) -> Trial:
    """One trial."""
    return Trial(number=number, params={}, state=state, value=value)


def test_the_best_comes_first_and_what_has_no_number_last() -> None:
    trials = [trial(1, 0.5), trial(2, math.nan), trial(3, 0.9), trial(4, None), trial(5, 0.9)]

    assert [t.number for t in ranked(trials, Goal.MAXIMIZE)] == [3, 5, 1, 2, 4]
    assert [t.number for t in ranked(trials, Goal.MINIMIZE)] == [1, 3, 5, 2, 4]


@pytest.mark.parametrize("state", [TrialState.PRUNED, TrialState.REFUSED, TrialState.FAILED])
def test_what_was_not_made_whole_is_never_the_best(state: TrialState) -> None:
    trials = [trial(1, 0.99, state), trial(2, 0.1)]

    assert [t.number for t in ranked(trials, Goal.MAXIMIZE)] == [2, 1]
