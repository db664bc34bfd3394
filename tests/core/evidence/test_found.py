"""What becomes of values that were found: which of several counts, and when none does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence.found import Found, metrics_from


def said(
    value: float | None, *, step: int | None = None, voice: str = "", line: int = 1
) -> Found:  # fmt: skip
    text = "null" if value is None else repr(value)
    return Found(
        name="auc", value=value, text=text, place=f"line {line}", step=step, voice=voice
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "value", "place"),
    [
        pytest.param([said(0.9)], 0.9, "line 1", id="once"),
        pytest.param([said(0.9), said(0.90, line=2)], 0.9, "line 2", id="twice-the-same"),
        pytest.param([said(0.1, step=0), said(0.9, step=1, line=2)], 0.9, "line 2", id="steps"),
        pytest.param(
            [said(0.1, step=1, voice="bar"), said(0.9, step=1, voice="bar", line=2)],
            0.9, "line 2", id="a-bar-that-is-drawn-again",
        ),
        pytest.param([said(None)], None, "line 1", id="no-number"),
    ],
)  # fmt: skip
def test_one_value_counts(found: list[Found], value: float | None, place: str) -> None:
    (metric,) = metrics_from(found, file="a.log", stage="fit")

    assert (metric.value, metric.place, metric.problem) == (value, place, "")
    assert (metric.file, metric.stage) == ("a.log", "fit")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([said(0.9), said(0.8)], id="said-twice"),
        pytest.param([said(0.9, step=3), said(0.8, step=3)], id="twice-in-the-last-step"),
        pytest.param([said(0.9, step=3), said(0.8)], id="once-more-outside-of-steps"),
        pytest.param([said(0.9, step=3, voice="bar"), said(0.8, step=3)], id="two-voices"),
        pytest.param([said(0.9), said(math.nan)], id="nan-is-another-value"),
        pytest.param([said(0.9), said(None)], id="a-text-is-another-value"),
    ],
)
def test_two_values_are_none(found: list[Found]) -> None:
    (metric,) = metrics_from(found, file="a.log")

    assert metric.value is None
    assert metric.problem.startswith("has different values in `a.log`: ")
    assert " or " in metric.text


VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6)


@given(VALUES)
def test_of_steps_the_last_counts_whatever_came_before(values: list[float]) -> None:
    found = [said(value, step=step) for step, value in enumerate(values)]

    (metric,) = metrics_from(found, file="a.log")

    assert metric.value == values[-1]


@given(VALUES)
def test_what_is_said_once_is_a_value_only_where_all_agree(values: list[float]) -> None:
    (metric,) = metrics_from([said(value) for value in values], file="a.log")

    agree = len(set(values)) == 1
    assert metric.value == (values[0] if agree else None)
    assert bool(metric.problem) is not agree
