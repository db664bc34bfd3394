"""Logs of steps: what is read from each kind, however the bytes come."""

from __future__ import annotations

import itertools
import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence.steps import (
    Form,
    Member,
    StepParser,
    form_of,
    member_of,
    parser_of,
    summary_steps,
)
from branchline.core.evidence.steps.lines import MOST_BYTES, LineReader


def parser(form: Form, prefix: str = "") -> StepParser:
    made = parser_of(form, prefix)
    assert made is not None
    return made


def read(form: Form, text: str, prefix: str = "") -> list[tuple[int, str, float]]:
    return [(s.step, s.name, s.value) for s in parser(form, prefix).feed(text.encode())]


# JSON lines


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param('{"step": 3, "auc": 0.9}\n', [(3, "auc", 0.9)], id="a-step"),
        pytest.param('{"epoch": 3.0, "auc": 1}\n', [(3, "auc", 1.0)], id="an-epoch-as-a-float"),
        pytest.param('{"iteration": 3, "auc": 1}\n', [(3, "auc", 1.0)], id="an-iteration"),
        pytest.param('{"epoch": 1, "step": 50, "a": 2}\n', [(50, "a", 2.0)], id="step-wins"),
        pytest.param(
            '{"step": 1, "val": {"auc": 0.9, "per": {"cat": 0.8}}}\n',
            [(1, "val.auc", 0.9), (1, "val.per.cat", 0.8)],
            id="nested",
        ),
        pytest.param('{"step": 1, "val/auc": 0.9}\n', [(1, "val.auc", 0.9)], id="a-slash"),
        pytest.param(
            '{"a": 1}\n{"a": 2}\n', [(0, "a", 1.0), (1, "a", 2.0)], id="lines-are-counted"
        ),
        pytest.param(
            '{"step": 1, "auc": "0.9", "ok": true, "no": null, "l": [1]}\n', [], id="no-numbers"
        ),
        pytest.param(
            '{"step": 1, "auc": Infinity, "b": "-inf"}\n',
            [(1, "auc", math.inf), (1, "b", -math.inf)],
            id="infinite",
        ),
        pytest.param('{"step": -1, "auc": 1}\n{"step": 0.5, "auc": 1}\n', [], id="no-steps"),
        pytest.param(
            '{"step": 1e999, "auc": 1}\n{"step": NaN, "auc": 1}\n', [], id="steps-that-are-none"
        ),
        pytest.param(
            'hello\n[1, 2]\n{"step": 1, "auc"\n{"step": 2, "auc": 1}\n',
            [(2, "auc", 1.0)],
            id="other-lines",
        ),
        pytest.param('{"step": 1, "auc": 1}', [], id="torn"),
        pytest.param('\ufeff{"step": 1, "auc": 1}\r\n', [(1, "auc", 1.0)], id="as-windows-writes"),
        pytest.param('{"step": 1, "auc": 1' + "0" * 400 + "}\n", [], id="too-large-a-number"),
        pytest.param('{"a":' * 9000 + "1" + "}" * 9000 + "\n", [], id="deeper-than-any-log"),
    ],
)
def test_json_lines(text: str, found: list[tuple[int, str, float]]) -> None:
    assert read(Form.JSON_LINES, text) == found


def test_nan_stays_nan() -> None:
    ((step, name, value),) = read(Form.JSON_LINES, '{"step": 1, "auc": NaN}\n')

    assert (step, name) == (1, "auc")
    assert math.isnan(value)


def test_names_of_a_line_are_bounded() -> None:
    line = json.dumps({"step": 1, **{f"m{n}": n for n in range(4000)}}) + "\n"

    assert len(read(Form.JSON_LINES, line)) <= 1000


# Tables


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "epoch,accuracy,loss\n0,0.5,1e-1\n1,0.6,nan\n",
            [(0, "accuracy", 0.5), (0, "loss", 0.1), (1, "accuracy", 0.6), (1, "loss", math.nan)],
            id="keras",
        ),
        pytest.param(
            "epoch,step,train_loss,val_auc\n0,49,0.7,\n0,99,,0.8\n",
            [(49, "train_loss", 0.7), (99, "val_auc", 0.8)],
            id="lightning-leaves-cells-empty",
        ),
        pytest.param("step\tauc\n4\t0.5\n", [(4, "auc", 0.5)], id="tabs"),
        pytest.param("step;auc\n4;0.5\n", [(4, "auc", 0.5)], id="semicolons"),
        pytest.param("auc\n0.5\n0.6\n", [(0, "auc", 0.5), (1, "auc", 0.6)], id="rows-are-counted"),
        pytest.param('step,"a, b"\n1,"2"\n', [(1, "a, b", 2.0)], id="quoted"),
        pytest.param("step,auc\n1\n2,0.5,9\nx,y\n", [(2, "auc", 0.5)], id="too-few-and-too-many"),
        pytest.param("\n\nstep,auc\n\n1,2\n", [(1, "auc", 2.0)], id="empty-lines"),
        pytest.param("step,auc\n", [], id="a-header-alone"),
    ],
)
def test_tables(text: str, found: list[tuple[int, str, float]]) -> None:
    assert repr(read(Form.TABLE, text)) == repr(found)


def test_a_table_of_one_metric_has_a_prefix() -> None:
    assert read(Form.TABLE, "step\tauc\n1\t0.5\n", "val.") == [(1, "val.auc", 0.5)]


