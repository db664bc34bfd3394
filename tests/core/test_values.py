"""Digests of values: equal exactly when the values and all their types are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.values import digest_of

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def spelled(value: object) -> object:
    """A value so that `==` tells types apart, NaN is itself and the order of keys is lost."""
    if isinstance(value, dict):
        return ("map", frozenset((key, spelled(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", tuple(spelled(item) for item in value))
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else value.hex())
    return (type(value).__name__, value)


@given(values, values)
def test_digests_are_equal_exactly_when_values_and_types_are(one: object, other: object) -> None:
    assert (digest_of(one) == digest_of(other)) == (spelled(one) == spelled(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(1, 1.0, id="whole-and-decimal"),
        pytest.param(1, True, id="number-and-truth"),
        pytest.param(1, "1", id="number-and-text"),
        pytest.param("1", b"1", id="text-and-bytes"),
        pytest.param(0.0, -0.0, id="both-zeros"),
        pytest.param(None, "", id="nothing-and-empty"),
        pytest.param([], {}, id="empty-list-and-empty-mapping"),
        pytest.param(["a", "b"], ["ab"], id="cut-elsewhere"),
        pytest.param([["a"], "b"], ["a", ["b"]], id="nested-elsewhere"),
        pytest.param([1, 2], [2, 1], id="order-of-a-list"),
        pytest.param(math.inf, -math.inf, id="both-infinities"),
    ],
)
def test_what_is_not_the_same_differs(one: object, other: object) -> None:
    assert digest_of(one) != digest_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(math.nan, float("-nan"), id="any-nan"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="order-of-keys"),
        pytest.param([1], (1,), id="list-and-tuple"),
        pytest.param("\ud800", "\ud800", id="half-a-character"),
    ],
)
def test_what_is_the_same_agrees(one: object, other: object) -> None:
    assert digest_of(one) == digest_of(other)


def test_a_digest_never_changes_between_versions() -> None:
    """Keys of recorded results rest on it."""
    value = {"a": [1, 2.5, None, True, "é"], "b": {"c": b"x"}}

    assert digest_of(value) == "237adf8b857e1cd36aa153c2e14f1bfaa173c541a09254e1ce0e3c355515b7e5"
