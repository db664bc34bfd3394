"""The front of a search with several objectives."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence.front import front_of
from branchline.core.policy import Goal
from branchline.core.run.trials import Trial, TrialState

GOALS = (Goal.MAXIMIZE, Goal.MINIMIZE)


def trial(number: int, *objectives: float, state: TrialState = TrialState.SUCCEEDED) -> Trial:
    """One trial."""
    value = objectives[0] if objectives else None
    return Trial(number=number, params={}, state=state, value=value, objectives=objectives)


def test_only_what_none_beats_is_on_the_front() -> None:
    trials = [trial(1, 0.9, 20), trial(2, 0.8, 10), trial(3, 0.8, 15), trial(4, 0.9, 20)]

    assert [one.number for one in front_of(trials, GOALS)] == [1, 4, 2]


def test_trials_without_all_numbers_are_on_no_front() -> None:
    trials = [
        trial(1, 0.9),
        trial(2, 0.9, math.nan),
        trial(3, 0.99, 1, state=TrialState.PRUNED),
        trial(4),
    ]

    assert front_of(trials, GOALS) == ()
    assert front_of([trial(1, 0.5)], ()) == ()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20))
def test_each_is_on_the_front_or_beaten(pairs: list[tuple[int, int]]) -> None:
    trials = [trial(number, *pair) for number, pair in enumerate(pairs)]

    found = {one.number for one in front_of(trials, GOALS)}

    for number, (good, cost) in enumerate(pairs):
        is_beaten = any(g >= good and c <= cost and (g, c) != (good, cost) for g, c in pairs)
        assert (number in found) is not is_beaten
