"""JSON: types kept apart, duplicates reported, refusals with lines."""

from __future__ import annotations

import math

import pytest

from branchline.core.documents import read_json
from branchline.errors import DocumentError


def test_integers_and_floats_stay_apart() -> None:
    value = read_json(b'{"a": 1, "b": 1.0, "c": NaN}', file="x.json").value

    assert isinstance(value, dict)
    assert [type(value[key]) for key in "abc"] == [int, float, float]
    assert math.isnan(value["c"])


def test_of_duplicate_keys_the_last_wins_and_they_are_reported() -> None:
    document = read_json(b'{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}', file="x.json")

    assert document.value == {"a": 3, "b": {"c": 2}}
    assert document.duplicates == ("c", "a")


def test_lines_of_keys() -> None:
    document = read_json(b'{\n  "a": 1,\n  "b": [\n    1,\n    2\n  ]\n}\n', file="x.json")

    assert (document.line_of(("b",)), document.line_of(("b", 1))) == (3, 5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b'{"a": 1,}', "x.json:1:", id="a-comma-too-many"),
        pytest.param(b'{\n"a" 1}', "x.json:2:5: the JSON cannot be read", id="a-missing-colon"),
        pytest.param(b"", "x.json:1:1: the JSON cannot be read", id="nothing"),
        pytest.param(b'"\xff"', "x.json:1: byte 0xff is not UTF-8", id="not-utf8"),
    ],
)
def test_refusals_name_file_and_line(data: bytes, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_json(data, file="x.json")

    assert caught.value.message.startswith(message)


def test_depth_beyond_the_interpreters_is_refused() -> None:
    with pytest.raises(DocumentError):
        read_json(b"[" * 100_000, file="x.json")
