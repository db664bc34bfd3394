"""Decisions on a project in memory: what runs, what is reused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    Make = Callable[[Mapping[str, str]], Bench]


def test_before_the_first_run_everything_has_to_run_or_may(diamond: Bench) -> None:
    assert diamond.actions() == {"a": "run", "b": "may_run", "c": "may_run", "d": "may_run"}


def test_planning_changes_nothing(diamond: Bench) -> None:
    diamond.run()
    diamond.write("raw", "2")
    before = dict(diamond.files), dict(diamond.records.kept), dict(diamond.lock_files.entries)

    diamond.plan()
    diamond.plan(force=True)

    assert before == (
        diamond.files,
        diamond.records.kept,
        diamond.lock_files.entries,
    )


def test_a_fresh_clone_without_data_has_nothing_to_run(diamond: Bench) -> None:
    diamond.run()
    for name in "abcd":
        del diamond.files[f"{name}.out"]
    diamond.store._identity = "local:another"
    diamond.store.objects.clear()

    plan = diamond.plan()

    assert {entry.action.value for entry in plan.stages} == {"reuse"}
    assert any("`branchline run` makes it again" in note for note in plan.of("a").notes)
    ran = diamond.plan(trust_elsewhere=False)
    assert (ran.of("a").action.value, ran.of("b").action.value) == ("run", "may_run")
    assert ran.of("a").reason.endswith("but `a.out` is not on this machine")


def test_a_change_and_its_revert_need_no_run(diamond: Bench) -> None:
    diamond.run()
    diamond.write("raw", "2")
    diamond.run()
    diamond.write("raw", "1\n")

    plan = diamond.plan()

    assert plan.is_empty
    assert plan.of("a").restore == ("a.out",)


def test_an_edited_output_comes_back_from_the_store(diamond: Bench) -> None:
    diamond.run()
    diamond.files["b.out"] = b"by hand"

    planned = diamond.of("b")

    assert (planned.action.value, planned.restore) == ("reuse", ("b.out",))


@pytest.mark.parametrize(
    ("targets", "single", "stages"),
    [
        pytest.param((), False, "abcd", id="all"),
        pytest.param(("b",), False, "ab", id="a-target-with-what-it-needs"),
        pytest.param(("b",), True, "b", id="a-target-alone"),
        pytest.param(("b", "c"), True, "bc", id="two-targets-alone"),
        pytest.param(("d", "a"), False, "abcd", id="in-the-order-of-the-pipeline"),
        pytest.param(("b", "b"), True, "b", id="twice-is-once"),
    ],
)
def test_targets(diamond: Bench, targets: tuple[str, ...], single: bool, stages: str) -> None:
    diamond.run()

    plan = diamond.plan(*targets, single=single)

    assert [entry.stage for entry in plan.stages] == list(stages)


def test_forcing_a_target_forces_nothing_else(diamond: Bench) -> None:
    diamond.run()

    plan = diamond.plan("c", force=True)

    assert {e.stage: e.action.value for e in plan.stages} == {"a": "reuse", "c": "run"}
    assert plan.of("c").reason == "asked for with --force"


@pytest.mark.parametrize("target", ["", "A", "a.out", "d@1", "x" * 1000])
def test_unknown_targets_are_errors(diamond: Bench, target: str) -> None:
    with pytest.raises(UnknownNameError):
        diamond.plan(target)


def test_a_renamed_stage_is_the_same_work(diamond: Bench) -> None:
    diamond.run()
    diamond.write("dvc.yaml", diamond.files["dvc.yaml"].decode().replace("  a: {", "  first: {"))

    assert diamond.actions()["first"] == "reuse"


def test_a_stage_that_always_changes_always_runs(make_bench: Make) -> None:
    bench = make_bench(
        {"dvc.yaml": "stages: {f: {cmd: f, deps: [r], outs: [o], always_changed: true}}\n", "r": ""}
    )
    bench.does["f"] = bench.writes("o", "o")
    bench.run()

    assert bench.actions() == {"f": "run"}
    assert not bench.run_cache.entries


def test_another_way_to_write_the_command_is_another_stage(make_bench: Make) -> None:
    bench = make_bench({"dvc.yaml": "stages: {f: {cmd: f x, outs: [o]}}\n"})
    bench.does["f"] = bench.writes("o", "o")
    bench.run()
    for command in ("f  x", "[f x]", "'f x '"):
        bench.write("dvc.yaml", f"stages: {{f: {{cmd: {command}, outs: [o]}}}}\n")
        expected = "reuse" if command == "'f x '" and bench.plan().is_empty else "run"

        assert bench.actions() == {"f": expected}


EDITS = ("raw", "extra", "a.out", "b.out", "c.out", "d.out", "gone")


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 2), st.booleans()), max_size=8)
)
def test_an_empty_plan_means_that_running_all_anew_would_change_nothing(
    diamond: Bench, steps: list[tuple[str, int, bool]]
) -> None:
    for path, value, runs in steps:
        if path == "gone":
            diamond.files.pop(f"{'abc'[value]}.out", None)
        else:
            diamond.files[path] = f"{value}\n".encode()
        if runs:
            diamond.run()
    diamond.run()

    assert diamond.plan().is_empty
    now = dict(diamond.files)
    for name in "abcd":
        diamond.does[name](diamond.files)
    assert diamond.files == now
