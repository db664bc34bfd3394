"""Trials side by side: the same search, and nothing left behind by whoever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_tune_study import Searching, points

if TYPE_CHECKING:
    from collections.abc import Callable


pytestmark = pytest.mark.slow

SLEEPER = "import os, time\nopen({pids!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep({s})\n"


def slowly(project: Searching, seconds: float) -> Path:
    """Let the training take its time; the file with the pids of those that began."""
    pids = project.folder.parent / "pids"
    text = (project.folder / "train.py").read_text()
    head = SLEEPER.format(pids=str(pids), s=seconds)
    (project.folder / "train.py").write_text(head + text)
    return pids


def start(project: Searching, *words: str) -> subprocess.Popen[str]:
    """Begin a search."""
    return subprocess.Popen(
        [sys.executable, "-m", "branchline", "tune", "--dry-run", "--parallel", "2", *words],
        cwd=project.folder,
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(what: Callable[[], bool], within_s: float = 60) -> bool:
    """Wait until something is so; whether it came to be."""
    end = time.monotonic() + within_s
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def begun(pids: Path) -> list[int]:
    """Trainings that began."""
    return [int(line) for line in pids.read_text().split()] if pids.exists() else []


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def worker_of(pid: int) -> int:
    """The process of the search that a training belongs to; what it was forked from is between."""
    while b"trial_worker" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        pid = int(stat.rpartition(b")")[2].split()[1])
    return pid


def test_side_by_side_is_the_same_search(tmp_path: Path) -> None:
    alone, beside = Searching.create(tmp_path / "a"), Searching.create(tmp_path / "b")
    for project in (alone, beside):
        project.settings("sampler: random", "trials: 8")

    told = beside.told("--parallel", "3")

    assert points(told) == points(alone.told())
    assert len(beside.trained()) == 9
    assert os.listdir(beside.folder / ".branchline" / "again") == []
    before = len(beside.trained())
    beside.call("tune", "--parallel", "3")
    assert len(beside.trained()) == before


def test_a_search_that_learns_proposes_different_points_at_once(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)

    told = project.told("--trials", "16", "--parallel", "3")

    assert len({str(t["params"]) for t in told["trials"]}) == 17


def test_a_training_that_fails_is_shown_and_the_search_goes_on(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    text = (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text(text + "if y == 1: raise SystemExit('diverged')\n")
    project.settings("sampler: random", "trials: 6")

    said = project.call("tune", "--dry-run", "--parallel", "2")

    assert "train | diverged" in said
    assert "failed, `train`: exit code 1" in said
    assert "The best, score" in said


def test_a_process_that_is_killed_makes_its_trial_again(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    pids = slowly(project, 1.0)
    project.settings("sampler: random", "trials: 4")
    with start(project) as search:
        assert until(lambda: len(begun(pids)) >= 3)
        training = begun(pids)[2]
        os.kill(worker_of(training), signal.SIGKILL)
        said, _ = search.communicate(timeout=90)

    assert search.returncode == 0, said
    assert "its process was lost (signal 9); once more" in said
    assert said.count("succeeded, score") == 5
    assert all(is_gone(pid) for pid in begun(pids))


def test_killed_it_leaves_nothing_running_and_goes_on(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    pids = slowly(project, 3.0)
    project.settings("sampler: random", "trials: 4")
    with start(project) as search:
        assert until(lambda: len(begun(pids)) >= 3)
        search.kill()
        search.communicate(timeout=60)

    assert until(lambda: all(is_gone(pid) for pid in begun(pids)), 20)
    told = project.told("--parallel", "2")
    assert sorted(t["number"] for t in told["trials"]) == [0, 1, 2, 3, 4]
    # The one that is set was whole; two were in the middle, or one that had just ended.
    assert 5 < len(begun(pids)) <= 5 + 2


def test_stopped_it_ends_its_trials_and_keeps_the_others(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    pids = slowly(project, 1.0)
    with start(project) as search:
        assert until(lambda: len(begun(pids)) >= 4)
        search.send_signal(signal.SIGINT)
        said, _ = search.communicate(timeout=60)

    assert search.returncode == 130, said
    assert "Stopped; " in said
    assert all(is_gone(pid) for pid in begun(pids))


def test_what_a_stage_needs_limits_how_many_run_at_once(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    settings = (project.folder / "branchline.yaml").read_text()
    (project.folder / "branchline.yaml").write_text(
        settings + "resources: {train: {memory: 1000000G}}\n"
    )

    said = project.call("tune", "--dry-run", "--parallel", "2", "--trials", "2")

    assert "1 of 2 trials at once: `train` needs" in said
    assert "GB of memory" in said


def test_two_of_the_same_search_at_once_make_each_trial_once(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("sampler: random", "trials: 6")
    slowly(project, 0.5)

    both = [start(project), start(project)]
    said = [process.communicate(timeout=300)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert sum("waiting for its end" in text for text in said) == 1, said
    # What is set may be trained by both: until then neither knows which search it is.
    assert 7 <= len(project.trained()) <= 8
    assert len(set(project.trained())) == 7


def test_what_the_stages_before_need_counts_too(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    stages = project.folder / "dvc.yaml"
    text = stages.read_text().replace("metrics: [{metrics.json: {cache: false}}]", "outs: [m.json]")
    stages.write_text(
        text + "  score: {cmd: cp m.json metrics.json, deps: [m.json],"
        " metrics: [{metrics.json: {cache: false}}]}\n"
    )
    train = project.folder / "train.py"
    train.write_text(train.read_text().replace("metrics.json", "m.json"))
    project.settings("trials: 2", "stages: [score]")
    with (project.folder / "branchline.yaml").open("a") as file:
        file.write("resources: {train: {memory: 1000000G}}\n")

    said = project.call("tune", "--dry-run", "--parallel", "2")

    assert "1 of 2 trials at once: `train` needs" in said
    assert said.count("succeeded, score") == 3
