"""`python -m branchline.server.runner BOX JOB WORKER`: walks one job to its end.

One process with a session of its own a job. It holds the lease, makes the worktree, and ends the
job in the queue with the effects that follow; the worker that started it only looks whether it
lives.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState
from branchline.core.run.queueing import supersedes
from branchline.errors import BranchlineError, ProgramKilledError
from branchline.flows.job import JobEnd
from branchline.flows.places import Places
from branchline.ports.queue import Ending, QueueQuery
from branchline.render.job_log import error_lines, how_to_see_more, job_line
from branchline.server.heart import LEASE_S, Heart
from branchline.server.job_log import JobLogFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from branchline.core.effects.values import Effect
    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.box import Box
    from branchline.ports.queue import Queue

EXIT_ENDED = 0
EXIT_NOT_OURS = 3
EXIT_WAITING = 4
EXIT_LOST = 5
EXIT_AGAIN = 6


class Runner:
    """Walks one job. `flows.job.Grip`.

    Args:
        box: Its box. number: The job. worker: Name under which it was claimed.
    """

    def __init__(self, box: Box, number: int, worker: str) -> None:
        self._box = box
        self._number = number
        self._worker = worker
        self._places = Places(box.path)
        self._log = JobLogFile(self._places.log(number))
        self._is_asked_to_end = False
        self._kept_key = ""
        self._heart = Heart(self._open_queue, number, worker, is_kept=self._goes_on_although)

    def _open_queue(self) -> Queue:
        from branchline.wiring import jobs

        return jobs.open_queue(self._box.path, self._box.settings.ledger)

    # flows.job.Grip

    def is_stopped(self) -> bool:
        """See the port."""
        return self._is_asked_to_end or self._heart.is_stopped

    def hold_key(self, key: str) -> int | None:
        """See the port; the job's own number means that it is not ours any more."""
        other = self._box.queue.hold_key(self._number, self._worker, key)
        if other == self._number:
            self._heart.is_lost = True
            return None
        if other is not None:
            self._heart.stop()  # WAITING jobs have no lease
        else:
            self._kept_key = key
        return other

    def at(self, station: str) -> None:
        """See the port."""
        self._heart.station = station

    # The job

    def walk(self) -> int:
        """Walk the job to its end; the exit code says how far it came."""
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        job = self._box.queue.job(self._number)
        if job is None or job.worker != self._worker or job.state is not JobState.RUNNING:
            return EXIT_NOT_OURS
        self._begin(job)
        try:
            with self._heart:
                end, effects = self._walked(job)
                return self._end(job, end, effects)
        except ProgramKilledError as error:
            # Says nothing of the commit: the worker gives the job back, up to `max_attempts` times.
            self._log.write(job_line("error", f"{error.message}; the job is taken up again"))
            return EXIT_AGAIN
        finally:
            self._clean()

    def _begin(self, job: QueuedJob) -> None:
        asked = job.asked
        again = f", attempt {job.attempt}" if job.attempt > 1 else ""
        # Most reasons name the branch.
        branch = "" if f"`{asked.branch}`" in asked.reason else f" of `{asked.branch}`"
        what = f"{asked.kind} {asked.commit[:10]}{branch}{again}"
        self._log.write(job_line("trigger", f"job {job.job}: {what}; {asked.reason}"))

    def _walked(self, job: QueuedJob) -> tuple[JobEnd, tuple[Effect, ...]]:
        """How the job ended, whatever went wrong."""
        from branchline.server.walking import walk_in_worktree

        try:
            return walk_in_worktree(self._box, job, self._log, self)
        except ProgramKilledError:
            raise
        except BranchlineError as error:
            for line in error_lines(error.message, error.details, error.todo or ""):
                self._log.write(line)
            end = JobEnd(state=JobState.FAILED, detail=error.message)
        except Exception:  # noqa: BLE001 # whatever it is, the job ends and its pusher hears of it
            path = os.path.join(self._places.job(job.job), "crash.txt")
            with open(path, "w", encoding="utf-8") as file:
                traceback.print_exc(file=file)
            self._log.write(job_line("error", f"an error of Branchline itself; see {path}"))
            end = JobEnd(state=JobState.FAILED, detail="an error of Branchline itself")
        return end, self._failure_effects(job, end)

    def _failure_effects(self, job: QueuedJob, end: JobEnd) -> tuple[Effect, ...]:
        from branchline.flows.effects_of import check_of

        return (check_of(job, end),)

    def _end(self, job: QueuedJob, end: JobEnd, effects: Sequence[Effect]) -> int:
        if self._heart.is_lost:
            self._log.write(job_line("error", "the lease was lost: another runner has the job"))
            return EXIT_LOST
        if end.state is JobState.WAITING:
            return EXIT_WAITING
        end = self._named(job, end)
        for line in self._last_lines(job, end):
            self._log.write(line)
        from branchline.flows.apply import outbox_rows

        ending = Ending(state=end.state, run=end.run, outcome=end.verdict, detail=end.detail)
        rows = outbox_rows(effects)
        for _ in range(int(LEASE_S)):
            try:
                is_ours = self._box.queue.end(
                    job.job, self._worker, ending, at=time.time(), effects=rows
                )
            except BranchlineError:  # the database is away; the lease says how long we may try
                time.sleep(1.0)
                continue
            return EXIT_ENDED if is_ours else EXIT_LOST
        return EXIT_LOST

    def _named(self, job: QueuedJob, end: JobEnd) -> JobEnd:
        """A stopped job by why it was stopped."""
        if end.state is not JobState.CANCELLED:
            return end
        newer = self._newer(job)
        state = JobState.SUPERSEDED if newer is not None else JobState.CANCELLED
        reason = self._heart.reason or "the worker was stopped"
        return replace(end, state=state, detail=reason)

    def _last_lines(self, job: QueuedJob, end: JobEnd) -> tuple[str, ...]:
        took = time.time() - (job.started_at or time.time())
        word = end.verdict or end.state.value
        # Why a recorded run was judged so stands just above.
        said = f", recorded as run {end.run}" if end.run else f": {end.detail}"
        line = job_line("done", f"job {job.job} {word} in {took:.1f} s{said}")
        return (line, *how_to_see_more(job.job, end.run, remote=self._box.settings.name))

    def _newer(self, job: QueuedJob) -> QueuedJob | None:
        """The newest job that this one gives way to."""
        found = self._box.queue.jobs(QueueQuery(branch=job.asked.branch))
        newer = [j for j in found if j.job > job.job and supersedes(j.asked, job.asked)]
        return newer[0] if newer else None

    def _goes_on_although(self, reason: str) -> bool:
        """Whether a newer commit asks for the very result that is being made: then it waits for it.

        Asked in the thread of the heart, over connections of its own.
        """
        del reason
        if not self._kept_key:
            return False
        from branchline.server.walking import would_make

        try:
            same = would_make(self._box.path, self._number, self._kept_key)
        except BranchlineError:
            return False
        if same:
            with open(os.path.join(self._places.job(self._number), "keeps"), "w") as mark:
                mark.write(f"{same}\n")
            self._log.write(job_line("run", f"job {same} asks for the same; going on"))
        return bool(same)

    def _clean(self) -> None:
        from branchline.wiring import jobs

        try:
            jobs.remove_worktree(self._places.tree(self._number))
        except BranchlineError as error:
            self._log.write(job_line("error", error.message))
        self._log.close()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._is_asked_to_end = True


def main(arguments: Sequence[str]) -> int:
    """Walk one job."""
    from branchline import wiring
    from branchline.wiring import jobs

    box, number, worker = arguments
    # What only this process needed to start; stages shall not find it.
    os.environ.pop("PYTHONPATH", None)
    os.environ.update(jobs.safe_git())
    with wiring.open_box(box) as opened:
        return Runner(opened, int(number), worker).walk()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
