"""Adapter `sql`: what the methods of the queue are made of, each inside a transaction of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.adapters.sql.rows import JOB, job_of, new_job, text_of
from branchline.core.run.jobs import JobState
from branchline.core.run.queueing import HISTORY, lost_detail, supersedes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.sql.dialect import Session
    from branchline.core.run.jobs import NewJob, QueuedJob

OPEN = "state IN ('queued', 'running', 'waiting')"  # as the index `jobs_open` says it
_LEADERLESS = (
    f"{OPEN} AND state = 'waiting' AND NOT EXISTS"
    " (SELECT 1 FROM jobs AS leaders WHERE leaders.job = jobs.leader AND leaders.state = 'running')"
)


def find_job(session: Session, number: int) -> QueuedJob | None:
    """One job."""
    row = session.one(f"SELECT {JOB} FROM jobs WHERE job = ?", number)
    return None if row is None else job_of(row)


def has_queued(session: Session) -> bool:
    """Whether any job waits for a worker."""
    return session.one(f"SELECT 1 FROM jobs WHERE {OPEN} AND state = 'queued' LIMIT 1") is not None


def queued_and_started(session: Session) -> tuple[list[QueuedJob], list[QueuedJob]]:
    """What `Queue.claim` chooses from, and what turns are judged by; oldest first."""
    open_jobs = [
        job_of(row) for row in session.rows(f"SELECT {JOB} FROM jobs WHERE {OPEN} ORDER BY job")
    ]
    ended = [
        job_of(row)
        for row in session.rows(
            f"SELECT {JOB} FROM jobs WHERE ended_at IS NOT NULL AND started_at IS NOT NULL"
            " ORDER BY started_at DESC LIMIT ?",
            HISTORY,
        )
    ]
    queued = [job for job in open_jobs if job.state is JobState.QUEUED]
    started = [job for job in open_jobs if job.state is not JobState.QUEUED]
    return queued, sorted(ended + started, key=lambda job: job.job)


def jobs_of_event(session: Session, event: str) -> list[int] | None:
    """The jobs of an event; None when it is not known."""
    if session.one("SELECT 1 FROM events WHERE event = ?", event) is None:
        return None
    rows = session.rows("SELECT job FROM jobs WHERE event = ? ORDER BY job", event)
    return [row[0] for row in rows]


def add_event(session: Session, event: str, at: float) -> None:
    """Note an event."""
    session.run("INSERT INTO events (event, at) VALUES (?, ?)", event, at)


def set_head(session: Session, branch: str, commit: str) -> None:
    """Note what a branch was last asked for."""
    session.run(
        "INSERT INTO heads (branch, commit_hash) VALUES (?, ?)"
        " ON CONFLICT (branch) DO UPDATE SET commit_hash = excluded.commit_hash",
        branch,
        commit,
    )


def add_job(session: Session, job: NewJob, event: str, at: float) -> int:
    """Add a job, and let those that it supersedes give way."""
    number = next_number(session, "jobs", "job")
    older = session.rows(
        f"SELECT job, state, asked FROM jobs WHERE {OPEN} AND branch = ? ORDER BY job",
        job.branch,
    )
    for old, state, asked in older:
        if supersedes(job, new_job(asked)):
            _give_way(session, old, JobState(state), number, job.commit, at)
    session.run(
        "INSERT INTO jobs (job, event, branch, commit_hash, pull_request, asked, state, detail,"
        " queued_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number,
        event,
        job.branch,
        job.commit,
        job.pull_request,
        text_of(job),
        (JobState.SKIPPED if job.is_skip else JobState.QUEUED).value,
        job.reason if job.is_skip else "",
        at,
        at if job.is_skip else None,
    )
    return number


def _give_way(
    session: Session, old: int, state: JobState, newer: int, commit: str, at: float
) -> None:
    reason = f"job {newer} took its place, commit {commit[:10]}"
    if state is JobState.RUNNING:
        session.run(
            "UPDATE jobs SET superseded_by = ?, cancel = CASE cancel WHEN '' THEN ? ELSE cancel END"
            " WHERE job = ? AND superseded_by IS NULL",
            newer,
            reason,
            old,
        )
    else:
        session.run("UPDATE jobs SET superseded_by = ? WHERE job = ?", newer, old)
        end_at_once(session, old, JobState.SUPERSEDED, reason, at)


def end_at_once(session: Session, job: int, state: JobState, detail: str, at: float) -> None:
    """End a job that nobody holds."""
    session.run(
        "UPDATE jobs SET state = ?, detail = ?, ended_at = ?, leader = NULL, lease_until = 0"
        " WHERE job = ?",
        state.value,
        detail,
        at,
        job,
    )


def abandon(session: Session, job: QueuedJob, state: JobState, losses: int, at: float) -> None:
    """Take a job from a worker that died."""
    if state is JobState.QUEUED:
        session.run(
            "UPDATE jobs SET state = 'queued', worker = '', lease_until = 0, station = '',"
            " key = '', losses = ? WHERE job = ?",
            losses,
            job.job,
        )
        return
    detail = job.cancel or lost_detail(losses)
    session.run("UPDATE jobs SET losses = ?, worker = '' WHERE job = ?", losses, job.job)
    end_at_once(session, job.job, state, detail, at)


def has_leaderless(session: Session) -> bool:
    """Whether a job waits for one that does not run."""
    return session.one(f"SELECT 1 FROM jobs WHERE {_LEADERLESS} LIMIT 1") is not None


def release_followers(session: Session) -> list[int]:
    """Queue what waits for a job that does not run; the numbers."""
    rows = session.rows(f"SELECT job FROM jobs WHERE {_LEADERLESS} ORDER BY job")
    for (job,) in rows:
        session.run(
            "UPDATE jobs SET state = 'queued', leader = NULL, worker = '', key = '', station = ''"
            " WHERE job = ?",
            job,
        )
    return [row[0] for row in rows]


def add_effects(
    session: Session, effects: Sequence[tuple[str, str]], job: int | None, at: float
) -> None:
    """Add effects that are not known."""
    number = next_number(session, "effects", "effect") if effects else 0
    for identity, body in effects:
        number += session.run(
            "INSERT INTO effects (effect, identity, job, body, next_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (identity) DO NOTHING",
            number,
            identity,
            job,
            body,
            at,
        )


def next_number(session: Session, table: str, column: str) -> int:
    """The number of the next row; there is one writer at a time."""
    row = session.one(f"SELECT max({column}) FROM {table}")
    return 1 + (row[0] or 0 if row else 0)
