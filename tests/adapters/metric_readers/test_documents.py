"""Metrics out of JSON, YAML and TOML: names, values, the line that each came from."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.adapters.metric_readers import FileReaders

if TYPE_CHECKING:
    from branchline.core.evidence.found import Reading

READERS = FileReaders(dict)


def read(path: str, data: bytes, reader: str = "") -> Reading:
    return READERS.read(READERS.held(path, data), reader=reader)


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        pytest.param(
            "m.json",
            b'{"auc": 0.9,\n "val": {"loss": [1, 2]}}',
            [("auc", 0.9, 1), ("val.loss.0", 1, 2), ("val.loss.1", 2, 2)],
            id="json",
        ),
        pytest.param("m.yaml", b"auc: 0.9\nval:\n  f1: 1\n", [("auc", 0.9, 1), ("val.f1", 1, 3)],
                     id="yaml"),
        pytest.param("m.toml", b"auc = 0.9\n[val]\nf1 = 1\n", [("auc", 0.9, 1), ("val.f1", 1, 3)],
                     id="toml"),
        pytest.param("METRICS.JSON", b'{"a": 1}', [("a", 1, 1)], id="upper-case-ending"),
        pytest.param("metrics", b"a: 1", [("a", 1, 1)], id="no-ending-is-read-as-yaml"),
        pytest.param("reports/auc.json", b"0.91", [("auc", 0.91, 1)], id="a-bare-number"),
        pytest.param("m.json", b'\xef\xbb\xbf{"a": 1}', [("a", 1, 1)], id="byte-order-mark"),
    ],
)  # fmt: skip
def test_values_with_their_lines(
    path: str, data: bytes, expected: list[tuple[str, float, int]]
) -> None:
    reading = read(path, data)

    found = [(m.name, m.value, m.place) for m in reading.metrics]
    assert found == [(name, value, f"line {line}") for name, value, line in expected]
    assert reading.problem == ""


def test_a_key_that_stands_twice_with_other_values_is_none() -> None:
    (metric,) = read("m.json", b'{"auc": 0.9,\n"auc": 0.4}').metrics

    assert metric.value is None
    assert metric.problem == "has different values in `m.json`: 0.9 (line 1) and 0.4 (line 2)"


def test_a_key_that_stands_twice_with_one_value_is_that() -> None:
    (metric,) = read("m.json", b'{"auc": 0.9,\n"auc": 0.90}').metrics

    assert (metric.value, metric.problem) == (0.9, "")


def test_nan_and_texts_stay_with_what_they_are() -> None:
    nan, text, truth = read("m.json", b'{"a": NaN, "b": "n/a", "c": true}').metrics

    assert nan.value is not None
    assert math.isnan(nan.value)
    assert (text.value, text.text) == (None, "n/a")
    assert (truth.value, truth.text) == (None, "true")


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        pytest.param("m.json", b"{[\n", "m.json:1:2: the JSON cannot be read", id="json"),
        pytest.param("m.toml", b"{[\n", "m.toml:1", id="toml"),
        pytest.param("m.yaml", b"{[\n", "m.yaml:", id="yaml"),
        pytest.param("m.json", b"[" * 200_000, "m.json: ", id="deeper-than-anyone-reads"),
        pytest.param("m.json", b'{"a": \xff}', "m.json:1: byte 0xff is not UTF-8", id="no-utf-8"),
        pytest.param("m.json", b"", "m.json:1:1: the JSON cannot be read", id="empty"),
        pytest.param("m.json", b"{}", "m.json: the reader `json` finds no metric in it.",
                     id="no-value"),
        pytest.param("m.json", b"[" + b"1," * 100_000 + b"1]", "holds more than 100,000 values",
                     id="a-table-of-data"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_sentence_with_its_place(
    path: str, data: bytes, said: str
) -> None:
    reading = read(path, data)

    assert reading.metrics == ()
    assert said in reading.problem
    assert reading.problem.endswith(".")


def test_aliases_that_unfold_without_end_are_refused() -> None:
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    reading = read("m.yaml", "\n".join(rows).encode())

    assert reading.metrics == ()
    assert reading.problem


NUMBERS = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)


@given(st.recursive(NUMBERS, lambda inner: st.dictionaries(NAMES, inner, min_size=1), max_leaves=9))
def test_json_comes_back_as_it_was_written(document: object) -> None:
    text = json.dumps(document, indent=1)

    reading = read("m.json", text.encode())

    lines = text.splitlines()
    assert reading.metrics
    for metric in reading.metrics:
        line = lines[int(metric.place.removeprefix("line ")) - 1]
        assert json.loads(line.rstrip(",").rpartition(": ")[2]) == metric.value


@given(st.binary(max_size=200), st.sampled_from(["json", "yaml", "toml"]))
def test_any_bytes_are_metrics_or_a_sentence(data: bytes, reader: str) -> None:
    reading = read("metrics.any", data, reader)

    assert bool(reading.metrics) is not bool(reading.problem)
