"""The engine on a project in memory: order, failures, retries, limits, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.core.policy import Resources
from branchline.core.run import Failure
from branchline.errors import StoreError
from branchline.flows.stage_files import log_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.pipeline import Content
    from branchline.core.policy import Link
    from branchline.flows.run import RunOutcome

    Make = Callable[[Mapping[str, str]], Bench]


def states(outcome: RunOutcome) -> dict[str, str]:
    return {stage: state.value for stage, state in sorted(outcome.walked.states.items())}


def test_every_stage_runs_after_those_it_needs(diamond: Bench) -> None:
    outcome = diamond.run(jobs=4)

    assert diamond.started == ["a", "b", "c", "d"]
    assert set(states(outcome).values()) == {"succeeded"}
    assert diamond.files["d.out"] == b"1\n1\n"


def test_an_output_that_turns_out_the_same_stops_the_wave(diamond: Bench) -> None:
    diamond.does["a"] = diamond.writes("a.out", "always the same")
    diamond.run()
    diamond.write("raw", "2\n")

    outcome = diamond.run()

    assert diamond.started == ["a"]
    assert states(outcome) == {"a": "succeeded", "b": "reused", "c": "reused", "d": "reused"}


def test_force_downstream_does_not_stop_there(diamond: Bench) -> None:
    diamond.does["a"] = diamond.writes("a.out", "always the same")
    diamond.run()
    diamond.write("raw", "2\n")

    diamond.run(force_downstream=True)

    assert diamond.started == ["a", "b", "c", "d"]


def test_force_runs_all_of_the_plan(diamond: Bench) -> None:
    diamond.run()

    diamond.run(force=True)

    assert diamond.started == ["a", "b", "c", "d"]


def test_a_forced_target_leaves_what_it_needs_alone(diamond: Bench) -> None:
    diamond.run()

    diamond.run("c", force=True)

    assert diamond.started == ["c"]


def test_a_failure_stops_what_has_not_started(diamond: Bench) -> None:
    diamond.does["b"] = diamond.fails

    outcome = diamond.run()

    assert diamond.started == ["a", "b"]
    assert states(outcome) == {
        "a": "succeeded",
        "b": "failed",
        "c": "skipped",
        "d": "skipped",
    }
    assert outcome.walked.failures["b"].detail == "exit code 3"
    assert outcome.finished is None


def test_keep_going_runs_what_does_not_need_the_failed_one(diamond: Bench) -> None:
    diamond.does["b"] = diamond.fails

    outcome = diamond.run(keep_going=True)

    assert diamond.started == ["a", "b", "c"]
    assert states(outcome)["d"] == "skipped"


def test_what_ended_well_before_a_failure_is_not_run_again(diamond: Bench) -> None:
    diamond.does["b"] = diamond.fails
    diamond.run()
    diamond.does["b"] = diamond.joins("b.out", "a.out")

    outcome = diamond.run()

    assert diamond.started == ["b", "c", "d"]
    assert outcome.finished is not None


def test_a_missing_output_is_a_failure_that_names_it(diamond: Bench) -> None:
    del diamond.does["a"]

    outcome = diamond.run()

    ended = outcome.walked.failures["a"]
    assert ended.failure is Failure.MISSING_OUTPUT
    assert "`a.out`" in ended.detail
    assert not diamond.records.kept
    assert not diamond.lock_files.read(diamond.project().pipeline.stages)


def test_a_failed_stage_is_tried_again_as_often_as_allowed(diamond: Bench) -> None:
    attempts: list[int] = []

    def second_time(files: dict[str, bytes]) -> int:
        attempts.append(1)
        return 1 if len(attempts) < 3 else diamond.joins("a.out", "raw")(files)

    diamond.does["a"] = second_time
    diamond.allow(resources={"a": Resources(retries=2)})

    outcome = diamond.run()

    assert diamond.started == ["a", "a", "a", "b", "c", "d"]
    assert outcome.walked.attempts["a"] == 3
    assert len(diamond.told.remarks) == 2
    assert "attempt 1 of 3" in diamond.told.remarks[0]


def test_after_the_last_attempt_it_has_failed(diamond: Bench) -> None:
    diamond.does["a"] = diamond.fails
    diamond.allow(resources={"a": Resources(retries=1)})

    outcome = diamond.run()

    assert diamond.started == ["a", "a"]
    assert states(outcome)["a"] == "failed"


def test_a_stage_past_its_limit_has_failed(diamond: Bench) -> None:
    diamond.executor.seconds["a"] = 10
    diamond.allow(resources={"a": Resources(timeout_s=2)})

    outcome = diamond.run()

    assert outcome.walked.failures["a"].failure is Failure.TIMEOUT
    assert "2 s (timeout)" in outcome.walked.failures["a"].detail


def test_a_stop_cancels_what_runs_and_what_waits(diamond: Bench) -> None:
    diamond.executor.seconds["b"] = 1_000
    diamond.stop_after = 20

    outcome = diamond.run()

    assert outcome.walked.is_cancelled
    assert states(outcome) == {
        "a": "succeeded",
        "b": "cancelled",
        "c": "cancelled",
        "d": "cancelled",
    }
    assert outcome.finished is None
    assert [run.state for run in diamond.ledger.runs.values()] == ["cancelled"]
    assert list(diamond.ledger.unsettled()) == []


def test_what_ended_before_a_stop_is_kept(diamond: Bench) -> None:
    diamond.executor.seconds["b"] = 1_000
    diamond.stop_after = 20
    diamond.run()
    diamond.executor.seconds.clear()
    diamond.executor._running.clear()  # stopped processes that nobody asked for
    diamond.stop_after = -1

    diamond.run()

    assert diamond.started == ["b", "c", "d"]


def test_an_input_that_a_stage_did_not_make_fails_only_who_needs_it(make_bench: Make) -> None:
    bench = make_bench(
        {
            "dvc.yaml": """
