"""The thread of `branchline serve` that tells a forge what the box knows, until it knows it."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.values import without_secrets
from branchline.errors import BranchlineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from branchline.flows.reporting_back import Reporter, Saying

LOOK_S = 2.0
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0


@dataclass(slots=True)
class _Wait:
    """How long something waits after the forge did not take it."""

    until: float = 0.0
    step_s: float = field(default=FIRST_WAIT_S)


class ReporterThread:
    """Tells what is not known there.

    Args:
        opened: Opens the box and the forge, in the thread that uses them.
        look_s: Seconds between two looks.
    """

    def __init__(
        self, opened: Callable[[], AbstractContextManager[Reporter]], *, look_s: float = LOOK_S
    ) -> None:
        self._opened, self._look_s = opened, look_s
        self._ended = threading.Event()
        self._waits: dict[str, _Wait] = {}
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being told; the rest is told next time."""
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        try:
            with self._opened() as reporter:
                while not self._ended.is_set():
                    self._round(reporter)
                    self._ended.wait(self._look_s)
        except (BranchlineError, OSError) as error:
            _say(f"nothing is reported: {error}")

    def _round(self, reporter: Reporter) -> None:
        try:
            wanted = reporter.wanted()
        except (BranchlineError, OSError) as error:
            _say(f"what is to be reported cannot be read: {error}")
            return
        self._waits = {s.event: w for s in wanted if (w := self._waits.get(s.event))}
        for saying in wanted:
            if self._ended.is_set():
                return
            wait = self._waits.get(saying.event)
            if wait is None or time.monotonic() >= wait.until:
                self._tell(reporter, saying)

    def _tell(self, reporter: Reporter, saying: Saying) -> None:
        try:
            _say(reporter.tell(saying))
        except BranchlineError as error:
            self._later(saying, " ".join([error.message, *error.details[:2], error.todo]).strip())
        except Exception as error:  # noqa: BLE001 - what comes after it must be told all the same
            self._later(saying, f"{type(error).__name__}: {error}")

    def _later(self, saying: Saying, why: str) -> None:
        wait = self._waits.setdefault(saying.event, _Wait())
        wait.until = time.monotonic() + wait.step_s
        _say(f"{saying.what}: {without_secrets(why)}; tried again in {wait.step_s:.0f} s")
        wait.step_s = min(2 * wait.step_s, LONGEST_WAIT_S)


def _say(text: str) -> None:
    print(f"branchline serve: {text}", file=sys.stderr, flush=True)
