"""Metrics out of the outputs of notebooks."""

from __future__ import annotations

import json

import pytest
from tests.adapters.metric_readers.reading import places, read, values

SCRAP = "application/scrapbook.scrap.json+json"
RECORD = "application/papermill.record+json"


def notebook(*outputs: dict[str, object]) -> bytes:
    """A notebook with a text cell, then one code cell an output."""
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "source": "auc: 1"}]
    cells += [{"cell_type": "code", "source": "print()", "outputs": [o]} for o in outputs]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def printed(text: object) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(mime: str, content: object) -> dict[str, object]:
    return {"output_type": "display_data", "data": {mime: content}, "metadata": {}}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(printed(["start\n", "auc: 0.9\n"]), {"auc": 0.9}, id="printed-as-a-list"),
        pytest.param(printed("auc: 0.9\n"), {"auc": 0.9}, id="printed-as-a-text"),
        pytest.param(shown("text/plain", "{'auc': 0.9, 'f1': 0.8}"), {"auc": 0.9, "f1": 0.8},
                     id="a-dictionary-shown"),
        pytest.param(shown("text/plain", ["   auc   f1\n", "0  0.9  0.8\n"]),
                     {"auc": 0.9, "f1": 0.8}, id="a-data-frame-shown"),
        pytest.param(shown(SCRAP, {"name": "auc", "data": 0.9, "encoder": "json", "version": 1}),
                     {"auc": 0.9}, id="scrapbook"),
        pytest.param(shown(SCRAP, {"name": "scores", "data": {"auc": 0.9}}), {"scores.auc": 0.9},
                     id="scrapbook-of-a-dictionary"),
        pytest.param(shown(RECORD, {"auc": 0.9}), {"auc": 0.9}, id="papermill-record"),
    ],
)  # fmt: skip
def test_values_of_an_output(output: dict[str, object], expected: dict[str, float]) -> None:
    reading = read("train.ipynb", notebook(output))

    assert values(reading) == expected
    assert all(place.startswith("cell 2") for place in places(reading).values())


def test_a_printed_value_has_its_cell_and_line() -> None:
    (metric,) = read("train.ipynb", notebook(printed("start\nauc: 0.9\n"))).metrics

    assert metric.where == "train.ipynb, cell 2, line 2"


def test_what_is_recorded_counts_before_what_is_printed() -> None:
    outputs = [printed("auc: 0.9\n"), shown(SCRAP, {"name": "auc", "data": 0.91234})]

    assert values(read("train.ipynb", notebook(*outputs))) == {"auc": 0.91234}


def test_two_cells_that_disagree_are_quoted() -> None:
    (metric,) = read(
        "train.ipynb", notebook(printed("auc: 0.9"), printed("auc: 0.8"))
    ).metrics  # fmt: skip

    assert metric.problem == (
        "has different values in `train.ipynb`: 0.9 (cell 2, line 1) and 0.8 (cell 3, line 1)"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(
            notebook({"output_type": "error", "ename": "NameError", "evalue": "no x"}),
            "train.ipynb: cell 2 ended with NameError: no x.",
            id="a-cell-that-failed",
        ),
        pytest.param(b'{"worksheets": []}', "no notebook of format 4", id="an-old-format"),
        pytest.param(b"[1, 2]", "no notebook of format 4", id="a-list"),
        pytest.param(b'{"cells": [1, {"outputs": 3}, {"outputs": [4]}]}', "finds no metric",
                     id="nonsense"),
        pytest.param(b"{", "train.ipynb:1:2: the JSON cannot be read", id="torn"),
        pytest.param(notebook(), "finds no metric", id="not-run"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_sentence(data: bytes, said: str) -> None:
    assert said in read("train.ipynb", data).problem
