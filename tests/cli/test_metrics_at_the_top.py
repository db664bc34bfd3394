"""Metrics that the top level of a dvc.yaml lists, as DVC and DVCLive write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.test_reproduce_command import Project

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """\
import json, os
x = float(open("params.yaml").read().split(":")[1])
os.makedirs("live", exist_ok=True)
open("w", "w").write(str(x))
with open("METRICS", "w") as file:
    json.dump({"auc": x}, file)
"""
SETTINGS = """\
model: m
gate: {metrics: {auc: {min: 0.5}}}
tune: {objective: {metric: auc}, space: {x: [0.6, 0.7]}}
"""


def project_of(folder: Path, outs: str, metrics: str) -> Project:
    """A committed project whose stage has these outputs."""
    made = Project(folder / "work")
    stage = f"{{cmd: python train.py, deps: [train.py], params: [x], outs: [{outs}]}}"
    files = {
        "dvc.yaml": f"stages:\n  train: {stage}\nmetrics: [{metrics}]\n",
        "train.py": TRAIN.replace("METRICS", metrics),
        "params.yaml": "x: 0.6\n",
        "branchline.yaml": SETTINGS,
        ".gitignore": "w\nlive\n",
    }
    made.begin(files)
    return made


def test_a_committed_one_that_no_stage_declares_is_no_input_of_what_writes_it(
    tmp_path: Path,
) -> None:
    project = project_of(tmp_path, "w", "metrics.json")
    project.call("run")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "trained")

    assert "Nothing to run" in project.call("run")
    (project.folder / "params.yaml").write_text("x: 0.7\n")
    assert "`auc` is 0.7" in project.call("run")


def test_one_that_what_writes_it_reads_back_is_no_input_either(tmp_path: Path) -> None:
    project = project_of(tmp_path, "w", "metrics.json")
    with (project.folder / "train.py").open("a") as file:
        file.write("print(json.load(open('metrics.json')))\n")
    project.git("commit", "-q", "-am", "reads it")
    project.call("run")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "trained")
    (project.folder / "params.yaml").write_text("x: 0.7\n")

    assert "`auc` is 0.7" in project.call("run")


def test_one_that_another_training_left_judges_no_result_of_before(tmp_path: Path) -> None:
    project = project_of(tmp_path, "w", "metrics.json")
    params, metrics = project.folder / "params.yaml", project.folder / "metrics.json"
    project.call("run")
    params.write_text("x: 0.4\n")
    assert "failed `auc` is 0.4" in project.call("run", code=3)

    params.write_text("x: 0.6\n")
    said = project.call("run", code=4)

    assert "reuse   train" in said
    assert "metrics.json: it holds other numbers than run" in said
    assert "(`auc`: 0.6, now 0.4); name it under `metrics` of `train`" in said

    metrics.write_text('{"auc": 0.6}')
    assert "`auc` is 0.6; at least 0.5 is wanted" in project.call("run")


@pytest.mark.parametrize(
    ("outs", "metrics"),
    [
        pytest.param("w, metrics.json", "metrics.json", id="an-output-of-the-stage"),
        pytest.param("w, live", "live/metrics.json", id="in-a-folder-that-is-an-output"),
    ],
)
def test_one_that_a_stage_makes_is_that_of_the_stage(
    tmp_path: Path, outs: str, metrics: str
) -> None:
    project = project_of(tmp_path, outs, metrics)
    project.call("run")

    said = project.call("tune")

    assert "The best, auc 0.7 (now 0.6): x 0.6 -> 0.7" in said


def test_the_model_is_what_is_no_metric(tmp_path: Path) -> None:
    project = project_of(tmp_path, "w, metrics.json", "metrics.json")
    project.call("run")

    (size,) = (line for line in project.call("show").splitlines() if "model.size_bytes" in line)

    assert int(size.split()[1]) == len("0.6"), "the metrics are no part of it"
