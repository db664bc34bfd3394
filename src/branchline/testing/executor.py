"""Port `executor`: a fake that runs Python functions, and what every implementation must do.

To check an implementation, inherit `ExecutorContract` in a test module and give it a fixture
`executor`. An executor that does not understand shell commands overrides `task`.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from branchline.core.run import Ended, Failure
from branchline.ports.executor import Executor, Task
from branchline.ports.ledger import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class FakeExecutor(Executor):
    """Calls a function for each stage when it starts; it ends on a clock that only `wait` moves.

    Args:
        actions: Stage -> function of the task that does the work and returns the exit code; a
            stage without one succeeds and does nothing.
        seconds: Stage -> how long it takes on the fake's clock; 0 where it does not say.
        reads: Stage -> what `observed` answers.
        gaps: Stage -> what `trace_gaps` answers.
        rewrites: Stage -> what `rewritten` answers.
        looks: Stage -> what `looked_up` answers.
    """

    def __init__(
        self,
        actions: Mapping[str, Callable[[Task], int]] | None = None,
        *,
        seconds: Mapping[str, float] | None = None,
        reads: Mapping[str, Sequence[str]] | None = None,
        gaps: Mapping[str, Sequence[str]] | None = None,
        rewrites: Mapping[str, Sequence[str]] | None = None,
        looks: Mapping[str, Mapping[str, bool]] | None = None,
    ) -> None:
        self.actions, self.seconds = dict(actions or {}), dict(seconds or {})
        self.reads, self.gaps = dict(reads or {}), dict(gaps or {})
        self.rewrites, self.looks = dict(rewrites or {}), dict(looks or {})
        self.started: list[Task] = []
        self.expected: list[Task] = []
        self.killed: list[ChildProcess] = []
        self.now_s = 0.0
        self._running: dict[str, tuple[float, Ended]] = {}

    def expect(self, task: Task) -> None:
        """See the port."""
        self.expected.append(task)

    def start(self, task: Task) -> ChildProcess:
        """See the port."""
        self.started.append(task)
        action = self.actions.get(task.stage)
        code = 0 if action is None else action(task)
        seconds = self.seconds.get(task.stage, 0.0)
        failure = None if code == 0 else Failure.EXIT_CODE
        detail = "" if code == 0 else f"exit code {code}"
        if task.timeout_s is not None and seconds > task.timeout_s:
            seconds, failure = task.timeout_s, Failure.TIMEOUT
            detail = f"ended after {seconds:g} s (timeout)"
        ended = Ended(
            stage=task.stage,
            exit_code=code,
            failure=failure,
            duration_s=seconds,
            log=task.log,
            detail=detail,
        )
        self._running[task.stage] = (self.now_s + seconds, ended)
        return ChildProcess(
            stage=task.stage, pgid=100000 + len(self.started), started_ticks=1, boot_id="fake"
        )

    def wait(self, timeout_s: float) -> Sequence[Ended]:
        """See the port."""
        limit = self.now_s + timeout_s
        self.now_s = min((at for at, _ in self._running.values()), default=limit)
        self.now_s = min(self.now_s, limit)
        done = [stage for stage, (at, _) in self._running.items() if at <= self.now_s]
        return [self._running.pop(stage)[1] for stage in done]

    def stop(self, stages: Sequence[str] | None = None, *, grace_s: float = 5.0) -> None:  # noqa: ARG002 - the port's shape
        """See the port."""
        for stage, (_, ended) in list(self._running.items()):
            if stages is None or stage in stages:
                stopped = Ended(
                    stage=stage,
                    exit_code=None,
                    signal=15,
                    failure=Failure.SIGNAL,
                    log=ended.log,
                    detail="stopped",
                )
                self._running[stage] = (self.now_s, stopped)

    def kill_leftover(self, child: ChildProcess) -> bool:
        """See the port."""
        self.killed.append(child)
        return False

    def kill_started_by(self, pid: int, started_ticks: int, boot_id: str) -> bool:  # noqa: ARG002 - the port's shape
        """See the port."""
        return False

    def observed(self, task: Task) -> Sequence[str] | None:
        """See the port."""
        return self.reads.get(task.stage)

    def rewritten(self, task: Task) -> frozenset[str]:
        """See the port."""
        return frozenset(self.rewrites.get(task.stage, ()))

    def looked_up(self, task: Task) -> Mapping[str, bool]:
        """See the port."""
        return self.looks.get(task.stage, {})

    def trace_gaps(self, task: Task) -> Sequence[str]:
        """See the port."""
        return self.gaps.get(task.stage, ())

    def remarks(self) -> Sequence[str]:
        """See the port."""
        return ()


class ExecutorContract:
    """What every executor must do."""

    def task(
        self,
        executor: Executor,  # noqa: ARG002 - for those that override it
        folder: Path,
        stage: str,
        *,
        exit_code: int = 0,
        says: str = "",
        seconds: float = 0.0,
        timeout_s: float | None = None,
    ) -> Task:
        """A task that says something, sleeps and ends as wanted."""
        command = f"printf %s '{says}'; sleep {seconds}; exit {exit_code}"
        return Task(
            stage=stage,
            cmd=(command,),
            cwd=os.fspath(folder),
            log=os.fspath(folder / "logs" / f"{stage}.log"),
            timeout_s=timeout_s,
        )

    def test_a_stage_that_succeeds(self, executor: Executor, tmp_path: Path) -> None:
        """Is reported once, without a failure."""
        task = self.task(executor, tmp_path, "train", says="epoch 1")
        child = executor.start(task)

        (ended,) = executor.wait(30)

        assert child.stage == ended.stage == "train"
        assert (ended.exit_code, ended.signal, ended.failure) == (0, None, None)
        assert ended.log == task.log
        assert "epoch 1" in Path(task.log).read_text()
        assert not executor.wait(0)

    def test_what_is_expected_does_not_run(self, executor: Executor, tmp_path: Path) -> None:
        """Nothing is reported of it, and it can be started, or another one can, or none."""
        expected = self.task(executor, tmp_path, "train", says="epoch 1")
        executor.expect(expected)
        executor.expect(self.task(executor, tmp_path / "nowhere", "other"))

        before = executor.wait(0)
        executor.start(expected)
        (ended,) = executor.wait(30)

        assert not before
        assert (ended.stage, ended.failure) == ("train", None)
        assert Path(expected.log).read_text().count("epoch 1") >= 1
        assert not executor.wait(0)

    def test_a_stage_that_fails(self, executor: Executor, tmp_path: Path) -> None:
        """Is reported with its exit code, in words, too."""
        executor.start(self.task(executor, tmp_path, "train", exit_code=3))

        (ended,) = executor.wait(30)

        assert (ended.exit_code, ended.failure) == (3, Failure.EXIT_CODE)
        assert "exit code 3" in ended.detail

    def test_waiting_ends_with_the_time(self, executor: Executor, tmp_path: Path) -> None:
        """Nothing is reported while nothing has ended."""
        executor.start(self.task(executor, tmp_path, "long", seconds=30))

        assert not executor.wait(0.01)
        executor.stop(grace_s=5)

    def test_stages_run_side_by_side(self, executor: Executor, tmp_path: Path) -> None:
        """Each is reported when it ends, not in the order of the starts."""
        executor.start(self.task(executor, tmp_path, "long", seconds=1))
        executor.start(self.task(executor, tmp_path, "short", seconds=0.1))

        names = [ended.stage for _ in range(2) for ended in executor.wait(30)]

        assert names == ["short", "long"]

    def test_a_stage_past_its_limit_is_ended(self, executor: Executor, tmp_path: Path) -> None:
        """With a failure of its own and the limit in words."""
        executor.start(self.task(executor, tmp_path, "train", seconds=30, timeout_s=0.2))

        (ended,) = executor.wait(20)

        assert ended.failure is Failure.TIMEOUT
        assert "0.2 s (timeout)" in ended.detail
        assert ended.duration_s < 20

    def test_stopped_stages_are_reported(self, executor: Executor, tmp_path: Path) -> None:
        """Only those that were named end; they count as failed by a signal."""
        for stage in ("a", "b"):
            executor.start(self.task(executor, tmp_path, stage, seconds=30))

        executor.stop(["a"], grace_s=5)
        (ended,) = executor.wait(5)
        executor.stop(grace_s=5)

        assert (ended.stage, ended.failure, ended.detail) == ("a", Failure.SIGNAL, "stopped")
        assert [ended.stage for ended in executor.wait(5)] == ["b"]

    def test_a_stage_may_start_again(self, executor: Executor, tmp_path: Path) -> None:
        """After its end, for a retry."""
        for exit_code in (1, 0):
            executor.start(self.task(executor, tmp_path, "train", exit_code=exit_code))
            (ended,) = executor.wait(30)

            assert ended.exit_code == exit_code

    def test_a_stage_that_was_not_traced(self, executor: Executor, tmp_path: Path) -> None:
        """Has no observed files, which is not the same as none."""
        task = self.task(executor, tmp_path, "train")
        executor.start(task)
        executor.wait(30)

        assert executor.observed(task) is None
        assert dict(executor.looked_up(task)) == {}
        assert tuple(executor.trace_gaps(task)) == ()

    def test_processes_of_another_boot_are_left_alone(self, executor: Executor) -> None:
        """Their numbers belong to somebody else now."""
        child = ChildProcess(stage="x", pgid=os.getpid(), started_ticks=0, boot_id="another")

        assert not executor.kill_leftover(child)
        assert not executor.kill_started_by(child.pgid, child.started_ticks, child.boot_id)
