"""Verb: follow. The logs of a box's jobs as they grow, and how the jobs end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from branchline.core.plain_text import plain
from branchline.render.job_log import job_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.places import Places
    from branchline.ports.queue import Queue

POLL_S = 0.1
ASK_S = 0.5
PIECE_BYTES = 1 << 20


class Follower:
    """Prints the logs of jobs until all have ended.

    Args:
        queue: Where they stand.
        places: Where their logs are.
        out: Prints a line.
        is_gone: Asked often; True ends the following: nobody reads any more.
    """

    def __init__(
        self,
        queue: Queue,
        places: Places,
        out: Callable[[str], None],
        *,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_gone = is_gone
        self._queue = queue
        self._places = places
        self._out = out
        self._offsets: dict[int, int] = {}
        self._rests: dict[int, bytes] = {}
        self._said: dict[int, str] = {}

    def follow(self, numbers: Sequence[int]) -> None:
        """Print until all of these jobs have ended."""
        named = len(numbers) > 1
        open_jobs = list(numbers)
        asked_at = 0.0
        while open_jobs and not self._is_gone():
            now = time.monotonic()
            ended: list[QueuedJob] = []
            if now - asked_at >= ASK_S:
                asked_at = now
                found = [self._queue.job(number) for number in open_jobs]
                ended = [job for job in found if job is not None and job.state.is_end]
                for job in found:
                    if job is not None:
                        self._say_state(job, named=named)
                gone = {n for n, job in zip(open_jobs, found, strict=True) if job is None}
                open_jobs = [n for n in open_jobs if n not in gone]
            for number in open_jobs:
                self._add(number, named=named)
            for job in ended:
                self._add(job.job, named=named, last=True)
                self._say_end(job)
                open_jobs.remove(job.job)
            if open_jobs:
                time.sleep(POLL_S)

    def print_now(self, number: int) -> None:
        """Print what the log of a job holds now, and how it ended where that says nothing."""
        self._add(number, named=False, last=True)
        job = self._queue.job(number)
        if job is None:
            return
        self._say_state(job, named=False)
        if job.state.is_end:
            self._say_end(job)

    def _add(self, number: int, *, named: bool, last: bool = False) -> None:
        prefix = f"#{number} " if named else ""
        for data in self._pieces(number):
            # Bytes until the line is whole: a letter may be cut in two.
            *lines, self._rests[number] = (self._rests.get(number, b"") + data).split(b"\n")
            for line in lines:
                self._out(plain(prefix + line.decode("utf-8", "replace")))
        rest = self._rests.pop(number, b"") if last else b""
        if rest:
            self._out(plain(prefix + rest.decode("utf-8", "replace")))

    def _pieces(self, number: int) -> Iterator[bytes]:
        """What came to a log since the last call, in pieces that fit into memory."""
        try:
            with open(self._places.log(number), "rb") as file:
                file.seek(self._offsets.get(number, 0))
                while data := file.read(PIECE_BYTES):
                    self._offsets[number] = file.tell()
                    yield data
        except OSError:
            return

    def _say_state(self, job: QueuedJob, *, named: bool) -> None:
        """Say once that a job waits, and for what."""
        word = job.state.value
        if job.state.is_end or self._said.get(job.job) == word:
            return
        self._said[job.job] = word
        prefix = f"#{job.job} " if named else ""
        if word == "queued":
            self._out(job_line(f"{prefix}queue", f"job {job.job} waits for its turn"))

    def _say_end(self, job: QueuedJob) -> None:
        """What the log of a job that never ran, or was stopped, does not say itself."""
        is_silent = job.job not in self._offsets  # its runner never came to write a line
        if is_silent or job.state.value in ("skipped", "superseded", "cancelled", "lost"):
            why = job.detail or job.cancel or job.asked.reason
            self._out(plain(f"job {job.job} {job.state.value}: {why}"))
