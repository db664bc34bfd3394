"""Random points: exact, seeded, each once, inside their ranges, evenly spread."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.errors import ConfigError
from branchline.flows.sampling import drawn, points, unit, value_at
from branchline.flows.search import Search

SPACE: dict[str, Any] = {
    "lr": {"float": [1e-4, 1e-1], "log": True},
    "depth": {"int": [2, 12]},
    "kind": ["rf", "gbm"],
    "trees": {"int": [10, 100], "step": 30, "when": {"kind": "rf"}},
}


def search(**more: Any) -> Search:
    """A search over that space."""
    return Search(**{"metric": "auc", "space": SPACE, "sampler": "random", **more})


def test_the_same_seed_gives_the_same_points_everywhere() -> None:
    first = points(search(trials=3)).tried

    assert first == points(search(trials=20)).tried[:3]
    assert first == (
        {"lr": 0.000710951, "depth": 7, "kind": "rf", "trees": 10},
        {"lr": 0.000342189, "depth": 2, "kind": "rf", "trees": 40},
        {"lr": 0.0119797, "depth": 9, "kind": "gbm"},
    )
    assert points(search(trials=3, seed=2)).tried != first


def test_another_parameter_moves_none_of_the_others() -> None:
    wider = {**SPACE, "more": {"float": [0, 1]}}

    for old, new in zip(
        drawn(search()), itertools.islice(drawn(search(space=wider)), 9), strict=False
    ):
        assert old == {name: value for name, value in new.items() if name != "more"}


def test_a_parameter_is_drawn_only_where_it_counts() -> None:
    found = points(search(trials=50)).tried

    assert all(("trees" in point) is (point["kind"] == "rf") for point in found)


def test_a_small_space_ends() -> None:
    small = search(space={"a": [1, 2], "b": [True, False, None]}, trials=50)

    found = points(small)

    assert len(found.tried) == 6
    assert found.note == "6 points are drawn at random (tune.seed 1)"


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_value_is_inside_its_range(seed: int, number: int) -> None:
    share = unit(seed, number, "p")
    real = value_at("p", {"float": [0.1, 0.3]}, share)
    log = value_at("p", {"float": [1e-5, 1.0], "log": True}, share)
    whole = value_at("p", {"int": [-3, 3]}, share)
    whole_log = value_at("p", {"int": [1, 1000], "log": True}, share)

    assert 0.1 <= real <= 0.3  # type: ignore[operator] # numbers
    assert 1e-5 <= log <= 1.0  # type: ignore[operator] # numbers
    assert (type(whole), type(whole_log)) == (int, int)
    assert -3 <= whole <= 3  # type: ignore[operator] # numbers
    assert 1 <= whole_log <= 1000  # type: ignore[operator] # numbers


def test_draws_are_evenly_spread() -> None:
    shares = sorted(unit(1, number, "p") for number in range(2000))
    whole = [value_at("p", {"int": [1, 4]}, share) for share in shares]
    logs = [value_at("p", {"float": [1e-4, 1.0], "log": True}, share) for share in shares]

    # Kolmogorov's distance: below 1.63 over the root of the number in 99 of 100 cases.
    distance = max(abs(share - index / 2000) for index, share in enumerate(shares))
    assert distance < 1.63 / math.sqrt(2000)
    assert all(450 < whole.count(number) < 550 for number in (1, 2, 3, 4))
    assert 900 < sum(value < 1e-2 for value in logs) < 1100  # type: ignore[operator] # numbers


def test_all_combinations_are_tried_where_they_are_few() -> None:
    few = search(space={"a": [1, 2], "b": [3, 4]}, sampler="tpe", trials=4)

    assert points(few).tried == (
        {"a": 1, "b": 3},
        {"a": 1, "b": 4},
        {"a": 2, "b": 3},
        {"a": 2, "b": 4},
    )
    assert points(few).note == ""


def test_a_grid_says_what_it_leaves_out() -> None:
    many = search(space={"a": [1, 2, 3], "b": [1, 2]}, sampler="grid", trials=4)

    assert points(many).note == "6 combinations, the first 4 are tried (tune.trials)"
    assert len(points(many).tried) == 4


def test_a_grid_tries_what_when_makes_equal_once() -> None:
    space = {"kind": ["rf", "gbm"], "trees": {"choice": [10, 20], "when": {"kind": ["rf"]}}}

    assert points(search(space=space, sampler="grid")).tried == (
        {"kind": "rf", "trees": 10},
        {"kind": "rf", "trees": 20},
        {"kind": "gbm"},
    )


def test_a_logarithm_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="begins at 0"):
        points(search(space={"lr": {"float": [0, 1], "log": True}}))
    with pytest.raises(ConfigError, match=r"tune\.space is empty"):
        points(search(space={}))
