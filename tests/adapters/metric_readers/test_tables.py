"""Metrics out of CSV, TSV, JSON lines and Markdown."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.metric_readers.reading import places, read, values


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        pytest.param(
            "log.csv",
            "step,train_loss,val_acc\n0,0.9,\n1,,0.8\n2,0.5,\n3,,0.9\n",
            {"step": 3, "train_loss": 0.5, "val_acc": 0.9},
            id="the-last-row-that-has-the-column",
        ),
        pytest.param("m.csv", "metric,value\nauc,0.9\nf1,0.8\n", {"auc": 0.9, "f1": 0.8},
                     id="names-and-values"),
        pytest.param("m.csv", "auc,0.9\nf1,0.8\n", {"auc": 0.9, "f1": 0.8}, id="without-a-header"),
        pytest.param("m.tsv", "auc\tf1\n0.9\t0.8\n", {"auc": 0.9, "f1": 0.8}, id="tabs"),
        pytest.param("m.csv", "auc;f1\n0.9;0.8\n", {"auc": 0.9, "f1": 0.8}, id="semicolons"),
        pytest.param("m.csv", "model,auc\nforest,0.9\n", {"auc": 0.9}, id="one-row-with-a-name"),
        pytest.param(
            "m.csv",
            "model,auc,f1\nforest,0.9,0.8\nlinear,0.7,0.6\n",
            {"forest.auc": 0.9, "forest.f1": 0.8, "linear.auc": 0.7, "linear.f1": 0.6},
            id="named-rows",
        ),
        pytest.param("m.csv", "date,auc\n2024-01-01,0.9\n2024-01-02,0.95\n",
                     {"date": None, "auc": 0.95}, id="dates-are-steps"),
        pytest.param("m.csv", 'name,value\n"a, b",1\n', {"a,_b": 1}, id="a-quoted-comma"),
        pytest.param("m.csv", "\ufeffauc\r\n0.9\r\n", {"auc": 0.9}, id="mark-and-returns"),
        pytest.param("m.jsonl", '{"e":1,"val/auc":0.9}\n\n{"e":2,"val":{"auc":0.95}}\n',
                     {"e": 2, "val.auc": 0.95}, id="json-lines"),
        pytest.param("m.json", '{"e":1,"auc":0.9}\n{"e":2,"auc":0.95}\n', {"e": 2, "auc": 0.95},
                     id="json-lines-in-a-json-file"),
        pytest.param(
            "report.md",
            "# Report\n\n| Metric | Value |\n|:--|--:|\n| AUC | **0.93** |\n| F1 | 0.8 |\n\n"
            "Accuracy: 0.99\n",
            {"AUC": 0.93, "F1": 0.8, "Accuracy": 0.99},
            id="markdown",
        ),
        pytest.param(
            "report.md",
            "Model | auc | size_mb\n--- | --- | ---\nforest | 0.9 | 12\nlinear | 0.8 | 1\n",
            {"forest.auc": 0.9, "forest.size_mb": 12, "linear.auc": 0.8, "linear.size_mb": 1},
            id="markdown-of-models",
        ),
    ],
)  # fmt: skip
def test_values_of_a_table(path: str, text: str, expected: dict[str, float | None]) -> None:
    assert values(read(path, text)) == expected


def test_each_value_has_the_line_it_stands_in() -> None:
    assert places(read("m.csv", "step,a,b\n0,1,\n1,,2\n")) == {
        "step": "line 3", "a": "line 2", "b": "line 3",
    }  # fmt: skip
    assert places(read("r.md", "x\n\n| metric | value |\n|--|--|\n| a | 1 |\n")) == {"a": "line 5"}
    assert places(read("m.jsonl", '{"a":1}\n{"b":2}\n')) == {"a": "line 1", "b": "line 2"}


def test_a_name_twice_with_other_values_is_none() -> None:
    (metric,) = read("m.csv", "metric,value\nauc,0.9\nauc,0.8\n").metrics

    assert metric.problem == "has different values in `m.csv`: 0.9 (line 2) and 0.8 (line 3)"


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        pytest.param("m.csv", ",".join(f"c{n}" for n in range(1_000_000)) + "\n" + "1," * 999_999,
                     "m.csv:1: it has 1,000,000 columns, at most 2,000", id="a-million-columns"),
        pytest.param("m.csv", 'a,b\n"' + "x" * 200_000, "m.csv:2: it is no CSV", id="a-torn-quote"),
        pytest.param("m.csv", "a\0b", "it is no text", id="zeros"),
        pytest.param("m.csv", "", "finds no metric", id="empty"),
        pytest.param("m.csv", "a,b\n", "finds no metric", id="a-header-alone"),
        pytest.param("m.jsonl", '{"a": 1}\nTraceback\n', "m.jsonl:2: it is no JSON object",
                     id="a-line-that-is-none"),
        pytest.param("m.jsonl", '{"a": ' + "[" * 10_000 + "\n", "m.jsonl:1: it is no JSON object",
                     id="depth"),
        pytest.param("r.md", "nothing here\n", "finds no metric", id="markdown-without-numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_sentence(path: str, text: str, said: str) -> None:
    reading = read(path, text)

    assert said in reading.problem
    assert reading.metrics == ()


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8)


@given(ROWS)
def test_the_last_row_comes_back(rows: list[tuple[float, float]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([("loss", "auc"), *rows])

    assert values(read("m.csv", out.getvalue())) == dict(
        zip(("loss", "auc"), rows[-1], strict=True)
    )


@given(st.binary(max_size=300), st.sampled_from(["csv", "json_lines", "markdown", "text"]))
def test_any_bytes_are_metrics_or_a_sentence(data: bytes, reader: str) -> None:
    reading = read("some.any", data, reader)

    assert bool(reading.metrics) is not bool(reading.problem)
