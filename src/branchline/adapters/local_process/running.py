"""Adapter `local_process`: one stage between its start and the report of how it ended."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.adapters.local_process.endings import Cause
    from branchline.adapters.local_process.zygotes import Forked
    from branchline.ports.executor import Task


class Phase(Enum):
    """RUNNING; then LINGERING while what it left behind may end by itself; then we end it."""

    RUNNING = auto()
    LINGERING = auto()
    TERMINATING = auto()
    KILLING = auto()


@dataclass(slots=True, kw_only=True)
class Running:
    """One stage that was started and has not been reported."""

    task: Task
    pid: int
    pidfd: int = -1
    mark: str
    began: float
    phase: Phase = Phase.RUNNING
    until: float | None = None
    grace_s: float
    status: int | None = None
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    cause: Cause | None = None
    notes: list[str] = field(default_factory=list)
    forked: Forked | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its first process is gone and reaped."""
        return self.status is not None

    @property
    def said(self) -> int:
        """Descriptor of what a fork says; -1 where nothing does."""
        return -1 if self.forked is None else self.forked.descriptor

    def reap(self, options: int) -> bool:
        """Take its exit status and what it used, once it has ended; says whether it has.

        Args:
            options: As `os.wait4` takes them.
        """
        told = None if self.forked is None else self.forked.reap(options)
        return self._take(self._wait(options) if told is None else told)

    def hear(self) -> bool:
        """Take what a fork says; whether it says that it has ended."""
        told = None if self.forked is None or self.has_ended else self.forked.hear()
        return told is not None and self._take(told)

    def _take(self, told: tuple[int, int, float, int]) -> bool:
        pid, status, cpu_s, peak_memory_bytes = told
        if pid:
            self.status, self.cpu_s, self.peak_memory_bytes = status, cpu_s, peak_memory_bytes
        return bool(pid)

    def _wait(self, options: int) -> tuple[int, int, float, int]:
        try:
            pid, status, usage = os.wait4(self.pid, options)
        except ChildProcessError:  # taken by somebody's SIGCHLD handler
            self.notes.append("its exit status was lost")
            return self.pid, 0xFF00, 0.0, 0
        return pid, status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
