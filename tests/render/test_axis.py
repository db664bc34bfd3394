"""Axes: where values stand, what is written at them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run.trials import Trial, TrialState
from branchline.render.axis import axis_of, number_axis

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def trials_with(*values: JsonValue) -> list[Trial]:
    """A trial for each value of `a`."""
    state = TrialState.SUCCEEDED
    return [Trial(number=n, params={"a": value}, state=state) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "written", "is_log"),
    [
        pytest.param(
            (0.1, 0.2), {"float": [0.001, 1.0], "log": True}, True, id="the-space-says-so"
        ),
        pytest.param((0.1, 50.0), {"float": [0.1, 100.0]}, False, id="the-space-says-no"),
        pytest.param((0.1, 0.001), [0.1, 0.001], True, id="a-list-over-decades"),
        pytest.param((1, 2, 3), [1, 2, 3], False, id="a-list-of-neighbours"),
        pytest.param((1e-5, 1.0), None, True, id="a-search-of-their-own"),
        pytest.param((0.0, 5.0), {"float": [0.0, 9.0], "log": True}, False, id="zero-has-no-log"),
    ],
)
def test_a_scale_is_logarithmic(values: tuple[float, ...], written: Any, *, is_log: bool) -> None:
    axis = axis_of("a", trials_with(*values), {"a": written})

    assert axis.is_log is is_log


def test_equal_factors_are_equally_far_apart() -> None:
    axis = axis_of("a", trials_with(0.001, 0.1), {"a": {"float": [0.0001, 1.0], "log": True}})

    assert axis.share(0.01) == pytest.approx(0.5)
    assert [text for _, text in axis.ticks()] == ["0.0001", "0.001", "0.01", "0.1", "1"]


def test_choices_stand_in_the_order_of_the_space() -> None:
    axis = axis_of("a", trials_with("c", "a", True), {"a": {"choice": ["c", "b", "a"]}})

    assert axis.choices == ("c", "a", "true")
    assert axis.middle("c") == pytest.approx(1 / 6)


def test_trials_of_a_choice_are_spread_in_its_column_and_always_alike() -> None:
    axis = axis_of("a", trials_with("x", "y"), {})

    shares = [axis.share("y", number=number) for number in range(100)]

    assert all(0.5 < share < 1 for share in shares)
    assert len(set(shares)) == 100
    assert shares == [axis.share("y", number=number) for number in range(100)]


def test_many_choices_end_in_others() -> None:
    axis = axis_of("a", trials_with(*map(str, range(50))), {})

    assert len(axis.choices) == 12
    assert axis.middle("49") == axis.middle("others")


@given(NUMBERS, NUMBERS, NUMBERS)
def test_every_number_stands_on_the_paper(one: float, other: float, value: float) -> None:
    axis = number_axis("a", min(one, other), max(one, other))

    ticks = axis.ticks()

    assert 0 <= axis.share(value) <= 1
    assert 1 <= len(ticks) <= 6
    assert all(math.isfinite(share) for share, _ in ticks)


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_every_logarithmic_axis_has_ticks(one: float, other: float) -> None:
    axis = number_axis("a", min(one, other), max(one, other), is_log=True)

    assert 2 <= len(axis.ticks()) <= 6
    assert all(-0.01 <= share <= 1.01 for share, _ in axis.ticks())
