"""The first page: what waits for somebody, what runs, what came of it; and all pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.flows.desk import summary_of
from branchline.ports.forge import PullState
from branchline.render.pulls import state_word
from branchline.server.pages.rendering import job_tone, job_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from branchline.core.run.jobs import QueuedJob
    from branchline.ports.forge import Pull
    from branchline.server.pages.rendering import Endpoint, Pages

_RECENT = 12
CHECK_TONES = {
    "passed": "good",
    "failed": "bad",
    "unknown": "unsure",
    "pending": "busy",
    "skipped": "dim",
    "neutral": "unsure",
    "waiting": "unsure",
}


def show(pages: Pages) -> Endpoint:
    """`/`."""

    def answer(request: Request) -> Response:
        jobs = pages.desk.jobs(limit=200)
        return pages.page(
            request,
            "overview.html",
            pulls=pull_rows(pages, pages.desk.pulls.listed(PullState.OPEN)),
            active=[job_row(job) for job in jobs if not job.state.is_end],
            recent=[job_row(job) for job in jobs if job.state.is_end][:_RECENT],
            models=pages.desk.models(),
        )

    return answer


def pulls(pages: Pages) -> Endpoint:
    """`/pulls`: all of them."""

    def answer(request: Request) -> Response:
        listed = pages.desk.pulls.listed(None)
        return pages.page(request, "pulls.html", pulls=pull_rows(pages, listed))

    return answer


def pull_rows(pages: Pages, listed: Sequence[Pull]) -> list[dict[str, object]]:
    """Pull requests as a list shows them."""
    rows: list[dict[str, object]] = []
    for pull in listed:
        state = summary_of(pages.desk.checks(pull))
        word = state.value if state else ""
        rows.append(
            {
                "pull": pull,
                "state": state_word(pull),
                "checks": word or "no check",
                "tone": CHECK_TONES.get(word, "dim"),
                "needs": pull.asked.needs_approval and not pull.approved_by,
            }
        )
    return rows


def job_row(job: QueuedJob) -> dict[str, object]:
    """A job as a list shows it."""
    return {"job": job, "tone": job_tone(job), "words": job_words(job)}
