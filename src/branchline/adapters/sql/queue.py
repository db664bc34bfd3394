"""Adapter `sql`: port `queue`.

Each method is one transaction of `Database`, and may be carried out twice: see the port. Which job
is next, which gives way and what becomes of an abandoned one is decided by `core.run.queueing`.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.adapters.sql import steps
from branchline.adapters.sql.rows import JOB, LARGEST, job_of
from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.run.queueing import after_lease
from branchline.core.trigger import TriggerKind
from branchline.ports.queue import Ending, PendingEffect, Queue, QueueQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.adapters.sql.database import Database
    from branchline.adapters.sql.dialect import Session, Value

_OVER = f"{steps.OPEN} AND state = 'running' AND lease_until < ?"
_HEADS = "SELECT branch, commit_hash FROM heads ORDER BY branch"


class SqlQueue(Queue):
    """The queue of one box.

    Args:
        database: Where it is; `close` closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def enqueue(self, jobs: Sequence[NewJob], *, event: str, at: float) -> Sequence[int]:
        """See the port."""

        def work(session: Session) -> Sequence[int]:
            known = steps.jobs_of_event(session, event)
            if known is not None:
                return known
            steps.add_event(session, event, at)
            numbers = [steps.add_job(session, job, event, at) for job in jobs]
            for job in [job for job in jobs if not job.is_late]:
                steps.set_head(session, job.branch, job.commit)
            return numbers

        return self._database.write(work)

    def event(self, event: str) -> Sequence[int] | None:
        """See the port."""
        return self._database.read(lambda session: steps.jobs_of_event(session, event))

    def claim(
        self,
        worker: str,
        choose: Callable[[Sequence[QueuedJob], Sequence[QueuedJob]], int | None],
        *,
        lease_s: float,
        at: float,
    ) -> QueuedJob | None:
        """See the port."""

        def work(session: Session) -> QueuedJob | None:
            queued, started = steps.queued_and_started(session)
            number = choose(queued, started)
            if number is None:
                return None
            if all(job.job != number for job in queued):
                raise ValueError(f"job {number} was chosen, which is not queued")
            session.run(
                "UPDATE jobs SET state = 'running', worker = ?, lease_until = ?, started_at = ?,"
                " attempt = attempt + 1, key = '', station = '' WHERE job = ?",
                worker,
                at + lease_s,
                at,
                number,
            )
            return steps.find_job(session, number)

        if not self._database.read(steps.has_queued):  # an idle worker asks often: hold nobody up
            return None
        return self._database.write(work)

    def beat(
        self, job: int, worker: str, *, lease_s: float, at: float, station: str = ""
    ) -> str | None:
        """See the port."""

        def work(session: Session) -> str | None:
            changed = session.run(
                "UPDATE jobs SET lease_until = ?, station = CASE ? WHEN '' THEN station ELSE ? END"
                " WHERE job = ? AND state = 'running' AND worker = ?",
                at + lease_s,
                station,
                station,
                job,
                worker,
            )
            if not changed:
                return None
            row = session.one("SELECT cancel FROM jobs WHERE job = ?", job)
            return str(row[0]) if row else None

        return self._database.write(work)

    def hold_key(self, job: int, worker: str, key: str) -> int | None:
        """See the port."""

        def work(session: Session) -> int | None:
            row = session.one("SELECT state, worker, key, leader FROM jobs WHERE job = ?", job)
            if row is not None and row[0] == "waiting" and (row[1], row[2]) == (worker, key):
                return int(row[3])  # carried out again after a lost connection
            if row is None or row[0] != "running" or row[1] != worker:
                return job
            holder = session.one(
                # The second condition lets SQLite see that the index of held keys serves.
                "SELECT job FROM jobs WHERE state = 'running' AND key <> '' AND key = ?"
                " AND job <> ?",
                key,
                job,
            )
            if holder is None:
                session.run("UPDATE jobs SET key = ? WHERE job = ?", key, job)
                return None
            session.run(
                "UPDATE jobs SET state = 'waiting', key = ?, leader = ?, lease_until = 0"
                " WHERE job = ?",
                key,
                holder[0],
                job,
            )
            return int(holder[0])

        return self._database.write(work)

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

        def work(session: Session) -> bool:
            held = steps.find_job(session, job)
            if held is None or held.worker != worker:
                return False
            if held.state is not JobState.RUNNING:
                return ending == Ending(
                    state=held.state, run=held.run, outcome=held.outcome, detail=held.detail
                )
            session.run(
                "UPDATE jobs SET state = ?, run = ?, outcome = ?, detail = ?, ended_at = ?,"
                " lease_until = 0 WHERE job = ?",
                ending.state.value,
                ending.run,
                ending.outcome,
                ending.detail,
                at,
                job,
            )
            steps.release_followers(session)
            steps.add_effects(session, effects, job, at)
            return True

        if not ending.state.is_end:
            raise ValueError(f"{ending.state.value} is no end of a job")
        return self._database.write(work)

    def expire(self, *, at: float, max_attempts: int = 3) -> Sequence[QueuedJob]:
        """See the port."""

        def work(session: Session) -> Sequence[QueuedJob]:
            over = session.rows(
                f"SELECT superseded_by, losses, {JOB} FROM jobs WHERE {_OVER} ORDER BY job",
                at,
            )
            changed = []
            for superseded_by, losses, *row in over:
                job = job_of(tuple(row))
                state = after_lease(
                    job,
                    superseded=superseded_by is not None,
                    losses=losses + 1,
                    max_attempts=max_attempts,
                )
                steps.abandon(session, job, state, losses + 1, at)
                changed.append(job.job)
            changed += steps.release_followers(session)
            return [job for job in (steps.find_job(session, number) for number in changed) if job]

        def may_be_needed(session: Session) -> bool:
            over = session.one(f"SELECT 1 FROM jobs WHERE {_OVER} LIMIT 1", at)
            return over is not None or steps.has_leaderless(session)

        if not self._database.read(may_be_needed):
            return ()
        return self._database.write(work)

    def cancel(self, job: int, *, reason: str, at: float) -> JobState | None:
        """See the port."""

        def work(session: Session) -> JobState | None:
            found = steps.find_job(session, job)
            if found is None or found.state.is_end:
                return None if found is None else found.state
            if found.state is JobState.RUNNING:
                if not found.cancel:
                    session.run("UPDATE jobs SET cancel = ? WHERE job = ?", reason, job)
                return found.state
            steps.end_at_once(session, job, JobState.CANCELLED, reason, at)
            return JobState.CANCELLED

        return self._database.write(work)

    def retry(self, job: int, *, pusher: str, at: float) -> int | None:
        """See the port."""
        event = f"retry:{job}:{secrets.token_hex(8)}"

        def work(session: Session) -> int | None:
            known = steps.jobs_of_event(session, event)
            if known:
                return known[0]
            found = steps.find_job(session, job)
            if found is None or not found.state.is_end:
                return None
            again = replace(
                found.asked,
                trigger=TriggerKind.PERSON.value,
                pusher=pusher,
                reason=f"job {job} again",
                is_skip=False,
            )
            steps.add_event(session, event, at)
            return steps.add_job(session, again, event, at)

        return self._database.write(work)

    def jobs(self, query: QueueQuery) -> Sequence[QueuedJob]:
        """See the port."""
        conditions: list[tuple[str, Value]] = [
            ("branch = ?", query.branch),
            ("commit_hash = ?", query.commit),
            ("pull_request = ?", query.pull_request),
        ]
        chosen = [(text, value) for text, value in conditions if value not in ("", None)]
        texts, values = [text for text, _ in chosen], [value for _, value in chosen]
        if query.states:
            texts.append(f"state IN ({', '.join('?' * len(query.states))})")
            values += [state.value for state in query.states]
        where = f" WHERE {' AND '.join(texts)}" if texts else ""
        limit = f" LIMIT {query.limit:d}" if query.limit > 0 else ""
        statement = f"SELECT {JOB} FROM jobs{where} ORDER BY job DESC{limit}"
        return self._database.read(
            lambda session: [job_of(row) for row in session.rows(statement, *values)]
        )

    def job(self, number: int) -> QueuedJob | None:
        """See the port."""
        if number > LARGEST:
            return None
        return self._database.read(lambda session: steps.find_job(session, number))

    def heads(self) -> dict[str, str]:
        """See the port."""
        return self._database.read(lambda session: {row[0]: row[1] for row in session.rows(_HEADS)})

    def add_effects(
        self, effects: Sequence[tuple[str, str]], *, job: int | None, at: float
    ) -> None:
        """See the port."""
        self._database.write(lambda session: steps.add_effects(session, effects, job, at))

    def due_effects(self, *, at: float, limit: int = 50) -> Sequence[PendingEffect]:
        """See the port."""
        rows = self._database.read(
            lambda session: session.rows(
                "SELECT effect, identity, job, body, tries, next_at, error FROM effects"
                " WHERE done_at IS NULL AND next_at <= ? ORDER BY effect LIMIT ?",
                at,
                limit,
            )
        )
        return [
            PendingEffect(
                effect=row[0],
                identity=row[1],
                job=row[2],
                body=row[3],
                tries=row[4],
                next_at=row[5],
                error=row[6],
            )
            for row in rows
        ]

    def effect_done(self, effect: int, *, at: float) -> None:
        """See the port."""
        self._database.write(
            lambda session: session.run(
                "UPDATE effects SET done_at = ?, tries = tries + 1, error = ''"
                " WHERE effect = ? AND done_at IS NULL",
                at,
                effect,
            )
        )

    def effect_failed(self, effect: int, *, error: str, next_at: float) -> None:
        """See the port."""
        self._database.write(
            lambda session: session.run(
                "UPDATE effects SET tries = tries + 1, next_at = ?, error = ?"
                " WHERE effect = ? AND done_at IS NULL",
                next_at,
                error,
                effect,
            )
        )

    def close(self) -> None:
        """See the port."""
        self._database.close()
