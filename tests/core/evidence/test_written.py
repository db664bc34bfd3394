"""Numbers and names as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence.units import unit_of
from branchline.core.evidence.written import name_of, number_in


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        pytest.param("0.93", 0.93, "", id="a-decimal"),
        pytest.param(" **93.2 %** ", 93.2, "%", id="bold-and-percent"),
        pytest.param("12ms", 12, "ms", id="a-unit"),
        pytest.param("0.91 ± 0.02", 0.91, "", id="a-spread"),
        pytest.param("-1e-3", -0.001, "", id="an-exponent"),
        pytest.param(".5", 0.5, "", id="without-a-zero"),
        pytest.param("np.float64(0.5)", 0.5, "", id="numpy"),
        pytest.param("tensor(0.5, grad_fn=<X>)", 0.5, "", id="torch"),
        pytest.param("-inf", -math.inf, "", id="infinity"),
    ],
)
def test_a_number(text: str, value: float, unit: str) -> None:
    written = number_in(text)

    assert written is not None
    assert (written.value, written.unit) == (value, unit)


@pytest.mark.parametrize(
    "text", ["", "high", "1,234", "0,93", "3 of 5", "9/10", "12 epochs", "1.2.3", "٣", "1" * 300]
)
def test_no_number(text: str) -> None:
    assert number_in(text) is None


@given(st.floats(allow_nan=False) | st.integers(-(10**18), 10**18))
def test_a_number_comes_back_as_python_writes_it(value: float) -> None:
    written = number_in(repr(value))

    assert written is not None
    assert written.value == value


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_none_and_has_a_name_without_spaces(text: str) -> None:
    number_in(text)

    assert not any(sign in name_of(text) for sign in " \t\n")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        pytest.param("latency_ms", "ms", id="a-time"),
        pytest.param("latency.p95_ms", "ms", id="a-part-of-a-name"),
        pytest.param("model_size_mb", "MB", id="a-size"),
        pytest.param("acc_pct", "%", id="a-share"),
        pytest.param("loss_min", "", id="the-smallest-is-no-minute"),
        pytest.param("ms", "", id="a-name-of-its-own"),
    ],
)
def test_the_unit_of_a_name(name: str, unit: str) -> None:
    assert unit_of(name) == unit
