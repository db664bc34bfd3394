"""Verdict and record of a run on a project in memory."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from branchline.core.policy import Gate, MetricRule
from branchline.core.values import Outcome
from branchline.flows.finish import PLOT_LIMIT_BYTES
from branchline.flows.run_facts import run_fields, verdict_of
from branchline.ports.records import StoredRun
from branchline.ports.repo import Head, Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.flows.finish import Finished

    Make = Callable[[Mapping[str, str]], Bench]

FILES = {
    "dvc.yaml": """
stages:
  fit:
    cmd: fit
    deps: [raw]
    metrics: [{m.json: {cache: false}}]
    plots: [{p.csv: {cache: false}}]
""",
    "raw": "1",
}


@pytest.fixture
def bench(make_bench: Make) -> Bench:
    made = make_bench(FILES)
    made.allow(gate=Gate(metrics=(MetricRule(name="auc", min=0.5, max_regression=0.1),)))
    return made


def scored(bench: Bench, auc: float, *, plot: bytes = b"x\n", commit: str = "a") -> Finished:
    """Commit other data and run; the metric is what the test says."""

    def work(files: dict[str, bytes]) -> int:
        files.update({"m.json": json.dumps({"auc": auc}).encode(), "p.csv": plot})
        return 0

    bench.repo.at = Head(commit=commit * 40, short=commit * 7, branch="main")
    bench.does["fit"] = work
    bench.write("raw", f"{auc} {commit}")
    finished = bench.run().finished
    assert finished is not None
    return finished


def test_the_first_run_is_judged_by_absolute_bounds_only(bench: Bench) -> None:
    assert scored(bench, 0.9).verdict.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("auc", "outcome"),
    [
        pytest.param(0.8, Outcome.PASSED, id="fell-by-exactly-what-is-tolerated"),
        pytest.param(0.79, Outcome.FAILED, id="fell-by-more"),
        pytest.param(0.4, Outcome.FAILED, id="below-the-bar"),
        pytest.param(math.nan, Outcome.UNKNOWN, id="nan-never-passes"),
    ],
)
def test_a_later_run_is_judged_against_the_newest_passed_one(
    bench: Bench, auc: float, outcome: Outcome
) -> None:
    bench.allow(gate=Gate(metrics=bench.policy.gate.metrics, data=("dvc.yaml",)))
    scored(bench, 0.9)

    finished = scored(bench, auc, commit="b")

    assert finished.verdict.outcome is outcome
    assert finished.record == "bbbbbbb"


def test_a_baseline_on_other_data_is_not_comparable(bench: Bench) -> None:
    scored(bench, 0.9)

    assert scored(bench, 0.9, commit="b").verdict.outcome is Outcome.UNKNOWN


def test_a_run_is_never_its_own_baseline(bench: Bench) -> None:
    bench.allow(gate=Gate(metrics=bench.policy.gate.metrics, data=("dvc.yaml",)))
    scored(bench, 0.9)

    again = bench.run().finished

    assert again is not None
    assert (again.is_new, again.verdict.outcome) == (False, Outcome.PASSED)


def production_at(bench: Bench, commit: str) -> None:
    bench.repo.all_tags = [
        Tag(name="m#production#1", commit=commit * 40, tagged_at="", tagger="ann"),
    ]


def test_the_commit_in_production_is_judged_again_by_its_own_record(bench: Bench) -> None:
    bench.allow(model="m", gate=Gate(metrics=bench.policy.gate.metrics, data=("dvc.yaml",)))
    scored(bench, 0.9)
    production_at(bench, "a")

    again = [bench.run().finished for _ in range(2)]
    forced = bench.run(force=True).finished

    assert all(found is not None and not found.is_new for found in again)
    assert forced is not None
    for found in (*again, forced):
        assert found is not None
        assert found.verdict.outcome is Outcome.PASSED
        assert found.verdict.baseline.run == "aaaaaaa"


def test_asking_twice_does_not_make_an_unrecorded_holder_known(bench: Bench) -> None:
    bench.allow(model="m", gate=Gate(metrics=bench.policy.gate.metrics, data=("dvc.yaml",)))
    production_at(bench, "a")
    first = scored(bench, 0.9)

    again = [bench.run().finished for _ in range(2)]

    assert first.verdict.outcome is Outcome.UNKNOWN
    for found in again:
        assert found is not None
        assert (found.is_new, found.verdict.outcome) == (False, Outcome.UNKNOWN)
        assert "whose run is not recorded here" in found.verdict.baseline.via


def test_what_was_promoted_without_a_verdict_is_judged_by_its_own_record(bench: Bench) -> None:
    bench.allow(model="m")
    scored(bench, 0.9)
    scored(bench, 0.9, commit="b")  # other data, so it is unknown; somebody takes it all the same
    production_at(bench, "b")

    again = bench.run().finished

    assert again is not None
    assert again.verdict.outcome is Outcome.PASSED


def test_another_bar_is_another_record_of_the_same_stages(bench: Bench) -> None:
    scored(bench, 0.9)
    bench.allow(gate=Gate(metrics=(MetricRule(name="auc", min=0.95),)))

    outcome = bench.run()

    assert outcome.walked.ran == ()
    assert outcome.finished is not None
    assert outcome.finished.verdict.outcome is Outcome.FAILED
    assert outcome.finished.record == "aaaaaaa-2"


@pytest.mark.parametrize(
    ("size", "is_there"),
    [
        pytest.param(PLOT_LIMIT_BYTES, True, id="as-large-as-may-be"),
        pytest.param(PLOT_LIMIT_BYTES + 1, False, id="larger"),
        pytest.param(0, True, id="empty"),
    ],
)
def test_small_plots_stand_in_the_record(bench: Bench, size: int, is_there: bool) -> None:
    finished = scored(bench, 0.9, plot=b"x" * size)

    assert ("plots/p.csv" in bench.records.trees[finished.record]) is is_there


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b"\xff", id="no-text"),
    ],
)
def test_a_record_that_cannot_be_read_has_no_fields(data: bytes) -> None:
    run = StoredRun(run="x", files={"run.json": data})

    assert run_fields(run) == {}
    assert verdict_of(run) == ""


def test_a_broken_record_of_somebody_else_does_not_stop_a_run(bench: Bench) -> None:
    bench.records.add_run("fffffff", {"run.json": b"{}", "verdict.json": b"{"})

    with_broken = scored(bench, 0.9)

    assert with_broken.verdict.outcome is Outcome.PASSED
