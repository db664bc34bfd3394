"""Flows of `queue`, `cancel` and `retry`: what people see of the jobs of a box, and ask of them."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState
from branchline.errors import UnknownNameError
from branchline.flows.apply import outbox_rows
from branchline.flows.checks import ended_check, pending_check
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.jobs import QueuedJob
    from branchline.ports.queue import PendingEffect, Queue

OPEN = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)
MOST_SHOWN = 200
_MOST_EFFECTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """What stands in the queue of a box.

    Attributes:
        jobs: Newest first. effects: What the world has not got yet, oldest first.
    """

    jobs: tuple[QueuedJob, ...]
    effects: tuple[PendingEffect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A job that was asked to stop; `state` is RUNNING until its worker has seen it."""

    job: int
    branch: str
    state: JobState


def look(queue: Queue, *, is_all: bool) -> QueueView:
    """The jobs that have not ended, or the newest of all, and the effects that are pending."""
    query = QueueQuery(limit=MOST_SHOWN) if is_all else QueueQuery(states=OPEN, limit=0)
    return QueueView(
        jobs=tuple(queue.jobs(query)),
        effects=tuple(queue.due_effects(at=math.inf, limit=_MOST_EFFECTS)),
    )


def cancel(queue: Queue, target: str, *, by: str, at: float) -> Sequence[Cancelled]:
    """Stop a job by its number, or all jobs of a branch that have not ended.

    Args:
        queue: Of the box.
        target: `12`, `#12` or a branch.
        by: Who asks.
        at: Now.

    Raises:
        UnknownNameError: There is no such job, or it has ended.
    """
    number = job_number(target)
    reason = f"{by or 'somebody'} cancelled it"
    if number is None:
        return _cancel_branch(queue, target, reason, at)
    job = find(queue, number)
    if job.state.is_end:
        raise _has_ended(job)
    state = cancel_one(queue, job, reason=reason, at=at)
    return [Cancelled(job=number, branch=job.asked.branch, state=state or job.state)]


def retry(queue: Queue, target: str, *, by: str, at: float) -> QueuedJob:
    """Queue an ended job again; the new one.

    Args:
        queue: Of the box.
        target: `12` or `#12`.
        by: Who asks.
        at: Now.

    Raises:
        UnknownNameError: There is no such job, it has not ended, or it had nothing to do.
    """
    number = job_number(target)
    if number is None:
        raise UnknownNameError(
            f"{target!a} is no number of a job", todo="See them: branchline queue --all"
        )
    job = find(queue, number)
    if job.state is JobState.SKIPPED:
        raise UnknownNameError(
            f"job {number} had nothing to do, and neither would another: {job.asked.reason}",
            todo="To train its commit all the same, push it with `-o train=force` to a branch that"
            " trains, e.g. `train/again`.",
        )
    again = retry_one(queue, number, by=by, at=at)
    if again is None:
        raise UnknownNameError(
            f"job {number} on {job.asked.branch} has not ended, it is {job.state.value}",
            todo=f"Stop it first: branchline cancel {number}",
        )
    return again


def retry_one(queue: Queue, number: int, *, by: str, at: float) -> QueuedJob | None:
    """Queue a job again, and tell its commit; None when it has not ended or is not there."""
    new = queue.retry(number, pusher=by, at=at)
    if new is None:
        return None
    again = find(queue, new)
    if again.asked.commit:
        told = pending_check(new, again.asked)
        queue.add_effects(outbox_rows([told]), job=None, at=at)
    return again


def job_number(target: str) -> int | None:
    """`12` and `#12` as a number; None for anything else.

    >>> [job_number(text) for text in ("12", "#12", "main", "1²", "0", "9" * 30)]
    [12, 12, None, None, None, None]
    """
    digits = target.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        return None
    return int(digits) or None


def find(queue: Queue, number: int) -> QueuedJob:
    """One job.

    Raises:
        UnknownNameError: There is no such job.
    """
    job = queue.job(number)
    if job is None:
        raise UnknownNameError(f"there is no job {number}", todo="See them: branchline queue --all")
    return job


def _cancel_branch(queue: Queue, branch: str, reason: str, at: float) -> Sequence[Cancelled]:
    jobs = queue.jobs(QueueQuery(states=OPEN, branch=branch, limit=0))
    if not jobs:
        others = {job.asked.branch for job in queue.jobs(QueueQuery(states=OPEN, limit=0))}
        near = difflib.get_close_matches(branch, sorted(others), n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UnknownNameError(
            f"no job of the branch {branch!a} waits or runs", todo=f"{hint}See: branchline queue"
        )
    stopped = []
    for job in sorted(jobs, key=lambda job: job.job, reverse=True):  # none starts in between
        state = cancel_one(queue, job, reason=reason, at=at)
        if state in (JobState.CANCELLED, JobState.RUNNING):  # others have ended meanwhile
            stopped.append(Cancelled(job=job.job, branch=branch, state=state))
    return stopped


def cancel_one(queue: Queue, job: QueuedJob, *, reason: str, at: float) -> JobState | None:
    """Cancel a job; of one that never starts nobody else tells its commit.

    Returns:
        Its state now; RUNNING when it was asked to stop.
    """
    state = queue.cancel(job.job, reason=reason, at=at)
    if state is JobState.CANCELLED and job.asked.commit:
        told = ended_check(job, state, summary=reason)
        queue.add_effects(outbox_rows([told]), job=job.job, at=at)
    return state


def _has_ended(job: QueuedJob) -> UnknownNameError:
    return UnknownNameError(
        f"job {job.job} on {job.asked.branch} has ended already, it is {job.state.value}",
        todo=f"Run it again: branchline retry {job.job}",
    )
