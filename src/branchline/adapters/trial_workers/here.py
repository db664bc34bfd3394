"""Processes on this machine, as the crew of a search."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from branchline.adapters.trial_workers.crew import Crew, Peer
from branchline.adapters.trial_workers.process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.trial_workers.crew import Message
    from branchline.adapters.trial_workers.process import WorkerSpec
    from branchline.core.values import JsonValue


class _ProcessPeer(Peer):
    """A process; what a dead one left running is ended by its successor in the same folders."""

    def __init__(self, spec: WorkerSpec) -> None:
        self.process = WorkerProcess(spec)

    def is_ready(self) -> bool:
        return True

    def tell(self, message: Mapping[str, JsonValue]) -> None:
        self.process.tell(message)


class ProcessCrew(Crew):
    """One process for each spec, started with its first trial.

    When this process dies, however it dies, the others see their input end, and end too.

    Args:
        specs: How they are started.
    """

    def __init__(self, specs: Sequence[WorkerSpec]) -> None:
        self._peers = [_ProcessPeer(spec) for spec in specs]

    @property
    def peers(self) -> Sequence[Peer]:
        """See `Crew`."""
        return self._peers

    def heard(self, within_s: float) -> Sequence[tuple[Peer, Message]]:
        """See `Crew`."""
        running = {p.process.output: p for p in self._peers if p.process.output >= 0}
        poll = select.poll()
        for output in running:
            poll.register(output, select.POLLIN)
        said: list[tuple[Peer, Message]] = []
        for output, _ in poll.poll(within_s * 1000):
            peer = running[output]
            messages = peer.process.read()
            if messages is None:
                messages = [{"gone": peer.process.bury(), "words": peer.process.last_words()}]
            said.extend((peer, message) for message in messages)
        return said

    def end(self) -> None:
        """See `Crew`."""
        for peer in self._peers:
            peer.process.end()

    def close(self) -> None:
        """See `Crew`."""
        self.end()
        for peer in self._peers:
            peer.process.bury()
