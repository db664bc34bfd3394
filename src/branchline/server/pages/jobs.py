"""The page of a job: where it is, its log as it grows, cancel and retry."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from branchline.core.plain_text import plain
from branchline.errors import PullRequestError
from branchline.flows.queue import cancel_one, retry_one
from branchline.server.pages.overview import job_row
from branchline.server.pages.rendering import job_tone, job_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

    from branchline.core.run.jobs import QueuedJob
    from branchline.server.pages.rendering import Endpoint, Handler, Pages

VERBS = ("cancel", "retry")
STATIONS = ("trigger", "changes", "plan", "run", "evidence", "verdict", "effects")
_SHOWN_BYTES = 400_000
_STEP_BYTES = 64_000
_STEP_S = 0.4
_BEAT_S = 15.0
_LIST = 200


def listed(pages: Pages) -> Endpoint:
    """`/jobs`."""

    def answer(request: Request) -> Response:
        jobs = [job_row(job) for job in pages.desk.jobs(limit=_LIST)]
        return pages.page(request, "jobs.html", jobs=jobs)

    return answer


def show(pages: Pages) -> Endpoint:
    """`/jobs/NUMBER`."""

    def answer(request: Request) -> Response:
        job = pages.desk.job(request.path_params["number"])
        path = pages.desk.log_path(job.job)
        size = _size(path)
        start = max(size - _SHOWN_BYTES, 0)
        data = _read(path, start, size - start)
        whole = data[: data.rfind(b"\n") + 1] if not job.state.is_end else data
        return pages.page(
            request,
            "job.html",
            job=job,
            tone=job_tone(job),
            words=job_words(job),
            pull=pages.desk.pull_of(job),
            stations=_stations(job),
            log=_plain(whole),
            offset=start + len(whole),
            is_cut=start > 0,
        )

    return answer


def log(pages: Pages) -> Endpoint:
    """`/jobs/NUMBER/log`: all of it, as plain text."""

    def answer(request: Request) -> Response:
        job = pages.desk.job(request.path_params["number"])
        path = pages.desk.log_path(job.job)
        data = _read(path, 0, min(_size(path), 50_000_000))
        return PlainTextResponse(_plain(data))

    return answer


def act(pages: Pages, verb: str) -> Handler:
    """`/jobs/NUMBER/VERB`: a button was pressed."""

    def action(request: Request, _: Mapping[str, str]) -> str:
        number: int = request.path_params["number"]
        queue, now = pages.desk.queue, pages.desk.now()
        if verb == "cancel":
            reason = f"stopped by {pages.actor}"
            cancel_one(queue, pages.desk.job(number), reason=reason, at=now)
            return f"/jobs/{number}?said=cancelled"
        again = retry_one(queue, number, by=pages.actor, at=now)
        if again is None:
            raise PullRequestError(f"job {number} has not ended, so it cannot be tried again")
        pages.desk.wake()
        return f"/jobs/{again.job}?said=retried"

    return pages.posted(action)


def events(pages: Pages) -> Handler:
    """`/jobs/NUMBER/events`: what the log gains, as server-sent events, until the job ends."""

    async def answer(request: Request) -> Response:
        number: int = request.path_params["number"]
        job = await run_in_threadpool(pages.desk.job, number)
        if "text/event-stream" not in request.headers.get("accept", ""):
            return RedirectResponse(f"/jobs/{number}", status_code=303)
        given = request.headers.get("last-event-id") or request.query_params.get("from", "0")
        start = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
        return StreamingResponse(
            _follow(pages, request, job.job, start), media_type="text/event-stream"
        )

    return answer


async def _follow(pages: Pages, request: Request, number: int, start: int) -> AsyncIterator[str]:
    path, at, quiet_s, told = pages.desk.log_path(number), start, 0.0, ""
    while not await request.is_disconnected():
        # The state first: what the log holds after that is all of it.
        job = await run_in_threadpool(pages.desk.job, number)
        data = await run_in_threadpool(_read, path, at, _STEP_BYTES)
        is_full = len(data) == _STEP_BYTES  # perhaps of one line
        whole = (_lines(data) or data) if is_full else data if job.state.is_end else _lines(data)
        if whole:
            at += len(whole)
            text = _plain(whole)
            yield _event("log", {"text": text}, at)
        state = f"{job_words(job)} {job.station}"
        if state != told:
            told = state
            body = {"words": job_words(job), "tone": job_tone(job), "station": job.station}
            yield _event("state", body, at)
        if job.state.is_end and not whole:
            yield _event("end", {"words": job_words(job)}, at)
            return
        if whole:
            quiet_s = 0.0
            continue
        await asyncio.sleep(_STEP_S)
        quiet_s += _STEP_S
        if quiet_s >= _BEAT_S:  # finds out that nobody listens any more
            quiet_s = 0.0
            yield ": still here\n\n"


def _event(kind: str, body: Mapping[str, str], at: int) -> str:
    return f"id: {at}\nevent: {kind}\ndata: {json.dumps(body)}\n\n"


def _lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _plain(data: bytes) -> str:
    return "\n".join(plain(line) for line in data.decode("utf-8", "replace").split("\n"))


def _stations(job: QueuedJob) -> list[tuple[str, str]]:
    """(station, done, now or later) of the walk."""
    if job.station not in STATIONS:
        return [(name, "later") for name in STATIONS]
    here = STATIONS.index(job.station)
    words = ["done"] * here + ["now"] + ["later"] * (len(STATIONS) - here - 1)
    if job.state.value == "succeeded":
        words = ["done"] * len(STATIONS)
    return list(zip(STATIONS, words, strict=True))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _read(path: str, start: int, most: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(start)
            return file.read(most)
    except OSError:
        return b""
