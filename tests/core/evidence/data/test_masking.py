"""What of a broken row is shown."""

from __future__ import annotations

import pytest

from branchline.core.evidence.data.masking import is_personal, shown_value


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        pytest.param("age", "-3", "-3", id="a-number"),
        pytest.param("worst_area", "4065.6000000000004", "4065.6000000000004", id="a-long-number"),
        pytest.param("when", "2026-11-27 10:00:00", "2026-11-27 10:00:00", id="a-time"),
        pytest.param("note", "ada@example.org", "a***", id="an-address-under-any-name"),
        pytest.param("note", "+49 170 1234567", "***", id="a-telephone-number"),
        pytest.param("note", "4111 1111 1111 1111", "4***", id="a-card"),
        pytest.param("first_name", "Ada", "A***", id="by-the-columns-name"),
        pytest.param("customerId", "17", "1***", id="camel-case"),
        pytest.param("email", None, None, id="no-value"),
        pytest.param("email", "", "", id="an-empty-one"),
        pytest.param("text", "x" * 100, "x" * 59 + "…", id="cut"),
    ],
)
def test_shown_value(column: str, value: str | None, shown: str | None) -> None:
    assert shown_value(column, value) == shown


def test_names_that_only_hold_a_word_are_not_personal() -> None:
    assert not any(map(is_personal, ("filename_share", "radius", "shipping_ratio", "taxonomy")))
