"""A search that goes on: after a kill, a deadline, in other words, and with other code."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.test_reproduce_command import Project

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """\
import json, random
from pathlib import Path
p = {{k: v for k, v in (line.split(":") for line in open("params.yaml"))}}
x, y, seed = float(p["x"]), int(p["y"]), int(p["seed"])
with open({started!r}, "a") as notes:
    notes.write(f"{{x}} {{y}} {{seed}}\\n")
noise = random.Random(f"{{x}} {{y}} {{seed}}").gauss(0, {noise})
score = {shift} - (x - 0.3) ** 2 - 0.01 * abs(y - 3) + noise
json.dump({{"score": score, "size": y, "half": x / 2}}, open("metrics.json", "w"))
"""
PIPELINE = """\
stages:
  train: {cmd: python train.py, deps: [train.py], params: [x, y, seed],
          metrics: [{metrics.json: {cache: false}}]}
"""
SPACE = "space: {x: {float: [0.0, 1.0]}, y: {int: [1, 6]}}"


class Searching(Project):
    """A project with a search."""

    @classmethod
    def create(cls, folder: Path, *, noise: float = 0.0, shift: float = 0.9) -> Searching:
        folder.mkdir(exist_ok=True)
        made = cls(folder / "work")
        made.folder.mkdir()
        made.write_training(noise=noise, shift=shift)
        (made.folder / "dvc.yaml").write_text(PIPELINE)
        (made.folder / "params.yaml").write_text("x: 0.9\ny: 5\nseed: 7\n")
        made.settings("trials: 8")
        made.git("init", "-q", "-b", "main")
        made.git("add", "-A")
        made.git("commit", "-q", "-m", "first")
        return made

    def write_training(self, *, noise: float = 0.0, shift: float = 0.9) -> None:
        text = TRAIN.format(started=str(self.folder.parent / "started"), noise=noise, shift=shift)
        (self.folder / "train.py").write_text(text)

    def settings(self, *lines: str, objective: str = "{metric: score}") -> None:
        body = "\n  ".join((f"objective: {objective}", *lines))
        if not any(line.startswith("space") for line in lines):
            body += f"\n  {SPACE}"
        (self.folder / "branchline.yaml").write_text(f"model: m\ntune:\n  {body}\n")

    def trained(self) -> list[str]:
        notes = self.folder.parent / "started"
        return notes.read_text().splitlines() if notes.exists() else []

    def told(self, *words: str, code: int = 0) -> dict[str, Any]:
        text = self.call("tune", "--json", "--dry-run", *words, code=code)
        value: dict[str, Any] = json.loads(text)
        return value


def points(told: dict[str, Any]) -> list[Any]:
    """Number and parameters of the trials, by their numbers."""
    return sorted((t["number"], json.dumps(t["params"])) for t in told["trials"])


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "nsgaii", "cmaes"])
def test_what_is_finished_is_not_made_again_and_more_are_those_that_would_have_come(
    tmp_path: Path, sampler: str
) -> None:
    whole = Searching.create(tmp_path / "a")
    parts = Searching.create(tmp_path / "b")
    for project in (whole, parts):
        project.settings(f"sampler: {sampler}", "trials: 8")

    at_once = whole.told("--trials", "16")
    parts.told()
    count = len(parts.trained())
    again = parts.told()
    later = parts.told("--more", "8")

    assert count == len(parts.trained()) - 8 == 9
    assert points(again) == points(at_once)[:9]
    assert points(later) == points(at_once)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["random", "tpe", "grid"])
def test_killed_at_any_point_nothing_is_lost_or_made_twice(tmp_path: Path, sampler: str) -> None:
    # BRANCHLINE_KILLS=50 kills a search of 60 trials at 50 points; it takes minutes.
    kills = int(os.environ.get("BRANCHLINE_KILLS", "4"))
    trials = 30 if kills < 50 else 60
    project = Searching.create(tmp_path)
    space = "space: {x: {float: [0.0, 1.9], step: 0.1}, y: [1, 2, 3, 4]}"
    project.settings(f"sampler: {sampler}", f"trials: {trials}", space)
    chance = random.Random(sampler)
    words = [sys.executable, "-m", "branchline", "tune", "--dry-run"]

    for _ in range(kills):
        with subprocess.Popen(
            words, cwd=project.folder, env=project.environ, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            time.sleep(chance.uniform(0.3, 1.6))
            process.send_signal(signal.SIGKILL)
            process.communicate()
    told = project.told()

    numbers = [t["number"] for t in told["trials"] if t["number"]]
    assert sorted(numbers) == list(range(1, trials + 1))
    assert len({json.dumps(t["params"]) for t in told["trials"]}) == len(told["trials"])
    assert all(t["state"] == "succeeded" for t in told["trials"])
    # What was in the middle when the kill came is trained again; what had ended is not.
    assert len(project.trained()) <= len(told["trials"]) + kills
    if sampler != "tpe":
        undisturbed = Searching.create(tmp_path / "whole")
        undisturbed.settings(f"sampler: {sampler}", f"trials: {trials}", space)
        assert points(undisturbed.told()) == points(told)


def test_a_deadline_ends_it_unfinished_and_the_next_call_goes_on(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    text = (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text(f"import time\ntime.sleep(0.4)\n{text}")

    said = project.call("tune", "--deadline", "3.5s", code=75)

    assert "Not finished: the deadline is near" in said
    assert "of 8 trials are made and kept" in said
    assert not (project.folder / "best_params.yaml").exists()
    said = project.call("tune")
    assert "trials were made before" in said, said
    assert (project.folder / "best_params.yaml").exists()
    assert len(project.trained()) == 9


def test_a_deadline_in_the_last_round_is_no_answer(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    text = (project.folder / "train.py").read_text()
    quick = str(tmp_path / "quick")
    slow = f"import os, time\ntime.sleep(0.5 * (not os.path.exists({quick!r})))\n"
    (project.folder / "train.py").write_text(slow + text)
    (tmp_path / "quick").touch()
    project.settings("trials: 3", "replicates: {seed: seed}")
    project.told("--trials", "3", "--deadline", "60s")
    (tmp_path / "quick").unlink()
    project.settings("trials: 3", "replicates: {seed: seed}", "confirm: {top: 3, seeds: 9}")

    said = project.call("tune", "--deadline", "3.5s", code=75)

    assert "are trained again with 9 fresh seeds" in said
    assert "Not finished: the deadline is near" in said
    (tmp_path / "quick").touch()
    assert "is better: +" in project.call("tune")


def test_time_and_money_end_it_with_what_was_found(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    text = (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text(f"import time\ntime.sleep(0.4)\n{text}")

    project.settings("trials: 8", "timeout: 2s")
    said = project.call("tune", "--dry-run")
    assert "the time is over" in said
    assert "The best, score" in said

    project.settings("trials: 8", "budget: {cost: 0.001, per_hour: 1}")
    said = project.call("tune", "--dry-run")
    assert "the budget is spent: 0.00 of 0.001" in said
    assert "1 an hour, tune.budget.per_hour" in said


def test_it_ends_when_no_further_gain_is_likely(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("trials: 40", "stop: {plateau: 6, min_gain: 0.05}")

    said = project.call("tune", "--dry-run")

    assert "no gain of more than 0.05 in the last 6 trials" in said
    assert len(project.trained()) < 30


def test_other_data_try_the_best_points_again_and_take_no_values(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    first = project.told("--trials", "12")
    project.write_training(shift=0.5)

    said = project.call("tune", "--dry-run")
    later = project.told()

    assert "5 points of an earlier search are tried first" in said
    best = sorted(first["trials"], key=lambda t: -t["value"])[:5]
    by_number = {t["number"]: t["params"] for t in later["trials"]}
    assert [by_number[n] for n in range(1, 6)] == [t["params"] for t in best]
    assert max(t["value"] for t in later["trials"]) <= 0.5
    assert len(project.trained()) == 13 + 9


def test_a_sampler_that_tries_no_earlier_points_does_not_say_so(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("sampler: random", "trials: 4")
    project.told()
    project.write_training(shift=0.5)

    assert "of an earlier search" not in project.call("tune", "--dry-run")


def test_another_space_takes_the_trials_that_still_fit(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.told("--trials", "12")
    project.settings("trials: 4", "space: {x: {float: [0.0, 0.8]}, y: {int: [1, 6]}}")

    said = project.call("tune", "--dry-run")

    assert "trials of an earlier search with the same code and data count" in said
    assert len(project.trained()) == 13 + 4


def test_two_objectives_are_for_a_person_to_choose_from(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("trials: 10", objective="[{metric: score}, {metric: half, goal: minimize}]")

    said = project.call("tune")
    assert "trials are not bettered in every objective" in said
    assert "next: branchline tune --choose" in said
    assert not (project.folder / "best_params.yaml").exists()

    number = said.split("--choose ")[1].split()[0]
    said = project.call("tune", "--choose", number)
    assert "Written: best_params.yaml" in said
    assert len(project.trained()) == 11

    (project.folder / "params.yaml").write_text("x: 0.8\ny: 6\nseed: 8\n")
    said = project.call("tune", "--choose", "99", code=2)
    assert "--choose 99: trial 99 is not there, the search has at most 10" in said
    assert len(project.trained()) == 11


def test_constraints_hold(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("trials: 10", objective="{metric: score, constraint: {size: {max: 2}}}")

    told = project.told()

    assert {t["state"] for t in told["trials"]} == {"succeeded", "refused"}
    assert told["best"]["params"]["y"] <= 2


def test_a_constraint_that_nothing_keeps_is_said(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("trials: 3", objective="{metric: score, constraint: {size: {max: 0}}}")

    said = project.call("tune", code=1)

    assert "outside the constraint" in said
    assert "No trial left a number for `score` that keeps the constraint." in said


def test_within_the_noise_the_answer_is_to_keep_what_is_set(tmp_path: Path) -> None:
    project = Searching.create(tmp_path, noise=0.5)
    (project.folder / "params.yaml").write_text("x: 0.3\ny: 3\nseed: 7\n")
    project.settings("trials: 6", "replicates: {seed: seed}", "confirm: {top: 2, seeds: 3}")

    said = project.call("tune")

    assert "and what is set are trained again with 3 fresh seeds" in said
    assert "Keep the current parameters" in said
    assert project.git("status", "--porcelain") == "M branchline.yaml\n M params.yaml".strip()
    count = len(project.trained())
    project.call("tune")
    assert len(project.trained()) == count


def test_a_gain_is_confirmed_on_fresh_seeds(tmp_path: Path) -> None:
    project = Searching.create(tmp_path, noise=0.001)
    project.settings(
        "trials: 6", "replicates: {seed: seed, runs: 2}", "confirm: {top: 2, seeds: 2}"
    )

    said = project.call("tune")

    assert "(mean of 2 seeds)" in said
    assert "is better: +" in said
    assert "seed: 7" in (project.folder / "params.yaml").read_text()
    seeds = {line.split()[2] for line in project.trained()}
    assert len(seeds) == 4, "the one that is set, one to repeat, two that are fresh"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("replicates: {seed: x}", "is the seed of the replicates", id="seed-searched"),
        pytest.param("replicates: {seed: nope}", "names `nope`", id="seed-nowhere"),
        pytest.param("sampler: gp", "needs torch", id="no-torch"),
        pytest.param("space: {y: [1, 2], x: [0.1, 0.2, 0.3]}\n  sampler: cmaes\n  trials: 2",
                     "searches numbers only", id="choices"),
        pytest.param("space: {}", "tune.space is empty", id="no-space"),
    ],
)  # fmt: skip
def test_what_cannot_begin_says_why(tmp_path: Path, line: str, words: str) -> None:
    project = Searching.create(tmp_path)
    project.settings(*line.split("\n  "))

    assert words in project.call("tune", code=1)


@pytest.mark.parametrize(
    ("does", "words"),
    [
        pytest.param("sys.exit('no such lr')", "exit code 1", id="it-fails"),
        pytest.param("os.kill(os.getpid(), 9)", "killed", id="it-is-killed"),
        pytest.param("time.sleep(60)", "ended after 1 s (timeout)", id="it-hangs"),
        pytest.param("bad('{\"score\": NaN}')", "is nan", id="it-prints-nan"),
        pytest.param("bad('{\"score\": ')", "metrics.json", id="its-metrics-are-torn"),
        pytest.param("bad('{\"other\": 1}')", "score", id="its-metric-has-another-name"),
        pytest.param("sys.exit(0)", "metrics.json", id="it-leaves-no-metrics"),
    ],
)
def test_what_goes_wrong_is_told_and_never_best(tmp_path: Path, does: str, words: str) -> None:
    project = Searching.create(tmp_path)
    head = (
        "import os, sys, time\n"
        "def bad(text):\n    open('metrics.json', 'w').write(text)\n    sys.exit(0)\n"
        f"if 'y: 1' in open('params.yaml').read():\n    {does}\n"
    )
    text = (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text(head + text)
    project.settings("retry: 1", "space: {y: [1, 2]}")
    with open(project.folder / "branchline.yaml", "a") as file:
        file.write("resources:\n  train: {timeout: 1s}\n")

    told = project.told()
    said = project.call("tune", "--dry-run", "--seed", "2")

    trials = {t["params"]["y"]: t for t in told["trials"]}
    assert trials[1]["state"] == "failed"
    assert words.lower() in trials[1]["detail"].lower()
    assert trials[1]["value"] is None
    # What a second attempt takes is spent as well.
    assert trials[1]["duration_s"] >= (2 if "sleep" in does else 0)
    assert trials[2]["state"] == "succeeded"
    assert told["best"]["params"]["y"] != 1
    assert "; once more" in said


def test_where_all_fail_it_fails_and_shows_what_the_first_said(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    (project.folder / "train.py").write_text("raise SystemExit('the disk is made of cheese')\n")

    said = project.call("tune", "--trials", "3", code=1)

    assert "the disk is made of cheese" in said
    assert not (project.folder / "best_params.yaml").exists()


def test_what_is_finished_takes_no_time(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("sampler: random", "trials: 12")
    project.call("tune", "--dry-run")
    count = len(project.trained())

    began = time.monotonic()
    project.call("tune", "--dry-run")

    # A second on a quiet machine; the bound leaves room for a busy one.
    assert time.monotonic() - began < 5
    assert len(project.trained()) == count


def test_where_the_first_fail_alike_the_search_ends_and_begins_again_when_asked(
    tmp_path: Path,
) -> None:
    project = Searching.create(tmp_path)
    needed = tmp_path / "a-mounted-disk"
    text = (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text(f"import os\nos.stat({str(needed)!r})\n" + text)
    project.settings("trials: 30", "sampler: random")

    said = project.call("tune", code=1)
    assert "the first 5 trials failed alike, whatever their values: the search ends" in said
    assert "trial 5 of 30" not in said

    needed.touch()
    said = project.call("tune", "--trials", "6")
    assert "trials, all of which failed, are made again" in said
    assert said.count("succeeded, score") == 7
