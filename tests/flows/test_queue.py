"""What people see of the jobs of a box, and ask of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.core.run.jobs import JobState, NewJob
from branchline.errors import UnknownNameError
from branchline.flows.queue import Cancelled, cancel, look, retry
from branchline.ports.queue import Ending
from branchline.testing.queue import FakeQueue
from branchline.testing.queue_jobs import oldest

JOB = NewJob(kind="train", trigger="push", branch="feature/x", commit="c" * 40, latest_wins=False)


@pytest.fixture
def queue() -> FakeQueue:
    """Job 1 has ended, 2 runs, 3 and 4 wait; 4 on another branch. One effect is pending."""
    queue = FakeQueue()
    branches = ["feature/x", "feature/x", "feature/x", "main"]
    queue.enqueue([replace(JOB, branch=branch) for branch in branches], event="e", at=1.0)
    queue.claim("w", oldest, lease_s=30, at=2.0)
    queue.end(1, "w", Ending(state=JobState.FAILED), at=3.0, effects=[("i", "{}")])
    queue.claim("w", oldest, lease_s=30, at=4.0)
    return queue


def test_what_has_ended_is_shown_when_asked_for(queue: FakeQueue) -> None:
    assert [job.job for job in look(queue, is_all=False).jobs] == [4, 3, 2]
    assert [job.job for job in look(queue, is_all=True).jobs] == [4, 3, 2, 1]
    assert [effect.identity for effect in look(queue, is_all=False).effects] == ["i"]


@pytest.mark.parametrize("target", ["4", "#4"])
def test_a_job_is_cancelled_by_its_number(queue: FakeQueue, target: str) -> None:
    stopped = cancel(queue, target, by="Ada", at=5.0)

    assert stopped == [Cancelled(job=4, branch="main", state=JobState.CANCELLED)]
    assert queue.all[4].detail == "Ada cancelled it"
    (said,) = [effect for effect in queue.due_effects(at=9.0) if effect.identity != "i"]
    assert said.identity == f"check:{JOB.commit}:branchline:4:unknown", "no longer pending"
    assert queue.all[3].state is JobState.QUEUED


def test_all_jobs_of_a_branch_are_cancelled_the_waiting_ones_first(queue: FakeQueue) -> None:
    stopped = cancel(queue, "feature/x", by="", at=5.0)

    assert [(one.job, one.state) for one in stopped] == [
        (3, JobState.CANCELLED),
        (2, JobState.RUNNING),
    ]
    assert queue.all[2].cancel == "somebody cancelled it"
    assert queue.all[4].state is JobState.QUEUED


def test_a_commit_is_told_that_its_job_never_starts_and_is_asked_for_again(
    queue: FakeQueue,
) -> None:
    cancel(queue, "feature/x", by="Ada", at=5.0)
    new = retry(queue, "3", by="Ada", at=6.0)

    told = [effect.identity for effect in queue.due_effects(at=7.0)][1:]

    name = f"check:{'c' * 40}:branchline"
    assert told == [f"{name}:3:unknown", f"{name}:{new.job}:pending"], "job 2 runs and tells itself"


@pytest.mark.parametrize(
    ("target", "says", "todo"),
    [
        pytest.param("9", "no job 9", "queue --all", id="a-number-that-is-not-there"),
        pytest.param("1", "has ended already, it is failed", "retry 1", id="one-that-has-ended"),
        pytest.param("feature/y", "'feature/y' waits or runs", "feature/x?", id="a-near-branch"),
        pytest.param("zzz\x1b[2J", r"'zzz\\x1b", "branchline queue", id="a-hostile-branch"),
    ],
)
def test_what_cannot_be_cancelled_is_named(
    queue: FakeQueue, target: str, says: str, todo: str
) -> None:
    with pytest.raises(UnknownNameError, match=says) as caught:
        cancel(queue, target, by="Ada", at=5.0)

    assert todo in caught.value.todo


def test_a_job_that_ended_is_queued_again(queue: FakeQueue) -> None:
    job = retry(queue, "#1", by="Bo", at=5.0)

    assert (job.job, job.state, job.asked.pusher) == (5, JobState.QUEUED, "Bo")
    assert (job.asked.branch, job.asked.commit) == ("feature/x", "c" * 40)


@pytest.mark.parametrize(
    ("target", "says", "todo"),
    [
        pytest.param("main", "no number", "queue --all", id="a-branch"),
        pytest.param("9", "no job 9", "queue --all", id="a-number-that-is-not-there"),
        pytest.param("2", "has not ended, it is running", "cancel 2", id="one-that-runs"),
    ],
)
def test_what_cannot_be_retried_is_named(
    queue: FakeQueue, target: str, says: str, todo: str
) -> None:
    with pytest.raises(UnknownNameError, match=says) as caught:
        retry(queue, target, by="Ada", at=5.0)

    assert todo in caught.value.todo


def test_what_had_nothing_to_do_is_not_done_again(queue: FakeQueue) -> None:
    queue.enqueue(
        [replace(JOB, branch="docs/x", is_skip=True, reason="no rule matches `docs/x`")],
        event="f",
        at=5.0,
    )

    with pytest.raises(UnknownNameError, match="no rule matches `docs/x`") as caught:
        retry(queue, "5", by="Ada", at=6.0)

    assert caught.value.todo is not None
    assert "-o train=force" in caught.value.todo
