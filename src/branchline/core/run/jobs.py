"""Station `run`: the jobs of a box, as values. What starts next is in `queueing`.

Not re-exported by the package: `branchline plan` must not pay for what only a box needs. Times are
seconds since 1970 (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.run.values import Need


DEPLOY = "deploy"
"""Kind of a job that deploys what is registered."""


class JobState(Enum):
    """Where a job is.

    QUEUED: waits for a worker. RUNNING: a worker holds it. WAITING: another job makes the result of
    the same key; it is queued again when that one ends. The others are ends: SKIPPED was decided by
    a rule without any work, SUPERSEDED gave way to a newer commit of its branch, LOST ran out of
    attempts because its workers died.
    """

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    LOST = "lost"

    @property
    def is_end(self) -> bool:
        """Whether nothing follows."""
        return self not in (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be.

    Attributes:
        kind: `train`, `tune` or `nothing` (see `core.policy.Do`), or `deploy`.
        trigger: Value of `core.trigger.TriggerKind`.
        branch: Short name. commit: Full hash. old: What the branch held before; "" = new branch.
        model: Name of the model.
        pusher: Who, as the transport knows them.
        rule: Pattern of the branch rule that decided. reason: The sentence for people.
        is_skip: Nothing is to be done; the job is recorded as SKIPPED at once.
        force: Run although a result exists.
        pull_request: Its number on the embedded forge; None elsewhere.
        latest_wins: A newer job of the same branch, model and kind supersedes this one.
        need: What it takes from the machine while it runs.
        is_late: What its branch held before a push that was told of earlier; `heads` stays at that.
        note: Free text of the pusher (`-o reason=...`).
    """

    kind: str
    trigger: str
    branch: str
    commit: str
    old: str = ""
    model: str = ""
    pusher: str = ""
    rule: str = ""
    reason: str = ""
    is_skip: bool = False
    force: bool = False
    pull_request: int | None = None
    latest_wins: bool = True
    need: Need | None = None
    is_late: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """A job as it stands.

    Attributes:
        job: Number, from 1. asked: What was asked. state: Where it is.
        key: Digest of what the run would make; "" until it is known.
        leader: Job whose result it waits for; None when it waits for none.
        worker: Who holds it. lease_until: When the lease ends. attempt: From 1 when it first runs.
        cancel: Why it shall stop; "" when nobody asked.
        station: Station of the walk that it is at.
        run: Id of its record. outcome: Word of its verdict; "" when it was not judged.
        detail: A sentence on how it ended.
        queued_at, started_at, ended_at: None where it has not come to that.
    """

    job: int
    asked: NewJob
    state: JobState
    key: str = ""
    leader: int | None = None
    worker: str = ""
    lease_until: float = 0.0
    attempt: int = 0
    cancel: str = ""
    station: str = ""
    run: str = ""
    outcome: str = ""
    detail: str = ""
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
