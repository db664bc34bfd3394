"""Port `queue`: the jobs of one box, from the push that asked for them to their end.

Durable: a job that was accepted ends decided exactly once, whoever is killed. One worker holds a
job at a time, by a lease that it renews. Times are seconds since 1970 (UTC) and are arguments.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from branchline.core.run.jobs import JobState, NewJob, QueuedJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Ending",
    "JobState",
    "NewJob",
    "PendingEffect",
    "Queue",
    "QueueQuery",
    "QueuedJob",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a job ends."""

    state: JobState
    run: str = ""
    outcome: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEffect:
    """An effect that the world has not got yet.

    Attributes:
        effect: Number, from 1. identity: Twice the same is once. job: Who asked for it.
        body: `core.effects` as JSON text. tries: So far. next_at: Not before.
        error: What the last try met.
    """

    effect: int
    identity: str
    job: int | None
    body: str
    tries: int = 0
    next_at: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """Which jobs. Empty fields do not narrow."""

    states: tuple[JobState, ...] = ()
    branch: str = ""
    commit: str = ""
    pull_request: int | None = None
    limit: int = field(default=200)


class Queue(Protocol):
    """The jobs of one box.

    Every method is one transaction; all are safe to call at the same time from several processes
    and threads. Where a connection was lost, a method may be carried out again, and that again
    does nothing.
    """

    @abstractmethod
    def enqueue(self, jobs: Sequence[NewJob], *, event: str, at: float) -> Sequence[int]:
        """Add the jobs of one event (a push of several refs is one event).

        The same `event` again adds nothing and answers with the numbers of the first time. Older
        jobs that these supersede (see `NewJob.latest_wins`) end as SUPERSEDED when they were queued
        or waiting, and get `cancel` when they run.
        """
        ...

    @abstractmethod
    def event(self, event: str) -> Sequence[int] | None:
        """Numbers of the jobs of an event; None when no such event was enqueued."""
        ...

    @abstractmethod
    def claim(
        self,
        worker: str,
        choose: Callable[[Sequence[QueuedJob], Sequence[QueuedJob]], int | None],
        *,
        lease_s: float,
        at: float,
    ) -> QueuedJob | None:
        """Take a job.

        Args:
            worker: Name of who takes it; no other process has or had it.
            choose: From (queued, started) jobs, both oldest first, the number of the one to take;
                None takes none. The started ones are all that are RUNNING or WAITING, and the
                `core.run.queueing.HISTORY` that were started last and have ended, by which turns
                are judged. Pure: `core.run.queueing.next_job` with the capacity bound to it.
            lease_s: How long it is held without a heartbeat.
            at: Now.

        Returns:
            The job, RUNNING, with its attempt raised and no key; None when none was chosen.
        """
        ...

    @abstractmethod
    def beat(
        self, job: int, worker: str, *, lease_s: float, at: float, station: str = ""
    ) -> str | None:
        """Renew a lease and say where the job is; an empty station leaves the one that is noted.

        Returns:
            Why the job shall stop; "" when it may go on; None when this worker does not hold it any
            more (it must stop at once and write nothing).
        """
        ...

    @abstractmethod
    def hold_key(self, job: int, worker: str, key: str) -> int | None:
        """Claim to be the one that makes what a key stands for.

        Returns:
            None when the job holds the key now (and no other that it held before); else the number
            of the running job that holds it, and this job is WAITING for it, its lease gone. The
            job's own number when this worker does not hold the job any more: stop, write nothing.
        """
        ...

    @abstractmethod
    def end(
        self,
        job: int,
        worker: str,
        ending: Ending,
        *,
        at: float,
        effects: Sequence[tuple[str, str]] = (),
    ) -> bool:
        """End a job that this worker holds, with the effects that follow as (identity, body).

        Jobs that waited for it are queued again. An identity that is known adds no effect.

        Returns:
            False when this worker does not hold it any more; then nothing was written. The same
            ending by the same worker again is True and adds nothing.
        """
        ...

    @abstractmethod
    def expire(self, *, at: float, max_attempts: int = 3) -> Sequence[QueuedJob]:
        """Take up jobs whose lease is over.

        They are queued again, or LOST when so many workers died over them; one with `cancel` ends
        as CANCELLED or SUPERSEDED. Waiting jobs without a running leader are queued.

        Returns:
            The jobs that changed, as they are now.
        """
        ...

    @abstractmethod
    def cancel(self, job: int, *, reason: str, at: float) -> JobState | None:
        """Stop a job: queued and waiting ones end at once, a running one is asked to.

        Returns:
            The state after the call; None when there is no such job.
        """
        ...

    @abstractmethod
    def retry(self, job: int, *, pusher: str, at: float) -> int | None:
        """Queue an ended job again as a new one; None when it does not exist or has not ended.

        It asks the same by `pusher`, and is neither a skip nor what `heads` tells. An older job is
        superseded by it as by any other.
        """
        ...

    @abstractmethod
    def jobs(self, query: QueueQuery) -> Sequence[QueuedJob]:
        """Jobs, newest first."""
        ...

    @abstractmethod
    def job(self, number: int) -> QueuedJob | None:
        """One job."""
        ...

    @abstractmethod
    def heads(self) -> dict[str, str]:
        """Branch -> the commit that was last enqueued or skipped for it.

        What `refs/heads` holds beyond that was pushed, and its hook killed before it could say so.
        """
        ...

    @abstractmethod
    def add_effects(
        self, effects: Sequence[tuple[str, str]], *, job: int | None, at: float
    ) -> None:
        """Add effects as (identity, body); a known identity adds nothing."""
        ...

    @abstractmethod
    def due_effects(self, *, at: float, limit: int = 50) -> Sequence[PendingEffect]:
        """Effects to be tried now, oldest first; all pending ones with `at=inf`."""
        ...

    @abstractmethod
    def effect_done(self, effect: int, *, at: float) -> None:
        """The world has it."""
        ...

    @abstractmethod
    def effect_failed(self, effect: int, *, error: str, next_at: float) -> None:
        """It is tried again, not before `next_at`."""
        ...

    @abstractmethod
    def close(self) -> None:
        """Let go of the database."""
        ...
