"""What the pages share: templates, their words, forms, errors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from branchline.core.evidence.figures import duration
from branchline.errors import BranchlineError, PullRequestError, UnknownNameError, UsageError
from branchline.render.table import visible
from branchline.server.guard import VISIT
from branchline.server.markdown import to_html

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.desk import Desk
    from branchline.ports.branches import Signature

    Endpoint = Callable[[Request], Response]
    Handler = Callable[[Request], Awaitable[Response]]

_HERE = os.path.dirname(os.path.abspath(__file__))
_MOST_FORM_BYTES = 64_000
SAID = {
    "approved": "Approved.",
    "merged": "Merged. The result of this pull request is reused where it fits.",
    "closed": "Closed.",
    "cancelled": "The job is asked to stop.",
    "retried": "Queued again as this job.",
}
"""Sentences after an action, by the word that the address carries."""


def static_folder() -> str:
    """Where style and script stand."""
    return os.path.join(_HERE, "static")


class Pages:
    """Renders pages of one box.

    Args:
        desk: The box.
        by: Who acts.
    """

    def __init__(self, desk: Desk, by: Signature) -> None:
        self.desk, self.by = desk, by
        self._templates = Environment(
            loader=FileSystemLoader(os.path.join(_HERE, "templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            when=_when,
            iso=_iso,
            markdown=_markdown,
            took=_took,
            visible=visible,
            short=_short,
            sentence=_sentence,
        )

    @property
    def actor(self) -> str:
        """`Name <address>` of who acts."""
        return f"{self.by.name} <{self.by.email}>"

    def page(self, request: Request, name: str, status: int = 200, **values: object) -> Response:
        """A page from its template."""
        context = {
            "box": self.desk.name,
            "actor": self.by.name,
            "path": request.url.path,
            "form_token": request.state.form_token,
            "said": SAID.get(request.query_params.get("said", ""), ""),
            **values,
        }
        text = self._templates.get_template(name).render(context)
        return HTMLResponse(text, status_code=status)

    def posted(self, action: Callable[[Request, Mapping[str, str]], str]) -> Handler:
        """An endpoint for a form of ours.

        Args:
            action: Does it, from the request and its fields; returns where to go.
        """

        async def answer(request: Request) -> Response:
            fields = await read_form(request)
            where = await run_in_threadpool(action, request, fields)
            return RedirectResponse(where, status_code=303)

        return answer

    def error_handlers(self) -> Mapping[Any, Any]:
        """What Starlette does with errors."""
        return {BranchlineError: self._told, HTTPException: self._not_there}

    def _told(self, request: Request, error: Exception) -> Response:
        is_unknown = isinstance(error, UnknownNameError)
        status = 404 if is_unknown else 409 if isinstance(error, PullRequestError) else 500
        title = "Not found" if is_unknown else "This cannot be done now"
        return self.page(request, "error.html", status, title=title, error=error)

    def _not_there(self, request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        detail = str(getattr(error, "detail", "")) or "The page cannot be shown."
        told = UnknownNameError("there is no such page") if status == 404 else UsageError(detail)
        title = "Not found" if status == 404 else "This cannot be done"
        return self.page(request, "error.html", status, title=title, error=told)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form of ours.

    Raises:
        HTTPException: It is too long, of another kind, or was not made for this browser.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "A form is expected here.")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MOST_FORM_BYTES:
            raise HTTPException(413, "The form is too long.")
    parsed = parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    fields = {name: values[0] for name, values in parsed.items()}
    guard = request.state.guard
    given, visit = fields.get("form_token", ""), request.cookies.get(VISIT, "")
    if not guard.is_form_token(given, visit):
        raise HTTPException(403, "This form is too old, or not ours: load the page and try again.")
    return fields


def job_tone(job: QueuedJob) -> str:
    """Which colour the state of a job has."""
    states = {
        "succeeded": "good",
        "failed": "bad",
        "lost": "bad",
        "running": "busy",
        "queued": "unsure",
        "waiting": "unsure",
    }
    outcomes = {"failed": "bad", "unknown": "unsure"}
    return outcomes.get(job.outcome) or states.get(job.state.value, "dim")


def job_words(job: QueuedJob) -> str:
    """The state of a job, with its verdict when it was judged."""
    verdict = f", verdict {job.outcome}" if job.outcome else ""
    return job.state.value + verdict


def _when(at: float | None) -> str:
    from branchline.render.pulls import when

    return when(at or 0.0)


def _iso(at: float | None) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at or 0.0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _took(job: QueuedJob) -> str:
    if job.started_at is None or job.ended_at is None:
        return ""
    return duration(max(job.ended_at - job.started_at, 0.0))


def _short(commit: str) -> str:
    return commit[:8]


def _sentence(text: str) -> Markup:
    """A sentence of ours: what stands in backquotes is code, all of it is text."""
    pieces = visible(text).split("`")
    if len(pieces) % 2 == 0:
        return escape(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if index % 2 else piece
        for index, piece in enumerate(pieces)
    )


def _markdown(text: str) -> Markup:
    return Markup(to_html(text))  # noqa: S704 # that module is what makes it safe
