"""Port `steps`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `StepsContract` in a test module, give it a fixture `steps`,
and say in `place` and `write` where its logs stand and how they change.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import pytest

from branchline.core.evidence.steps import Form, member_of, parser_of, summary_steps
from branchline.ports.steps import StepFollower, StepLog, Steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from branchline.core.evidence.steps import Step


class FakeSteps(Steps):
    """Follows files in memory.

    Attributes:
        files: Absolute path -> bytes; a test changes them as a training would.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def follow(self, logs: Sequence[StepLog]) -> StepFollower:
        """See the port."""
        return _FakeFollower(self.files, logs)


class _FakeFollower(StepFollower):
    def __init__(self, files: dict[str, bytes], logs: Sequence[StepLog]) -> None:
        self._files, self._logs = files, logs
        self._before = dict(files)

    def poll(self, *, is_last: bool = False) -> Sequence[Step]:  # noqa: ARG002 # it always looks
        """See the port."""
        found: list[Step] = []
        for path, form, prefix in self._places():
            now, before = self._files[path], self._before.get(path, b"")
            if now == before:
                continue
            if form is Form.SUMMARY:
                found += summary_steps(now)
            elif (parser := parser_of(form, prefix)) is not None:
                known = len(parser.feed(before)) if now.startswith(before) else 0
                again = parser_of(form, prefix)
                found += [] if again is None else again.feed(now)[known:]
            self._before[path] = now
        return found

    def _places(self) -> list[tuple[str, Form, str]]:
        places: list[tuple[str, Form, str]] = []
        for log in self._logs:
            if log.form is not Form.FOLDER and log.path in self._files:
                places.append((log.path, log.form, ""))
                continue
            inside = [path for path in self._files if path.startswith(f"{log.path}/")]
            for path in inside:
                member = member_of(path)
                if log.form is Form.FOLDER and member is not None:
                    places.append((path, member.form, member.prefix))
        return places


_RUN = f"0/{32 * 'a'}"
_FORMS = [
    pytest.param(
        "m.jsonl", "", '{"step": 1, "auc": 0.5}\n', '{"step": 2, "auc": 0.6}\n', id="json-lines"
    ),
    pytest.param("m.csv", "", "epoch,auc\n1,0.5\n", "2,0.6\n", id="csv"),
    pytest.param(
        "dvclive", "plots/metrics/auc.tsv", "step\tauc\n1\t0.5\n", "2\t0.6\n", id="dvclive"
    ),
    pytest.param("mlruns", f"{_RUN}/metrics/auc", "17000 0.5 1\n", "17001 0.6 2\n", id="mlflow"),
    pytest.param("m.log", "", "epoch 1: auc=0.5\n", "epoch 2: auc=0.6\n", id="printed"),
]


class StepsContract(ABC):
    """What every follower must do."""

    @abstractmethod
    def place(self, tmp_path: Path, name: str) -> str:
        """Absolute path of a log."""

    @abstractmethod
    def write(self, steps: Steps, path: str, text: str) -> None:
        """Let a log hold this and nothing else; what only became longer is not written anew."""

    def log(self, tmp_path: Path, name: str) -> StepLog:
        """A log by the form that its name says."""
        from branchline.core.evidence.steps import form_of

        form = form_of(name)
        assert form is not None
        return StepLog(path=self.place(tmp_path, name), form=form)

    @pytest.mark.parametrize(("name", "inside", "first", "second"), _FORMS)
    def test_lines_come_once(
        self, steps: Steps, tmp_path: Path, name: str, inside: str, first: str, second: str
    ) -> None:
        """In their order, as they come."""
        log = self.log(tmp_path, name)
        path = f"{log.path}/{inside}".rstrip("/")
        follower = steps.follow([log])
        nothing = follower.poll()

        self.write(steps, path, first)
        one = follower.poll()
        self.write(steps, path, first + second)
        other = follower.poll()

        assert list(nothing) == []
        assert [(s.step, s.name, s.value) for s in one] == [(1, "auc", 0.5)]
        assert [(s.step, s.name, s.value) for s in other] == [(2, "auc", 0.6)]
        assert list(follower.poll()) == []

    @pytest.mark.parametrize(("name", "inside", "first", "second"), _FORMS)
    def test_what_is_there_is_of_an_earlier_training(
        self, steps: Steps, tmp_path: Path, name: str, inside: str, first: str, second: str
    ) -> None:
        """Only what comes counts, with a header that stood there."""
        log = self.log(tmp_path, name)
        path = f"{log.path}/{inside}".rstrip("/")
        self.write(steps, path, first)
        follower = steps.follow([log])
        nothing = follower.poll()

        self.write(steps, path, first + second)

        assert list(nothing) == []
        assert [(s.step, s.name, s.value) for s in follower.poll()] == [(2, "auc", 0.6)]

    def test_a_torn_line_waits(self, steps: Steps, tmp_path: Path) -> None:
        """For its end."""
        log = self.log(tmp_path, "m.jsonl")
        follower = steps.follow([log])
        whole = '{"step": 1, "auc": 0.5}\n'
        self.write(steps, log.path, whole[:9])
        nothing = follower.poll()

        self.write(steps, log.path, whole)

        assert list(nothing) == []
        assert [s.value for s in follower.poll()] == [0.5]

    def test_a_log_that_starts_again_is_read_again(self, steps: Steps, tmp_path: Path) -> None:
        """Also where it is longer than before."""
        log = self.log(tmp_path, "m.csv")
        self.write(steps, log.path, "step,auc\n1,0.5\n")
        follower = steps.follow([log])

        self.write(steps, log.path, "step,loss,auc\n1,9,0.25\n2,8,0.75\n")

        assert [(s.step, s.name, s.value) for s in follower.poll()] == [
            (1, "loss", 9.0), (1, "auc", 0.25), (2, "loss", 8.0), (2, "auc", 0.75),
        ]  # fmt: skip

    def test_a_file_of_the_last_step_is_read_whole(self, steps: Steps, tmp_path: Path) -> None:
        """Each time that it is written."""
        log = self.log(tmp_path, "metrics.json")
        self.write(steps, log.path, '{"step": 7, "auc": 0.1}')
        follower = steps.follow([log])
        nothing = follower.poll()

        self.write(steps, log.path, '{"step": 0, "val": {"auc": 0.5}}')

        assert list(nothing) == []
        assert [(s.step, s.name, s.value) for s in follower.poll()] == [(0, "val.auc", 0.5)]

    def test_several_logs_are_one(self, steps: Steps, tmp_path: Path) -> None:
        """And one that is not there is nothing."""
        logs = [self.log(tmp_path, name) for name in ("a.jsonl", "b.csv", "none.csv")]
        follower = steps.follow(logs)

        self.write(steps, logs[0].path, '{"step": 1, "auc": 0.5}\n')
        self.write(steps, logs[1].path, "step,loss\n1,2\n")

        assert {s.name for s in follower.poll()} == {"auc", "loss"}
