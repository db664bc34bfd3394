"""Adapter `local_process`: waits until a process of a stage ends, or says that it has done so."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.adapters.local_process.running import Running


class Watching:
    """Descriptors of running stages: of the process itself, and of what a fork says."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._by_descriptor: dict[int, Running] = {}

    def add(self, running: Running) -> None:
        """Watch a stage; its `pidfd` stays -1 where the system has none."""
        try:
            running.pidfd = os.pidfd_open(running.pid)
        except (AttributeError, OSError):
            running.pidfd = -1
        for descriptor in (running.pidfd, running.said):
            if descriptor >= 0:
                self._by_descriptor[descriptor] = running
                self._poll.register(descriptor, select.POLLIN)

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until a process ends or says something; take that."""
        # Rounded up: a poll that returns just before a deadline would spin.
        for descriptor, _ in self._poll.poll(max(0, int(seconds * 1000) + 1)):
            running = self._by_descriptor.get(descriptor)
            if running is None:
                continue  # it has ended by what came before in this list
            if descriptor == running.pidfd:
                self.reap(running, 0)
            elif running.hear():
                self.forget(running)
            elif running.forked is not None and running.forked.is_silent:
                self._drop(descriptor)

    def reap(self, running: Running, options: int) -> None:
        """Take the end of a process, if it has ended.

        Args:
            running: Its stage.
            options: As `os.wait4` takes them.
        """
        if not running.has_ended and running.reap(options):
            self.forget(running)

    def forget(self, running: Running) -> None:
        """Watch a stage no more."""
        self._drop(running.said)
        if running.pidfd >= 0:
            self._drop(running.pidfd)
            os.close(running.pidfd)
            running.pidfd = -1

    def _drop(self, descriptor: int) -> None:
        if self._by_descriptor.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)
