"""The runners that a worker has started: starting, looking whether they live, ending them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError
from branchline.server.holding import noted, without_runner
from branchline.server.surroundings import JOB_MARK
from branchline.wiring import jobs as wired

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.places import Places
    from branchline.server.forking import Nursery

GRACE_S = 12.0
"""So long a runner may take to stop by itself: it ends its stages within `flows.engine.GRACE_S`."""


@dataclass(slots=True)
class Running:
    """One runner."""

    job: int
    worker: str
    pid: int
    devices: tuple[str, ...] = ()
    late_since: float | None = None
    is_asked: bool = False


class Runners:
    """Runners of one box.

    Args:
        places: Of the box.
        nursery: Starts them.
    """

    def __init__(self, places: Places, nursery: Nursery) -> None:
        self._places = places
        self._nursery = nursery
        self._running: dict[int, Running] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[Running]:
        return iter(tuple(self._running.values()))

    @property
    def pids(self) -> frozenset[int]:
        """Their processes."""
        return frozenset(running.pid for running in self._running.values())

    @property
    def devices(self) -> frozenset[str]:
        """GPUs that are taken."""
        return frozenset(name for running in self._running.values() for name in running.devices)

    def start(
        self, job: QueuedJob, environ: Mapping[str, str], *, devices: tuple[str, ...] = ()
    ) -> None:
        """Start the runner of a claimed job. What an earlier attempt left is ended first.

        Raises:
            OSError: It cannot be started.
        """
        folder = self._places.job(job.job)
        if os.path.exists(folder):
            self.end_leftovers(job.job)
        os.makedirs(folder, exist_ok=True)
        given = dict(environ)
        if devices:
            given["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
        pid = self._nursery.fork(job, given)
        self._running[job.job] = Running(job=job.job, worker=job.worker, pid=pid, devices=devices)

    def ended(self) -> list[Running]:
        """Runners that have ended since the last call; what they left is ended, too."""
        found = [running for running in self if not self._lives(running.job)]
        for running in found:
            del self._running[running.job]
            self.end_leftovers(running.job)
            self.clean(running.job)
        return found

    def end_late(self, running: Running, *, at_once: bool) -> None:
        """End a runner that shall stop and hears of it by itself: called until it has ended.

        Args:
            running: The runner.
            at_once: Whether it lost its job; else it is left alone for a while first.
        """
        now = time.monotonic()
        if running.late_since is None:
            running.late_since = now
        waited = now - running.late_since
        if not running.is_asked and (at_once or waited > GRACE_S):
            running.is_asked = True
            running.late_since = now
            with suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGTERM)
        elif running.is_asked and waited > GRACE_S:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            self.end_leftovers(running.job)

    def end_leftovers(self, job: int) -> None:
        """Kill every process of a job, a runner that another worker started included."""
        pid = noted(self._places, job)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wired.end_leftovers(JOB_MARK, f"{self.mark(job)}", self.pids)

    def mark(self, job: int) -> str:
        """What the mark of a job's processes begins with."""
        return f"{self._places.box}:{job}:"

    def clean(self, job: int) -> None:
        """Remove the worktrees that a killed runner left."""
        for name in ("tree", "newer"):
            with suppress(BranchlineError, OSError):
                wired.remove_worktree(os.path.join(self._places.job(job), name))

    @contextmanager
    def abandoned(self, job: int) -> Iterator[bool]:
        """Clean up after a job whose runner is gone, and keep it from getting one meanwhile.

        Yields False while its runner lives, also one that another worker started.
        """
        if job in self._running:
            yield False
            return
        with without_runner(self._places, job) as is_gone:
            if is_gone:
                self.end_leftovers(job)
                self.clean(job)
            yield is_gone

    def _lives(self, job: int) -> bool:
        with without_runner(self._places, job) as is_gone:
            return not is_gone