stages:
  split: {cmd: split, deps: [raw], outs: [parts]}
  fit: {cmd: fit, deps: [parts/train.csv], outs: [model]}
  other: {cmd: other, deps: [raw], outs: [other.out]}
""",
            "raw": "1",
        }
    )
    bench.does = {
        "split": bench.writes("parts/test.csv", "x"),
        "fit": bench.writes("model", "m"),
        "other": bench.writes("other.out", "o"),
    }
    bench.executor.seconds["other"] = 5

    outcome = bench.run(jobs=3, keep_going=True)

    assert states(outcome) == {"fit": "failed", "other": "succeeded", "split": "succeeded"}
    assert "parts/train.csv" in str(outcome.walked.failures["fit"])


def test_a_broken_params_file_fails_only_the_stage_that_reads_it(make_bench: Make) -> None:
    bench = make_bench(
        {
            "dvc.yaml": """
stages:
  fit: {cmd: fit, params: [lr], outs: [model]}
  other: {cmd: other, outs: [other.out]}
""",
            "params.yaml": "lr: 1\n",
        }
    )

    def breaks(files: dict[str, bytes]) -> int:
        files["params.yaml"] = b"lr: [\n"
        files["model"] = b"m"
        return 0

    bench.does = {"fit": breaks, "other": bench.writes("other.out", "o")}

    outcome = bench.run(jobs=2, keep_going=True)

    assert states(outcome) == {"fit": "failed", "other": "succeeded"}
    assert outcome.walked.failures["fit"].failure is Failure.INPUT_CHANGED
    assert "`params.yaml`" in outcome.walked.failures["fit"].detail


def test_a_result_that_cannot_be_kept_fails_its_stage_and_no_other(diamond: Bench) -> None:
    save = diamond.store.save

    def refuse(path: str, *, link: Link | None = None) -> Content:
        if path == "b.out":
            raise StoreError("b.out cannot be stored: the disk is full")
        return save(path, link=link)

    diamond.store.save = refuse  # type: ignore[method-assign] # a fault of the disk
    diamond.allow(resources={"b": Resources(retries=2)})

    outcome = diamond.run(keep_going=True)

    assert states(outcome) == {"a": "succeeded", "b": "failed", "c": "succeeded", "d": "skipped"}
    assert outcome.walked.failures["b"].failure is Failure.NOT_KEPT
    assert "the disk is full" in outcome.walked.failures["b"].detail
    assert diamond.started.count("b") == 1


def test_an_output_that_cannot_be_put_back_fails_its_stage_and_no_other(diamond: Bench) -> None:
    diamond.run()
    for name in ("b", "c", "d"):
        del diamond.files[f"{name}.out"]

    def refuse(path: str, content: Content, *, link: Link | None = None) -> None:
        raise StoreError(f"{path}: the object is damaged")

    diamond.store.restore = refuse  # type: ignore[method-assign] # a fault of the disk

    outcome = diamond.run(keep_going=True)

    assert states(outcome) == {"a": "reused", "b": "failed", "c": "failed", "d": "skipped"}
    assert "damaged" in outcome.walked.failures["b"].detail


def test_frozen_stages_that_ran_once_are_not_started_again(make_bench: Make) -> None:
    text = """
stages:
  old: {cmd: old, deps: [raw], outs: [old.out]}
  new: {cmd: new, deps: [old.out], outs: [new.out]}
