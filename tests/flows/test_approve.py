"""Who lets an open verdict pass, on a project in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.flows.runs_with_predictions import NAMED, RULE, bench_with, scores
from tests.flows.test_compared import two

from branchline.core.effects.model_outputs import registers
from branchline.core.effects.registering import stage_for
from branchline.core.policy import Gate, OnInconclusive, Policy
from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.values import Outcome
from branchline.core.verdict.standing import Standing
from branchline.errors import RecordError
from branchline.flows.approve import approval_of, approve
from branchline.flows.checks import ended_check
from branchline.flows.history import History

if TYPE_CHECKING:
    from tests.flows.conftest import Bench
    from tests.flows.runs_with_predictions import Make


@pytest.fixture
def bench(make_bench: Make) -> Bench:
    made = bench_with(make_bench, "p.csv", on_inconclusive=OnInconclusive.APPROVE)
    made.repo.who = "Ada <ada@example.org>"
    return made


def test_an_open_run_is_approved_once(bench: Bench) -> None:
    record = two(bench, scores(120, seed=2), scores(100)).record
    project = bench.project()
    view = History(project.records, project.repo).find(record)

    first, is_first = approve(project, view, reason=" looked at it ")
    again, is_second = approve(project, view, reason="me too")

    assert (first.run, first.by, first.reason) == (record, "Ada <ada@example.org>", "looked at it")
    assert (is_first, is_second) == (True, False)
    assert again == first == approval_of(project, record)
    finished = bench.run().finished
    assert finished is not None
    assert finished.is_approved


def test_a_run_that_is_not_open_is_not_approved(bench: Bench) -> None:
    record = two(bench, scores(200), scores(100)).record
    project = bench.project()
    view = History(project.records, project.repo).find(record)

    with pytest.raises(RecordError, match="its verdict is failed"):
        approve(project, view)

    assert approval_of(project, record) is None


def test_where_open_runs_do_not_wait_nobody_approves(bench: Bench) -> None:
    bench.allow(gate=Gate(metrics=(RULE,), data=("eval.csv",), predictions=NAMED))
    record = two(bench, scores(120, seed=2), scores(100)).record
    project = bench.project()
    view = History(project.records, project.repo).find(record)

    with pytest.raises(RecordError, match="on_inconclusive` is warn"):
        approve(project, view)


def test_a_person_without_a_name_does_not_approve(bench: Bench) -> None:
    bench.repo.who = ""
    record = two(bench, scores(120, seed=2), scores(100)).record
    project = bench.project()

    with pytest.raises(RecordError, match="git does not know who you are"):
        approve(project, History(project.records, project.repo).find(record))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"run": "other", "by": "x", "at": "y"}'])
def test_a_broken_approval_approves_nothing(bench: Bench, content: bytes) -> None:
    bench.records.add_approval("abc", content)

    with pytest.raises(RecordError):
        approval_of(bench.project(), "abc")


POLICY = Policy(model="m", gate=Gate(metrics=(RULE,)))


@pytest.mark.parametrize(
    ("outcome", "lets_on", "registered"),
    [
        (Outcome.PASSED, True, True),
        (Outcome.UNKNOWN, True, True),
        (Outcome.UNKNOWN, False, False),
        (Outcome.FAILED, True, False),
    ],
)
def test_what_goes_on_is_registered_and_gets_the_open_stage(
    outcome: Outcome, lets_on: bool, registered: bool
) -> None:
    assert registers(outcome, POLICY, lets_on=lets_on) is registered
    stage = stage_for(POLICY, ("register", "deploy"), outcome, lets_on=lets_on)
    assert stage == ("staging" if registered else "")


@pytest.mark.parametrize(
    ("standing", "state"),
    [
        (Standing.WARNED, "neutral"),
        (Standing.WAITS, "waiting"),
        (Standing.APPROVED, "passed"),
        (Standing.STOPS, "unknown"),
    ],
)
def test_what_a_check_says_of_an_open_verdict(standing: Standing, state: str) -> None:
    job = QueuedJob(
        job=1,
        state=JobState.SUCCEEDED,
        asked=NewJob(kind="train", trigger="push", branch="main", commit="c", model="m"),
    )

    check = ended_check(job, JobState.SUCCEEDED, verdict="unknown", standing=standing)

    assert check.state == state
