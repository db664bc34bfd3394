"""Fixed values: a choice of one, which goes where it is set already."""

from __future__ import annotations

from typing import Any

import pytest

from branchline.flows.fixed import as_choice, without_set

TREES: dict[str, Any] = {"int": [1, 9]}


def trees_when(when: dict[str, Any]) -> dict[str, Any]:
    """A range under a condition."""
    return {**TREES, "when": when}


@pytest.mark.parametrize(
    ("written", "made"),
    [
        pytest.param("rf", {"choice": ["rf"]}, id="a-text"),
        pytest.param(7, {"choice": [7]}, id="a-number"),
        pytest.param(False, {"choice": [False]}, id="false"),
        pytest.param({"fixed": [1, 2]}, {"choice": [[1, 2]]}, id="a-list-is-one-value"),
        pytest.param({"fixed": None}, {"choice": [None]}, id="null"),
        pytest.param([1, 2], [1, 2], id="a-list-of-values-stays"),
        pytest.param(TREES, TREES, id="a-range-stays"),
    ],
)
def test_a_fixed_value_is_a_choice_of_one(written: Any, made: Any) -> None:
    assert as_choice(written) == made


@pytest.mark.parametrize(
    ("space", "current", "left"),
    [
        pytest.param({"a": "x", "t": TREES}, {"a": "x"}, {"t": TREES}, id="set-already"),
        pytest.param({"a": "x", "t": TREES}, {"a": "y"}, None, id="to-be-set"),
        pytest.param({"--a": "x", "t": TREES}, {}, None, id="left-to-the-program"),
        pytest.param({"a": ["x"], "t": TREES}, {"a": "x"}, None, id="a-list-of-one-is-searched"),
        pytest.param(
            {"a": "x", "t": trees_when({"a": ["x", "y"]})},
            {"a": "x"},
            {"t": TREES},
            id="a-condition-that-holds-goes",
        ),
        pytest.param(
            {"a": "x", "b": [1, 2], "t": trees_when({"a": "x", "b": 1})},
            {"a": "x"},
            {"b": [1, 2], "t": trees_when({"b": 1})},
            id="the-other-condition-stays",
        ),
        pytest.param(
            {"a": "x", "b": [1, 2], "t": trees_when({"a": "y"})},
            {"a": "x"},
            {"b": [1, 2]},
            id="what-never-counts-goes",
        ),
        pytest.param(
            {"a": "x", "s": {"fixed": 1, "when": {"a": "x"}}, "t": TREES},
            {"a": "x", "s": 1},
            {"t": TREES},
            id="one-after-the-other",
        ),
        pytest.param({"a": "x"}, {"a": "x"}, None, id="a-space-of-nothing-else-stays"),
    ],
)
def test_what_is_fixed_and_set_leaves_the_space(
    space: dict[str, Any], current: dict[str, Any], left: dict[str, Any] | None
) -> None:
    whole = {name: as_choice(written) for name, written in space.items()}

    assert without_set(whole, current) == (whole if left is None else left)
