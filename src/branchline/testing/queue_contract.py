"""Port `queue`: what every implementation must do.

To check an implementation, inherit `QueueContract` in a test module and give it a fixture `queue`
that returns an empty one.
"""

# ruff: noqa: S101, D102 - a contract suite is made of assertions, and its names say what they show

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.run.values import Need
from branchline.ports.queue import Queue, QueueQuery
from branchline.testing.queue_endings import EffectContract, EndContract, KeyContract
from branchline.testing.queue_jobs import (
    AT,
    COMMIT,
    DONE,
    OTHER,
    asked,
    oldest,
    stood,
    taken,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class EnqueueContract:
    """Jobs come in, once, and newer ones take the place of older ones."""

    def test_an_empty_queue_answers_nothing(self, queue: Queue) -> None:
        assert list(queue.jobs(QueueQuery())) == []
        assert queue.job(1) is None
        assert queue.job(10**30) is None
        assert queue.heads() == {}
        assert queue.claim("w1", oldest, lease_s=1, at=AT) is None
        assert list(queue.expire(at=AT)) == []
        assert list(queue.due_effects(at=math.inf)) == []

    def test_what_was_asked_comes_back(self, queue: Queue) -> None:
        job = NewJob(
            kind="tune",
            trigger="push",
            branch="tuning/größe",
            commit=COMMIT,
            old=OTHER,
            model="m",
            pusher="Ada <ada@example.org>",
            rule="tuning/**",
            reason="a\tb\n\u2028\0\udcff",
            force=True,
            pull_request=7,
            latest_wins=False,
            need=Need(cpus=2.5, gpus=1, memory_bytes=3 << 40),
            note="'; DROP TABLE jobs; --",
        )

        numbers = queue.enqueue([job], event="e", at=AT)

        assert list(numbers) == [1]
        assert queue.job(1) == QueuedJob(job=1, asked=job, state=JobState.QUEUED, queued_at=AT)

    def test_an_event_counts_once(self, queue: Queue) -> None:
        first = queue.enqueue([asked("a"), asked("b")], event="e1", at=AT)
        queue.enqueue([asked("c")], event="e2", at=AT)

        again = queue.enqueue([asked("a"), asked("b")], event="e1", at=AT + 9)

        assert list(first) == list(again) == [1, 2]
        assert [job.job for job in queue.jobs(QueueQuery())] == [3, 2, 1]

    def test_an_event_without_jobs_counts_too(self, queue: Queue) -> None:
        assert list(queue.enqueue([], event="e1", at=AT)) == []
        assert list(queue.enqueue([asked()], event="e1", at=AT)) == []

    def test_a_skip_has_ended_at_once_with_its_reason(self, queue: Queue) -> None:
        queue.enqueue([asked(is_skip=True, reason="branch docs: nothing")], event="e", at=AT)

        job = stood(queue, 1)
        assert (job.state, job.detail, job.ended_at) == (
            JobState.SKIPPED,
            "branch docs: nothing",
            AT,
        )
        assert queue.claim("w1", oldest, lease_s=1, at=AT) is None

    def test_a_newer_job_takes_the_place_of_a_queued_one(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e1", at=AT)
        queue.enqueue([asked(commit=OTHER)], event="e2", at=AT + 5)

        old = stood(queue, 1)
        assert (old.state, old.ended_at) == (JobState.SUPERSEDED, AT + 5)
        assert "job 2" in old.detail
        assert stood(queue, 2).state is JobState.QUEUED

    def test_a_newer_job_asks_a_running_one_to_stop(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e1", at=AT)
        taken(queue)
        queue.enqueue([asked(commit=OTHER)], event="e2", at=AT + 5)

        assert stood(queue, 1).state is JobState.RUNNING
        why = queue.beat(1, "w1", lease_s=30, at=AT + 6)
        assert why is not None
        assert "job 2" in why

    def test_others_are_left_alone_by_a_newer_job(self, queue: Queue) -> None:
        queue.enqueue(
            [
                asked(latest_wins=False),
                asked(model="other"),
                asked(kind="tune"),
                asked("feature/y"),
            ],
            event="e1",
            at=AT,
        )
        queue.enqueue([asked(commit=OTHER)], event="e2", at=AT)
        queue.enqueue([asked(commit=OTHER, is_skip=True)], event="e3", at=AT)

        queued = queue.jobs(QueueQuery(states=(JobState.QUEUED,)))
        assert [job.job for job in queued] == [5, 4, 3, 2, 1]

    def test_an_event_tells_its_jobs(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b", is_skip=True)], event="e1", at=AT)
        queue.enqueue([], event="e2", at=AT)

        assert list(queue.event("e1") or ()) == [1, 2]
        assert queue.event("e2") is not None
        assert not queue.event("e2")
        assert queue.event("e3") is None

    def test_heads_tell_what_was_enqueued_or_skipped_last(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b")], event="e1", at=AT)
        queue.enqueue([asked("a", commit=OTHER, is_skip=True)], event="e2", at=AT)
        queue.cancel(2, reason="no", at=AT)
        queue.enqueue([asked("b", commit=OTHER)], event="e3", at=AT)
        queue.retry(2, pusher="Bo", at=AT)

        assert queue.heads() == {"a": OTHER, "b": OTHER}

    def test_what_comes_late_is_not_what_a_branch_holds(self, queue: Queue) -> None:
        queue.enqueue([asked("a", commit=OTHER)], event="newer", at=AT)
        queue.enqueue([asked("a", commit=COMMIT, is_late=True, is_skip=True)], event="o", at=AT)

        assert queue.heads() == {"a": OTHER}
        assert stood(queue, 2).asked.is_late

    def test_jobs_are_found_by_what_they_are_about(self, queue: Queue) -> None:
        queue.enqueue(
            [asked("a", pull_request=4), asked("b", commit=OTHER), asked("c")], event="e", at=AT
        )
        queue.cancel(3, reason="no", at=AT)

        def found(query: QueueQuery) -> list[int]:
            return [job.job for job in queue.jobs(query)]

        assert found(QueueQuery(branch="a")) == [1]
        assert found(QueueQuery(commit=OTHER)) == [2]
        assert found(QueueQuery(pull_request=4)) == [1]
        assert found(QueueQuery(states=(JobState.CANCELLED, JobState.RUNNING))) == [3]
        assert found(QueueQuery(limit=2)) == [3, 2]
        assert found(QueueQuery(limit=0)) == [3, 2, 1]
        assert found(QueueQuery(branch="a' OR '1'='1")) == []


class LeaseContract:
    """One worker holds a job at a time, and a dead one loses it."""

    def test_a_job_is_taken_once(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)

        job = taken(queue)

        assert (job.state, job.worker, job.attempt) == (JobState.RUNNING, "w1", 1)
        assert (job.started_at, job.lease_until) == (AT, AT + 30)
        assert queue.claim("w2", oldest, lease_s=30, at=AT) is None

    def test_the_choice_is_the_callers(self, queue: Queue) -> None:
        queue.enqueue([asked(name) for name in "abc"], event="e", at=AT)
        shown: list[tuple[list[int], list[int]]] = []

        def second(queued: Sequence[QueuedJob], started: Sequence[QueuedJob]) -> int | None:
            shown.append(([job.job for job in queued], [job.job for job in started]))
            return queued[1].job if len(queued) > 1 else None

        first = queue.claim("w1", second, lease_s=30, at=AT)
        assert first is not None
        queue.end(first.job, "w1", DONE, at=AT)
        queue.claim("w2", second, lease_s=30, at=AT)

        assert queue.claim("w3", second, lease_s=30, at=AT) is None
        assert shown == [([1, 2, 3], []), ([1, 3], [2]), ([1], [2, 3])]

    def test_a_heartbeat_renews_the_lease_and_notes_the_station(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)
        taken(queue)

        assert queue.beat(1, "w1", lease_s=30, at=AT + 20, station="plan") == ""
        assert queue.beat(1, "w1", lease_s=30, at=AT + 25) == ""

        assert stood(queue, 1).station == "plan"
        assert stood(queue, 1).lease_until == AT + 55
        assert list(queue.expire(at=AT + 54)) == []

    def test_who_does_not_hold_a_job_can_do_nothing_to_it(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)

        assert queue.beat(1, "w1", lease_s=30, at=AT) is None
        assert queue.beat(9, "w1", lease_s=30, at=AT) is None
        assert queue.end(1, "w1", DONE, at=AT, effects=[("i", "{}")]) is False
        assert queue.hold_key(1, "w1", "k") == 1
        taken(queue)
        assert queue.beat(1, "w2", lease_s=30, at=AT) is None
        assert queue.end(1, "w2", DONE, at=AT, effects=[("i", "{}")]) is False
        assert queue.hold_key(1, "w2", "k") == 1

        assert stood(queue, 1).state is JobState.RUNNING
        assert stood(queue, 1).key == ""
        assert list(queue.due_effects(at=math.inf)) == []

    def test_a_dead_workers_job_is_queued_again_and_it_cannot_come_back(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)
        taken(queue)
        queue.hold_key(1, "w1", "k")

        (changed,) = queue.expire(at=AT + 31)

        assert (changed.state, changed.worker, changed.key) == (JobState.QUEUED, "", "")
        assert queue.beat(1, "w1", lease_s=30, at=AT + 32) is None
        assert taken(queue, "w2", at=AT + 33).attempt == 2
        assert queue.end(1, "w1", DONE, at=AT + 34) is False

    def test_a_job_over_which_workers_die_is_lost(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)
        states = []
        for attempt in range(1, 4):
            taken(queue, at=AT + 100 * attempt)
            states += [job.state for job in queue.expire(at=AT + 100 * attempt + 31)]

        assert states == [JobState.QUEUED, JobState.QUEUED, JobState.LOST]
        assert "ended 3 times" in stood(queue, 1).detail
        assert queue.claim("w2", oldest, lease_s=1, at=AT + 999) is None

    def test_waiting_for_another_is_no_death(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b")], event="e", at=AT)
        for turn in range(4):
            at = AT + turn
            taken(queue, "w1", at=at)
            queue.hold_key(1, "w1", "k")
            taken(queue, "w2", at=at)
            assert queue.hold_key(2, "w2", "k") == 1
            queue.expire(at=at + 31, max_attempts=99)
        queue.cancel(1, reason="no", at=AT)
        taken(queue, "w3", at=AT + 50)

        (changed,) = queue.expire(at=AT + 90)

        assert (changed.job, changed.state) == (2, JobState.QUEUED)

    def test_a_dead_workers_job_that_was_to_stop_has_stopped(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b")], event="e1", at=AT)
        taken(queue)
        taken(queue)
        queue.cancel(1, reason="Ada cancelled it", at=AT)
        queue.enqueue([asked("b", commit=OTHER)], event="e2", at=AT)

        changed = queue.expire(at=AT + 31)

        assert [job.state for job in changed] == [JobState.CANCELLED, JobState.SUPERSEDED]
        assert changed[0].detail == "Ada cancelled it"
        assert changed[1].ended_at == AT + 31


class QueueContract(EnqueueContract, LeaseContract, EndContract, KeyContract, EffectContract):
    """All of it."""
