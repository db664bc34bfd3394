"""Adapter `trial_workers`: hands out trials to a crew, and takes what comes back.

A peer that is lost in the middle of a trial has it made again, once, by whoever is free.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.run.trials import Trial, TrialState
from branchline.errors import BadDataError, StageFailedError
from branchline.ports.trial_messages import ask_to_json, done_from_json
from branchline.ports.trials import TrialDone, TrialRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.adapters.trial_workers.crew import Crew, Message, Peer
    from branchline.ports.trials import TrialAsk

_MOMENT_S = 0.1
_DEATHS = 2
"""So often a trial may take its process with it before it counts as failed."""


@dataclass(slots=True)
class _Task:
    """A trial that is waiting or being made, and how often it lost its peer."""

    ask: TrialAsk
    deaths: int = 0


class WorkerTrials(TrialRunner):
    """Makes trials side by side.

    Args:
        crew: Makes them; closed with this.
        say: Told what a trial says.
        show: Told stage and path of the log of a stage that failed.
        is_stopped: Asked often; True ends what runs.
    """

    def __init__(
        self,
        crew: Crew,
        *,
        say: Callable[[str], None],
        show: Callable[[str, str], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        self._crew = crew
        self._say, self._show, self._is_stopped = say, show, is_stopped
        self._waiting: deque[_Task] = deque()
        self._at: dict[Peer, _Task] = {}
        self._is_ending = False
        self.slots = self._room()

    def start(self, ask: TrialAsk) -> None:
        """See the port."""
        self._waiting.append(_Task(ask))
        self._assign()

    def wait(self) -> Sequence[TrialDone]:
        """See the port."""
        if self._is_stopped() and not self._is_ending:
            self._is_ending = True
            self._crew.end()
        done: list[TrialDone] = []
        if self._is_ending:
            done = [TrialDone(ask=task.ask, trial=None) for task in self._waiting]
            self._waiting.clear()
        for peer, message in self._crew.heard(0 if done else _MOMENT_S):
            done.extend(self._taken(peer, message))
        self.slots = self._room()
        self._assign()
        return done

    def close(self) -> None:
        """See the port."""
        self._crew.close()

    def _room(self) -> int:
        """Trials at once; what is waiting counts, so that it is never less than one."""
        return max(1, sum(peer.is_ready() for peer in self._crew.peers))

    def _assign(self) -> None:
        """Give what is waiting to those that are free; once it ends, nothing is begun."""
        if self._is_ending:
            return
        for peer in self._crew.peers:
            if self._waiting and peer not in self._at and peer.is_ready():
                task = self._at[peer] = self._waiting.popleft()
                peer.tell({"ask": ask_to_json(task.ask)})

    def _taken(self, peer: Peer, message: Message) -> list[TrialDone]:
        """Act on a message."""
        if "say" in message:
            self._say(str(message["say"]))
        elif "show" in message:
            self._show(str(message["show"]["stage"]), str(message["show"]["path"]))
        elif "refused" in message:
            kind = BadDataError if message.get("slug") == BadDataError.slug else StageFailedError
            todo, details = str(message.get("todo", "")), map(str, message.get("details", ()))
            raise kind(str(message["refused"]), todo=todo, details=details)
        elif "gone" in message:
            return self._lost(peer, str(message["gone"]), str(message.get("words", "")))
        elif "done" in message and peer in self._at:
            return [done_from_json(self._at.pop(peer).ask, message["done"])]
        return []

    def _lost(self, peer: Peer, how: str, words: str) -> list[TrialDone]:
        """A process is gone: its trial is begun again, or has failed, or was stopped."""
        task = self._at.pop(peer, None)
        if task is None:
            return []
        task.deaths += 1
        ask = task.ask
        if self._is_ending:
            return [TrialDone(ask=ask, trial=None)]
        if task.deaths < _DEATHS:
            self._say(f"{ask.title}: its process was lost ({how}); once more")
            self._waiting.appendleft(task)
            return []
        detail = f"its process was lost {task.deaths} times, at last by {how}"
        detail += f": {words}" if words else ""
        failed = Trial(
            number=ask.number, params=dict(ask.point), state=TrialState.FAILED, detail=detail
        )
        return [TrialDone(ask=ask, trial=failed)]
