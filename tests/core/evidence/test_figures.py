from __future__ import annotations

import doctest
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence import figures, find, flatten
from branchline.core.evidence.figures import difference, duration, figure, steady


@pytest.mark.parametrize("module", [figures, find, flatten])
def test_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type] # a module, by name


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_difference_is_that_of_the_written_numbers(value: float, other: float) -> None:
    exact = Fraction(repr(value)) - Fraction(repr(other))
    try:
        expected = float(exact)
    except OverflowError:
        expected = math.inf if exact > 0 else -math.inf

    assert difference(value, other) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "unknown", id="nothing"),
        pytest.param(math.nan, "nan", id="nan"),
        pytest.param(-math.inf, "-inf", id="infinity"),
        pytest.param(0, "0", id="a-whole-zero"),
        pytest.param(0.0, "0.0", id="zero"),
        pytest.param(-0.9412345, "-0.9412", id="a-negative-number"),
        pytest.param(10**20, "1.0000e+20", id="a-huge-whole-number"),
        pytest.param(1e20, "1e+20", id="a-huge-number"),
        pytest.param(999.9999999, "1000.0", id="no-thousands-by-rounding"),
    ],
)
def test_figure(value: float | None, text: str) -> None:
    assert figure(value) == text


@given(st.floats())
def test_every_duration_has_a_text(seconds: float) -> None:
    assert duration(seconds)


def test_an_integer_beyond_all_floats_has_a_difference() -> None:
    assert difference(10**400 + 1, 10**400) == 1
    assert difference(10**400, 0.5) == -difference(0.5, 10**400) == math.inf  # type: ignore[operator] # finite numbers have one
    assert steady(10**400) == "1.0000e+400"
