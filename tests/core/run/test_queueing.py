"""Which job starts next: never over capacity, in order, in turns, and none waits for ever."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.core.run import Capacity, Need
from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.run.queueing import (
    HISTORY,
    MOST_PASSES,
    after_lease,
    next_job,
    supersedes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Other work on the machine must not fail a test.
BUSY = settings(suppress_health_check=[HealthCheck.too_slow])
ONE = Capacity(jobs=1, cpus=4, gpus=1, memory_bytes=100)
TWO = Capacity(jobs=2, cpus=4, gpus=1, memory_bytes=100)
MANY = Capacity(jobs=16, cpus=16, gpus=2, memory_bytes=100)


def job(
    number: int,
    branch: str = "",
    *,
    pusher: str = "ada",
    model: str = "m",
    state: JobState = JobState.QUEUED,
    started_at: float | None = None,
    need: Need | None = None,
) -> QueuedJob:
    """A job on a branch of its own, unless one is given."""
    asked = NewJob(
        kind="train",
        trigger="push",
        branch=branch or f"b{number}",
        commit=f"{number:040d}",
        model=model,
        pusher=pusher,
        need=need,
    )
    if started_at is None and state is not JobState.QUEUED:
        started_at = float(number)
    return QueuedJob(job=number, asked=asked, state=state, started_at=started_at)


def running(number: int, branch: str = "", **values: object) -> QueuedJob:
    return job(number, branch, state=JobState.RUNNING, **values)  # type: ignore[arg-type] # of job


@dataclass
class Box:
    """A queue without a database: what `next_job` says is done."""

    capacity: Capacity
    ordered: tuple[str, ...] = ("main",)
    queued: list[QueuedJob] = field(default_factory=list)
    under_way: list[QueuedJob] = field(default_factory=list)
    ended: list[QueuedJob] = field(default_factory=list)
    now: float = 0.0

    def push(self, branch: str, **values: object) -> QueuedJob:
        number = 1 + len(self.queued) + len(self.under_way) + len(self.ended)
        new = job(number, branch, **values)  # type: ignore[arg-type] # fields of job
        self.queued.append(new)
        return new

    def start(self) -> QueuedJob | None:
        self.now += 1
        history = sorted(self.ended, key=lambda one: one.started_at or 0)[-HISTORY:]
        number = next_job(
            self.queued,
            sorted([*self.under_way, *history], key=lambda one: one.job),
            capacity=self.capacity,
            ordered_branches=self.ordered,
        )
        if number is None:
            return None
        (chosen,) = (one for one in self.queued if one.job == number)
        self.queued.remove(chosen)
        started = replace(chosen, state=JobState.RUNNING, started_at=self.now)
        self.under_way.append(started)
        return started

    def fill(self) -> list[QueuedJob]:
        return list(iter(self.start, None))

    def end(self, one: QueuedJob) -> None:
        self.under_way.remove(one)
        self.ended.append(replace(one, state=JobState.SUCCEEDED, ended_at=self.now))


@pytest.mark.parametrize(
    ("queued", "started", "chosen"),
    [
        pytest.param([], [], None, id="nothing-is-queued"),
        pytest.param([job(1), job(2)], [], 1, id="the-oldest-of-equals"),
        pytest.param([job(2), job(1)], [], 1, id="whatever-the-order-they-come-in"),
        pytest.param(
            [job(3, "x")], [running(1, "x")], None, id="one-at-a-time-for-a-branch-and-model"
        ),
        pytest.param(
            [job(3, "x", model="n")], [running(1, "x")], 3, id="another-model-of-the-branch"
        ),
        pytest.param(
            [job(3, "main", model="n")],
            [running(1, "main")],
            None,
            id="but-not-on-an-ordered-branch",
        ),
        pytest.param(
            [job(3, "main", model="n")],
            [job(1, "main", state=JobState.WAITING)],
            None,
            id="nor-past-one-that-waits-for-a-result",
        ),
        pytest.param(
            [job(3, "x")],
            [job(1, "x", state=JobState.SUCCEEDED)],
            3,
            id="an-ended-one-holds-nothing-up",
        ),
        pytest.param(
            [job(2), job(3, pusher="bo")], [running(1)], 3, id="who-has-the-fewest-running"
        ),
        pytest.param(
            [job(3), job(4, pusher="bo")],
            [
                job(1, pusher="bo", state=JobState.SUCCEEDED),
                job(2, state=JobState.SUCCEEDED),
            ],
            4,
            id="then-who-had-a-turn-longest-ago",
        ),
        pytest.param(
            [job(4, "x", model="n"), job(5, "y")],
            [running(1, "x"), job(3, "y", state=JobState.SUCCEEDED)],
            5,
            id="then-the-branch-with-the-fewest-running",
        ),
        pytest.param(
            [job(2, "main", need=Need(gpus=1)), job(3, "main")],
            [running(1, need=Need(gpus=1))],
            None,
            id="but-none-passes-another-on-its-own-branch",
        ),
        pytest.param(
            [job(2, need=Need(gpus=1)), job(3)],
            [running(1, need=Need(gpus=1))],
            3,
            id="a-smaller-one-passes-one-that-does-not-fit",
        ),
        pytest.param(
            [job(2, need=Need(cpus=0.5))],
            [running(1, need=Need(cpus=3.6))],
            None,
            id="a-tenth-of-a-processor-too-much",
        ),
        pytest.param(
            [job(2, need=Need(cpus=0.5, memory_bytes=60))],
            [running(1, need=Need(memory_bytes=41))],
            None,
            id="a-byte-too-much",
        ),
        pytest.param(
            [job(1, need=Need(cpus=99, gpus=9))], [], 1, id="larger-than-the-machine-runs-alone"
        ),
        pytest.param(
            [job(2, need=Need(cpus=0))],
            [running(1, need=Need(cpus=99))],
            None,
            id="and-nothing-runs-beside-it",
        ),
        pytest.param(
            [job(2, need=Need(cpus=99))], [running(1)], None, id="nor-does-it-beside-another"
        ),
    ],
)
def test_next_job(
    queued: Sequence[QueuedJob], started: Sequence[QueuedJob], chosen: int | None
) -> None:
    assert next_job(queued, started, capacity=TWO, ordered_branches=["main"]) == chosen


def test_memory_that_is_not_known_is_not_counted() -> None:
    capacity = Capacity(jobs=2, cpus=4, memory_bytes=0)
    started = [running(1, need=Need(memory_bytes=1 << 50))]

    assert next_job([job(2, need=Need(memory_bytes=1))], started, capacity=capacity) == 2


def test_two_pushers_take_turns_on_a_machine_with_one_place() -> None:
    box = Box(ONE)
    for number in range(40):
        box.push(f"a{number}", pusher="ada")
    for number in range(5):
        box.push(f"b{number}", pusher="bo")
    turns = []
    while (started := box.start()) is not None:
        turns.append(started.asked.pusher)
        box.end(started)

    assert "".join(name[0] for name in turns[:12]) == "ababababab" + "aa"


def test_branches_of_one_pusher_take_turns() -> None:
    box = Box(ONE)
    for _ in range(10):
        box.push("x")
    for _ in range(3):
        box.push("y")
    turns = []
    while (started := box.start()) is not None:
        turns.append(started.asked.branch)
        box.end(started)

    assert "".join(turns) == "xyxyxy" + "x" * 7


def passed_by(big: Need, small: Need, capacity: Capacity) -> int:
    """How many small jobs of others start before a big one, when there is always another."""
    box = Box(capacity)
    for _ in range(capacity.jobs - 1):
        box.push(f"s{box.now}", pusher="bo", need=small)
        box.start()
    waiting = box.push("big", need=big)
    for count in range(10 * MOST_PASSES):
        box.push(f"s{box.now}", pusher=f"p{count % 7}", need=small)
        for started in box.fill():
            if started.job == waiting.job:
                return count
        if box.under_way:
            box.end(box.under_way[0])
    return 10 * MOST_PASSES


@pytest.mark.parametrize(
    ("big", "small"),
    [
        pytest.param(Need(cpus=16), Need(), id="all-processors"),
        pytest.param(Need(memory_bytes=100), Need(memory_bytes=10), id="all-memory"),
        pytest.param(Need(gpus=2), Need(gpus=1), id="all-gpus"),
        pytest.param(Need(cpus=99), Need(cpus=0), id="more-than-there-is"),
    ],
)
def test_small_jobs_do_not_starve_a_big_one(big: Need, small: Need) -> None:
    assert passed_by(big, small, MANY) <= 2 * MOST_PASSES + MANY.jobs


def test_who_was_passed_too_often_is_next_whoever_has_the_fewest_running() -> None:
    passed = [job(10 + n, pusher="bo", state=JobState.SUCCEEDED) for n in range(MOST_PASSES)]
    started = [running(9, pusher="ada"), *passed]
    waiting = [job(1, pusher="ada"), job(50, pusher="bo")]

    assert next_job(waiting, started[:MOST_PASSES], capacity=MANY) == 1
    assert next_job(waiting, started[: MOST_PASSES - 1], capacity=MANY) == 50


def test_while_room_is_kept_for_a_big_job_others_take_what_it_does_not_need() -> None:
    many = [running(10 + n, pusher="bo", need=Need(cpus=0.1)) for n in range(MOST_PASSES)]
    gpu = running(9, need=Need(gpus=2), pusher="bo")
    big = job(1, need=Need(gpus=2))
    capacity = Capacity(jobs=40, cpus=16, gpus=2)

    fits_beside = next_job([big, job(50, pusher="bo")], [gpu, *many], capacity=capacity)
    takes_its_processors = next_job(
        [big, job(50, pusher="bo", need=Need(cpus=13))], [gpu, *many], capacity=capacity
    )

    assert fits_beside == 50
    assert takes_its_processors is None


def test_who_keeps_the_machine_busy_with_small_jobs_is_passed_by_the_own_big_one() -> None:
    box = Box(MANY)
    for number in range(16):
        box.push(f"s{number}", pusher="ada")
    box.fill()
    big = box.push("big", pusher="ada", need=Need(cpus=16))
    for number in range(4 * MOST_PASSES):
        box.push(f"t{number}", pusher="ada")
        box.end(box.under_way[0]) if box.under_way else None
        if big.job in [one.job for one in box.fill()]:
            break

    assert number <= 2 * MOST_PASSES + 16


NEEDS = st.builds(
    Need,
    cpus=st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.9, 4.0, 99.0]),
    gpus=st.integers(0, 2),
    memory_bytes=st.sampled_from([0, 1, 60, 100, 200]),
)
CAPACITIES = st.builds(
    Capacity,
    jobs=st.integers(1, 5),
    cpus=st.sampled_from([1.0, 4.0, 7.5]),
    gpus=st.integers(0, 2),
    memory_bytes=st.sampled_from([0, 100]),
)
BRANCHES = st.sampled_from(["main", "x", "y", "z"])
MODELS = st.sampled_from(["m", "n"])
PUSHERS = st.sampled_from(["ada", "bo", ""])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), BRANCHES, MODELS, PUSHERS, NEEDS),
        st.tuples(st.just("start")),
        st.tuples(st.just("end"), st.integers(0, 9)),
    ),
    max_size=60,
)


def carried_out(
    capacity: Capacity,
    steps: list[tuple[object, ...]],
    check: Callable[[Box, QueuedJob], None] = lambda *_: None,
) -> Box:
    """Do the steps; `check` sees the box after each start."""
    box = Box(capacity)
    for what, *values in steps:
        if what == "push":
            branch, model, pusher, need = values
            box.push(str(branch), model=model, pusher=pusher, need=need)
        elif what == "start":
            started = box.start()
            if started is not None:
                check(box, started)
        elif box.under_way:
            place = values[0]
            assert isinstance(place, int)
            box.end(box.under_way[place % len(box.under_way)])
    return box


def amounts(jobs: Sequence[QueuedJob]) -> tuple[int, float, int, int]:
    needs = [one.asked.need or Need() for one in jobs]
    return (
        len(needs),
        math.fsum(need.cpus for need in needs),
        sum(need.gpus for need in needs),
        sum(need.memory_bytes for need in needs),
    )


@BUSY
@given(CAPACITIES, STEPS)
def test_what_runs_never_takes_more_than_there_is(
    capacity: Capacity, steps: list[tuple[object, ...]]
) -> None:
    def check(box: Box, _: QueuedJob) -> None:
        slots, cpus, gpus, memory = amounts(box.under_way)
        if slots == 1:
            return  # what is larger than the machine runs alone
        assert slots <= capacity.jobs
        assert cpus <= capacity.cpus + 1e-9
        assert gpus <= capacity.gpus
        assert not capacity.memory_bytes or memory <= capacity.memory_bytes

    carried_out(capacity, steps, check)


@BUSY
@given(CAPACITIES, STEPS)
def test_lanes_run_one_at_a_time_and_in_order(
    capacity: Capacity, steps: list[tuple[object, ...]]
) -> None:
    def check(box: Box, started: QueuedJob) -> None:
        lanes = Counter((one.asked.branch, one.asked.model) for one in box.under_way)
        branches = Counter(one.asked.branch for one in box.under_way)
        assert max(lanes.values()) == 1
        assert branches["main"] <= 1
        branch, model = started.asked.branch, started.asked.model
        for left in box.queued:
            if left.asked.branch == branch and (branch == "main" or left.asked.model == model):
                assert left.job > started.job

    carried_out(capacity, steps, check)


@BUSY
@given(CAPACITIES, STEPS)
def test_the_machine_is_never_idle_while_a_job_waits_and_all_end(
    capacity: Capacity, steps: list[tuple[object, ...]]
) -> None:
    box = carried_out(capacity, steps)
    waiting = len(box.queued)
    for _ in range(waiting + 1):
        box.fill()
        assert box.under_way or not box.queued
        for one in list(box.under_way):
            box.end(one)

    assert box.queued == []


@BUSY
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=80),
    st.integers(1, 4),
)
def test_who_waits_is_at_most_one_behind_who_runs(
    steps: list[tuple[str, bool]], slots: int
) -> None:
    """With equal needs nobody gets a second place while another who waits has none more."""
    box = Box(Capacity(jobs=slots, cpus=99))
    for number, (pusher, ends) in enumerate(steps):
        box.push(f"b{number}", pusher=pusher)
        if ends and box.under_way:
            box.end(box.under_way[0])
        before = Counter(one.asked.pusher for one in box.under_way)
        started = box.start()
        if started is not None:
            waiting = {one.asked.pusher for one in box.queued}
            assert all(before[started.asked.pusher] <= before[name] for name in waiting)


@settings(BUSY, max_examples=50)
@given(st.lists(st.sampled_from("aaab"), min_size=10, max_size=60), st.data())
def test_between_two_turns_of_one_pusher_each_other_who_waits_has_one(
    pushers: list[str], data: st.DataObject
) -> None:
    box = Box(ONE)
    for number, pusher in enumerate(pushers):
        box.push(f"b{number}", pusher=pusher)
    last = None
    while (started := box.start()) is not None:
        if last == started.asked.pusher:
            assert all(one.asked.pusher == last for one in box.queued)
        last = started.asked.pusher
        box.end(started)
        if data.draw(st.booleans()) and len(box.ended) < 100:
            box.push(f"c{len(box.ended)}", pusher="a")


@settings(BUSY, max_examples=60)
@given(CAPACITIES, NEEDS, NEEDS)
def test_whatever_is_needed_none_waits_for_ever(capacity: Capacity, big: Need, small: Need) -> None:
    assert passed_by(big, small, capacity) <= 2 * MOST_PASSES + capacity.jobs


@pytest.mark.parametrize(
    ("newer", "older", "gives_way"),
    [
        pytest.param({}, {}, True, id="the-same-branch-model-and-kind"),
        pytest.param({}, {"latest_wins": False}, False, id="an-older-one-that-counts-by-itself"),
        pytest.param({"latest_wins": False}, {}, True, id="whatever-the-newer-one-is"),
        pytest.param({"is_skip": True}, {}, False, id="nothing-to-do-stops-nothing"),
        pytest.param({"branch": "y"}, {}, False, id="another-branch"),
        pytest.param({"model": "n"}, {}, False, id="another-model"),
        pytest.param({"kind": "tune"}, {}, False, id="another-kind"),
    ],
)
def test_supersedes(newer: dict[str, object], older: dict[str, object], gives_way: bool) -> None:
    def asked(**values: object) -> NewJob:
        base = NewJob(kind="train", trigger="push", branch="x", commit="c" * 40, model="m")
        return replace(base, **values)  # type: ignore[arg-type] # fields of it

    assert supersedes(asked(**newer), asked(**older)) is gives_way


@pytest.mark.parametrize(
    ("cancel", "superseded", "losses", "state"),
    [
        pytest.param("", False, 1, JobState.QUEUED, id="one-death-is-no-end"),
        pytest.param("", False, 2, JobState.QUEUED, id="nor-are-two"),
        pytest.param("", False, 3, JobState.LOST, id="three-are"),
        pytest.param("no", False, 1, JobState.CANCELLED, id="it-was-to-stop"),
        pytest.param("no", True, 3, JobState.SUPERSEDED, id="a-newer-one-took-its-place"),
    ],
)
def test_after_lease(cancel: str, superseded: bool, losses: int, state: JobState) -> None:
    held = replace(running(1), cancel=cancel)

    assert after_lease(held, superseded=superseded, losses=losses, max_attempts=3) is state
