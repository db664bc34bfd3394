"""A whole run on a project in memory: records, dvc.lock, recovery, names of runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.core.plan.values import Action
from branchline.core.policy import Gate, MetricRule
from branchline.core.values import Outcome
from branchline.errors import (
    BusyError,
    LedgerError,
    MissingInputError,
    PipelineError,
    RecordError,
    UnknownNameError,
)
from branchline.flows.recovering import recover, settle
from branchline.flows.run import next_run_id
from branchline.testing.ledger import child_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.plan.values import Result

    Make = Callable[[Mapping[str, str]], Bench]


def locked(bench: Bench) -> set[str]:
    return set(bench.lock_files.read(bench.project().pipeline.stages))


def test_a_second_run_does_nothing_and_says_so(diamond: Bench) -> None:
    first = diamond.run()
    second = diamond.run()

    assert diamond.started == []
    assert first.finished is not None
    assert second.finished is not None
    assert (first.finished.record, first.finished.is_new) == ("aaaaaaa", True)
    assert (second.finished.record, second.finished.is_new) == ("aaaaaaa", False)
    assert list(diamond.records.run_ids()) == ["aaaaaaa"]


def test_a_run_leaves_results_lock_entries_and_an_empty_ledger(diamond: Bench) -> None:
    diamond.run()

    assert {result.stage for result in diamond.records.kept.values()} == {"a", "b", "c", "d"}
    assert locked(diamond) == {"a", "b", "c", "d"}
    assert list(diamond.ledger.unsettled()) == []
    assert list(diamond.ledger.active()) == []


def test_results_name_the_run_that_is_recorded(diamond: Bench) -> None:
    diamond.run()
    diamond.run(force=True)

    named = {result.run for result in diamond.records.kept.values()}

    assert named <= set(diamond.records.run_ids())


def test_a_forced_run_of_a_recorded_commit_is_recorded_beside_it(diamond: Bench) -> None:
    diamond.run()

    outcome = diamond.run(force=True)

    assert outcome.finished is not None
    assert (outcome.finished.record, outcome.finished.is_new) == ("aaaaaaa-2", True)
    assert {result.attempt for result in diamond.records.kept.values()} == {1, 2}


def test_a_result_is_recorded_with_the_commit_it_was_made_from(diamond: Bench) -> None:
    diamond.run()

    (result,) = [r for r in diamond.records.kept.values() if r.stage == "a"]
    assert (result.commit, result.branch, result.run) == ("a" * 40, "main", "aaaaaaa")
    assert [out.path for out in result.outs] == ["a.out"]


def test_somebody_else_holds_the_clone(diamond: Bench) -> None:
    diamond.workspace_lock.holder = "pid 42 (dvc repro)"

    with pytest.raises(BusyError, match="42"):
        diamond.run()

    assert diamond.started == []


def test_a_missing_input_stops_everything_before_it_starts(diamond: Bench) -> None:
    del diamond.files["raw"]

    with pytest.raises(MissingInputError) as caught:
        diamond.run()

    assert diamond.started == []
    assert caught.value.details == ("dvc.yaml:3: stage `a`: `raw`",)


def test_an_unknown_target_names_the_nearest(diamond: Bench) -> None:
    with pytest.raises(UnknownNameError, match="no stage `dd`") as caught:
        diamond.run("dd")

    assert "`d`" in caught.value.todo


def test_a_pipeline_without_stages_is_an_error(make_bench: Make) -> None:
    with pytest.raises(PipelineError, match="there are no stages"):
        make_bench({"dvc.yaml": "stages: {}\n"}).run()


# What a killed run leaves


def killed_after(bench: Bench, *stages: str) -> list[Result]:
    """Let a run end, then put the world back to where a kill -9 after these stages leaves it."""
    bench.run()
    results = [r for r in bench.records.kept.values() if r.stage in stages]
    bench.records.kept.clear()
    bench.records.trees.clear()
    bench.lock_files.entries.clear()
    bench.run_cache.entries.clear()
    bench.workspace.ignored.clear()
    for stage in {"a", "b", "c", "d"} - set(stages):
        del bench.files[f"{stage}.out"]
    number = bench.ledger.begin(label="aaaaaaa", stages=["a", "b", "c", "d"], started_at="t")
    for result in results:
        bench.ledger.stage_started(number, child_of(result.stage), log="", at="t")
        bench.ledger.stage_ended(
            number, result.stage, "succeeded", ended=None, result=result, at="t"
        )
    bench.ledger.stage_started(number, child_of("c"), log="", at="t")
    bench.ledger.engine_is_alive = False
    return results


def test_the_next_run_goes_on_from_what_a_killed_one_finished(diamond: Bench) -> None:
    killed_after(diamond, "a", "b")

    outcome = diamond.run()

    assert outcome.recovered == ("a", "b")
    assert set(diamond.workspace.ignored) == {"a.out", "b.out", "c.out", "d.out"}
    assert diamond.started == ["c", "d"]
    assert locked(diamond) == {"a", "b", "c", "d"}
    assert len(diamond.records.kept) == 4
    assert [child.stage for child in diamond.executor.killed] == ["c"]
    assert {run.state for run in diamond.ledger.runs.values()} == {"succeeded", "lost"}


def test_recovering_twice_is_recovering_once(diamond: Bench) -> None:
    killed_after(diamond, "a")
    project = diamond.project()

    assert recover(project) == ("a",)
    assert recover(project) == ()
    assert len(diamond.records.kept) == 1


def test_a_live_run_is_left_alone(diamond: Bench) -> None:
    diamond.ledger.begin(label="x", stages=["a"], started_at="t")

    recover(diamond.project())

    assert len(diamond.ledger.active()) == 1


def test_results_of_a_stage_with_other_outputs_now_stay_out_of_the_lock(diamond: Bench) -> None:
    (result,) = killed_after(diamond, "a")
    diamond.write("dvc.yaml", diamond.files["dvc.yaml"].decode().replace("a.out", "a.new"))

    settle(diamond.project())

    assert locked(diamond) == set()
    assert list(diamond.records.kept.values()) == [result]


@pytest.mark.parametrize(
    ("port", "method", "error"),
    [
        pytest.param("ledger", "stage_ended", LedgerError("full"), id="before-the-ledger-knows"),
        pytest.param("lock_files", "write", LedgerError("full"), id="before-dvc-lock-is-written"),
        pytest.param("records", "add_results", RecordError("busy"), id="before-git-knows"),
        pytest.param("ledger", "settled", LedgerError("full"), id="before-it-counts-as-settled"),
        pytest.param("records", "add_run", RecordError("busy"), id="before-the-run-is-recorded"),
    ],
)
def test_a_fault_at_any_step_loses_and_doubles_nothing(
    diamond: Bench, port: str, method: str, error: Exception
) -> None:
    target = getattr(diamond, port)
    original = getattr(target, method)

    def fail(*_args: object, **_options: object) -> None:
        raise error

    setattr(target, method, fail)
    with pytest.raises(type(error)):
        diamond.run()
    before = list(diamond.started)
    setattr(target, method, original)
    diamond.ledger.engine_is_alive = False
    diamond.executor._running.clear()  # its processes are gone
    outcome = diamond.run()

    again = [stage for stage in diamond.started if stage in before]
    assert again == []
    assert outcome.finished is not None
    # What the ledger could not take came back from the run cache, which has no record.
    assert len(diamond.records.kept) == (3 if method == "stage_ended" else 4)
    assert locked(diamond) == {"a", "b", "c", "d"}
    assert list(diamond.ledger.unsettled()) == []
    assert set(diamond.actions().values()) == {"reuse"}


def test_the_lock_of_another_branch_is_left_alone_after_a_kill(diamond: Bench) -> None:
    killed_after(diamond, "a")
    diamond.files["a.out"] = b"what the other branch has"

    settle(diamond.project())

    assert locked(diamond) == set()
    assert len(diamond.records.kept) == 1


# dvc.lock


def test_a_reused_record_puts_its_entry_into_an_empty_lock(diamond: Bench) -> None:
    diamond.run()
    diamond.lock_files.entries.clear()

    diamond.run()

    assert diamond.started == []
    assert locked(diamond) == {"a", "b", "c", "d"}


CODE = {
    "dvc.yaml": "stages:\n  fit: {cmd: python fit.py, deps: [fit.py], outs: [model]}\n",
    "fit.py": "x = 1\n",
}


def md5_in_lock(bench: Bench) -> str | None:
    (entry,) = bench.lock_files.read(bench.project().pipeline.stages).values()
    return entry.deps[0].content.md5


def test_a_comment_leaves_the_lock_as_it_is_unless_it_is_restamped(make_bench: Make) -> None:
    bench = make_bench(CODE)
    bench.does["fit"] = bench.writes("model", "m")
    bench.run()
    trained_with = md5_in_lock(bench)
    bench.write("fit.py", "x = 1  # one\n")

    bench.run()
    assert bench.started == []
    assert md5_in_lock(bench) == trained_with

    bench.run(restamp=True)
    assert bench.started == []
    content = bench.workspace.content("fit.py")
    assert content is not None
    assert md5_in_lock(bench) == content.md5
    assert bench.actions() == {"fit": "reuse"}


def test_trust_lock_takes_its_word_for_undeclared_code(make_bench: Make) -> None:
    bench = make_bench(CODE | {"fit.py": "import more\n", "more.py": "y = 1\n"})
    bench.does["fit"] = bench.writes("model", "m")
    bench.run()
    bench.records.kept.clear()
    bench.records.trees.clear()
    bench.run_cache.entries.clear()

    assert bench.actions() == {"fit": "run"}
    assert "`more.py`" in bench.of("fit").reason
    assert bench.actions(trust_lock=True) == {"fit": "reuse"}


# Failing metrics


METRIC = {
    "dvc.yaml": "stages:\n  fit:\n    cmd: fit\n    metrics: [{m.json: {cache: false}}]\n",
}


def test_a_metric_file_that_cannot_be_read_makes_the_verdict_unknown_and_keeps_the_stage(
    make_bench: Make,
) -> None:
    bench = make_bench(METRIC)
    bench.allow(gate=Gate(metrics=(MetricRule(name="auc", min=0.5),)))
    bench.does["fit"] = bench.writes("m.json", '{"auc": }')

    finished = bench.run().finished

    assert finished is not None
    assert finished.verdict.outcome is Outcome.UNKNOWN
    assert finished.verdict.findings[0].sentence == (
        "`auc` is not among the metrics; this run has no metrics; "
        "m.json:1:9: the JSON cannot be read: Expecting value."
    )
    assert locked(bench) == {"fit"}
    assert list(bench.ledger.active()) == []


def test_two_values_for_one_name_are_no_value(make_bench: Make) -> None:
    bench = make_bench(METRIC)
    bench.allow(gate=Gate(metrics=(MetricRule(name="auc", min=0.5),)))
    bench.does["fit"] = bench.writes("m.json", '{"auc": 0.9,\n "auc": 0.4}')

    finished = bench.run().finished

    assert finished is not None
    assert finished.verdict.findings[0].sentence == (
        "`auc` has different values in `m.json`: 0.9 (line 1) and 0.4 (line 2)."
    )


def test_nan_is_recorded_as_it_is_and_is_no_error(make_bench: Make) -> None:
    bench = make_bench(METRIC)
    bench.does["fit"] = bench.writes("m.json", '{"auc": NaN}')

    outcome = bench.run()

    assert outcome.finished is not None
    (metric,) = outcome.finished.evidence.metrics
    assert metric.value != metric.value


# Names of runs


def test_run_ids_count_up_beside_records_of_the_same_commit(diamond: Bench) -> None:
    project = diamond.project()
    diamond.records.add_run("aaaaaaa", {"run.json": b"{}"})
    diamond.records.add_run("aaaaaaa", {"run.json": b"{ }"})

    assert next_run_id(project) == "aaaaaaa-3"


def test_a_repository_without_commits_has_a_run_too(diamond: Bench) -> None:
    diamond.repo.at = replace(diamond.repo.at, commit=None, short="")

    outcome = diamond.run()

    assert outcome.finished is not None
    assert outcome.finished.record == "initial"


def test_a_record_is_what_the_run_did(diamond: Bench) -> None:
    diamond.run()

    files = diamond.records.trees["aaaaaaa"]
    run = json.loads(files["run.json"])
    plan = json.loads(files["plan.json"])
    assert (run["commit"], run["branch"], run["is_dirty"]) == ("a" * 40, "main", False)
    assert {entry["action"] for entry in plan["stages"]} == {Action.RUN.value}