"""
    bench = make_bench({"dvc.yaml": text, "raw": "1"})
    bench.does = {
        "old": bench.writes("old.out", "kept"),
        "new": bench.joins("new.out", "old.out"),
    }
    bench.run("old")
    bench.write("dvc.yaml", text.replace("old.out]}", "old.out], frozen: true}", 1))
    bench.write("raw", "2")

    outcome = bench.run(force=True)

    assert states(outcome) == {"new": "succeeded", "old": "skipped"}
    assert bench.files["new.out"] == b"kept"


def test_single_runs_nothing_but_the_target(diamond: Bench) -> None:
    diamond.run()
    diamond.write("raw", "2\n")

    diamond.run("d", single=True)

    assert diamond.started == []


def test_a_group_is_a_target(make_bench: Make) -> None:
    bench = make_bench(
        {
            "dvc.yaml": """
stages:
  fit:
    foreach: [x, y]
    do: {cmd: "fit ${item}", outs: ["${item}.out"]}
  other: {cmd: other, outs: [o]}
"""
        }
    )
    bench.does = {f"fit@{n}": bench.writes(f"{n}.out", n) for n in ("x", "y")}

    bench.run("fit")

    assert bench.started == ["fit@x", "fit@y"]


def test_no_more_run_side_by_side_than_asked_for(make_bench: Make) -> None:
    stages = "".join(f"  s{n}: {{cmd: make {n}, outs: [o{n}]}}\n" for n in range(9))
    bench = make_bench({"dvc.yaml": f"stages:\n{stages}"})
    bench.does = {f"s{n}": bench.writes(f"o{n}", "x") for n in range(9)}
    bench.executor.seconds = {f"s{n}": 1.0 for n in range(9)}

    bench.run(jobs=3)

    assert bench.executor.now_s == pytest.approx(3.0)


@st.composite
def pipelines(draw: st.DrawFn) -> list[list[int]]:
    """For each stage the earlier ones that it reads."""
    size = draw(st.integers(1, 7))
    return [
        sorted(draw(st.sets(st.integers(0, max(0, n - 1)), max_size=3))) if n else []
        for n in range(size)
    ]


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    needs=pipelines(),
    jobs=st.integers(1, 4),
    broken=st.sets(st.integers(0, 6), max_size=2),
    edited=st.sets(st.integers(0, 6), max_size=3),
)
def test_runs_converge_whatever_fails_first(
    make_bench: Make, needs: list[list[int]], jobs: int, broken: set[int], edited: set[int]
) -> None:
    """After failures, a mended run starts only what has no result; then nothing is left to do."""
    text = "stages:\n"
    for n, earlier in enumerate(needs):
        deps = ", ".join([f"in{n}", *(f"o{m}" for m in earlier)])
        text += f"  s{n}: {{cmd: make {n}, deps: [{deps}], outs: [o{n}]}}\n"
    bench = make_bench({"dvc.yaml": text} | {f"in{n}": str(n) for n in range(len(needs))})
    good = {
        f"s{n}": bench.joins(f"o{n}", f"in{n}", *(f"o{m}" for m in earlier))
        for n, earlier in enumerate(needs)
    }
    bench.does = good | {f"s{n}": bench.fails for n in broken}

    first = bench.run(jobs=jobs, keep_going=True)
    succeeded = set(first.walked.ran)
    bench.does = dict(good)
    second = bench.run(jobs=jobs)

    assert succeeded.isdisjoint(bench.started)
    assert succeeded | set(bench.started) == set(good)
    assert second.finished is not None
    assert set(bench.actions().values()) == {"reuse"}

    for n in edited & set(range(len(needs))):
        bench.write(f"in{n}", f"edited {n}")
    bench.run(jobs=jobs)
    assert sorted(set(bench.started)) == sorted(bench.started), "no stage runs twice"
    stale: set[int] = set()
    for n, earlier in enumerate(needs):
        if n in edited or stale & set(earlier):
            stale.add(n)
    assert set(bench.started) == {f"s{n}" for n in stale}
    assert set(bench.actions().values()) == {"reuse"}


@pytest.mark.parametrize(
    ("address", "attempt", "name"),
    [
        pytest.param("train", 1, "train.log", id="a-plain-name-is-kept"),
        pytest.param("fit@a.b-1", 3, "fit@a.b-1.3.log", id="later-attempts-are-numbered"),
    ],
)
def test_log_name(address: str, attempt: int, name: str) -> None:
    assert log_name(address, attempt) == name


@given(st.text(min_size=1), st.text(min_size=1))
def test_log_names_are_safe_and_tell_stages_apart(one: str, other: str) -> None:
    name = log_name(one, 1)

    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")
    assert len(name.encode()) <= 120 or one == name.removesuffix(".log")
    assert (name == log_name(other, 1)) == (one == other)
