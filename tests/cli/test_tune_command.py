"""`tune` on a real project: trials in a place of their own, the best values come back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_reproduce_command import Project

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """\
import json, os, sys, time
from pathlib import Path
lr, depth = (float(line.split(":")[1].split("#")[0]) for line in open("params.yaml") if ":" in line)
with open({started!r}, "a") as notes:
    notes.write(f"{{lr}} {{depth}}\\n")
time.sleep(float(os.environ.get("SLOW", "0")))
if lr > 0.4:
    sys.exit("diverged")
Path("model.txt").write_text(f"{{lr}} {{depth}}")
json.dump({{"auc": 0.9 - abs(lr - 0.3) - 0.001 * depth}}, open("metrics.json", "w"))
"""
PIPELINE = """\
stages:
  train: {cmd: python train.py, deps: [train.py], params: [lr, depth], outs: [model.txt],
          metrics: [{metrics.json: {cache: false}}]}
"""
CONFIG = """\
model: m
pipeline: dvc.yaml
tune:
  objective: {metric: auc}
  space: {lr: [0.1, 0.3, 0.5], depth: {int: [1, 2], step: 1}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One whose values are not the best."""
    made = Project(tmp_path / "work")
    files = {
        "train.py": TRAIN.format(started=str(tmp_path / "started")),
        "dvc.yaml": PIPELINE,
        "branchline.yaml": CONFIG,
        "params.yaml": "lr: 0.1  # the rate\ndepth: 2\n",
    }
    made.begin(files)
    return made


def started(project: Project) -> list[str]:
    """The trainings so far, by their parameters."""
    notes = project.folder.parent / "started"
    return notes.read_text().splitlines() if notes.exists() else []


def test_the_best_values_come_back_and_are_known_to_run(project: Project) -> None:
    said = project.call("tune")

    assert "trial 2 of 6" not in said, "it is what is set"
    assert "as it is now: lr 0.1, depth 2" in said
    assert "trial 3 of 6: lr 0.3, depth 1" in said
    assert "trial 5 of 6: failed, `train`: exit code 1" in said
    assert "diverged" in said
    assert "The best, auc 0.899 (now 0.698): lr 0.1 -> 0.3, depth 2 -> 1" in said
    assert (project.folder / "params.yaml").read_text() == "lr: 0.3  # the rate\ndepth: 1\n"
    assert "lr: 0.3" in (project.folder / "best_params.yaml").read_text()
    assert len(started(project)) == 6, "what is set now is one of the six"
    assert sorted(os.listdir(project.folder / ".branchline" / "again")) == []

    said = project.call("run")
    assert "reuse   train  nothing changed" in said
    assert len(started(project)) == 6


FORKED = """\
import sys
with open({ready!r}, "a") as notes:
    notes.write("decimal" in sys.modules and "forked " or "new ")
import decimal
"""


def test_trials_are_forked_and_give_the_same(project: Project, tmp_path: Path) -> None:
    plain = json.loads(project.call("tune", "--dry-run", "--json"))
    text = FORKED.format(ready=str(tmp_path / "ready")) + (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text(text)

    forked = json.loads(project.call("tune", "--dry-run", "--json"))

    assert (tmp_path / "ready").read_text().split() == ["forked"] * 6
    for told in (plain, forked):
        for trial in told["trials"]:
            del trial["duration_s"]
    assert forked == plain
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(project.folder) not in left.stdout


def test_a_trial_costs_one_process_of_git(project: Project, tmp_path: Path) -> None:
    def processes(trials: int) -> int:
        trace = tmp_path / f"git-{trials}"
        project.call("tune", "--dry-run", "--trials", str(trials), GIT_TRACE=str(trace))
        return trace.read_text().count("trace: built-in:")

    few, more = processes(2), processes(4)  # two of these are new

    assert few > 0
    assert more - few <= 2 + 1, "one more asks whether git has what is set now"


def test_a_search_says_why_trials_are_not_forked(project: Project) -> None:
    (project.folder / "dvc.yaml").write_text(PIPELINE.replace("python train", "python -B train"))

    said = project.call("tune", "--dry-run")

    assert said.count("`train`: each start is a new Python of its own, not a fork") == 1
    assert "`python -B` is more than a script" in said


def test_another_search_trains_only_what_is_new(project: Project) -> None:
    project.call("tune")
    text = (project.folder / "branchline.yaml").read_text().replace("[0.1, 0.3, 0.5]", "[0.2, 0.3]")
    (project.folder / "branchline.yaml").write_text(text)

    said = project.call("tune")

    assert "has the values that are set already" in said
    assert started(project)[6:] == ["0.2 1.0", "0.2 2.0", "0.5 1.0", "0.5 2.0"][:2]


def test_the_best_must_be_better_than_what_is_set(project: Project) -> None:
    (project.folder / "params.yaml").write_text("lr: 0.29\ndepth: 0\n")
    text = (project.folder / "branchline.yaml").read_text().replace("[0.1, 0.3, 0.5]", "[0.1, 0.2]")
    (project.folder / "branchline.yaml").write_text(text)

    said = project.call("tune")

    assert "as it is now: lr 0.29, depth 0" in said
    assert "The best, auc 0.89, has the values that are set already." in said
    assert "as it was" in said
    assert (project.folder / "params.yaml").read_text() == "lr: 0.29\ndepth: 0\n"
    assert not (project.folder / "best_params.yaml").exists()


def test_a_dry_run_writes_nothing(project: Project) -> None:
    told = json.loads(project.call("tune", "--dry-run", "--json"))

    assert told["best"]["params"] == {"lr": 0.3, "depth": 1}
    assert told["written"] == ["best_params.yaml", "params.yaml"]
    assert [trial["state"] for trial in told["trials"]].count("failed") == 2
    assert project.git("status", "--porcelain") == ""


def test_a_page_and_charts_say_what_was_found(project: Project, tmp_path: Path) -> None:
    page = tmp_path / "page.html"

    said = project.call("tune", "--dry-run", "--html", str(page))

    chart = said.partition("auc, larger is better")[2].partition("rank")[0]
    assert "trial 6" in chart
    assert chart.isascii(), "a pipe gets letters only"
    assert "cannot be told from 4 trials" in chart
    assert "m: search for auc" in page.read_text()
    assert "0.698" in page.read_text()
    assert project.git("status", "--porcelain") == ""


def test_a_page_that_cannot_be_written_is_refused_before_the_search(project: Project) -> None:
    said = project.call("tune", "--html", "nowhere/page.html", code=2)

    assert "nowhere/page.html cannot be written: its folder does not exist" in said
    assert started(project) == []


def test_trials_see_the_files_as_they_are_now(project: Project) -> None:
    text = (project.folder / "train.py").read_text().replace("0.9 -", "0.8 - helper.SHIFT -")
    (project.folder / "train.py").write_text("import helper\n" + text)
    (project.folder / "helper.py").write_text("SHIFT = 0.1\n")

    said = project.call("tune", "--trials", "2", "--dry-run")

    assert "as it is now: succeeded, auc 0.498" in said
    assert project.git("status", "--porcelain").split() == ["M", "train.py", "??", "helper.py"]
    assert project.git("rev-list", "--all", "--count") == "1"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param("model: m\npipeline: dvc.yaml\n", "says nothing under `tune`", id="no-search"),
        pytest.param(CONFIG.replace("depth:", "width:"), "names `width`", id="no-such-parameter"),
        pytest.param(
            CONFIG.replace("  space:", "  run: python search.py\n  space:"),
            "searches by `python search.py`",
            id="a-search-of-its-own",
        ),
    ],
)
def test_what_cannot_be_searched_says_why(project: Project, config: str, words: str) -> None:
    (project.folder / "branchline.yaml").write_text(config)

    assert words in project.call("tune", code=1)
    assert started(project) == []


def test_data_that_git_does_not_know_is_not_taken_along(project: Project) -> None:
    with (project.folder / "data.bin").open("wb") as file:
        file.truncate(60_000_000)

    said = project.call("tune", code=1)

    assert "`data.bin`" in said
    assert ".gitignore" in said


def test_stopped_it_keeps_what_was_made(project: Project) -> None:
    words = [sys.executable, "-m", "branchline", "tune"]
    environ = project.environ | {"SLOW": "0.5"}
    with subprocess.Popen(
        words, cwd=project.folder, env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 60
        while len(started(project)) < 3 and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Stopped" in said
    count = len(started(project))
    project.call("tune")
    # What was being trained is trained again; what had ended is known.
    assert len(started(project)) == 6 + 1
    assert count == 3
