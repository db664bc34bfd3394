"""Processes that make trials, with a script in the place of a worker."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.trial_workers import ProcessCrew, WorkerSpec, WorkerTrials
from branchline.errors import StageFailedError
from branchline.testing.trials import TrialsContract, ask_of

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.ports.trials import TrialDone, TrialRunner

WORKER = """\
import json, os, select, sys, time
how = json.loads(sys.stdin.buffer.raw.readline())["open"]["how"]
if how == "refuses":
    print(json.dumps({"refused": "no such model", "todo": "Name one."}), flush=True)
    sys.exit(1)
while line := sys.stdin.buffer.raw.readline():
    number = json.loads(line)["ask"]["number"]
    if how == "dies" or (how == "dies-once" and not os.path.exists("died")):
        open("died", "w").close()
        print("it is all over", file=sys.stderr, flush=True)
        os.kill(os.getpid(), 9)
    end = time.monotonic() + float(how if how[0].isdigit() else 0)
    is_stopped = False
    while time.monotonic() < end and not is_stopped:
        is_stopped = bool(select.select([0], [], [], 0.01)[0])
    trial = {"number": number, "params": {"x": number}, "state": "succeeded", "value": 0.5,
             "metrics": {}, "detail": "", "duration_s": 1}
    print(json.dumps({"done": {"trial": None if is_stopped else trial, "read": {}}}), flush=True)
"""


class Runner(WorkerTrials):
    """A runner that a test can stop."""

    def __init__(self, folder: Path, how: str, slots: int = 2) -> None:
        self.has_stopped = False
        self.said: list[str] = []
        (folder / "worker.py").write_text(WORKER)
        specs = [
            WorkerSpec(
                command=(sys.executable, str(folder / "worker.py")),
                folder=str(folder / str(place)),
                opening={"how": how},
            )
            for place in range(slots)
        ]
        super().__init__(
            ProcessCrew(specs),
            say=self.said.append,
            show=lambda _stage, _path: None,
            is_stopped=lambda: self.has_stopped,
        )


class TestWorkerTrials(TrialsContract):
    """Two at once."""

    @pytest.fixture
    def runner(self, tmp_path: Path) -> Runner:
        return Runner(tmp_path, "0.3")

    def stop(self, runner: TrialRunner) -> None:
        assert isinstance(runner, Runner)
        runner.has_stopped = True


def all_of(runner: Runner, count: int) -> list[TrialDone]:
    """What comes of so many, within a minute."""
    found: list[TrialDone] = []
    end = time.monotonic() + 60
    while len(found) < count and time.monotonic() < end:
        found += runner.wait()
    return found


def test_stopped_while_one_has_nothing_to_do_nothing_is_begun(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "0.2")
    runner.start(ask_of(1))
    runner.start(ask_of(2))
    all_of(runner, 2)
    runner.has_stopped = True

    runner.wait()
    for number in (3, 4, 5):
        runner.start(ask_of(number))
    found = all_of(runner, 3)

    assert [(done.ask.number, done.trial) for done in found] == [(3, None), (4, None), (5, None)]
    runner.close()


def test_a_trial_whose_process_dies_is_made_once_more(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "dies-once", slots=1)
    runner.start(ask_of(1))

    (done,) = all_of(runner, 1)
    runner.close()

    assert done.trial is not None
    assert done.trial.has_value
    assert runner.said == ["trial 1 of 9: its process was lost (signal 9); once more"]


def test_one_that_takes_its_process_with_it_has_failed_and_says_how(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "dies", slots=1)
    runner.start(ask_of(1))

    (done,) = all_of(runner, 1)
    runner.close()

    assert done.trial is not None
    assert not done.trial.has_value
    assert done.trial.detail == "its process was lost 2 times, at last by signal 9: it is all over"


def test_what_cannot_begin_says_why(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "refuses", slots=1)
    runner.start(ask_of(1))

    with pytest.raises(StageFailedError, match="no such model") as caught:
        all_of(runner, 1)
    runner.close()

    assert caught.value.todo == "Name one."
