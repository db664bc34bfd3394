"""Port `queue`: what every implementation must do about ends, keys and effects.

Inherited by `queue_contract.QueueContract`.
"""

# ruff: noqa: S101, D102 - a contract suite is made of assertions, and its names say what they show

from __future__ import annotations

import math

from branchline.core.run.jobs import JobState
from branchline.core.run.values import Need
from branchline.ports.queue import Ending, Queue
from branchline.testing.queue_jobs import (
    AT,
    COMMIT,
    DONE,
    OTHER,
    asked,
    identities,
    oldest,
    stood,
    taken,
)


class EndContract:
    """Jobs end once, by whoever holds them or by a person."""

    def test_a_job_ends_with_its_effects(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)
        taken(queue)

        assert queue.end(1, "w1", DONE, at=AT + 9, effects=[("i1", "{}"), ("i2", "[]")])

        job = stood(queue, 1)
        assert (job.state, job.run, job.outcome, job.detail, job.ended_at) == (
            JobState.SUCCEEDED,
            DONE.run,
            "passed",
            "fine",
            AT + 9,
        )
        assert identities(queue.due_effects(at=AT + 9)) == ["i1", "i2"]
        assert queue.beat(1, "w1", lease_s=30, at=AT + 10) is None

    def test_the_same_end_again_is_the_end_that_is_there(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)
        taken(queue)
        queue.end(1, "w1", DONE, at=AT + 9, effects=[("i1", "{}")])

        again = queue.end(1, "w1", DONE, at=AT + 10, effects=[("i2", "{}")])
        other = queue.end(1, "w1", Ending(state=JobState.FAILED), at=AT + 10)

        assert (again, other) == (True, False)
        assert stood(queue, 1).ended_at == AT + 9
        assert identities(queue.due_effects(at=math.inf)) == ["i1"]

    def test_a_queued_job_is_cancelled_at_once(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)

        assert queue.cancel(1, reason="Ada cancelled it", at=AT + 1) is JobState.CANCELLED

        job = stood(queue, 1)
        assert (job.detail, job.ended_at) == ("Ada cancelled it", AT + 1)
        assert queue.claim("w1", oldest, lease_s=1, at=AT) is None

    def test_a_running_job_is_asked_to_stop_and_keeps_the_first_reason(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)
        taken(queue)

        assert queue.cancel(1, reason="first", at=AT) is JobState.RUNNING
        assert queue.cancel(1, reason="second", at=AT) is JobState.RUNNING

        assert queue.beat(1, "w1", lease_s=30, at=AT) == "first"
        assert queue.end(1, "w1", Ending(state=JobState.CANCELLED), at=AT)

    def test_what_ended_stays_as_it_is(self, queue: Queue) -> None:
        queue.enqueue([asked()], event="e", at=AT)
        taken(queue)
        queue.end(1, "w1", DONE, at=AT)

        assert queue.cancel(1, reason="late", at=AT + 1) is JobState.SUCCEEDED
        assert queue.cancel(7, reason="late", at=AT + 1) is None
        assert stood(queue, 1).detail == "fine"

    def test_an_ended_job_is_asked_for_again(self, queue: Queue) -> None:
        queue.enqueue([asked(is_skip=True, pusher="Ada", need=Need(gpus=1))], event="e", at=AT)

        assert queue.retry(1, pusher="Bo", at=AT + 1) == 2

        job = stood(queue, 2)
        assert (job.state, job.asked.pusher, job.asked.trigger) == (
            JobState.QUEUED,
            "Bo",
            "person",
        )
        assert (job.asked.commit, job.asked.need) == (COMMIT, Need(gpus=1))
        assert queue.retry(2, pusher="Bo", at=AT) is None
        assert queue.retry(9, pusher="Bo", at=AT) is None
        assert queue.retry(1, pusher="Bo", at=AT) == 3


class KeyContract:
    """One run for one key."""

    def test_who_comes_second_waits_and_then_goes_on(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b")], event="e", at=AT)
        taken(queue, "w1")
        taken(queue, "w2")

        assert queue.hold_key(1, "w1", "k") is None
        assert queue.hold_key(1, "w1", "k") is None
        assert queue.hold_key(2, "w2", "k") == 1
        assert queue.hold_key(2, "w2", "k") == 1

        waiting = stood(queue, 2)
        assert (waiting.state, waiting.leader, waiting.key) == (JobState.WAITING, 1, "k")
        assert queue.beat(2, "w2", lease_s=30, at=AT) is None
        assert list(queue.expire(at=AT + 1)) == []
        queue.end(1, "w1", DONE, at=AT)
        assert (stood(queue, 2).state, stood(queue, 2).leader) == (JobState.QUEUED, None)
        taken(queue, "w2")
        assert queue.hold_key(2, "w2", "k") is None

    def test_a_job_holds_one_key_at_a_time(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b")], event="e", at=AT)
        taken(queue, "w1")
        taken(queue, "w2")
        queue.hold_key(1, "w1", "k1")
        queue.hold_key(1, "w1", "k2")

        assert queue.hold_key(2, "w2", "k1") is None

    def test_a_follower_goes_on_when_its_leader_dies(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b")], event="e", at=AT)
        taken(queue, "w1")
        taken(queue, "w2")
        queue.hold_key(1, "w1", "k")
        queue.hold_key(2, "w2", "k")

        changed = queue.expire(at=AT + 31)

        assert [(job.job, job.state) for job in changed] == [
            (1, JobState.QUEUED),
            (2, JobState.QUEUED),
        ]

    def test_a_follower_can_be_cancelled_and_superseded(self, queue: Queue) -> None:
        queue.enqueue([asked("a"), asked("b"), asked("c")], event="e", at=AT)
        for number, worker in ((1, "w1"), (2, "w2"), (3, "w3")):
            taken(queue, worker)
            queue.hold_key(number, worker, "k")

        assert queue.cancel(2, reason="no", at=AT) is JobState.CANCELLED
        queue.enqueue([asked("c", commit=OTHER)], event="e2", at=AT)

        assert stood(queue, 3).state is JobState.SUPERSEDED
        queue.end(1, "w1", DONE, at=AT)
        assert stood(queue, 2).state is JobState.CANCELLED
        assert stood(queue, 3).state is JobState.SUPERSEDED


class EffectContract:
    """Effects wait until the world has them."""

    def test_an_effect_counts_once_even_when_it_is_done(self, queue: Queue) -> None:
        queue.add_effects([("i1", '{"a":"é\\u0000"}'), ("i2", "{}"), ("i1", "x")], job=None, at=AT)
        first, second = queue.due_effects(at=AT)
        queue.effect_done(first.effect, at=AT)
        queue.add_effects([("i1", "{}"), ("i3", "{}")], job=4, at=AT)

        assert (first.identity, first.body, first.job) == ("i1", '{"a":"é\\u0000"}', None)
        due = queue.due_effects(at=AT)
        assert identities(due) == ["i2", "i3"]
        assert due[0] == second
        assert due[1].job == 4

    def test_a_failed_effect_is_due_later(self, queue: Queue) -> None:
        queue.add_effects([("i1", "{}"), ("i2", "{}")], job=1, at=AT)
        number = queue.due_effects(at=AT)[0].effect

        queue.effect_failed(number, error="server is down", next_at=AT + 60)

        assert identities(queue.due_effects(at=AT + 59)) == ["i2"]
        again = queue.due_effects(at=AT + 60)[0]
        assert (again.effect, again.tries, again.error) == (number, 1, "server is down")
        assert identities(queue.due_effects(at=math.inf, limit=1)) == ["i1"]
