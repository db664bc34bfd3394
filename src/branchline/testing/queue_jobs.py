"""Port `queue`: jobs for tests, and how they are taken."""

# ruff: noqa: S101 - helpers of assertions

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.ports.queue import Ending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.ports.queue import PendingEffect, Queue

AT = 1_800_000_000.0
COMMIT = "c" * 40
OTHER = "d" * 40
DONE = Ending(state=JobState.SUCCEEDED, run="20260101T000000-1", outcome="passed", detail="fine")


def asked(branch: str = "feature/x", **fields: object) -> NewJob:
    """A job to be."""
    values: dict[str, object] = {
        "kind": "train",
        "trigger": "push",
        "branch": branch,
        "commit": COMMIT,
        **fields,
    }
    return NewJob(**values)  # type: ignore[arg-type] # fields of a job


def oldest(queued: Sequence[QueuedJob], started: Sequence[QueuedJob]) -> int | None:  # noqa: ARG001 - the port's shape
    """Choose the oldest job."""
    return queued[0].job if queued else None


def taken(queue: Queue, worker: str = "w1", *, at: float = AT, lease_s: float = 30.0) -> QueuedJob:
    """Take the oldest job."""
    job = queue.claim(worker, oldest, lease_s=lease_s, at=at)
    assert job is not None
    return job


def stood(queue: Queue, number: int) -> QueuedJob:
    """A job that is there."""
    job = queue.job(number)
    assert job is not None
    return job


def identities(effects: Sequence[PendingEffect]) -> list[str]:
    """What the effects are about."""
    return [effect.identity for effect in effects]
