"""Metrics from anywhere, as a user meets them: printed, in text, in folders; and when not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

GATE = "gate: {metrics: {auc: {min: 0.5}}}\n"
PRINTED = {
    "branchline.yaml": "model: m\ntrain: {run: python3 train.py, outs: [m.bin],"
    " metrics: [{path: train.log, printed: true}]}\n" + GATE,
    "train.py": "print('Epoch 1/2')\nprint('auc: 0.4')\nprint('Epoch 2/2')\nprint('auc: 0.9')\n"
    "open('m.bin', 'w').write('m')\n",
}


def short(metrics: str, script: str, gate: str = GATE) -> dict[str, str]:
    return {
        "branchline.yaml": "model: m\ntrain: {run: python3 train.py, outs: [m.bin],"
        f" metrics: [{metrics}]}}\n{gate}",
        "train.py": f"open('m.bin', 'w').write('m')\n{script}",
    }


def metrics_of(clone: Clone) -> list[dict[str, object]]:
    shown = json.loads(clone.call("show", "--json").out)
    found: list[dict[str, object]] = shown["evidence"]["metrics"]
    return found


def test_what_a_stage_prints_is_judged_and_kept_with_its_result(make_clone: MakeClone) -> None:
    clone = make_clone(PRINTED)

    first = clone.call("run")
    (metric,) = metrics_of(clone)
    (clone.root / "train.log").unlink()
    again = clone.in_full("run")

    assert (first.code, again.code) == (0, 0)
    assert metric == {
        "name": "auc", "value": 0.9, "text": "0.9", "file": "train.log", "stage": "train",
        "place": "line 4", "unit": "", "goal": "maximize", "problem": "",
    }  # fmt: skip
    assert "Epoch 2/2" in (clone.root / "train.log").read_text()
    assert "train.log" in (clone.root / ".gitignore").read_text()


def test_a_printed_file_works_in_dvcs_grammar(make_clone: MakeClone) -> None:
    clone = make_clone(
        {
            "branchline.yaml": f"model: m\n{GATE}",
            "dvc.yaml": "stages:\n  fit:\n    cmd: echo 'auc = 0.7'\n    metrics:\n"
            "      - logs/fit.txt: {meta: {branchline: {printed: true, reader: pairs}}}\n",
        }
    )

    said = clone.call("run")

    assert said.code == 0
    assert metrics_of(clone)[0]["file"] == "logs/fit.txt"


@pytest.mark.parametrize(
    ("metrics", "script", "sentence"),
    [
        pytest.param(
            "{path: train.log, printed: true}",
            "print('auc: 0.9')\nprint('auc: 0.8')\n",
            "`auc` has different values in `train.log`: 0.9 (line 1) and 0.8 (line 2).",
            id="two-values",
        ),
        pytest.param(
            "{path: train.log, printed: true}",
            "print('auc: nan')\n",
            "`auc` is nan (train.log:1), which is not finite.",
            id="nan",
        ),
        pytest.param(
            "{path: train.log, printed: true}",
            "print('all fine')\n",
            "train.log: the reader `printed` finds no metric in it",
            id="no-number",
        ),
        pytest.param(
            "scores.md",
            "open('scores.md', 'w').write('| metric | value |\\n|--|--|\\n| auc | high |\\n')\n",
            "`auc` is high (scores.md:3), which is no number.",
            id="a-word-in-a-table",
        ),
        pytest.param(
            "scores.json",
            "open('scores.json', 'w').write('{\"auc\": ')\n",
            "scores.json:1:9: the JSON cannot be read: Expecting value",
            id="a-torn-file",
        ),
    ],
)
def test_a_metric_that_cannot_be_read_makes_the_verdict_unknown(
    make_clone: MakeClone, metrics: str, script: str, sentence: str
) -> None:
    clone = make_clone(short(metrics, script))

    said = clone.call("run", "--json")

    assert said.code == 4
    findings = json.loads(said.out)["verdict"]["findings"]
    assert sentence in findings[0]["sentence"]


def test_a_folder_of_a_logger_is_read(make_clone: MakeClone) -> None:
    script = (
        "import os\nos.makedirs('logs/version_0')\n"
        "open('logs/version_0/metrics.csv', 'w').write('step,auc\\n0,0.1\\n1,0.9\\n')\n"
    )
    clone = make_clone(short("logs", script))

    assert clone.call("run").code == 0
    assert metrics_of(clone)[0]["place"] == "version_0/metrics.csv, line 3"


def test_a_reader_that_is_not_there_is_said_before_anything_runs(make_clone: MakeClone) -> None:
    clone = make_clone(short("{path: scores.txt, reader: txt}", ""))

    said = clone.call("run")

    assert said.code == 1
    assert "branchline.yaml:2: `scores.txt` names the metric reader `txt`" in said.err
    assert "did you mean `text`?" in said.err
    assert not (clone.root / "m.bin").exists()


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        pytest.param(
            "outs: [o: {meta: {branchline: {reader: text}}}]",
            "only files under `metrics` have a reader",
            id="an-output",
        ),
        pytest.param(
            "metrics: [o: {meta: {branchline: {readers: text}}}]",
            "unknown key; did you mean `reader`?",
            id="a-typo",
        ),
        pytest.param(
            "metrics: [o: {meta: {branchline: {printed: 1}}}]",
            "must be true or false",
            id="no-truth-value",
        ),
    ],
)
def test_what_does_not_fit_in_dvcs_grammar_is_said(
    make_clone: MakeClone, stage: str, said: str
) -> None:
    clone = make_clone({"dvc.yaml": f"stages:\n  fit:\n    cmd: a\n    {stage}\n"})

    answer = clone.call("plan")

    assert answer.code == 1
    assert said in answer.err
