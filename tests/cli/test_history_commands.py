"""`runs`, `show`, `logs`, `compare`, `report` and `records` on one real project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests import ready_branchline

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """
import json
rate = float(open("params.yaml").read().split(":")[1])
print("training with", rate)
json.dump({"auc": round(rate * 10, 4), "loss": 0.3}, open("metrics.json", "w"))
"""
PIPELINE = """
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [rate]
    metrics: [{metrics.json: {cache: false}}]
"""
CONFIG = """
model: m
pipeline: dvc.yaml
gate:
  metrics:
    auc: {min: 0.9, max_regression: 0.01}
"""


class Project:
    """A repository in which Branchline is run as a user would."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.folder, env=self.environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def call(self, *args: str, code: int = 0) -> str:
        done = ready_branchline.call(args, cwd=self.folder, env=self.environ)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code in (0, 3, 4) else done.stderr

    def train(self, rate: float, *, code: int = 0) -> str:
        (self.folder / "params.yaml").write_text(f"rate: {rate}\n")
        self.git("add", ".")
        self.git("commit", "-q", "-m", f"Rate {rate}")
        self.call("run", code=code)
        return self.git("rev-parse", "--short", "HEAD")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str, str]:
    home = tmp_path_factory.mktemp("history")
    folder, origin = home / "work", home / "origin.git"
    config = home / "gitconfig"
    config.write_text("[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    # The stages' `python` is the one of these tests.
    path = os.pathsep.join([os.path.dirname(sys.executable), kept.get("PATH", "")])
    environ = {
        **kept,
        "PATH": path,
        "PYTHONPATH": ready_branchline.SOURCE,
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    folder.mkdir()
    project = Project(folder, environ)
    project.git("init", "-q")
    project.git("init", "-q", "--bare", str(origin))
    project.git("remote", "add", "origin", str(origin))
    for name, text in (("train.py", TRAIN), ("dvc.yaml", PIPELINE), ("branchline.yaml", CONFIG)):
        (folder / name).write_text(text)
    good = project.train(0.095)
    bad = project.train(0.092, code=3)
    return project, good, bad


Trained = tuple[Project, str, str]


def test_runs_lists_them_newest_first(trained: Trained) -> None:
    project, good, bad = trained

    lines = project.call("runs").splitlines()

    assert lines[0].split() == ["run", "branch", "when", "(UTC)", "verdict", "auc", "took"]
    assert [line.split()[0] for line in lines[1:]] == [bad, good]
    assert "failed" in lines[1]
    assert "0.92" in lines[1]
    assert len(project.call("runs", "-n", "1").splitlines()) == 2
    parsed = json.loads(project.call("runs", "--json"))
    assert [run["outcome"] for run in parsed["runs"]] == ["failed", "passed"]
    assert "negative" in project.call("runs", "-n", "-1", code=2)


def test_show_tells_one_run(trained: Trained) -> None:
    project, good, bad = trained

    text = project.call("show")

    assert text.startswith(f"run {bad} on main  Rate 0.092")
    assert "failed  `auc` is 0.92 and fell by 0.03 from 0.95" in text
    assert "params.yaml:rate  0.092" in text
    assert project.call("show", good).startswith(f"run {good}")
    assert project.call("show", "HEAD~1").startswith(f"run {good}")
    parsed = json.loads(project.call("show", "--json"))
    assert parsed["plan"]["stages"][0]["action"] == "run"
    assert parsed["verdict"]["baseline"]["run"] == good
    assert "names no run" in project.call("show", "nothing", code=2)


def test_logs_of_a_stage_and_a_run(trained: Trained) -> None:
    project, good, _ = trained

    assert "training with 0.092" in project.call("logs")
    assert "training with 0.092" in project.call("logs", "-f", "train")
    assert "training with 0.095" in project.call("logs", "train", "--run", good)
    assert "Stages with logs: train" in project.call("logs", "evaluate", code=2)


def test_compare_puts_runs_side_by_side(trained: Trained) -> None:
    project, good, bad = trained

    text = project.call("compare", "HEAD~1", "HEAD")

    rows = [line.split() for line in text.splitlines()]
    assert ["auc", "0.95", "0.92", "(-0.03)"] in rows
    assert ["params.yaml", "rate", "0.095", "0.092"] in rows
    assert project.call("compare", "HEAD") == text
    parsed = json.loads(project.call("compare", good, bad, "--json"))
    assert parsed["metrics"][0]["directions"] == ["same", "worse"]
    assert "These names lead to one and the same run, " in project.call("compare", good, good)
    assert "no baseline" in project.call("compare", good, code=2)


def test_report_is_markdown(trained: Trained, tmp_path: Path) -> None:
    project, _, bad = trained

    text = project.call("report")

    assert text.startswith("## ❌ Verdict: failed")
    assert f"run `{bad}`" in text
    project.call("report", bad, "--output", str(tmp_path / "report.md"))
    assert (tmp_path / "report.md").read_text() == text
    assert "cannot be written" in project.call("report", "-o", "no/such/file", code=2)


@pytest.mark.parametrize(
    ("words", "is_noted"),
    [
        pytest.param(("runs",), True, id="runs"),
        pytest.param(("show",), False, id="show"),
        pytest.param(("compare", "HEAD"), True, id="compare"),
        pytest.param(("report",), True, id="report"),
        pytest.param(("logs",), False, id="logs"),
        pytest.param(("runs", "--json"), False, id="runs-as-json"),
    ],
)
@pytest.mark.parametrize("text", ["model: [\n", "gait: 1\nmodel: m\n"], ids=["syntax", "key"])
def test_what_is_recorded_can_be_read_while_the_settings_are_broken(
    trained: Trained, words: tuple[str, ...], is_noted: bool, text: str
) -> None:
    project = trained[0]
    path = project.folder / "branchline.yaml"
    path.write_text(text)
    try:
        done = ready_branchline.call(words, cwd=project.folder, env=project.environ)
    finally:
        path.write_text(CONFIG)

    assert done.returncode == 0
    assert "92" in done.stdout
    assert ("branchline.yaml cannot be used: branchline.yaml:" in done.stderr) is is_noted


def test_records_travel_to_another_clone(trained: Trained, tmp_path: Path) -> None:
    project, good, bad = trained
    project.git("push", "-q", "origin", "main")

    assert project.call("records", "push") == "Sent 4 records to origin.\n"
    assert project.call("records", "push", "origin") == "Sent no records to origin.\n"
    clone = Project(tmp_path / "clone", project.environ)
    project.git("clone", "-q", project.git("remote", "get-url", "origin"), str(clone.folder))
    assert clone.call("records", "fetch") == "Received 4 records from origin.\n"
    assert [line.split()[0] for line in clone.call("runs").splitlines()[1:]] == [bad, good]
    assert json.loads(clone.call("records", "fetch", "--json"))["received"] == 0
    assert "is no remote" in clone.call("records", "fetch", "nowhere", code=1)
    shutil.rmtree(clone.folder)


def test_without_runs_it_is_said_how_to_make_one(tmp_path: Path, trained: Trained) -> None:
    empty = Project(tmp_path, trained[0].environ)
    empty.git("init", "-q")
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "branchline.yaml").write_text("model: m\ntrain: python train.py\n")

    assert empty.call("runs") == ""
    assert "`branchline run` records one" in empty.call("show", code=2)


def test_a_report_has_the_plots_of_its_run_and_its_baseline(
    trained: Trained, tmp_path: Path
) -> None:
    project = Project(tmp_path / "plots", trained[0].environ)
    project.folder.mkdir()
    project.git("init", "-q")
    script = TRAIN + "open('curve.csv', 'w').write(f'x,y\\n0,0\\n1,{rate}\\n')\n"
    pipeline = PIPELINE + "    plots: [{curve.csv: {x: x, y: y, title: Curve}}]\n"
    for name, text in (("train.py", script), ("dvc.yaml", pipeline), ("branchline.yaml", CONFIG)):
        (project.folder / name).write_text(text)
    project.train(0.095)
    project.train(0.096)

    page = tmp_path / "report.html"
    assert project.call("report", "--html", str(page)) == ""
    text = project.call("report")

    assert "The lines, in this order: `this run`, `baseline`." in text
    assert "line [0, 0.096]\n    line [0, 0.095]" in text
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert page.read_text().count('<g class="series') == 2
    assert [entry.name for entry in tmp_path.iterdir()].count("report.html") == 1
    project.call("report", "--html", str(page), "-o", str(tmp_path / "report.md"))
    assert (tmp_path / "report.md").read_text() == text
    assert "cannot be written" in project.call("report", "--html", "no/such/file", code=2)
