"""Verb: take in what stands in the spool, in its order, with what killed hooks left of it.

A push is noted before git moves anything, and told of by post-receive when it has. What was noted
and never told of is judged by what git moved.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from branchline.core.trigger.refnames import HEADS
from branchline.errors import BranchlineError
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.flows.intake import Taker
    from branchline.ports.box import BegunPush, BoxFiles, PushedRef, PushEvent
    from branchline.ports.branches import Branches
    from branchline.ports.queue import Queue
    from branchline.ports.repo import Repo

HOOK_S = 10.0
"""So long a hook that lives is waited for; after that its push is taken in by what git moved."""
SETTLED_S = 2.0
"""A push whose git is gone is judged when it is so old: it may only be out of our sight."""
SHORTLY_S = 5.0
"""What git or the database kept out of the queue is tried again after so long."""
SORE_S = 30.0
"""What an error of ours keeps out of it."""
MOST_JOBS = 500
"""So many jobs of a branch are looked through for one that tells the same move."""


class _Fate(Enum):
    """What is to become of a push that was noted and not told of.

    WAIT: others on its branches wait, too. LEAVE: it may still move something; nobody waits.
    FORGET: it moved nothing. TAKE: it moved something.
    """

    WAIT = auto()
    LEAVE = auto()
    FORGET = auto()
    TAKE = auto()


class Incoming:
    """The way from the spool into the queue.

    Args:
        files: Of the box.
        queue: Where pushes go. repo, branches: The repository that they moved.
        taker: Makes jobs of them.
        now: The clock, seconds since 1970.
        say: Told what could not be taken in.
    """

    def __init__(
        self,
        files: BoxFiles,
        queue: Queue,
        repo: Repo,
        branches: Branches,
        taker: Taker,
        *,
        now: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._files, self._queue, self._taker = files, queue, taker
        self._repo, self._branches = repo, branches
        self._now, self._say = now, say
        self._sore: dict[str, float] = {}
        self.noted: frozenset[str] = frozenset()
        """References of pushes that are known and not in the queue yet."""

    def take(self) -> bool:
        """Take in what can be; says whether there was anything.

        Of two pushes of one reference the first is taken first: who comes after one that has to
        wait waits with it.

        Raises:
            BranchlineError: Git or the database refused; the others are taken the next time.
        """
        notes = {push.event.event: push for push in self._files.begun()}
        spooled = {event.event: event for event in self._files.spool()}
        everything = [*(push.event for push in notes.values()), *spooled.values()]
        self.noted = frozenset(_refs(everything))
        waiting: set[str] = set()
        for event in sorted(everything, key=lambda event: (event.at, event.event)):
            refs = _refs([event])
            if refs & waiting or self._sore.get(event.event, 0.0) > self._now():
                waiting |= refs
                continue
            try:
                if not self._take(event, notes, spooled):
                    waiting |= refs
            except BranchlineError:
                self._sore[event.event] = self._now() + SHORTLY_S
                raise
            except Exception as error:  # noqa: BLE001 # one push must not hold up all others
                self._sore[event.event] = self._now() + SORE_S
                waiting |= refs
                said = f"{type(error).__name__}: {error}"
                self._say(f"push {event.event} cannot be taken in: {said}")
        self.noted = frozenset(waiting)
        return bool(everything)

    def _take(
        self,
        event: PushEvent,
        notes: Mapping[str, BegunPush],
        spooled: Mapping[str, PushEvent],
    ) -> bool:
        """Take one push in, where it is its turn; False when who comes after it has to wait."""
        note = notes.get(event.event)
        if note is not None:
            fate, event = self._judged(note, notes, spooled)
            if fate is _Fate.WAIT:
                return False
            if fate is _Fate.LEAVE:
                return True
            if fate is _Fate.FORGET:
                self._files.unspool(event.event)
                return True
        if self._taker.is_early(event):
            return False
        self._taker.take(event)
        self._sore.pop(event.event, None)
        if note is None or not note.is_going_on:
            # Its hook, if it is still to come, finds its name by the note.
            self._files.unspool(event.event)
        return True

    def _judged(
        self,
        push: BegunPush,
        notes: Mapping[str, BegunPush],
        spooled: Mapping[str, PushEvent],
    ) -> tuple[_Fate, PushEvent]:
        """What becomes of a push that was not told of, and what of it was moved."""
        event = push.event
        if self._queue.event(event.event) is not None:
            return (_Fate.LEAVE if push.is_going_on else _Fate.FORGET), event
        age_s = self._now() - event.at
        if age_s < (HOOK_S if push.is_going_on else SETTLED_S):
            return _Fate.WAIT, event
        others = [
            other.event
            for other in notes.values()
            if other.is_going_on and other.event.event != event.event
        ]
        if any(update in other.updates for other in others for update in event.updates):
            # Which of the two moved it is seen when the other is told of.
            return (_Fate.LEAVE if push.is_going_on else _Fate.WAIT), event
        told = list(spooled.values())
        moved = tuple(update for update in event.updates if self._was_moved(update, told))
        # What goes on may move the rest yet, and a push is taken in once.
        if moved == event.updates or (moved and not push.is_going_on):
            return _Fate.TAKE, replace(event, updates=moved)
        return (_Fate.LEAVE if push.is_going_on else _Fate.FORGET), event

    def _was_moved(self, update: PushedRef, told: Sequence[PushEvent]) -> bool:
        """Whether git moved a reference so once more than pushes tell that it did."""
        moves = self._branches.moves(update.ref, update.old, update.new)
        if not moves:
            return False
        in_spool = sum(update in event.updates for event in told)
        return moves > in_spool + self._in_queue(update)

    def _in_queue(self, update: PushedRef) -> int:
        """How many events of the queue tell that a reference was moved so."""
        branch = update.ref.removeprefix(HEADS)
        commit = (self._repo.resolve(update.new) or update.new) if update.new else ""
        events: set[float] = set()
        for job in self._queue.jobs(QueueQuery(branch=branch, limit=MOST_JOBS)):
            if bool(job.asked.commit) != bool(commit):
                break  # before that it was another reference of this name, with a log of its own
            if job.asked.old == update.old and job.asked.commit == commit:
                events.add(job.queued_at)  # jobs of one event were queued at one time
        return len(events)


def _refs(events: Sequence[PushEvent]) -> set[str]:
    return {update.ref for event in events for update in event.updates}
