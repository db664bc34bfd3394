"""Whether the best was lucky."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.policy import Goal
from branchline.core.run.confirming import confirm, is_out_of_reach, spread_of

NUMBERS = st.lists(st.floats(-100, 100), min_size=2, max_size=6)


def test_a_search_that_can_find_nothing_offers_nothing() -> None:
    draw = random.Random(7)
    offered = 0
    for _ in range(2000):
        current = [draw.gauss(0.9, 0.01) for _ in range(3)]
        finalists = {n: [draw.gauss(0.9, 0.01) for _ in range(3)] for n in range(3)}
        offered += confirm(current, finalists, Goal.MAXIMIZE).winner is not None

    assert offered / 2000 < 0.06


def test_a_gain_of_five_deviations_is_found() -> None:
    draw = random.Random(8)
    found = 0
    for _ in range(500):
        current = [draw.gauss(0.90, 0.01) for _ in range(3)]
        finalists = {n: [draw.gauss(0.90 + n / 40, 0.01) for _ in range(3)] for n in range(3)}
        found += confirm(current, finalists, Goal.MAXIMIZE).winner == 2

    assert found / 500 > 0.95


@given(NUMBERS, st.floats(-5, 5))
def test_goals_mirror(values: list[float], shift: float) -> None:
    better = [value + shift for value in values]

    up = confirm(values, {1: better}, Goal.MAXIMIZE)
    down = confirm([-v for v in values], {1: [-v for v in better]}, Goal.MINIMIZE)

    assert up.winner == down.winner
    assert up.gain == pytest.approx(down.gain)


@given(NUMBERS)
def test_what_is_set_is_no_better_than_itself(values: list[float]) -> None:
    said = confirm(values, {3: values, 4: values}, Goal.MAXIMIZE)

    assert said.winner is None
    assert said.sentence.startswith("keep the current parameters")


def test_one_seed_never_tells() -> None:
    said = confirm([0.5], {1: [0.9]}, Goal.MAXIMIZE)

    assert said.winner is None
    assert math.isinf(said.margin)


def test_training_without_noise_needs_no_margin() -> None:
    said = confirm([0.9, 0.9], {4: [0.91, 0.91], 5: [0.92, 0.92]}, Goal.MAXIMIZE)

    assert said.winner == 5
    assert said.margin == 0
    assert said.sentence == (
        "trial 5 is better: +0.02 ± 0 over what is set, with 2 fresh seeds each"
    )


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(2, 9))
def test_equal_numbers_have_no_spread(current: float, found: float, count: int) -> None:
    said = confirm([current] * count, {4: [found] * count}, Goal.MAXIMIZE)

    assert said.margin == 0
    assert spread_of([found] * count) == 0


def test_each_needs_a_number_for_each_seed() -> None:
    with pytest.raises(ValueError, match="for each seed"):
        confirm([0.9, 0.9], {4: [0.91]}, Goal.MAXIMIZE)


def test_a_trial_that_is_far_behind_is_not_repeated() -> None:
    best = [0.9, 0.91, 0.92]

    assert is_out_of_reach([0.7], best, 0.01, Goal.MAXIMIZE)
    assert not is_out_of_reach([0.89], best, 0.01, Goal.MAXIMIZE)
    assert not is_out_of_reach([0.95], best, 0.01, Goal.MAXIMIZE)
    assert not is_out_of_reach([0.7], best, None, Goal.MAXIMIZE)
    assert spread_of([0.5]) is None
