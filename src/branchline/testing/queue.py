"""Port `queue`: a fake in memory; what every implementation must do is in `queue_contract`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.run.queueing import HISTORY, after_lease, lost_detail, supersedes
from branchline.core.trigger import TriggerKind
from branchline.ports.queue import Ending, PendingEffect, Queue, QueueQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(slots=True)
class _Beside:
    """What is noted of a job that nobody sees."""

    losses: int = 0
    superseded_by: int | None = None


@dataclass(slots=True)
class _Effect:
    """An effect in memory."""

    pending: PendingEffect
    is_done: bool = field(default=False)


class FakeQueue(Queue):
    """A queue in memory, for one thread."""

    def __init__(self) -> None:
        self.all: dict[int, QueuedJob] = {}
        self.effects: dict[str, _Effect] = {}
        self.is_closed = False
        self._beside: dict[int, _Beside] = {}
        self._events: dict[str, list[int]] = {}
        self._heads: dict[str, str] = {}

    def enqueue(self, jobs: Sequence[NewJob], *, event: str, at: float) -> Sequence[int]:
        """See the port."""
        if event not in self._events:
            self._events[event] = [self._add(job, at) for job in jobs]
            self._heads.update({job.branch: job.commit for job in jobs if not job.is_late})
        return list(self._events[event])

    def event(self, event: str) -> Sequence[int] | None:
        """See the port."""
        known = self._events.get(event)
        return None if known is None else list(known)

    def claim(
        self,
        worker: str,
        choose: Callable[[Sequence[QueuedJob], Sequence[QueuedJob]], int | None],
        *,
        lease_s: float,
        at: float,
    ) -> QueuedJob | None:
        """See the port."""
        queued = self._in(JobState.QUEUED)
        if not queued:
            return None
        ended = [job for job in self.all.values() if job.state.is_end and job.started_at]
        ended.sort(key=lambda job: job.started_at or 0.0)
        started = [*self._in(JobState.RUNNING, JobState.WAITING), *ended[-HISTORY:]]
        number = choose(queued, sorted(started, key=lambda job: job.job))
        if number is None:
            return None
        if number not in {job.job for job in queued}:
            raise ValueError(f"job {number} was chosen, which is not queued")
        return self._set(
            number,
            state=JobState.RUNNING,
            worker=worker,
            lease_until=at + lease_s,
            started_at=at,
            attempt=self.all[number].attempt + 1,
            key="",
            station="",
        )

    def beat(
        self, job: int, worker: str, *, lease_s: float, at: float, station: str = ""
    ) -> str | None:
        """See the port."""
        if not self._holds(job, worker):
            return None
        held = self.all[job]
        return self._set(job, lease_until=at + lease_s, station=station or held.station).cancel

    def hold_key(self, job: int, worker: str, key: str) -> int | None:
        """See the port."""
        found = self.all.get(job)
        if found is not None and found.state is JobState.WAITING:
            return found.leader if (found.worker, found.key) == (worker, key) else job
        if not self._holds(job, worker):
            return job
        for other in self._in(JobState.RUNNING):
            if other.key == key and other.job != job:
                self._set(job, state=JobState.WAITING, key=key, leader=other.job, lease_until=0.0)
                return other.job
        self._set(job, key=key)
        return None

    def end(
        self,
        job: int,
        worker: str,
        ending: Ending,
        *,
        at: float,
        effects: Sequence[tuple[str, str]] = (),
    ) -> bool:
        """See the port."""
        if not ending.state.is_end:
            raise ValueError(f"{ending.state.value} is no end of a job")
        if not self._holds(job, worker):
            held = self.all.get(job)
            return (
                held is not None
                and held.worker == worker
                and (held.state, held.run, held.outcome, held.detail)
                == (ending.state, ending.run, ending.outcome, ending.detail)
            )
        self._set(
            job,
            state=ending.state,
            run=ending.run,
            outcome=ending.outcome,
            detail=ending.detail,
            ended_at=at,
            lease_until=0.0,
        )
        self._release_followers()
        self.add_effects(effects, job=job, at=at)
        return True

    def expire(self, *, at: float, max_attempts: int = 3) -> Sequence[QueuedJob]:
        """See the port."""
        changed = []
        for job in self._in(JobState.RUNNING):
            if job.lease_until >= at:
                continue
            beside = self._beside[job.job]
            beside.losses += 1
            state = after_lease(
                job,
                superseded=beside.superseded_by is not None,
                losses=beside.losses,
                max_attempts=max_attempts,
            )
            if state is JobState.QUEUED:
                self._queue_again(job.job)
            else:
                detail = job.cancel or lost_detail(beside.losses)
                self._set(job.job, worker="")
                self._end_at_once(job.job, state, detail, at)
            changed.append(job.job)
        changed += self._release_followers()
        return [self.all[number] for number in changed]

    def cancel(self, job: int, *, reason: str, at: float) -> JobState | None:
        """See the port."""
        found = self.all.get(job)
        if found is None or found.state.is_end:
            return None if found is None else found.state
        if found.state is JobState.RUNNING:
            self._set(job, cancel=found.cancel or reason)
            return JobState.RUNNING
        self._end_at_once(job, JobState.CANCELLED, reason, at)
        return JobState.CANCELLED

    def retry(self, job: int, *, pusher: str, at: float) -> int | None:
        """See the port."""
        found = self.all.get(job)
        if found is None or not found.state.is_end:
            return None
        again = replace(
            found.asked,
            trigger=TriggerKind.PERSON.value,
            pusher=pusher,
            reason=f"job {job} again",
            is_skip=False,
        )
        return self._add(again, at)

    def jobs(self, query: QueueQuery) -> Sequence[QueuedJob]:
        """See the port."""
        found = [
            job
            for job in reversed(self.all.values())
            if (not query.states or job.state in query.states)
            and query.branch in ("", job.asked.branch)
            and query.commit in ("", job.asked.commit)
            and query.pull_request in (None, job.asked.pull_request)
        ]
        return found[: query.limit] if query.limit > 0 else found

    def job(self, number: int) -> QueuedJob | None:
        """See the port."""
        return self.all.get(number)

    def heads(self) -> dict[str, str]:
        """See the port."""
        return dict(self._heads)

    def add_effects(
        self, effects: Sequence[tuple[str, str]], *, job: int | None, at: float
    ) -> None:
        """See the port."""
        for identity, body in effects:
            number = len(self.effects) + 1
            pending = PendingEffect(
                effect=number, identity=identity, job=job, body=body, next_at=at
            )
            self.effects.setdefault(identity, _Effect(pending))

    def due_effects(self, *, at: float, limit: int = 50) -> Sequence[PendingEffect]:
        """See the port."""
        pending = [effect.pending for effect in self.effects.values() if not effect.is_done]
        return [effect for effect in pending if effect.next_at <= at][:limit]

    def effect_done(self, effect: int, *, at: float) -> None:  # noqa: ARG002 - the port's shape
        """See the port."""
        self._effect(effect).is_done = True

    def effect_failed(self, effect: int, *, error: str, next_at: float) -> None:
        """See the port."""
        found = self._effect(effect)
        found.pending = replace(
            found.pending, tries=found.pending.tries + 1, error=error, next_at=next_at
        )

    def close(self) -> None:
        """See the port."""
        self.is_closed = True

    def _in(self, *states: JobState) -> list[QueuedJob]:
        return [job for job in self.all.values() if job.state in states]

    def _holds(self, job: int, worker: str) -> bool:
        found = self.all.get(job)
        return found is not None and found.state is JobState.RUNNING and found.worker == worker

    def _set(self, job: int, **values: object) -> QueuedJob:
        self.all[job] = replace(self.all[job], **values)  # type: ignore[arg-type] # fields of a job
        return self.all[job]

    def _add(self, job: NewJob, at: float) -> int:
        number = len(self.all) + 1
        for old in self._in(JobState.QUEUED, JobState.WAITING, JobState.RUNNING):
            if not supersedes(job, old.asked):
                continue
            reason = f"job {number} took its place, commit {job.commit[:10]}"
            self._beside[old.job].superseded_by = number
            if old.state is JobState.RUNNING:
                self._set(old.job, cancel=old.cancel or reason)
            else:
                self._end_at_once(old.job, JobState.SUPERSEDED, reason, at)
        self.all[number] = QueuedJob(
            job=number,
            asked=job,
            state=JobState.SKIPPED if job.is_skip else JobState.QUEUED,
            detail=job.reason if job.is_skip else "",
            queued_at=at,
            ended_at=at if job.is_skip else None,
        )
        self._beside[number] = _Beside()
        return number

    def _end_at_once(self, job: int, state: JobState, detail: str, at: float) -> None:
        self._set(job, state=state, detail=detail, ended_at=at, leader=None, lease_until=0.0)

    def _queue_again(self, job: int) -> None:
        self._set(
            job,
            state=JobState.QUEUED,
            worker="",
            leader=None,
            lease_until=0.0,
            station="",
            key="",
        )

    def _release_followers(self) -> list[int]:
        running = {job.job for job in self._in(JobState.RUNNING)}
        freed = [job.job for job in self._in(JobState.WAITING) if job.leader not in running]
        for number in freed:
            self._queue_again(number)
        return freed

    def _effect(self, number: int) -> _Effect:
        return next(e for e in self.effects.values() if e.pending.effect == number)
