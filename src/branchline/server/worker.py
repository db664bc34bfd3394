"""`python -m branchline.server.worker BOX [--stay]`: works for one box.

Takes accepted pushes in, claims jobs and starts their runners, takes up what was lost, applies the
effects that are due. One at a time a box; started by the hook, gone when there was nothing to do
for a while. Killed at any point it loses nothing: the next one goes on from the spool, the
branches, the queue and the outbox.
"""

from __future__ import annotations

import fcntl
import math
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState
from branchline.core.trigger.refnames import HEADS
from branchline.errors import BranchlineError
from branchline.flows.apply import outbox_rows
from branchline.flows.checks import ended_check
from branchline.flows.incoming import Incoming
from branchline.flows.intake import Taker
from branchline.flows.job_settings import job_settings
from branchline.flows.places import Places
from branchline.flows.told import untold
from branchline.ports.queue import QueueQuery
from branchline.server.claiming import Claimer
from branchline.server.forking import Nursery
from branchline.server.runners import Runners
from branchline.server.surroundings import nursery_environment
from branchline.wiring import jobs as wired

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import IO

    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.apply import Appliers
    from branchline.flows.box import Box

TICK_S = 0.1
SECOND_S = 1.0
UNTOLD_S = 2.0
"""A branch that the queue was never told of is taken in when it was seen for so long: a hook that
lives is about to tell."""
IDLE_S = 60.0
TIDY_S = 60.0
"""What is not kept of ended jobs is removed so often."""
LOCK_WAIT_S = 5.0

APPLY_S = 0.5
"""So long effects are applied before pushes and runners are looked at again: a server that hangs
keeps the worker from them for one effect's time-out, not for all that are due."""
PATIENCE = 36
"""So often an effect is tried while the worker stays for it alone: for about a day."""

_OPEN = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


