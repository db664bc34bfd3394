"""Which stage starts next: never before its inputs, never over capacity, always to an end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run import (
    Capacity,
    Job,
    Need,
    Schedule,
    StageState,
    check_transition,
    priorities,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDS = {
    StageState.SUCCEEDED,
    StageState.FAILED,
    StageState.CANCELLED,
    StageState.LOST,
    StageState.REUSED,
    StageState.SKIPPED,
}
GOOD = {StageState.SUCCEEDED, StageState.REUSED}
TWO = Capacity(jobs=2, cpus=8.0)


def job(stage: str, *after: str, estimate_s: float | None = None, **need: float) -> Job:
    """A job with a need in cpus, gpus, memory_bytes."""
    wanted = Need(
        cpus=need.get("cpus", 1.0),
        gpus=int(need.get("gpus", 0)),
        memory_bytes=int(need.get("memory_bytes", 0)),
    )
    return Job(stage=stage, after=after, need=wanted, estimate_s=estimate_s)


def start_all(schedule: Schedule, now_s: float = 0.0) -> list[str]:
    """Start whatever may start; returns it in order."""
    started = []
    while (stage := schedule.next_to_start(now_s)) is not None:
        schedule.start(stage)
        started.append(stage)
    return started


needs = st.builds(
    Need,
    cpus=st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0, 9.0]),
    gpus=st.sampled_from([0, 0, 1, 5]),
    memory_bytes=st.sampled_from([0, 5, 50]),
)
capacities = st.builds(
    Capacity,
    jobs=st.integers(1, 4),
    cpus=st.sampled_from([0.5, 1.0, 4.0]),
    gpus=st.integers(0, 2),
    memory_bytes=st.sampled_from([0, 10]),
)


@st.composite
def job_lists(draw: st.DrawFn) -> list[Job]:
    """Stages in an order in which each stands after those it needs, then shuffled."""
    count = draw(st.integers(0, 9))
    jobs = []
    for index in range(count):
        before = [f"s{other}" for other in range(index)]
        after = draw(st.lists(st.sampled_from(before), max_size=3)) if before else []
        estimate = draw(st.none() | st.floats(0, 100))
        jobs.append(
            Job(stage=f"s{index}", after=tuple(after), need=draw(needs), estimate_s=estimate)
        )
    return draw(st.permutations(jobs))


def check_running(schedule: Schedule, jobs: Sequence[Job], capacity: Capacity) -> None:
    """Inputs of all running stages are there, and they fit into the machine (or one runs alone)."""
    by_name = {item.stage: item for item in jobs}
    running = [by_name[name] for name in schedule.running]
    for item in running:
        assert all(schedule.states[name] in GOOD for name in item.after)
    if len(running) > 1:
        assert len(running) <= capacity.jobs
        assert sum(item.need.cpus for item in running) <= capacity.cpus + 1e-9
        assert sum(item.need.gpus for item in running) <= capacity.gpus
        if capacity.memory_bytes:
            assert sum(item.need.memory_bytes for item in running) <= capacity.memory_bytes


@given(job_lists(), capacities, st.booleans(), st.data())
def test_every_walk_keeps_the_rules_and_ends(
    jobs: list[Job], capacity: Capacity, keep_going: bool, data: st.DataObject
) -> None:
    schedule, twin = (Schedule(jobs, capacity, keep_going=keep_going) for _ in range(2))
    now, retries = 0.0, 6

    for _ in range(200):
        if schedule.is_over:
            break
        assert start_all(schedule, now) == start_all(twin, now)
        check_running(schedule, jobs, capacity)
        if not schedule.running:
            wakes = schedule.wakes_at()
            assert wakes is not None, "nothing runs, nothing waits, and it is not over"
            now = wakes
            continue
        stage = data.draw(st.sampled_from(schedule.running))
        outcome = data.draw(st.sampled_from(["good", "good", "good", "bad", "again"]))
        if outcome == "again" and retries:
            retries -= 1
            for one in (schedule, twin):
                one.retry(stage, now + 5.0)
        else:
            state = StageState.FAILED if outcome == "bad" else StageState.SUCCEEDED
            assert schedule.end(stage, state) == twin.end(stage, state)

    assert schedule.is_over
    assert set(schedule.states.values()) <= ENDS
    assert twin.states == schedule.states
    for item in jobs:
        if schedule.states[item.stage] in GOOD | {StageState.FAILED}:
            assert all(schedule.states[name] in GOOD for name in item.after)


@given(job_lists(), capacities)
def test_without_failures_everything_runs(jobs: list[Job], capacity: Capacity) -> None:
    schedule = Schedule(jobs, capacity)

    while start_all(schedule):
        schedule.end(schedule.running[0], StageState.SUCCEEDED)
        for stage in schedule.running:
            schedule.end(stage, StageState.SUCCEEDED)

    assert set(schedule.states.values()) <= {StageState.SUCCEEDED}
    assert schedule.is_over


def test_the_longest_path_starts_first() -> None:
    jobs = [
        job("short", estimate_s=9.0),
        job("first", estimate_s=1.0),
        job("long", "first", estimate_s=20.0),
    ]

    assert start_all(Schedule(jobs, Capacity(jobs=1, cpus=1.0))) == ["first"]
    assert priorities(jobs) == {"short": 9.0, "first": 21.0, "long": 20.0}


def test_unknown_durations_count_as_the_usual_one_and_the_plan_breaks_ties() -> None:
    jobs = [job("b"), job("a"), job("c", estimate_s=3.0)]

    assert start_all(Schedule(jobs, Capacity(jobs=3, cpus=3.0))) == ["b", "a", "c"]


def test_the_arms_of_a_diamond_overlap() -> None:
    jobs = [job("top"), job("left", "top"), job("right", "top"), job("end", "left", "right")]
    schedule = Schedule(jobs, TWO)

    assert start_all(schedule) == ["top"]
    assert schedule.end("top", StageState.SUCCEEDED).ready == ("left", "right")
    assert start_all(schedule) == ["left", "right"]
    assert schedule.end("left", StageState.SUCCEEDED).ready == ()
    assert schedule.end("right", StageState.SUCCEEDED).ready == ("end",)


def test_a_need_larger_than_the_machine_runs_alone() -> None:
    jobs = [job("huge", cpus=64.0, gpus=8, estimate_s=1.0), job("small", estimate_s=5.0)]
    schedule = Schedule(jobs, TWO)

    assert start_all(schedule) == ["small"]
    schedule.end("small", StageState.SUCCEEDED)
    assert start_all(schedule) == ["huge"]


def test_nothing_joins_a_stage_that_is_larger_than_the_machine() -> None:
    jobs = [job("huge", gpus=1, estimate_s=9.0), job("small", cpus=0.0)]

    assert start_all(Schedule(jobs, TWO)) == ["huge"]


def test_a_stage_that_does_not_fit_lets_smaller_ones_pass() -> None:
    jobs = [job("a", gpus=1, estimate_s=9.0), job("b", gpus=1, estimate_s=8.0), job("c")]
    schedule = Schedule(jobs, Capacity(jobs=3, cpus=4.0, gpus=1))

    assert start_all(schedule) == ["a", "c"]


def test_tenths_of_processors_add_up_exactly() -> None:
    schedule = Schedule([job(f"s{i}", cpus=0.1) for i in range(12)], Capacity(jobs=99, cpus=1.0))

    assert len(start_all(schedule)) == 10


def test_inputs_from_outside_the_schedule_count_as_done() -> None:
    assert start_all(Schedule([job("b", "a")], TWO)) == ["b"]


def test_keep_going_skips_only_what_depends_on_the_failure() -> None:
    jobs = [job("a"), job("b"), job("c", "a"), job("d", "c", "b"), job("e", "b")]
    schedule = Schedule(jobs, TWO, keep_going=True)
    start_all(schedule)

    assert schedule.end("a", StageState.FAILED).skipped == ("c", "d")
    assert schedule.end("b", StageState.SUCCEEDED).ready == ("e",)


def test_a_failure_starts_nothing_more_and_lets_the_running_end() -> None:
    jobs = [job("a"), job("b"), job("c", "b")]
    schedule = Schedule(jobs, TWO)
    start_all(schedule)

    assert schedule.end("a", StageState.FAILED).skipped == ("c",)
    assert not schedule.is_over
    assert schedule.end("b", StageState.SUCCEEDED).ready == ()
    assert schedule.is_over


def test_a_ready_stage_may_end_as_reused_without_taking_anything() -> None:
    jobs = [job("a"), job("b", "a")]
    schedule = Schedule(jobs, TWO)

    assert schedule.ready() == ("a",)
    assert schedule.end("a", StageState.REUSED).ready == ("b",)
    assert start_all(schedule) == ["b"]


def test_a_retry_waits_for_its_time_and_frees_the_machine() -> None:
    jobs = [job("a", estimate_s=2.0), job("b")]
    schedule = Schedule(jobs, Capacity(jobs=1, cpus=1.0))
    start_all(schedule)

    schedule.retry("a", at_s=10.0)

    assert start_all(schedule, now_s=9.0) == ["b"]
    assert schedule.wakes_at() == 10.0
    schedule.end("b", StageState.SUCCEEDED)
    assert start_all(schedule, now_s=10.0) == ["a"]
    assert schedule.wakes_at() is None


def test_cancel_ends_the_queued_and_leaves_the_running_to_the_caller() -> None:
    schedule = Schedule([job("a"), job("b", "a")], TWO)
    start_all(schedule)

    assert schedule.cancel() == ("b",)
    assert not schedule.is_over
    assert schedule.end("a", StageState.CANCELLED).skipped == ()
    assert schedule.is_over


def test_a_circle_is_refused_by_its_stages() -> None:
    with pytest.raises(ValueError, match="circle: a, b"):
        Schedule([job("a", "b"), job("b", "a"), job("c")], TWO)


def test_a_stage_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        Schedule([job("a"), job("a")], TWO)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(StageState.QUEUED, StageState.SUCCEEDED, id="succeeds-without-running"),
        pytest.param(StageState.SUCCEEDED, StageState.RUNNING, id="runs-after-its-end"),
        pytest.param(StageState.RUNNING, StageState.REUSED, id="reused-while-running"),
        pytest.param(StageState.SKIPPED, StageState.QUEUED, id="comes-back-from-skipped"),
    ],
)
def test_impossible_steps_are_refused(old: StageState, new: StageState) -> None:
    with pytest.raises(ValueError, match=f"is {old.value} and cannot become {new.value}"):
        check_transition("train", old, new)


def test_steps_out_of_turn_are_refused() -> None:
    schedule = Schedule([job("a"), job("b", "a")], TWO)

    with pytest.raises(ValueError, match="1 inputs missing"):
        schedule.start("b")
    with pytest.raises(ValueError, match="running is no end"):
        schedule.end("a", StageState.RUNNING)


def test_a_thousand_stages_cost_linear_time() -> None:
    def seconds(count: int) -> float:
        wide = [job(f"w{i}", gpus=i % 2, estimate_s=1.0) for i in range(count // 2)]
        deep = [job(f"d{i}", *([f"d{i - 1}"] if i else [])) for i in range(count // 2)]
        began = time.process_time()
        schedule = Schedule([*wide, *deep], Capacity(jobs=2, cpus=2.0, gpus=1))
        while not schedule.is_over:
            start_all(schedule)
            schedule.end(schedule.running[0], StageState.SUCCEEDED)
        return time.process_time() - began

    small, large = (min(seconds(count) for _ in range(3)) for count in (500, 4000))

    # Measured 7 ms and 54 ms; quadratic would be 64 times as much. 24 leaves room for noise.
    assert large < 24 * small
