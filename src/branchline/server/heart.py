"""Keeps a job's lease while its runner works, and hears that it shall stop."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.ports.queue import Queue

BEAT_S = 0.5
LEASE_S = 20.0


class Heart:
    """Beats for one job in a thread of its own, over a connection of its own.

    Args:
        open_queue: Opens the queue.
        job, worker: Who holds what.
        is_kept: Asked once for each reason to stop, in a thread of its own: it may take longer than
            a lease. True goes on all the same.
    """

    def __init__(
        self,
        open_queue: Callable[[], Queue],
        job: int,
        worker: str,
        *,
        is_kept: Callable[[str], bool] = lambda _reason: False,
    ) -> None:
        self._open_queue = open_queue
        self._job = job
        self._worker = worker
        self._is_kept = is_kept
        self._asked = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)
        self.station = ""
        self.reason = ""
        """Why the job shall stop; "" while it may go on."""
        self.is_lost = False
        """Whether somebody else holds the job now: nothing may be written any more."""

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Beat no more; returns when the last beat is over."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def is_stopped(self) -> bool:
        """Whether the job shall stop."""
        return self.is_lost or bool(self.reason)

    def _beat(self) -> None:
        queue: Queue | None = None
        held_until = time.monotonic() + LEASE_S
        while not self._end.wait(BEAT_S):
            try:
                queue = queue or self._open_queue()
                said = queue.beat(
                    self._job,
                    self._worker,
                    lease_s=LEASE_S,
                    at=time.time(),
                    station=self.station,
                )
            except BranchlineError:
                # A database that is away: the lease says how long we may go on without it.
                queue = None
                self.is_lost = self.is_lost or time.monotonic() > held_until
                continue
            if said is None:
                self.is_lost = True
                break
            held_until = time.monotonic() + LEASE_S
            self._hear(said)
        if queue is not None:
            queue.close()

    def _hear(self, said: str) -> None:
        if not said or self.reason or said == self._asked:
            return
        self._asked = said
        threading.Thread(target=self._ask, args=(said,), name="kept?", daemon=True).start()

    def _ask(self, said: str) -> None:
        try:
            is_kept = self._is_kept(said)
        except Exception:
            self.reason = said  # not known is not a reason to go on
            raise
        if not is_kept:
            self.reason = said
