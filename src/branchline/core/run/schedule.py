"""Station `run`: which stage starts next, and the states of all stages.

`Schedule` is a state machine without a clock: callers tell it what happened and at what time, it
answers what may start. The same calls give the same answers. It starts nothing itself.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.run.values import Need, StageState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.run.values import Capacity

UNKNOWN_ESTIMATE_S = 1.0
"""Assumed duration where no stage of the plan has ever run."""

_NEXT = {
    StageState.QUEUED: frozenset(
        {StageState.RUNNING, StageState.REUSED, StageState.SKIPPED, StageState.CANCELLED}
    ),
    StageState.RUNNING: frozenset(
        {
            StageState.QUEUED,
            StageState.SUCCEEDED,
            StageState.FAILED,
            StageState.CANCELLED,
            StageState.LOST,
        }
    ),
}
_GOOD = frozenset({StageState.SUCCEEDED, StageState.REUSED})


def check_transition(stage: str, old: StageState, new: StageState) -> None:
    """Refuse a step that the state machine of a stage does not have.

    Raises:
        ValueError: There is no such step; names the stage and both states.
    """
    if new not in _NEXT.get(old, frozenset()):
        raise ValueError(f"stage {stage!r} is {old.value} and cannot become {new.value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One stage as the scheduler sees it.

    Attributes:
        stage: Address.
        after: Addresses that must succeed first; those outside the schedule count as done.
        need: What it takes while it runs.
        estimate_s: Expected duration in seconds; None when not known.
    """

    stage: str
    after: tuple[str, ...] = ()
    need: Need = field(default_factory=Need)
    estimate_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What followed from a stage's end.

    Attributes:
        ready: Stages whose inputs are complete now, in order of priority.
        skipped: Stages that will not run any more.
    """

    ready: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Free:
    """What is free now; sums over floats are kept in whole thousandths, so that they end at 0."""

    jobs: int
    millicpus: int
    gpus: int
    memory_bytes: int | None


def priorities(jobs: Sequence[Job]) -> Mapping[str, float]:
    """Seconds from the start of each stage to the end of all, on its longest path.

    Stages without an estimate count as the median of those that have one.

    Raises:
        ValueError: The stages wait for one another in a circle, or a name occurs twice.
    """
    by_name = {job.stage: job for job in jobs}
    if len(by_name) < len(jobs):
        raise ValueError("a stage occurs twice in one schedule")
    known = [job.estimate_s for job in jobs if job.estimate_s is not None]
    usual = sorted(known)[len(known) // 2] if known else UNKNOWN_ESTIMATE_S
    waiting = dict.fromkeys(by_name, 0)
    for job in jobs:
        for name in set(job.after) & by_name.keys():
            waiting[name] += 1
    longest = dict.fromkeys(by_name, 0.0)
    free = [name for name, count in waiting.items() if not count]
    for name in free:  # grows while it is read: from the last stages to the first
        job = by_name[name]
        longest[name] += usual if job.estimate_s is None else job.estimate_s
        for before in set(job.after) & by_name.keys():
            longest[before] = max(longest[before], longest[name])
            waiting[before] -= 1
            if not waiting[before]:
                free.append(before)
    if len(free) < len(jobs):
        stuck = sorted(name for name, count in waiting.items() if count)
        raise ValueError(f"stages wait for one another in a circle: {', '.join(stuck)}")
    return longest


@dataclass(slots=True)
class Schedule:
    """States of all stages of one run and what may start next.

    Ready stages stand in one heap for each kind of need, so that asking costs the number of kinds
    and not the number of stages. A stage that does not fit lets smaller ones pass. One that needs
    more than the whole machine runs alone, as soon as nothing else runs.

    Args:
        jobs: Stages in the order of the plan, which breaks ties.
        capacity: The machine; 0 bytes of memory means that memory is not counted.
        keep_going: After a failure run on with what does not depend on it; otherwise nothing more
            is started.

    Raises:
        ValueError: A circle, or a stage twice.
    """

    jobs: Sequence[Job]
    capacity: Capacity
    keep_going: bool = False
    states: dict[str, StageState] = field(init=False)
    _job: dict[str, Job] = field(init=False)
    _order: dict[str, tuple[float, int]] = field(init=False)
    _followers: dict[str, list[str]] = field(init=False)
    _missing: dict[str, int] = field(init=False)
    _ready: dict[Need, list[tuple[float, int, str]]] = field(init=False)
    _later: list[tuple[float, int, str]] = field(init=False)
    _running: set[str] = field(init=False)
    _free: _Free = field(init=False)
    _open: int = field(init=False)

    def __post_init__(self) -> None:
        longest = priorities(self.jobs)
        self._job = {job.stage: job for job in self.jobs}
        self.states = dict.fromkeys(self._job, StageState.QUEUED)
        self._order = {n: (-longest[n], index) for index, n in enumerate(self._job)}
        self._followers = {name: [] for name in self._job}
        self._missing = {}
        for job in self.jobs:
            before = {name for name in job.after if name in self._job}
            self._missing[job.stage] = len(before)
            for name in before:
                self._followers[name].append(job.stage)
        self._ready, self._later, self._running = {}, [], set()
        self._free = _Free(
            jobs=max(1, self.capacity.jobs),
            millicpus=_millis(self.capacity.cpus),
            gpus=self.capacity.gpus,
            memory_bytes=self.capacity.memory_bytes or None,
        )
        self._open = len(self._job)
        for name, count in self._missing.items():
            if not count:
                self._make_ready(name)

    @property
    def is_over(self) -> bool:
        """Whether every stage has ended."""
        return self._open == 0

    @property
    def running(self) -> tuple[str, ...]:
        """Stages that run now, sorted."""
        return tuple(sorted(self._running))

    def ready(self) -> tuple[str, ...]:
        """Stages whose inputs are complete and which have not started, in order of priority."""
        queued = (item for heap in self._ready.values() for item in heap)
        return tuple(name for _, _, name in sorted(queued) if self._is_queued(name))

    def next_to_start(self, now_s: float = 0.0) -> str | None:
        """The stage that should start now; None when nothing fits or nothing is ready.

        Asking changes nothing: call `start` and ask again until None.

        Args:
            now_s: The time, on the same clock as in `retry`.
        """
        while self._later and self._later[0][0] <= now_s:
            self._make_ready(heapq.heappop(self._later)[2])
        best: tuple[float, int, str] | None = None
        for need, heap in self._ready.items():
            while heap and not self._is_queued(heap[0][2]):
                heapq.heappop(heap)
            if heap and (best is None or heap[0] < best) and self._fits(need):
                best = heap[0]
        return None if best is None else best[2]

    def wakes_at(self) -> float | None:
        """When the next retry is due, on the clock of `retry`; None when none waits."""
        while self._later and not self._is_queued(self._later[0][2]):
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    def start(self, stage: str) -> None:
        """Note that a stage runs; takes what it needs.

        Raises:
            ValueError: It is not queued, or its inputs are not complete.
        """
        if self._missing[stage]:
            raise ValueError(f"stage {stage!r} cannot start: {self._missing[stage]} inputs missing")
        self._move(stage, StageState.RUNNING)
        self._running.add(stage)
        self._take(self._job[stage].need, 1)

    def retry(self, stage: str, at_s: float) -> None:
        """Note that a running stage failed and is tried again at a time; frees what it took."""
        self._leave(stage, StageState.QUEUED)
        heapq.heappush(self._later, (at_s, self._order[stage][1], stage))

    def end(self, stage: str, state: StageState) -> Step:
        """Note how a stage ended, running or (reused, skipped, cancelled) still queued.

        Returns:
            What follows: stages that are ready now, and stages that will not run.

        Raises:
            ValueError: The state is no end, or the stage cannot get there.
        """
        if state in _NEXT:
            raise ValueError(f"{state.value} is no end of stage {stage!r}")
        self._leave(stage, state)
        self._open -= 1
        if state in _GOOD:
            return Step(ready=self._release(stage))
        return Step(skipped=self._skip_after(stage))

    def cancel(self) -> tuple[str, ...]:
        """End all queued stages as cancelled; returns them. The caller ends the running ones."""
        queued = tuple(name for name in self._job if self._is_queued(name))
        for name in queued:
            self._move(name, StageState.CANCELLED)
        self._open -= len(queued)
        return queued

    def _is_queued(self, stage: str) -> bool:
        return self.states[stage] is StageState.QUEUED

    def _move(self, stage: str, state: StageState) -> None:
        check_transition(stage, self.states[stage], state)
        self.states[stage] = state

    def _leave(self, stage: str, state: StageState) -> None:
        """Move a stage to a state in which it takes nothing."""
        self._move(stage, state)
        if stage in self._running:
            self._running.discard(stage)
            self._take(self._job[stage].need, -1)

    def _make_ready(self, stage: str) -> None:
        heap = self._ready.setdefault(self._job[stage].need, [])
        heapq.heappush(heap, (*self._order[stage], stage))

    def _release(self, stage: str) -> tuple[str, ...]:
        freed: list[str] = []
        for name in self._followers[stage]:
            self._missing[name] -= 1
            if not self._missing[name] and self._is_queued(name):
                self._make_ready(name)
                freed.append(name)
        return tuple(sorted(freed, key=self._order.__getitem__))

    def _skip_after(self, stage: str) -> tuple[str, ...]:
        """Skip what depends on a stage that did not succeed, or all when not keeping going."""
        if self.keep_going:
            doomed, seen = list(self._followers[stage]), {stage}
            for name in doomed:  # grows while it is read
                if name not in seen:
                    seen.add(name)
                    doomed.extend(self._followers[name])
        else:
            seen = set(self._job)
        skipped = tuple(name for name in self._job if name in seen and self._is_queued(name))
        for name in skipped:
            self._move(name, StageState.SKIPPED)
        self._open -= len(skipped)
        return skipped

    def _fits(self, need: Need) -> bool:
        if not self._running:
            return True  # also what is larger than the machine: alone rather than never
        free = self._free
        return (
            free.jobs > 0
            and _millis(need.cpus) <= free.millicpus
            and need.gpus <= free.gpus
            and (free.memory_bytes is None or need.memory_bytes <= free.memory_bytes)
        )

    def _take(self, need: Need, times: int) -> None:
        self._free.jobs -= times
        self._free.millicpus -= times * _millis(need.cpus)
        self._free.gpus -= times * need.gpus
        if self._free.memory_bytes is not None:
            self._free.memory_bytes -= times * need.memory_bytes


def _millis(cpus: float) -> int:
    return round(cpus * 1000)
