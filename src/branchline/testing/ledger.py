"""Port `ledger`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `LedgerContract` in a test module and give it a fixture
`ledger` that returns an empty one.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.values import Observed, Produced, Result
from branchline.core.run import Ended
from branchline.ports.ledger import ActiveRun, ChildProcess, Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = "2026-01-01T00:00:00Z"


@dataclass(slots=True)
class _Run:
    """One run in memory."""

    label: str
    started_at: str
    stages: dict[str, str]
    children: dict[str, ChildProcess] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    state: str = "running"
    record: str = ""


class FakeLedger(Ledger):
    """A ledger in memory; its engine lives until a test says `ledger.engine_is_alive = False`."""

    def __init__(self) -> None:
        self.runs: dict[int, _Run] = {}
        self.results: list[Result] = []
        self.engine_is_alive = True

    def begin(self, *, label: str, stages: Sequence[str], started_at: str) -> int:
        """See the port."""
        number = len(self.runs) + 1
        self.runs[number] = _Run(label, started_at, dict.fromkeys(stages, "queued"))
        return number

    def stage_started(self, run: int, child: ChildProcess, *, log: str, at: str) -> None:  # noqa: ARG002 - the port's shape
        """See the port."""
        noted = self.runs[run]
        noted.stages[child.stage] = "running"
        noted.children[child.stage] = child
        noted.logs[child.stage] = log

    def stage_ended(
        self,
        run: int,
        stage: str,
        state: str,
        *,
        ended: Ended | None,
        result: Result | None,
        at: str,  # noqa: ARG002 - the port's shape
    ) -> None:
        """See the port."""
        noted = self.runs[run]
        noted.stages[stage] = state
        noted.children.pop(stage, None)
        if ended is not None and ended.log:
            noted.logs[stage] = ended.log
        if result is not None:
            self.results.append(result)

    def end(self, run: int, state: str, *, at: str, record: str = "") -> None:  # noqa: ARG002 - the port's shape
        """See the port."""
        self.runs[run].state, self.runs[run].record = state, record

    def active(self) -> Sequence[ActiveRun]:
        """See the port."""
        return [
            ActiveRun(
                run=number,
                pid=1,
                started_at=run.started_at,
                label=run.label,
                stages=dict(run.stages),
                children=tuple(run.children.values()),
                is_alive=self.engine_is_alive,
            )
            for number, run in self.runs.items()
            if run.state == "running"
        ]

    def unsettled(self) -> Sequence[Result]:
        """See the port."""
        return tuple(self.results)

    def settled(self, results: Sequence[Result]) -> None:
        """See the port."""
        gone = {(r.stage, r.key, r.observed) for r in results}
        self.results = [r for r in self.results if (r.stage, r.key, r.observed) not in gone]

    def logs(
        self, *, stage: str | None = None, record: str | None = None
    ) -> Sequence[tuple[str, str]]:
        """See the port."""
        return [
            pair
            for _, run in sorted(self.runs.items(), reverse=True)
            for pair in run.logs.items()
            if stage in (None, pair[0]) and record in (None, run.record)
        ]

    def state_files(self) -> Sequence[str]:
        """See the port."""
        return ()


def ledger_result(key: str, *, stage: str = "train", observed: Sequence[str] = ()) -> Result:
    """A small result, for tests."""
    out = Produced(path="m.pkl", spelled="m.pkl", content=Content(md5="0" * 32, size_bytes=1))
    return Result(
        key=key,
        stage=stage,
        observed=tuple(Observed(path=path, digest="d") for path in observed),
        inputs=(),
        outs=(out,),
        entry=LockEntry(cmd="true"),
    )


def child_of(stage: str) -> ChildProcess:
    """A process group that need not exist, for tests."""
    return ChildProcess(stage=stage, pgid=4242, started_ticks=7, boot_id="b", mark="1.7.1")


class LedgerContract:
    """What every ledger must do."""

    def test_an_empty_ledger_knows_nothing(self, ledger: Ledger) -> None:
        """Nothing runs, nothing waits, no logs."""
        assert list(ledger.active()) == []
        assert list(ledger.unsettled()) == []
        assert list(ledger.logs()) == []

    def test_a_run_is_active_from_its_begin_to_its_end(self, ledger: Ledger) -> None:
        """Its engine is alive, its stages are queued, in the order given."""
        run = ledger.begin(label="abc1234", stages=["b", "a"], started_at=AT)

        (active,) = ledger.active()
        assert (active.run, active.label, active.started_at) == (run, "abc1234", AT)
        assert list(active.stages.items()) == [("b", "queued"), ("a", "queued")]
        assert active.is_alive
        ledger.end(run, "succeeded", at=AT, record="abc1234")
        assert list(ledger.active()) == []

    def test_numbers_grow_and_are_not_used_again(self, ledger: Ledger) -> None:
        """Also when the run before has ended."""
        first = ledger.begin(label="a", stages=[], started_at=AT)
        ledger.end(first, "failed", at=AT)

        assert ledger.begin(label="a", stages=[], started_at=AT) > first >= 1

    def test_running_stages_have_their_process(self, ledger: Ledger) -> None:
        """From their start to their end."""
        run = ledger.begin(label="a", stages=["train", "eval"], started_at=AT)
        ledger.stage_started(run, child_of("train"), log="/l/train.log", at=AT)

        assert ledger.active()[0].children == (child_of("train"),)
        assert ledger.active()[0].stages["train"] == "running"
        ledger.stage_ended(run, "train", "failed", ended=None, result=None, at=AT)
        assert ledger.active()[0].children == ()
        assert ledger.active()[0].stages["train"] == "failed"

    def test_a_stage_may_start_again_after_a_failure(self, ledger: Ledger) -> None:
        """A retry stands in the place of the first attempt."""
        run = ledger.begin(label="a", stages=["train"], started_at=AT)
        ledger.stage_started(run, child_of("train"), log="/l/1", at=AT)
        ledger.stage_ended(run, "train", "queued", ended=None, result=None, at=AT)
        ledger.stage_started(run, child_of("train"), log="/l/2", at=AT)

        assert ledger.active()[0].children == (child_of("train"),)
        assert list(ledger.logs()) == [("train", "/l/2")]

    def test_results_wait_until_they_are_settled(self, ledger: Ledger) -> None:
        """Oldest first; key, observed files and stage tell them apart; twice is once."""
        results = [
            ledger_result("k1"),
            ledger_result("k1", observed=["a"]),
            ledger_result("k1", stage="eval"),
            ledger_result("k2"),
        ]
        run = ledger.begin(label="a", stages=[], started_at=AT)
        for result in results:
            ledger.stage_ended(run, result.stage, "succeeded", ended=None, result=result, at=AT)
        ledger.end(run, "lost", at=AT)

        assert list(ledger.unsettled()) == results
        ledger.settled([results[0], results[3]])
        ledger.settled([results[0]])
        assert list(ledger.unsettled()) == results[1:3]

    def test_logs_are_narrowed_by_stage_and_record(self, ledger: Ledger) -> None:
        """Newest run first, within a run in the order of the plan."""
        for number, record in ((1, "aaa"), (2, "bbb")):
            run = ledger.begin(label="x", stages=["prepare", "train"], started_at=AT)
            for stage in ("prepare", "train"):
                log = f"/l/{stage}-{number}"
                ledger.stage_started(run, child_of(stage), log=log, at=AT)
                ended = Ended(stage=stage, exit_code=0, log=log)
                ledger.stage_ended(run, stage, "succeeded", ended=ended, result=None, at=AT)
            ledger.end(run, "succeeded", at=AT, record=record)

        assert list(ledger.logs(record="aaa")) == [
            ("prepare", "/l/prepare-1"),
            ("train", "/l/train-1"),
        ]
        assert [log for _, log in ledger.logs(stage="train")] == ["/l/train-2", "/l/train-1"]
        assert [log for _, log in ledger.logs()][:2] == ["/l/prepare-2", "/l/train-2"]
        assert list(ledger.logs(stage="train", record="ccc")) == []
