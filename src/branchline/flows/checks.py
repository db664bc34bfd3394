"""Checks of commits that jobs give, as effects. Serves the station `effects`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.effects.values import SetCheck
from branchline.core.run.jobs import DEPLOY, JobState
from branchline.core.verdict.standing import Standing

if TYPE_CHECKING:
    from branchline.core.run.jobs import NewJob, QueuedJob

CHECK = "branchline"
_STATES = {"passed": "passed", "failed": "failed", "unknown": "unknown", "": "passed"}
_OPEN = {
    Standing.WARNED: "neutral",
    Standing.WAITS: "waiting",
    Standing.APPROVED: "passed",
}


def check_name(model: str) -> str:
    """Name of the check of one model."""
    return f"{CHECK}/{model}" if model else CHECK


def check_of_job(asked: NewJob) -> str:
    """Name of the check that a job gives: a deployment says nothing of the training's."""
    name = check_name(asked.model)
    return f"{name} (deploy)" if asked.kind == DEPLOY else name


def pending_check(number: int, asked: NewJob, *, held: str = "") -> SetCheck:
    """That a job of a commit was asked for and has not ended; or that nothing was.

    Args:
        number: The job.
        asked: What was asked.
        held: Why it waits for a person; that is not the same as nothing to do.
    """
    return SetCheck(
        commit=asked.commit,
        name=check_of_job(asked),
        state="skipped" if asked.is_skip and not held else "pending",
        summary=held or asked.reason,
        job=number,
    )


def ended_check(
    job: QueuedJob,
    state: JobState,
    *,
    verdict: str = "",
    summary: str = "",
    standing: Standing | None = None,
) -> SetCheck:
    """What a job's end says of its commit. A run that failed is no verdict, and no pass.

    Args:
        job: The job.
        state: How it ended.
        verdict: Word of its verdict; "" when nothing was to be judged.
        summary: A sentence.
        standing: What the verdict lets happen; None where there is none.
    """
    if state is JobState.SUCCEEDED:
        said = state_of_end(verdict, standing)
    else:
        said = "failed" if state is JobState.FAILED else "unknown"
    return SetCheck(
        commit=job.asked.commit,
        name=check_of_job(job.asked),
        state=said,
        summary=summary,
        job=job.job,
    )


def state_of_end(verdict: str, standing: Standing | None) -> str:
    """State of the check of what came to its end.

    Args:
        verdict: Word of its verdict; "" when nothing was to be judged.
        standing: What the verdict lets happen; None where there is none.
    """
    said = _STATES.get(verdict, "unknown")
    return _OPEN.get(standing, said) if standing is not None else said


def superseded_check(job: QueuedJob) -> SetCheck:
    """That a job gave way before it began, where it is still said that it is to come."""
    return replace(ended_check(job, job.state, summary=job.detail), only_pending=True)
