"""`tune` with a pruner: real trainings that are told to stop, or that only write their logs."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_reproduce_command import Project

if TYPE_CHECKING:
    from pathlib import Path

# What all scripts share: the quality that is searched for, notes of what happened, the results.
FRAME = """\
import json, math, os, time
from pathlib import Path
q = float(Path("params.yaml").read_text().split(":")[1])
def note(text):
    with open({notes!r}, "a") as notes:
        notes.write(f"{{text}}\\n")
note(f"began {{q}}")
{body}
Path("model.txt").write_text(str(q))
json.dump({{"auc": q + 0.3}}, open("metrics.json", "w"))
note(f"whole {{q}}")
"""
REPORTS = """\
import branchline
for step in range(30):
    branchline.report(step, auc=q + step / 100, loss=1 - q)
    if step == 29 and q < 0.3:
        time.sleep(1)
    if branchline.should_stop():
        note(f"stopped {q}")
        break
    time.sleep(0.05 if q < 0.3 else 0)
"""
DEAF = """\
import branchline
for step in range(3):
    branchline.report(step, auc=q)
time.sleep(60 if q < 0.3 else 0)
"""
JSON_LINES = """\
with open("metrics.jsonl", "a") as log:
    for step in range(3):
        log.write(json.dumps({"step": step, "val": {"auc": q}, "auc": q}) + "\\n")
time.sleep(60 if q < 0.3 else 0)
"""
DVCLIVE = """\
folder = Path("dvclive/plots/metrics")
folder.mkdir(parents=True, exist_ok=True)
(folder / "auc.tsv").write_text("step\\tauc\\n0\\t%s\\n1\\t%s\\n" % (q, q))
Path("dvclive/metrics.json").write_text(json.dumps({"step": 1, "auc": q}))
time.sleep(60 if q < 0.3 else 0)
"""
MLFLOW_FILES = """\
import uuid
folder = Path("mlruns/0") / uuid.uuid4().hex / "metrics"
folder.mkdir(parents=True)
(folder / "auc").write_text(f"1700000000000 {q} 0\\n1700000000001 {q} 1\\n")
time.sleep(60 if q < 0.3 else 0)
"""
MLFLOW_DATABASE = """\
import sqlite3
database = sqlite3.connect("mlflow.db")
database.execute("CREATE TABLE IF NOT EXISTS metrics (key VARCHAR(250) NOT NULL, value FLOAT"
    " NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0'"
    " NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL, CONSTRAINT metric_pk PRIMARY KEY"
    " (key, timestamp, step, run_uuid, value, is_nan))")
for step in range(3):
    database.execute("INSERT INTO metrics VALUES ('auc', ?, ?, ?, ?, 0)",
                     (q, time.time_ns(), str(q), step))
    database.commit()
time.sleep(60 if q < 0.3 else 0)
"""
PRINTS = """\
for epoch in range(3):
    print(f"epoch {epoch}: auc={q} loss={1 - q}", flush=True)
time.sleep(60 if q < 0.3 else 0)
"""
NOT_A_NUMBER = """\
import branchline
branchline.report(0, auc=q if q > 0.3 else math.nan)
time.sleep(60 if q < 0.3 else 0)
"""
SILENT = """\
import branchline
branchline.report(0, val_auc=q, loss=1 - q)
"""
PIPELINE = """\
stages:
  prepare: {cmd: cp raw.txt data.txt, deps: [raw.txt], outs: [data.txt]}
  train: {cmd: python train.py, deps: [train.py, data.txt], params: [q], outs: [model.txt],
          metrics: [{metrics.json: {cache: false}}]}
"""
CONFIG = """\
model: m
pipeline: dvc.yaml
tune:
  objective: {metric: auc}
  space: {q: [0.5, 0.6, 0.7, 0.1, 0.8]}
  sampler: grid
  pruner: {kind: median, startup: 3}
