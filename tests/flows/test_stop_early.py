"""Trials that are stopped early: what is followed, who decides, and that nothing of it is kept."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.core.evidence.steps import Form
from branchline.core.policy import Goal, Resources
from branchline.core.run.pruning import Pruner, PrunerSettings, TrialSteps
from branchline.core.run.trials import Trial, TrialState
from branchline.errors import StageFailedError
from branchline.flows.stage_files import stage_files
from branchline.flows.stop_early import Judge, Watch, logs_of
from branchline.flows.stop_rules import StopRules
from branchline.flows.walked import Attempt, Early

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.flows.conftest import Bench

    from branchline.flows.run import RunOutcome

RULES = StopRules(pruner=PrunerSettings(kind=Pruner.MEDIAN, startup=2), metric="m.json:val/auc")
PIPELINE = """
stages:
  train:
    cmd: train
    deps: [raw]
    outs: [model]
    metrics: [m.json, live/metrics.csv]
    plots: [curves, roc.csv]
  after: {cmd: after, deps: [model], outs: [report]}
  beside: {cmd: beside, deps: [raw], outs: [other]}
"""


LEFT = {"model": b"", "m.json": b"{}", "live/metrics.csv": b"", "curves": b"", "roc.csv": b""}


def train(files: dict[str, bytes]) -> int:
    """A training that ends well."""
    files |= LEFT
    return 0


class Given(Early):
    """Says of one stage that it was told to stop."""

    def __init__(self, stage: str, *, is_overdue: bool = False) -> None:
        self.stage = stage
        self.late = [stage] if is_overdue else []
        self.heard: list[str] = []

    def starting(self, attempt: Attempt) -> None:
        self.heard.append(f"starting {attempt.stage.address}")

    def overdue(self) -> Sequence[str]:
        late, self.late = self.late, []
        return late

    def ended(self, stage: str) -> str:
        self.heard.append(f"ended {stage}")
        return "at step 3: worse" if stage == self.stage else ""


@pytest.fixture
def bench(make_bench: Callable[[Mapping[str, str]], Bench]) -> Bench:
    """A training that ends well, a stage after it and one beside it."""
    made = make_bench({"dvc.yaml": PIPELINE, "raw": "1\n"})
    made.does = {
        "train": train,
        "after": made.joins("report", "model"),
        "beside": made.joins("other", "raw"),
    }
    return made


def states(outcome: RunOutcome) -> dict[str, str]:
    return {stage: state.value for stage, state in outcome.walked.states.items()}


# The engine


@pytest.mark.parametrize("is_overdue", [False, True], ids=["ended-by-itself", "was-ended"])
def test_of_what_was_told_to_stop_nothing_is_kept(bench: Bench, is_overdue: bool) -> None:
    if is_overdue:
        bench.executor.seconds = {"train": 60}

    outcome = bench.run("train", "after", early=Given("train", is_overdue=is_overdue))

    assert outcome.walked.stopped_early == "at step 3: worse"
    assert states(outcome) == {"train": "cancelled", "after": "cancelled"}
    assert outcome.walked.results == {}
    assert outcome.walked.ran == ()
    assert outcome.finished is None
    assert list(bench.ledger.unsettled()) == []
    assert bench.records.kept == {}
    assert bench.lock_files.entries == {}
    assert bench.run_cache.entries == {}

    again = bench.run("train", "after")

    assert bench.started == ["train", "after"], "nothing was reused"
    assert states(again) == {"train": "succeeded", "after": "succeeded"}


def test_what_ended_before_is_kept(bench: Bench) -> None:
    bench.executor.seconds = {"train": 60}

    bench.run("train", "beside", jobs=2, early=Given("train", is_overdue=True))
    bench.run("train", "beside", jobs=2)

    assert bench.started == ["train"]


def test_a_stage_that_is_told_to_stop_is_not_tried_again(bench: Bench) -> None:
    bench.allow(resources={"train": Resources(retries=3)})
    bench.does["train"] = bench.fails

    outcome = bench.run("train", early=Given("train"))

    assert bench.started == ["train"]
    assert outcome.walked.failures == {}
    assert outcome.walked.stopped_early


def test_others_are_stopped_with_it(bench: Bench) -> None:
    bench.executor.seconds = {"beside": 60}

    outcome = bench.run("train", "beside", jobs=2, early=Given("train"))

    assert states(outcome) == {"train": "cancelled", "beside": "cancelled"}
    assert bench.executor.now_s < 60


def test_a_stop_file_alone_keeps_a_result_out(bench: Bench) -> None:
    def touch(files: dict[str, bytes]) -> int:
        Path(bench.executor.started[-1].env["BRANCHLINE_STOP_FILE"]).touch()
        return train(files)

    bench.does["train"] = touch

    outcome = bench.run("train")

    assert outcome.walked.stopped_early == "`train` was told to stop"
    assert outcome.walked.results == {}


def test_files_of_another_run_of_the_same_number_are_removed(bench: Bench) -> None:
    files = stage_files(str(bench.state / "logs" / "1" / "train.log"))
    Path(files.stop).parent.mkdir(parents=True)
    for path in (files.stop, files.reports, f"{files.stop}.asked"):
        Path(path).write_text("old")

    outcome = bench.run("train")

    assert bench.executor.started[0].env["BRANCHLINE_STOP_FILE"] == files.stop
    assert states(outcome) == {"train": "succeeded"}
    assert not files.asks


def test_a_file_that_cannot_be_removed_starts_nothing(bench: Bench) -> None:
    files = stage_files(str(bench.state / "logs" / "1" / "train.log"))
    Path(files.stop).mkdir(parents=True)

    outcome = bench.run("train")

    assert bench.started == []
    assert "is in the way" in outcome.walked.failures["train"].detail
    with pytest.raises(StageFailedError):
        files.clear()


def test_everybody_is_told_where_to_report(bench: Bench) -> None:
    bench.run("train")

    (task,) = bench.executor.started
    folder = str(bench.state / "logs" / "1")
    assert task.env["BRANCHLINE_REPORT_FILE"] == f"{folder}/train.steps.jsonl"
    assert task.env["BRANCHLINE_STOP_FILE"] == f"{folder}/train.stop"


# Watching


def reports(bench: Bench, *values: float, name: str = "val.auc", asks: bool = False) -> None:
    """Let the training report this, take a minute, and end well."""

    def work(files: dict[str, bytes]) -> int:
        env = bench.executor.started[-1].env
        rows = [json.dumps({"step": step, name: value}) for step, value in enumerate(values)]
        bench.steps.files[env["BRANCHLINE_REPORT_FILE"]] = "\n".join([*rows, ""]).encode()
        if asks:
            Path(env["BRANCHLINE_STOP_FILE"] + ".asked").touch()
        return train(files)

    bench.does["train"] = work
    bench.executor.seconds = {"train": 60}


def judged(rules: StopRules = RULES) -> Judge:
    """A judge who knows three trials that ended."""
    trials = [
        TrialSteps(number=number, steps=((0, 0.5), (1, 0.6)), is_finished=True)
        for number in (1, 2, 3)
    ]
    return Judge(rules, trials)


def test_a_bad_trial_is_stopped(bench: Bench) -> None:
    reports(bench, 0.5, 0.4, 0.9)
    watch = judged().watch(bench.project(), 7)

    outcome = bench.run("train", early=watch)

    reason = "at step 1: m.json:val/auc 0.5 is below the median 0.6 of 3 trials"
    assert watch.reason == outcome.walked.stopped_early == reason
    assert watch.steps == ((0, 0.5), (1, 0.4), (2, 0.9))
    assert bench.executor.now_s < 2, "it never asked, so it is ended soon"
    trial = watch.stopped({"lr": 1}, metric="m.json:val/auc", duration_s=1.23456)
    assert trial == Trial(
        number=7, params={"lr": 1}, state=TrialState.PRUNED, value=0.9, steps=watch.steps,
        detail=reason, duration_s=1.235,
    )  # fmt: skip
    assert watch.stopped({}, metric="other", duration_s=1).value is None


def test_one_that_asks_has_its_grace(bench: Bench) -> None:
    reports(bench, 0.1, asks=True)

    bench.run("train", early=judged(replace(RULES, grace_s=20.0)).watch(bench.project(), 7))

    assert 20 <= bench.executor.now_s < 22


def test_a_good_trial_goes_on(bench: Bench) -> None:
    reports(bench, 0.7, 0.8)
    watch = judged().watch(bench.project(), 7)

    outcome = bench.run("train", early=watch)

    assert states(outcome) == {"train": "succeeded"}
    assert (watch.reason, watch.steps) == ("", ((0, 0.7), (1, 0.8)))


def test_trials_of_one_judge_are_compared_while_they_run(bench: Bench) -> None:
    rules = StopRules(pruner=PrunerSettings(kind=Pruner.ASHA, startup=1), metric="val.auc")
    judge = Judge(rules)
    reports(bench, 0.7, 0.8)
    bench.run("train", early=judge.watch(bench.project(), 1))
    reports(bench, 0.6, 0.7)
    watch = judge.watch(bench.project(), 2)

    bench.run("train", force=True, early=watch)

    assert watch.reason.startswith("at step 1: val.auc 0.7 is below the 0.8")


def test_what_may_not_be_stopped_is_followed(bench: Bench) -> None:
    reports(bench, 0.1)
    watch = judged().watch(bench.project(), 0, may_stop=False)

    outcome = bench.run("train", early=watch)

    assert states(outcome) == {"train": "succeeded"}
    assert watch.steps == ((0, 0.1),)


def test_without_a_rule_steps_are_kept(bench: Bench) -> None:
    reports(bench, math.nan)
    watch = judged(replace(RULES, pruner=PrunerSettings())).watch(bench.project(), 7)

    outcome = bench.run("train", early=watch)

    assert states(outcome) == {"train": "succeeded"}
    assert len(watch.steps) == 1


def test_another_name_is_remarked(bench: Bench) -> None:
    reports(bench, 0.1, name="loss")
    watch = judged().watch(bench.project(), 7)

    bench.run("train", early=watch)

    assert watch.remark() == (
        "no trial is stopped early: this one reported no `m.json:val/auc`; it reported `loss`"
    )


def test_a_trial_that_reused_all_is_not_remarked(bench: Bench) -> None:
    bench.run("train")
    watch = judged().watch(bench.project(), 7)

    bench.run("train", early=watch)

    assert watch.remark() == ""


def test_of_two_logs_the_first_that_has_the_metric_counts(bench: Bench) -> None:
    reports(bench, 0.7, 0.8)
    reported = bench.does["train"]

    def work(files: dict[str, bytes]) -> int:
        path = f"{bench.workspace.root}/live/metrics.csv"
        bench.steps.files[path] = b"step,val/auc\n100,0.1\n"
        return reported(files)

    bench.does["train"] = work
    watch = judged().watch(bench.project(), 7)

    bench.run("train", early=watch)

    assert watch.steps == ((0, 0.7), (1, 0.8))


def test_a_second_attempt_reports_anew(bench: Bench) -> None:
    bench.allow(resources={"train": Resources(retries=1)})
    told = iter([(b'{"step": 5, "val.auc": 0.9}\n', 1), (b'{"step": 0, "val.auc": 0.75}\n', 0)])

    def fail_first(files: dict[str, bytes]) -> int:
        line, code = next(told)
        bench.steps.files[bench.executor.started[-1].env["BRANCHLINE_REPORT_FILE"]] = line
        return code or train(files)

    bench.does["train"] = fail_first
    watch = judged().watch(bench.project(), 7)

    outcome = bench.run("train", early=watch)

    assert states(outcome) == {"train": "succeeded"}
    assert watch.steps == ((0, 0.75),)


def test_very_many_steps_are_thinned_out(bench: Bench) -> None:
    reports(bench, *[0.7 + step / 1e6 for step in range(5000)])
    watch = judged().watch(bench.project(), 7)

    bench.run("train", early=watch)

    assert len(watch.steps) <= 1001
    assert [step for step, _ in watch.steps[:2]] == [0, 5]
    assert watch.steps[-1][0] == 4999


def test_a_trial_stopped_before_counts_for_a_rung(bench: Bench) -> None:
    rules = StopRules(
        pruner=PrunerSettings(kind=Pruner.ASHA, startup=1), metric="auc", goal=Goal.MAXIMIZE
    )
    stopped = TrialSteps(number=1, steps=((0, 0.1), (1, 0.5)))
    reports(bench, 0.1, 0.4, name="auc")
    watch = Judge(rules, [stopped]).watch(bench.project(), 7)

    bench.run("train", early=watch)

    assert watch.reason.startswith("at step 1: auc 0.4 is below the 0.5")


# What is followed


def attempts(bench: Bench) -> list[Attempt]:
    """The attempt at the training that a run makes."""
    found: list[Attempt] = []

    class Looking(Given):
        def starting(self, attempt: Attempt) -> None:
            found.append(attempt)

    bench.run("train", early=Looking("none"))
    return found


def test_untold_the_usual_places_are_followed(bench: Bench) -> None:
    (attempt,) = attempts(bench)
    project = bench.project()

    logs = logs_of(project, attempt, ())

    assert [(log.path.removeprefix(project.root + "/"), log.form) for log in logs] == [
        ("dvclive", Form.FOLDER),
        ("lightning_logs", Form.FOLDER),
        ("mlruns", Form.FOLDER),
        ("mlflow.db", Form.MLFLOW_DATABASE),
        ("live/metrics.csv", Form.TABLE),
        ("curves", Form.FOLDER),
    ]


def test_told_only_these_are_followed(bench: Bench) -> None:
    (attempt,) = attempts(bench)
    project = bench.project()

    logs = logs_of(project, attempt, ("out/log.jsonl", "printed"))

    assert [(log.path, log.form) for log in logs] == [
        (f"{project.root}/out/log.jsonl", Form.JSON_LINES),
        (attempt.task.log, Form.PRINTED),
    ]


def test_a_watch_that_heard_of_no_stage(bench: Bench) -> None:
    watch: Watch = judged().watch(bench.project(), 7)

    assert watch.ended("train") == ""
    assert list(watch.overdue()) == []