# MLflow's files, a summary


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("1700000000000 0.5 3\n", [(3, "auc", 0.5)], id="plain"),
        pytest.param("17 nan 3\n", [(3, "auc", math.nan)], id="nan"),
        pytest.param("17 0.5 3 digest name\n", [(3, "auc", 0.5)], id="with-a-data-set"),
        pytest.param("17 0.5\n17 x 3\n17 1 -3\n\n", [], id="no-lines-of-a-metric"),
    ],
)
def test_mlflow_files(text: str, found: list[tuple[int, str, float]]) -> None:
    assert repr(read(Form.MLFLOW_METRIC, text, "auc")) == repr(found)


@pytest.mark.parametrize(
    ("data", "count"),
    [
        pytest.param(b'{"step": 3, "train": {"loss": 1}, "auc": 0.5}', 2, id="of-a-step"),
        pytest.param(b'{"auc": 0.5}', 0, id="of-no-step"),
        pytest.param(b'{"step": 3, "au', 0, id="torn"),
        pytest.param(b"[1]", 0, id="a-list"),
        pytest.param(b"\xff\xfe", 0, id="no-text"),
    ],
)
def test_a_summary(data: bytes, count: int) -> None:
    assert len(summary_steps(data)) == count


# Printed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "epoch 3: val_auc=0.91 loss=0.2\n",
            [(3, "val_auc", 0.91), (3, "loss", 0.2)],
            id="equals",
        ),
        pytest.param(
            "Epoch 3/10\n 5/5 [====] - 1s 20ms/step - loss: 0.25 - val_auc: 9.1e-01\n",
            [(3, "loss", 0.25), (3, "val_auc", 0.91)],
            id="keras",
        ),
        pytest.param("[Epoch: 2] val/auc = -1.5\n", [(2, "val.auc", -1.5)], id="brackets"),
        pytest.param("step=7, loss=nan\n", [(7, "loss", math.nan)], id="nan"),
        pytest.param("step 1 a=1\rstep 2 a=2\r", [(1, "a", 1.0), (2, "a", 2.0)], id="drawn-over"),
        pytest.param("loss=0.5\nversion: 1.2.3\n", [], id="no-step-yet"),
        pytest.param("epoch 1 v=1.2.3 host=10.0.0.1 t=3s\n", [], id="no-numbers"),
    ],
)
def test_printed(text: str, found: list[tuple[int, str, float]]) -> None:
    assert repr(read(Form.PRINTED, text)) == repr(found)


def test_a_hostile_line_takes_no_time() -> None:
    lines = ["epoch " + "9" * 4000, "a" * 4090, "a=" * 2000, "epoch 1 " + "x.y-" * 1000, " " * 4090]
    began = time.process_time()

    for line in lines:
        read(Form.PRINTED, f"epoch 1\n{line}\n")

    assert time.process_time() - began < 1


# Bytes as they come

TEXTS = {
    Form.JSON_LINES: '{"step": 1, "auc": 0.5}\nnoise\n{"step": 2, "ä": {"b": 1}}\n',
    Form.TABLE: "step,auc,\n1,0.5,\n2,,7\n3,0.7,1\n",
    Form.PRINTED: "epoch 1: a=1\rb=2\nepoch 2: a=3\n",
    Form.MLFLOW_METRIC: "17 0.5 1\n18 0.6 2\n",
}


@pytest.mark.parametrize("form", TEXTS)
@given(cuts=st.sets(st.integers(0, 60)))
def test_how_the_bytes_are_cut_does_not_matter(form: Form, cuts: set[int]) -> None:
    data = TEXTS[form].encode()
    places = [0, *sorted(cuts), len(data)]
    cut = parser(form)

    found = [s for a, b in itertools.pairwise(places) for s in cut.feed(data[a:b])]

    assert found == parser(form).feed(data)


@pytest.mark.parametrize("form", TEXTS)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_taken(form: Form, data: bytes) -> None:
    steps = parser(form).feed(data + b"\n")

    assert all(step.step >= 0 for step in steps)


def test_an_endless_line_is_passed_over() -> None:
    reader = LineReader()
    for _ in range(10):
        assert reader.feed(b"x" * MOST_BYTES) == []

    assert len(reader._rest) <= MOST_BYTES
    assert reader.feed(b"x\nwhole\n") == ["whole"]


# Names


@pytest.mark.parametrize(
    ("path", "form"),
    [
        pytest.param("logs/log.JSONL", Form.JSON_LINES, id="json-lines"),
        pytest.param("metrics.json", Form.SUMMARY, id="summary"),
        pytest.param("mlflow.db", Form.MLFLOW_DATABASE, id="database"),
        pytest.param("lightning_logs", Form.FOLDER, id="folder"),
        pytest.param("train.log", Form.PRINTED, id="printed"),
        pytest.param("model.pt", None, id="no-log"),
    ],
)
def test_form_of(path: str, form: Form | None) -> None:
    assert form_of(path) is form


@pytest.mark.parametrize(
    ("path", "member"),
    [
        pytest.param("dvclive/metrics.json", Member(form=Form.SUMMARY), id="dvclive"),
        pytest.param("version_3/metrics.csv", Member(form=Form.TABLE), id="lightning"),
        pytest.param("plots/metrics/a/b/c.tsv", Member(form=Form.TABLE, prefix="a.b."), id="deep"),
        pytest.param("a/data.csv", None, id="a-table-of-something-else"),
        pytest.param("a/report.json", None, id="a-file-of-something-else"),
    ],
)
def test_member_of(path: str, member: Member | None) -> None:
    assert member_of(path) == member
