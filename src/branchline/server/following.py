"""The thread of `branchline serve` that handles webhooks, one after another, until all are done."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.trigger.refnames import shown
from branchline.errors import BranchlineError, BusyError, LedgerError, UpstreamError

if TYPE_CHECKING:
    from branchline.core.trigger.hook import Hook
    from branchline.wiring.hooks import Followed

LOOK_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
_LATER = (UpstreamError, BusyError, LedgerError)


@dataclass(slots=True)
class _Wait:
    """How long a message waits after it could not be handled."""

    until: float = 0.0
    step_s: float = field(default=FIRST_WAIT_S)


class FollowerThread:
    """Handles what waits.

    Args:
        followed: The box.
    """

    def __init__(self, followed: Followed) -> None:
        self._followed = followed
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._waits: dict[str, _Wait] = {}
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wanted.set()

    def stop(self) -> None:
        """End after the message at hand; what is left is done next time."""
        self._ended.set()
        self._wanted.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wanted.clear()
            try:
                self._round()
            except (BranchlineError, OSError) as error:
                _say(f"{type(error).__name__}: {error}")
            # Rings when a message comes; else looks for those whose wait is over.
            self._wanted.wait(min(LOOK_S, self._next_s()))

    def _round(self) -> None:
        for hook in self._followed.deliveries.waiting():
            if self._ended.is_set():
                return
            wait = self._waits.get(hook.digest)
            if wait is None or time.monotonic() >= wait.until:
                self._handle(hook)

    def _handle(self, hook: Hook) -> None:
        follower = self._followed.follower
        try:
            done = follower.handle(hook)
        except _LATER as error:
            wait = self._waits.setdefault(hook.digest, _Wait())
            wait.until = time.monotonic() + wait.step_s
            _say(f"{_named(hook)}: {error.message}; tried again in {wait.step_s:.0f} s")
            wait.step_s = min(2 * wait.step_s, LONGEST_WAIT_S)
            return
        except BranchlineError as error:
            # Not in the ledger: who mends what stood against it may let the forge send it again.
            done = f"refused: {error.message}"
        except Exception as error:  # noqa: BLE001 - the next message must be handled all the same
            done = f"given up: {type(error).__name__}: {error}"
        else:
            follower.settle(hook)
        self._followed.deliveries.remove(hook)
        self._waits.pop(hook.digest, None)
        _say(f"{_named(hook)}: {done}")
        self._followed.wake()

    def _next_s(self) -> float:
        now = time.monotonic()
        return max(0.05, min((wait.until - now for wait in self._waits.values()), default=LOOK_S))


def _named(hook: Hook) -> str:
    about = shown(hook.branch) if hook.branch else hook.commit[:10]
    return f"webhook {hook.delivery}, {hook.kind.value} {about}"


def _say(text: str) -> None:
    print(f"branchline serve: {text}", file=sys.stderr, flush=True)
