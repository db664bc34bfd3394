"""The values that a plain search tries."""

from __future__ import annotations

from typing import Any

import pytest

from branchline.errors import ConfigError
from branchline.flows.search import Search, grid, size_of, values_of


def test_every_combination_in_the_order_of_the_file() -> None:
    search = Search(metric="auc", space={"a": [1, 2], "b": {"choice": ["x", "y"]}})

    points = list(grid(search))

    assert points == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert size_of(search) == 4


@pytest.mark.parametrize(
    ("written", "values"),
    [
        pytest.param({"int": [2, 8], "step": 3}, [2, 5, 8], id="whole-numbers"),
        pytest.param({"int": [2, 9], "step": 3}, [2, 5, 8], id="the-end-need-not-be-met"),
        pytest.param({"float": [0.1, 0.3], "step": 0.1}, [0.1, 0.2, 0.3], id="no-binary-crumbs"),
        pytest.param({"choice": [None, True]}, [None, True], id="choices-as-they-are"),
    ],
)
def test_values_of_a_range(written: Any, values: list[object]) -> None:
    found = list(values_of("p", written))

    assert found == values
    assert [type(item) for item in found] == [type(item) for item in values]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        pytest.param({"float": [0.1, 1.0]}, "without a step", id="no-step"),
        pytest.param({"float": [0.1, 1.0], "log": True, "step": 0.1}, "logarithmic", id="log"),
        pytest.param({"int": [1, 10**9], "step": 1}, "at most 10000", id="endless"),
    ],
)
def test_what_a_grid_cannot_try_is_refused(written: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        values_of("p", written)


def test_no_space_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"tune\.space is empty"):
        list(grid(Search(metric="auc")))