"""


def project_of(tmp_path: Path, body: str, *, more: str = "") -> Project:
    made = Project(tmp_path / "work")
    # An environment that has Branchline, as a script that calls it needs.
    made.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{made.environ['PATH']}"
    files = {
        "train.py": FRAME.format(notes=str(tmp_path / "notes"), body=body),
        "dvc.yaml": PIPELINE,
        "branchline.yaml": CONFIG + more,
        "params.yaml": "q: 0.5\n",
        "raw.txt": "data\n",
    }
    made.begin(files)
    return made


def notes(project: Project) -> list[str]:
    return (project.folder.parent / "notes").read_text().splitlines()


def stopped_line(said: str) -> str:
    found = [line for line in said.splitlines() if "stopped early at" in line]
    assert len(found) == 1, said
    return found[0]


def test_a_training_that_asks_ends_by_itself_and_is_no_result(tmp_path: Path) -> None:
    project = project_of(tmp_path, REPORTS)

    said = project.call("tune", "--dry-run")

    assert re.fullmatch(
        r"trial 4 of 5: stopped early at step \d+: auc 0\.\d+ is below the median 0\.\d+"
        r" of 3 trials",
        stopped_line(said),
    )
    assert "The best, auc 1.1 (now 0.8): q 0.5 -> 0.8" in said
    assert "stopped 0.1" in notes(project)
    assert "whole 0.1" in notes(project), "it ended well, with all its outputs"

    # It left a model and metrics, and exit code 0; nobody may take them for those of a training.
    (project.folder / "params.yaml").write_text("q: 0.1\n")
    said = project.call("run")
    assert "run     train" in said
    assert "reuse   prepare" in said
    assert notes(project).count("began 0.1") == 2
    assert notes(project).count("stopped 0.1") == 1, "outside a search nothing is stopped"
    assert "reuse   train" in project.call("plan")


@pytest.mark.slow
def test_side_by_side_trials_are_stopped_and_the_search_goes_on(tmp_path: Path) -> None:
    project = project_of(tmp_path, REPORTS)
    config = (project.folder / "branchline.yaml").read_text()
    more = config.replace("[0.5, 0.6, 0.7, 0.1, 0.8]", "[0.5, 0.6, 0.7, 0.8, 0.9, 0.1, 0.2]")
    (project.folder / "branchline.yaml").write_text(more)

    said = project.call("tune", "--dry-run", "--parallel", "2")
    begun = len(notes(project))
    again = project.call("tune", "--dry-run")

    stopped = [line for line in said.splitlines() if "stopped early at" in line]
    assert {line.partition(":")[0] for line in stopped} == {"trial 6 of 7", "trial 7 of 7"}
    assert "7 of 7 trials were made before" in again
    assert len(notes(project)) == begun, "what was stopped is not made again"
    assert "The best, auc 1.2" in again


def test_what_is_told_of_a_stopped_trial(tmp_path: Path) -> None:
    project = project_of(tmp_path, REPORTS)

    told = json.loads(project.call("tune", "--dry-run", "--json"))

    (pruned,) = [trial for trial in told["trials"] if trial["state"] == "pruned"]
    assert pruned["params"] == {"q": 0.1}
    assert told["trials"][-1] == pruned
    assert 0.1 <= pruned["value"] < 0.4
    assert pruned["detail"].startswith("at step ")
    assert told["best"]["params"] == {"q": 0.8}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "more"),
    [
        pytest.param(DEAF, "", id="reports-and-never-asks"),
        pytest.param(JSON_LINES, "  follow: metrics.jsonl\n", id="json-lines-that-are-told"),
        pytest.param(DVCLIVE, "", id="dvclive"),
        pytest.param(MLFLOW_FILES, "", id="mlflow-files"),
        pytest.param(MLFLOW_DATABASE, "", id="mlflow-database"),
        pytest.param(PRINTS, "  follow: printed\n", id="printed-lines-that-are-told"),
        pytest.param(NOT_A_NUMBER, "", id="nan"),
    ],
)
def test_a_training_that_asks_nothing_is_ended(tmp_path: Path, body: str, more: str) -> None:
    project = project_of(tmp_path, body, more=more)

    said = project.call("tune")

    line = stopped_line(said)
    assert line.startswith("trial 4 of 5: stopped early at step ")
    assert "auc 0.1 is below the median 0.6 of 3 trials" in line or "auc is NaN" in line
    assert "whole 0.1" not in notes(project)
    assert (project.folder / "params.yaml").read_text() == "q: 0.8\n"


def test_what_reports_another_name_is_said(tmp_path: Path) -> None:
    project = project_of(tmp_path, SILENT)

    said = project.call("tune", "--dry-run")

    assert said.count("no trial is stopped early") == 1
    assert "this one reported no `auc`; it reported `val_auc`, `loss`" in said


def test_another_metric_may_be_compared(tmp_path: Path) -> None:
    project = project_of(tmp_path, DEAF.replace("auc=q", "loss=1 - q"))
    config = (project.folder / "branchline.yaml").read_text()
    rule = "startup: 3, metric: loss, goal: minimize"
    (project.folder / "branchline.yaml").write_text(config.replace("startup: 3", rule))

    said = project.call("tune", "--dry-run")

    assert stopped_line(said) == (
        "trial 4 of 5: stopped early at step 0: loss 0.9 is above the median 0.4 of 3 trials"
    )


def test_what_is_set_is_never_stopped(tmp_path: Path) -> None:
    project = project_of(tmp_path, REPORTS)
    config = (project.folder / "branchline.yaml").read_text()
    (project.folder / "branchline.yaml").write_text(config.replace("startup: 3", "startup: 1"))
    (project.folder / "params.yaml").write_text("q: 0.1\n")

    said = project.call("tune", "--dry-run")

    assert "stopped early" not in said
    assert "whole 0.1" in notes(project)


def test_a_run_keeps_what_its_stages_report(tmp_path: Path) -> None:
    project = project_of(tmp_path, REPORTS)

    project.call("run")

    (file,) = (project.folder / ".branchline/logs").glob("*/train.steps.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(rows) == 30
    assert rows[0] == {"step": 0, "auc": 0.5, "loss": 0.5}
    assert project.git("status", "--porcelain", "--", "*.jsonl") == ""


def test_nothing_of_the_reports_is_in_a_key(tmp_path: Path) -> None:
    project = project_of(tmp_path, REPORTS)
    project.call("run")
    (project.folder / "metrics.json").unlink()

    told = project.call("run")

    assert "reuse   train" in told
    assert notes(project).count("began 0.5") == 1
