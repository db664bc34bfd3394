"""Jobs of a box as a table and as JSON. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import number_to_json
from branchline.core.evidence.figures import duration
from branchline.core.run.jobs import JobState
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.render.table import Align, Cell, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.jobs import QueuedJob
    from branchline.core.values import JsonValue
    from branchline.ports.queue import PendingEffect

_TONES = {
    JobState.RUNNING: Tone.STRONG,
    JobState.SUCCEEDED: Tone.GOOD,
    JobState.FAILED: Tone.BAD,
    JobState.LOST: Tone.BAD,
    JobState.CANCELLED: Tone.UNSURE,
}
_VERDICTS = {Outcome.PASSED.value: Tone.GOOD, Outcome.FAILED.value: Tone.BAD}


def queue_table(jobs: Sequence[QueuedJob], *, now: float) -> Table:
    """One row a job: number, branch, commit, what, where it is, for how long, whose, and why."""
    columns = (
        Column(heading="job", align=Align.RIGHT, is_kept=True),
        Column(heading="branch", is_kept=True),
        Column(heading="commit", is_kept=True),
        Column(heading="what"),
        Column(heading="state", is_kept=True),
        Column(heading="for", align=Align.RIGHT, is_kept=True),
        Column(heading="pusher"),
        Column(heading="why", goes_below=True),
    )
    rows = tuple(
        (
            cell(job.job, Tone.STRONG),
            cell(job.asked.branch),
            cell(job.asked.commit[:10]),
            cell(f"{job.asked.kind} {job.asked.model}".strip()),
            _state(job),
            cell(duration(_seconds(job, now))),
            cell(job.asked.pusher),
            cell(_why(job)),
        )
        for job in jobs
    )
    return Table(columns=columns, rows=rows)


def effects_line(effects: Sequence[PendingEffect]) -> Line | None:
    """That effects wait, and what the last try of the oldest failing one met; None for none."""
    if not effects:
        return None
    count = len(effects)
    text = f"{count} {'effect waits' if count == 1 else 'effects wait'} to be applied"
    failing = [effect for effect in effects if effect.error]
    if not failing:
        return line(cell(text, Tone.DIM))
    first = failing[0]
    tries = f"{first.tries} {'try' if first.tries == 1 else 'tries'}"
    return line(cell(f"{text}; {first.identity} failed {tries}: {first.error}", Tone.UNSURE))


def queue_to_json(
    jobs: Sequence[QueuedJob], effects: Sequence[PendingEffect]
) -> dict[str, JsonValue]:
    """`queue --json`: `schema_version`, `jobs`, `effects`; see docs/reference/json.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "jobs": [job_to_json(job) for job in jobs],
        "effects": [
            {
                "effect": effect.effect,
                "identity": effect.identity,
                "job": effect.job,
                "tries": effect.tries,
                "next_at": moment(effect.next_at),
                "error": effect.error,
            }
            for effect in effects
        ],
    }


def cancelled_to_json(jobs: Sequence[tuple[int, str, str]]) -> dict[str, JsonValue]:
    """`cancel --json`: number, branch and state of what was asked to stop."""
    return {
        "schema_version": SCHEMA_VERSION,
        "jobs": [{"job": job, "branch": branch, "state": state} for job, branch, state in jobs],
    }


def retried_to_json(job: QueuedJob) -> dict[str, JsonValue]:
    """`retry --json`: the new job."""
    return {"schema_version": SCHEMA_VERSION, "job": job_to_json(job)}


def job_to_json(job: QueuedJob) -> dict[str, JsonValue]:
    """One job as plain values."""
    asked, need = job.asked, job.asked.need
    return {
        "job": job.job,
        "state": job.state.value,
        "kind": asked.kind,
        "trigger": asked.trigger,
        "branch": asked.branch,
        "commit": asked.commit,
        "old": asked.old or None,
        "model": asked.model,
        "pusher": asked.pusher,
        "rule": asked.rule,
        "reason": asked.reason,
        "note": asked.note,
        "is_skip": asked.is_skip,
        "force": asked.force,
        "pull_request": asked.pull_request,
        "need": None
        if need is None
        else {
            "cpus": number_to_json(need.cpus),
            "gpus": need.gpus,
            "memory_bytes": need.memory_bytes,
        },
        "key": job.key or None,
        "leader": job.leader,
        "worker": job.worker or None,
        "attempt": job.attempt,
        "cancel": job.cancel,
        "station": job.station or None,
        "run": job.run or None,
        "outcome": job.outcome or None,
        "detail": job.detail,
        "queued_at": moment(job.queued_at),
        "started_at": moment(job.started_at),
        "ended_at": moment(job.ended_at),
    }


def moment(at: float | None) -> str | None:
    """Seconds since 1970 as UTC, ISO 8601.

    >>> moment(1_800_000_000.5)
    '2027-01-15T08:00:00.500Z'
    """
    if at is None:
        return None
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _state(job: QueuedJob) -> Cell:
    text = job.state.value
    if job.state is JobState.RUNNING and job.cancel:
        text = "stopping"
    elif job.state is JobState.RUNNING and job.station:
        text = f"running: {job.station}"
    elif job.state is JobState.WAITING:
        text = f"waits for job {job.leader}"
    elif job.state is JobState.SUCCEEDED and job.outcome:
        return cell(f"done: {job.outcome}", _VERDICTS.get(job.outcome, Tone.UNSURE))
    return cell(text, _TONES.get(job.state, Tone.PLAIN))


def _seconds(job: QueuedJob, now: float) -> float:
    """How long it waits, runs or ran."""
    if job.state is JobState.QUEUED or job.started_at is None:
        return max(0.0, (job.ended_at or now) - job.queued_at)
    return max(0.0, (job.ended_at or now) - job.started_at)


def _why(job: QueuedJob) -> str:
    """What people want to know of it now, in one line."""
    text = job.cancel if job.state is JobState.RUNNING else job.detail
    return text or job.asked.note or job.asked.reason
