"""Which parameters of a space count beside others."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run.spaces import fits, without_unmet
from branchline.flows.sampling import drawn
from branchline.flows.search import Search, grid

NAMES = ["a", "b", "c", "d"]


@st.composite
def spaces(draw: st.DrawFn) -> dict[str, Any]:
    """Choices of 1 and 2, each perhaps under a condition on any of the others."""
    space: dict[str, Any] = {}
    for name in draw(st.permutations(NAMES)):
        space[name] = {"choice": [1, 2]}
        others = [other for other in NAMES if other != name]
        if draw(st.booleans()):
            space[name]["when"] = {draw(st.sampled_from(others)): draw(st.sampled_from([1, 2]))}
    return space


@given(spaces())
def test_every_point_that_is_tried_is_of_its_space_conditions_upon_conditions_too(
    space: dict[str, Any],
) -> None:
    search = Search(metric="m", space=space, trials=8, sampler="random")

    tried = [*grid(search), *itertools.islice(drawn(search), 8)]

    assert all(fits(space, point) for point in tried)


@given(spaces(), st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1, 2])))
def test_leaving_out_is_done_once(space: dict[str, Any], point: dict[str, Any]) -> None:
    kept = without_unmet(space, point)

    assert without_unmet(space, kept) == kept
    assert kept.items() <= point.items()


def test_what_is_left_out_meets_no_condition() -> None:
    space = {
        "kind": ["rf", "svm"],
        "boost": {"choice": [True], "when": {"kind": "rf"}},
        "rate": {"float": [0.0, 1.0], "when": {"boost": True}},
    }

    assert without_unmet(space, {"kind": "svm", "boost": True, "rate": 0.5}) == {"kind": "svm"}
