"""Sends what stages made to the remote of the store, beside the stages that come next.

Serves the station `run`. A job's machine may be gone a minute after it: what stands on it alone is
a name in a record and nothing else. That something could not be sent never fails a training.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError, StoreError
from branchline.ports.store import Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from branchline.core.pipeline import Content
    from branchline.core.plan.values import Result
    from branchline.flows.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEnd:
    """What became of sending.

    Attributes:
        to: The remote, as messages name it; "" where none is named.
        sent: What went there.
        problem: Why something was not sent; None when all is there.
    """

    to: str = ""
    sent: Sent = field(default_factory=Sent)
    problem: BranchlineError | None = None

    @property
    def said(self) -> str:
        """A sentence for the log; "" when there is nothing to say."""
        if self.problem is not None:
            told = " ".join(part for part in (self.problem.message, self.problem.todo) if part)
            return f"outputs were not sent, and stand on this machine alone: {told}"
        if not self.to or not self.sent.objects:
            return ""
        number = self.sent.objects
        objects = "1 object" if number == 1 else f"{number} objects"
        return f"sent {objects} ({self.sent.size_bytes / 1e6:.1f} MB) to {self.to}"


class Sender:
    """Sends outputs while stages run; one for a run.

    Args:
        project: Whose store.
        is_stopped: True ends sending early.
    """

    def __init__(self, project: Project, *, is_stopped: Callable[[], bool]) -> None:
        self._project, self._is_stopped = project, is_stopped
        self._to: str | None = None
        self._waiting: deque[tuple[Content, ...]] = deque()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._sent: list[Sent] = []
        self._problem: BranchlineError | None = None

    def offer(self, result: Result) -> None:
        """Send what a stage left, soon; returns at once."""
        if not self._is_wanted():
            return
        with self._lock:
            self._waiting.append(sendable(self._project, [result]))
            if self._thread is None:
                # A daemon: a job that is told to stop does not wait for an upload.
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def finish(self, results: Iterable[Result]) -> SentEnd:
        """Wait for what was offered, then send what a killed run did not.

        Args:
            results: Of all stages, reused ones too.
        """
        if not self._is_wanted():
            return SentEnd(problem=self._problem)
        thread = self._thread
        while thread is not None and thread.is_alive() and not self._is_stopped():
            thread.join(0.2)
        if self._problem is None and not self._is_stopped():
            self._send(sendable(self._project, results))
        with self._lock:
            sent = Sent(
                objects=sum(one.objects for one in self._sent),
                size_bytes=sum(one.size_bytes for one in self._sent),
            )
        return SentEnd(to=self._to or "", sent=sent, problem=self._problem)

    def _is_wanted(self) -> bool:
        """Whether a remote is named; asked once, by the thread that has the project."""
        if self._to is None:
            try:
                self._to = self._project.store.sends_to()
            except BranchlineError as error:
                self._to, self._problem = "", error
        return bool(self._to)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or self._problem is not None:
                    self._thread = None if not self._waiting else self._thread
                    return
                contents = self._waiting.popleft()
            self._send(contents)

    def _send(self, contents: tuple[Content, ...]) -> None:
        try:
            sent = self._project.store.send(contents, is_stopped=self._is_stopped)
        except BranchlineError as error:
            self._problem = error
        except OSError as error:
            self._problem = StoreError(f"{self._to}: {error.strerror or error}")
        else:
            with self._lock:
                self._sent.append(sent)


def push(project: Project, results: Iterable[Result]) -> tuple[str, Sent]:
    """Send outputs because a person asked: the remote is asked for each, whatever was noted.

    Returns:
        The remote, as messages name it, and what went there.

    Raises:
        StoreError: No remote is named, it cannot be reached, or an output is nowhere.
    """
    sent = project.store.send(sendable(project, results), anew=True)
    return project.store.sends_to(), sent


def sendable(project: Project, results: Iterable[Result]) -> tuple[Content, ...]:
    """Outputs that a remote shall have: all that the store keeps, but for `push: false`."""
    stays = {out.path for stage in project.pipeline.stages for out in stage.outs if not out.push}
    found = {
        out.content.md5: out.content
        for result in results
        for out in result.outs
        if out.content.md5 and out.path not in stays
    }
    return tuple(found.values())