class Worker:
    """Works for one box.

    Args:
        box: The box.
        idle_s: Seconds without work after which it leaves; None stays.
    """

    def __init__(self, box: Box, *, idle_s: float | None = IDLE_S) -> None:
        self._box = box
        self._idle_s = idle_s
        self._places = Places(box.path)
        settings = box.settings
        self._limits = job_settings(settings.more)
        self._taker = Taker.of(box, time.time)
        self._incoming = Incoming(
            box.box, box.queue, box.repo, box.branches, self._taker, now=time.time, say=_say
        )
        nursery = Nursery(
            self._places,
            python=settings.python,
            python_path=settings.python_path,
            environ=nursery_environment(os.environ, self._limits),
        )
        self._runners = Runners(self._places, nursery)
        self._claimer = Claimer(box, self._runners, self._limits)
        self._untold: dict[tuple[str, str], float] = {}
        self._looked_at = 0.0
        self._tidied_at = 0.0
        self._busy_at = time.monotonic()
        self._is_stopped = False

    def run(self) -> None:
        """Work until there is nothing to do for a while, or a signal says to stop.

        Runners go on when the worker stops: they hold their own leases.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        wired.become_reaper()
        self._box.box.set_worker(os.getpid())
        try:
            self._adopt()
            while not self._is_stopped and self._has_box():
                try:
                    self._tick()
                except BranchlineError as error:  # the database is away, git is busy: again
                    _say(error.message)
                    time.sleep(SECOND_S)
                if self._may_leave() and self._leave():
                    return
                time.sleep(TICK_S)
        finally:
            self._box.box.clear_worker(os.getpid())

    def _has_box(self) -> bool:
        """Whether the box still stands: an open ledger outlives the file that it was."""
        return os.path.isdir(self._places.home)

    def _tick(self) -> None:
        self._take_in()
        for running in self._runners.ended():
            self._released(running.job, running.worker)
        now = time.monotonic()
        if now - self._looked_at >= SECOND_S:
            self._looked_at = now
            self._look()
        if self._claimer.claim():
            self._busy_at = now
        if len(self._runners):
            self._busy_at = now
        self._apply()

    def _take_in(self) -> None:
        """Move accepted pushes from the spool into the queue."""
        if self._incoming.take():
            self._busy_at = time.monotonic()

    def _look(self) -> None:
        """What is looked at once a second: lost pushes, lost runners, cancelled jobs, rules."""
        from branchline import wiring
        from branchline.flows.receive import read_law, refresh_rules

        self._find_untold()
        self._tidy(time.monotonic())
        refresh_rules(self._box, read_law(self._box, wiring.branch_rules))
        for job in self._expire(time.time()):
            with self._runners.abandoned(job.job):
                pass
        for running in self._runners:
            found = self._box.queue.job(running.job)
            is_lost = found is None or found.worker != running.worker
            if is_lost or (found is not None and found.cancel and not self._is_kept(running.job)):
                self._runners.end_late(running, at_once=is_lost)

    def _tidy(self, now: float) -> None:
        from branchline.server.tidying import tidy

        if now - self._tidied_at >= TIDY_S:
            self._tidied_at = now
            tidy(self._places, self._box.queue)
            self._box.records.compact()

    def _is_kept(self, job: int) -> bool:
        """Whether a runner goes on although a newer job came: that one asks for the same."""
        return os.path.exists(os.path.join(self._places.job(job), "keeps"))

    def _find_untold(self) -> None:
        """Take in what a branch holds and no hook told of, once it stood a while."""
        now = time.monotonic()
        heads = self._box.branches.heads()
        known = self._box.queue.heads()
        missing = untold(heads, known)
        self._untold = {
            (branch, heads[branch]): self._untold.get((branch, heads[branch]), now)
            for branch in missing
        }
        for (branch, commit), since in self._untold.items():
            if now - since >= UNTOLD_S and HEADS + branch not in self._incoming.noted:
                self._busy_at = now
                self._taker.found(branch, commit, old=missing[branch])

    def _adopt(self) -> None:
        """Take over from a worker that died: what it ran lives on, or is taken up again."""
        for job in self._box.queue.jobs(QueueQuery(states=(JobState.RUNNING,))):
            with self._runners.abandoned(job.job) as is_abandoned:
                if is_abandoned:
                    self._released(job.job, job.worker)

    def _released(self, number: int, worker: str) -> None:
        """Give back a job whose runner ended without ending it."""
        job = self._box.queue.job(number)
        if job is None or job.state is not JobState.RUNNING or job.worker != worker:
            return
        now = time.time()
        self._box.queue.beat(number, worker, lease_s=-1.0, at=now)
        self._expire(now)

    def _expire(self, now: float) -> Sequence[QueuedJob]:
        """Jobs whose lease is over: queued again, or ended, and then their commits are told."""
        changed = self._box.queue.expire(at=now, max_attempts=self._limits.max_attempts)
        checks = [
            ended_check(job, job.state, summary=job.detail)
            for job in changed
            if job.state.is_end and job.asked.commit
        ]
        self._box.queue.add_effects(outbox_rows(checks), job=None, at=now)
        return changed

    def _apply(self) -> None:
        from branchline.flows.apply import apply_due
        from branchline.server.applying import appliers_of

        until = time.monotonic() + APPLY_S
        appliers: Appliers | None = None
        while self._box.queue.due_effects(at=time.time(), limit=1):
            appliers = appliers or appliers_of(self._box, self._taker)
            for tried in apply_due(self._box.queue, appliers, at=time.time(), limit=1):
                self._busy_at = time.monotonic()
                if tried.error:
                    _say(f"{tried.identity}: {tried.error}")
            if time.monotonic() > until:
                return

    def _may_leave(self) -> bool:
        if self._idle_s is None or time.monotonic() - self._busy_at < self._idle_s:
            return False
        return not (
            len(self._runners)
            or self._untold
            or self._box.queue.jobs(QueueQuery(states=_OPEN, limit=1))
            # A server that is down comes back, perhaps before the next push does.
            or any(e.tries < PATIENCE for e in self._box.queue.due_effects(at=math.inf, limit=1000))
        )

    def _leave(self) -> bool:
        """Say that nobody works here any more, and look once more.

        A hook writes its push first and then looks for a worker: one of both sees the other.
        """
        self._box.box.clear_worker(os.getpid())
        if not self._box.box.spool():
            return True
        self._box.box.set_worker(os.getpid())
        return False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopped = True


def _say(text: str) -> None:
    print(f"branchline worker: {text}", file=sys.stderr, flush=True)


def hold(box: Box, lock: str) -> IO[str] | None:
    """Hold the lock of a box; None when another worker lives.

    One that is about to leave has taken its name away first: it is waited for.
    """
    file = open(lock, "a", encoding="ascii")  # noqa: SIM115 - held until the process ends
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if box.box.worker() is not None or time.monotonic() > until:
                file.close()
                return None
            time.sleep(TICK_S / 2)
        else:
            return file


def main(arguments: Sequence[str]) -> int:
    """Work for a box."""
    from branchline import wiring

    path = arguments[0]
    try:
        with wiring.open_box(path) as box:
            wired.become(box.settings.user)
            # An edit of box.json counts from the next worker on, whatever its hooks were made with.
            os.environ.update(box.settings.environment)
            idle_s = float(os.environ.get("BRANCHLINE_IDLE_S", IDLE_S))
            lock = hold(box, Places(box.path).worker_lock)
            if lock is None:
                return 0
            Worker(box, idle_s=None if "--stay" in arguments else idle_s).run()
    except BranchlineError as error:
        _say(error.message)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
