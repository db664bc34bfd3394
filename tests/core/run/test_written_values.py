"""Values as text of a command, and back: plain, and as Hydra itself reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run.written_values import hydra_text, hydra_value, plain_text, plain_value

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

TEXTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn"), exclude_characters="\ufeff")
) | st.sampled_from(["it's", "a\\", "\\'", "null", "True", "1", "1e5", "", "a,b", "x: y", "nan"])
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS: st.SearchStrategy[Any] = TEXTS | NUMBERS | st.booleans() | st.none()


@given(value=SCALARS | st.lists(SCALARS))
def test_hydra_reads_what_is_written_for_it(value: Any) -> None:
    parser: Any = pytest.importorskip(
        "hydra.core.override_parser.overrides_parser", reason="no hydra-core in this environment"
    )

    read = parser.OverridesParser.create().parse_override(f"k={hydra_text(value)}").value()

    assert _bare(read) == value


def _bare(value: Any) -> Any:
    """A value of Hydra without the quotes that it remembers."""
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return getattr(value, "text", value)


@given(value=SCALARS)
def test_hydra_values_are_read_back(value: JsonValue) -> None:
    text = hydra_text(value)

    assert hydra_value(text) == value


@given(value=TEXTS | NUMBERS | st.booleans())
def test_plain_values_are_read_back(value: JsonValue) -> None:
    text = plain_text(value)

    assert plain_value(text, [value]) == value


@pytest.mark.parametrize(
    ("text", "among", "value"),
    [
        pytest.param("0.10", [], 0.1, id="a-number"),
        pytest.param("-3", [], -3, id="a-whole-number"),
        pytest.param("16", ["16"], "16", id="a-text-of-the-space"),
        pytest.param("1_000", [], "1_000", id="no-number-of-a-shell"),
        pytest.param("nan", [], "nan", id="not-a-number-is-text"),
        pytest.param("9" * 400, [], "9" * 400, id="too-long-a-number"),
        pytest.param("True", [True, False], True, id="true-of-python"),
    ],
)
def test_what_a_text_means(text: str, among: list[JsonValue], value: JsonValue) -> None:
    found = plain_value(text, among)

    assert found == value
    assert type(found) is type(value)
