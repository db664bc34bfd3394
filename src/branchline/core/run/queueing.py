"""Station `run`: which queued job of a box starts next, and which gives way to a newer one.

Pure rules over jobs as values; the queue itself is port `queue`. Turns are judged by the jobs that
were started last, so nothing needs to be kept but the jobs themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState, QueuedJob
from branchline.core.run.values import Need

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from branchline.core.run.jobs import NewJob
    from branchline.core.run.values import Capacity

HISTORY = 100
"""So many jobs that were started last and have ended are remembered for the turns."""

MOST_PASSES = 16
"""So many younger jobs start before the oldest of a pusher; then room is kept for that one."""

_NO_NEED = Need()


def next_job(
    queued: Sequence[QueuedJob],
    started: Sequence[QueuedJob],
    *,
    capacity: Capacity,
    ordered_branches: Collection[str] = (),
) -> int | None:
    """The number of the queued job that starts now; None when none may.

    One job at a time runs for one branch and model, in the order of their numbers, and on an
    ordered branch one at a time in all. Of what may run and fits, the job of the pusher with the
    fewest running jobs is next, then that of the pusher whose turn is longest ago; then the same of
    its branches; then the oldest. A pusher's oldest job that `MOST_PASSES` younger ones passed is
    next whoever runs; while it does not fit, nothing starts that would take of what it waits for.

    What is larger than the machine runs alone rather than never.

    Args:
        queued: Jobs that wait for a worker.
        started: Jobs that run or wait for another's result, and the `HISTORY` started last before.
        capacity: What the machine gives in all; 0 bytes of memory means that it is not counted.
        ordered_branches: Short names of branches whose jobs run strictly one after the other.
    """
    ready = list(_ready(queued, started, frozenset(ordered_branches)))
    if not ready:
        return None
    overdue = _overdue(ready, started)
    turn = _turns(started)
    room = _Room.left(capacity, (job.asked.need for job in started if _runs(job)))
    for job in (*overdue, *sorted(ready, key=turn)):
        need = _Amount.of(job.asked.need)
        if room.takes(need):
            return job.job
        if job in overdue:
            room.keep_for(need)
    return None


def supersedes(newer: NewJob, older: NewJob) -> bool:
    """Whether a job gives way to a newer one: the same branch, model and kind, and it may.

    A newer commit with which nothing is to be done supersedes nothing.
    """
    return (
        older.latest_wins
        and not newer.is_skip
        and (older.branch, older.model, older.kind) == (newer.branch, newer.model, newer.kind)
    )


def lost_detail(losses: int) -> str:
    """The sentence on a job that ran out of attempts."""
    return f"its runner ended {losses} times without having ended it; its log says how far it came"


def after_lease(job: QueuedJob, *, superseded: bool, losses: int, max_attempts: int) -> JobState:
    """What becomes of a running job whose worker died.

    Args:
        job: The job.
        superseded: Whether a newer job asked it to stop.
        losses: So many workers died over it, this one included.
        max_attempts: So many may.
    """
    if superseded:
        return JobState.SUPERSEDED
    if job.cancel:
        return JobState.CANCELLED
    return JobState.LOST if losses >= max_attempts else JobState.QUEUED


@dataclass(frozen=True, slots=True)
class _Amount:
    """What a job takes, in whole numbers, so that sums end at 0."""

    slots: int
    millicpus: int
    gpus: int
    memory_bytes: int

    @classmethod
    def of(cls, need: Need | None) -> _Amount:
        need = need or _NO_NEED
        return cls(1, round(need.cpus * 1000), need.gpus, need.memory_bytes)

    def parts(self) -> tuple[int, int, int, int]:
        return (self.slots, self.millicpus, self.gpus, self.memory_bytes)


@dataclass(slots=True)
class _Room:
    """What is left of the machine, and what is kept for jobs that wait for it."""

    whole: tuple[int, ...]
    free: tuple[int, ...]
    is_empty: bool
    kept: tuple[int, ...] = (0, 0, 0, 0)
    is_closed: bool = False

    @classmethod
    def left(cls, capacity: Capacity, needs: Iterable[Need | None]) -> _Room:
        taken = [_Amount.of(need).parts() for need in needs]
        # No machine has 2**62 bytes: not counted.
        memory = capacity.memory_bytes or 2**62
        whole = (capacity.jobs, round(capacity.cpus * 1000), capacity.gpus, memory)
        sums = [sum(part) for part in zip(*taken, strict=True)] or [0, 0, 0, 0]
        free = tuple(has - used for has, used in zip(whole, sums, strict=True))
        return cls(whole, free, is_empty=not taken)

    def takes(self, need: _Amount) -> bool:
        """Whether a job may start without taking what is taken or kept."""
        if self.is_empty:
            return True
        if self.is_closed:
            return False
        # Beside one that is too large there is less than nothing, even for who needs nothing.
        return all(
            wanted <= has and (not wanted or not kept or wanted + kept <= has)
            for wanted, has, kept in zip(need.parts(), self.free, self.kept, strict=True)
        )

    def keep_for(self, need: _Amount) -> None:
        """Keep room for a job that does not fit yet; all of it for one that must run alone."""
        if any(wanted > has for wanted, has in zip(need.parts(), self.whole, strict=True)):
            self.is_closed = True
        self.kept = tuple(a + b for a, b in zip(self.kept, need.parts(), strict=True))


def _runs(job: QueuedJob) -> bool:
    return job.state is JobState.RUNNING


def _ready(
    queued: Sequence[QueuedJob], started: Sequence[QueuedJob], ordered: frozenset[str]
) -> Iterator[QueuedJob]:
    """The first queued job of each lane on which nothing is under way, oldest first.

    A lane is a branch and a model, or the whole of an ordered branch.
    """
    taken = {_lane(job, ordered) for job in started if not job.state.is_end}
    for job in sorted(queued, key=_number):
        lane = _lane(job, ordered)
        if lane not in taken:
            taken.add(lane)
            yield job


def _lane(job: QueuedJob, ordered: frozenset[str]) -> tuple[str, str | None]:
    branch = job.asked.branch
    return (branch, None if branch in ordered else job.asked.model)


def _number(job: QueuedJob) -> int:
    return job.job


def _overdue(ready: Sequence[QueuedJob], started: Sequence[QueuedJob]) -> list[QueuedJob]:
    """The oldest ready job of each pusher, where too many younger ones passed it.

    Counted from the start of the pusher's job before it: who asks for a hundred things at once gets
    one of them for `MOST_PASSES` of the others, and never all at once.
    """
    oldest: dict[str, QueuedJob] = {}
    for job in ready:
        oldest.setdefault(job.asked.pusher, job)
    found = []
    for pusher, job in oldest.items():
        earlier = (
            one.started_at or 0.0
            for one in started
            if one.asked.pusher == pusher and one.job < job.job
        )
        since = max(earlier, default=0.0)
        passes = sum(1 for one in started if one.job > job.job and (one.started_at or 0.0) >= since)
        if passes >= MOST_PASSES:
            found.append(job)
    return found


class _turns:  # noqa: N801 - made once and called as a sort key
    """Sort key: who has the fewest running, then whose turn is longest ago, then the oldest."""

    __slots__ = ("branch_last", "branch_running", "pusher_last", "pusher_running")

    def __init__(self, started: Sequence[QueuedJob]) -> None:
        running = [job.asked for job in started if _runs(job)]
        self.pusher_running = Counter(asked.pusher for asked in running)
        self.branch_running = Counter(asked.branch for asked in running)
        # Numbers break the tie of two starts in the same instant.
        self.pusher_last: Mapping[str, tuple[float, int]] = _last(
            (job.asked.pusher, job) for job in started
        )
        self.branch_last: Mapping[str, tuple[float, int]] = _last(
            (job.asked.branch, job) for job in started
        )

    def __call__(self, job: QueuedJob) -> tuple[object, ...]:
        pusher, branch = job.asked.pusher, job.asked.branch
        return (
            self.pusher_running[pusher],
            self.pusher_last.get(pusher, (0.0, 0)),
            self.branch_running[branch],
            self.branch_last.get(branch, (0.0, 0)),
            job.job,
        )


def _last(jobs: Iterable[tuple[str, QueuedJob]]) -> dict[str, tuple[float, int]]:
    """When each was served last."""
    last: dict[str, tuple[float, int]] = {}
    for name, job in jobs:
        at = (job.started_at or 0.0, job.job)
        last[name] = max(at, last.get(name, at))
    return last
