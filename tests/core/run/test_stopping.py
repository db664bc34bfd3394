"""When a search ends before its trials do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run.stopping import (
    Budget,
    expected_of,
    has_settled,
    is_late,
    money_is_spent,
    time_is_over,
)

SECONDS = st.floats(0.1, 1e5)


def test_a_search_ends_after_so_many_trials_without_a_gain() -> None:
    budget = Budget(plateau=3, min_gain=0.01)

    assert has_settled(budget, 2) == ""
    assert "no gain of more than 0.01 in the last 3 trials" in has_settled(budget, 3)
    assert has_settled(Budget(), 10**9) == "", "nobody asked for it"


@given(st.lists(SECONDS, min_size=1, max_size=60))
def test_of_twenty_trials_at_most_one_takes_longer_than_expected(found: list[float]) -> None:
    expected = expected_of(sorted(found))

    assert sum(one > expected for one in found) <= len(found) / 20
    assert expected in found


def test_no_trial_begins_that_would_end_too_late() -> None:
    assert time_is_over(Budget(time_s=100), 89, 10) == ""
    assert "may take 10 s" in time_is_over(Budget(time_s=100), 91, 10)
    assert time_is_over(Budget(time_s=100), 101, 10) == "the time is over"
    assert time_is_over(Budget(time_s=5), 0, 0) == "", "nothing is known of the first"
    assert is_late(Budget(deadline_s=60), 51, 10)
    assert not is_late(Budget(deadline_s=60), 50, 10)
    assert not is_late(Budget(), 1e9, 10)


def test_side_by_side_the_best_are_confirmed_in_less_time() -> None:
    budget = Budget(time_s=100, reserve=4)

    assert "40 s are kept to confirm the best" in time_is_over(budget, 51, 10)
    assert time_is_over(budget, 51, 10, slots=4) == ""


def test_no_trial_begins_that_would_cost_too_much() -> None:
    budget = Budget(cost=2.02, per_hour=2.0)

    assert money_is_spent(budget, 3564, 36) == ""
    said = money_is_spent(Budget(cost=2.01, per_hour=2.0), 3600, 36)
    assert said.startswith("the budget is spent: 2.00 of 2.01, one more trial costs about 0.02 (2")
    assert money_is_spent(Budget(), 1e9, 36) == ""


@given(SECONDS, st.integers(1, 16), st.floats(0.1, 100))
def test_side_by_side_no_more_is_spent_than_there_is(
    trial_s: float, slots: int, cost: float
) -> None:
    budget = Budget(cost=cost, per_hour=3.6)
    ended = running = 0

    while running or not money_is_spent(budget, ended * trial_s, trial_s):
        while running < slots and not money_is_spent(
            budget, ended * trial_s, trial_s, running=running
        ):
            running += 1
        ended, running = ended + 1, running - 1
        if ended > 1000:
            break

    assert ended * trial_s / 3600 * 3.6 <= cost * (1 + 1e-9)


@pytest.mark.parametrize("running", [pytest.param(1, id="one"), pytest.param(7, id="seven")])
def test_it_says_how_many_are_at_work(running: int) -> None:
    said = money_is_spent(Budget(cost=1, per_hour=1), 3000, 600, running=running)

    assert f"{running} are at work" in said
