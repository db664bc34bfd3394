"""A sample of each of our JSON documents, with every field that it can have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import json_cost
import json_data
import json_deploy
import json_env
import json_init
import json_monitor
import json_replay

from branchline.cli.console import error_to_json
from branchline.cli.doctor import checks_to_json
from branchline.cli.init_report import proposal_to_json
from branchline.cli.new import new_to_json
from branchline.cli.records import exchange_to_json
from branchline.cli.remote import made_to_json, remotes_to_json
from branchline.cli.run_report import outcome_to_json
from branchline.cli.several import several_to_json
from branchline.cli.store import pulled_to_json, sent_to_json
from branchline.core.changes.seeds import seeds_to_json
from branchline.core.changes.values import (
    Change,
    ChangeEffect,
    Input,
    InputKind,
    Meaning,
    Reading,
)
from branchline.core.effects.values import Promote
from branchline.core.evidence.data.data_json import profile_to_json
from branchline.core.evidence.evidence_json import evidence_to_json
from branchline.core.evidence.measured import Measured as MeasuredNumber
from branchline.core.evidence.model_tests import Case, CaseState, Examined, Reported
from branchline.core.evidence.values import Evidence, Metric, Plot, PredictionFacts, StageFacts
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.plan_json import explanation_to_json, plan_to_json
from branchline.core.plan.result_json import result_to_json
from branchline.core.plan.values import (
    Action,
    DataPlan,
    DataState,
    Observed,
    Plan,
    Produced,
    Result,
    Source,
    StagePlan,
)
from branchline.core.policy import Goal
from branchline.core.run import StageState
from branchline.core.run.confirming import Confirmed
from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.run.trials import Trial, TrialState
from branchline.core.run.values import Ended, Need
from branchline.core.trigger import Trigger, TriggerKind
from branchline.core.values import JsonValue, Outcome
from branchline.core.verdict.blame import Suspect, SuspectKind
from branchline.core.verdict.noise.moves import moves_of
from branchline.core.verdict.noise.trainings import Training, training_to_json
from branchline.core.verdict.noise.values import Difference
from branchline.core.verdict.selftest.values import Probe, Proof
from branchline.core.verdict.standing import Approval, approval_to_json
from branchline.core.verdict.values import Baseline, Finding, Noise, Verdict
from branchline.core.verdict.verdict_json import verdict_to_json
from branchline.errors import BranchlineError
from branchline.flows.checklist import Box
from branchline.flows.doctor import Check, Health
from branchline.flows.fetching import Brought, Pulled
from branchline.flows.finish import Finished, run_to_json
from branchline.flows.remotes import MadeBox
from branchline.flows.run import RunOutcome
from branchline.flows.walked import Walked
from branchline.ports.artifacts import Damage
from branchline.ports.forge import Check as PullCheck
from branchline.ports.forge import CheckState, Comment, NewPull, Pull, PullState
from branchline.ports.queue import PendingEffect
from branchline.ports.records import Exchange
from branchline.ports.registry import ModelVersion, NewVersion, StageEvent
from branchline.ports.remotes import Remote
from branchline.ports.repo import Head
from branchline.ports.store import Sent
from branchline.render.compare import Comparison, MetricRow, ValueRow
from branchline.render.cost import cost_to_json
from branchline.render.data_checks import checked_data_to_json, proposed_to_json
from branchline.render.effects import effects_to_json
from branchline.render.forge_json import (
    asset_to_json,
    check_to_json,
    comment_to_json,
    opened_to_json,
)
from branchline.render.noise import Measured, noise_to_json
from branchline.render.pull_json import pull_to_json, pulls_to_json
from branchline.render.pull_view import ParameterChange, PullView
from branchline.render.queue import cancelled_to_json, queue_to_json, retried_to_json
from branchline.render.registry import (
    FileView,
    VersionView,
    checked_to_json,
    mirrored_to_json,
    models_to_json,
    moved_to_json,
    version_to_json,
)
from branchline.render.replay_json import replay_to_json
from branchline.render.reproduced import Reproduced, Row, reproduced_to_json
from branchline.render.run_json import compare_to_json, runs_to_json, show_to_json
from branchline.render.run_view import RunView
from branchline.render.selftest import selftest_to_json
from branchline.render.tuned import Tuned, tuned_to_json
from branchline.wiring.new_project import NewProject, NewProjectPlan

if TYPE_CHECKING:
    from branchline.flows.plan import Planner

_INPUT = Input(
    kind=InputKind.CODE,
    name="src/train.py",
    digest="d",
    exact="e",
    value="v",
    via="entry point",
    pending="prepare",
)
_JOB = QueuedJob(
    job=1,
    asked=NewJob(kind="train", trigger="push", branch="b", commit="c", need=Need()),
    state=JobState.QUEUED,
    queued_at=0.0,
)
_PULL = Pull(
    number=1, asked=NewPull(title="t", head="h", base="b"), state=PullState.OPEN, ended_at=1.0
)
_RESULT = Result(
    key="k",
    observed=(Observed(path="p", digest="d"),),
    stage="train",
    inputs=(_INPUT,),
    outs=(
        Produced(
            path="p",
            spelled="../p",
            content=Content(md5="m", size_bytes=1, nfiles=1, is_executable=True, legacy=True),
            kind="metric",
            cached=False,
        ),
    ),
    entry=LockEntry(cmd="c"),
    run="r",
    commit="c",
    branch="b",
    is_dirty=True,
    started_at="t",
    store="s",
    versions={"python": "3.11.7"},
)
_PLAN = Plan(
    stages=(
        StagePlan(
            stage="train",
            action=Action.REUSE,
            reason="r",
            changes=(
                Change(kind=InputKind.CODE, name="n", effect=ChangeEffect.MODEL, sentence="s"),
            ),
            result=Result(
                key="k",
                stage="train",
                inputs=(),
                outs=(Produced(path="p", spelled="p", content=Content(md5="m")),),
                entry=LockEntry(cmd="c"),
            ),
            source=Source.RECORD,
            inputs=(_INPUT,),
            observed=(Observed(path="p", digest="d"),),
        ),
    ),
    data=(DataPlan(path="p", check="schema", state=DataState.GOOD, sentence="s"),),
)
_EVIDENCE = Evidence(
    metrics=(Metric(name="auc", value=0.9, text="0.9", file="metrics.json"),),
    plots=(Plot(path="roc.csv", content=Content(md5="m")),),
    stages=(StageFacts(stage="train", action="run", key="k", run="r"),),
    tests=(
        Examined(
            name="t",
            outcome=Outcome.PASSED,
            sentence="s",
            reported=Reported(
                cases=(Case(name="c", state=CaseState.PASSED),),
                counts={CaseState.PASSED: 1},
                measured=(MeasuredNumber(name="latency.p95_ms", value=1.0),),
            ),
        ),
    ),
    measured=(MeasuredNumber(name="model.size_bytes", value=1.0),),
    predictions=PredictionFacts(path="p.csv", digest="m", examples="e", count=2),
    data_checks=(json_data.SAMPLE,),
)
_NOISE = Noise(low=-0.1, high=0.1, confidence=0.95)
_VERDICT = Verdict(
    outcome=Outcome.PASSED,
    findings=(
        Finding(metric="auc", outcome=Outcome.PASSED, sentence="s", rule="min", noise=_NOISE),
    ),
    baseline=Baseline(),
    summary="s",
    remarks=("s",),
)

_OUTCOME = RunOutcome(
    planner=cast("Planner", SimpleNamespace()),  # prints nothing
    plan=_PLAN,
    walked=Walked(
        states={"train": StageState.SUCCEEDED},
        failures={"train": Ended(stage="train", exit_code=1)},
    ),
    finished=Finished(evidence=_EVIDENCE, verdict=_VERDICT, record="r", is_new=True),
)
_RUN = RunView(run="r", evidence=_EVIDENCE, verdict=_VERDICT)
_ROW = ValueRow(group="params.yaml", name="lr", values=("0.1",))
_DIFFERENCE = Difference(
    metric="auc",
    goal=Goal.MAXIMIZE,
    candidate=0.91,
    champion=0.9,
    estimate=0.01,
    low=0.002,
    high=0.018,
    confidence=0.95,
    p_worse=1.0,
    p_beyond=0.0,
    p_better=0.0,
    method="DeLong",
    examples=1000,
)
_COMPARISON = Comparison(
    runs=(_RUN,),
    metrics=(MetricRow(name="auc", metrics=(None,), differences=(None,), directions=()),),
    params=(_ROW,),
    inputs=(_ROW,),
    apart=(("r", _DIFFERENCE),),
)

_TUNED = Tuned(
    metric="auc",
    goal=Goal.MAXIMIZE,
    trials=(Trial(number=1, params={"lr": 0.1}, state=TrialState.SUCCEEDED, value=0.9),),
    before={"lr": 0.2},
    written=("params.yaml",),
    confirmed=Confirmed(winner=1, gain=0.1, margin=0.02, seeds=3, sentence="trial 1 is better"),
)
_REPRODUCED = Reproduced(
    run="r",
    commit="c",
    rows=(Row(kind="metric", name="auc", recorded="0.9", now="0.9", is_same=True),),
    moved=("python was 3.11.7, is 3.12.3",),
    suspects=(Suspect(kind=SuspectKind.INTERPRETER, name="python", was="3.11.7", now="3.12.3"),),
)

_MODEL_VERSION = ModelVersion(
    model="m",
    version="v1.0.0",
    commit="c",
    asked=NewVersion(model="m", commit="c", run="r", digest="d"),
)
_EVENT = StageEvent(model="m", stage="s", version="v1.0.0", commit="c", number=1)

_TRAINING = Training(
    model="m",
    content="c",
    metrics=(Metric(name="auc", value=0.9, text="0.9", file="f"),),
)
_MEASURED = Measured(
    model="m",
    commit="c",
    seed="s",
    confidence=0.95,
    trainings=(_TRAINING,),
    metrics=(moves_of("auc", [0.9, 0.91], confidence=0.95),),
)

SAMPLES: dict[str, JsonValue] = {
    "plan": plan_to_json(_PLAN),
    "result": result_to_json(_RESULT),
    "run.json": run_to_json(
        Head(commit="c"),
        _EVIDENCE,
        _VERDICT,
        Trigger(kind=TriggerKind.PERSON),
        model="m",
        walk="w",
        started_at="t",
    ),
    "evidence": evidence_to_json(_EVIDENCE),
    "verdict": verdict_to_json(_VERDICT),
    "meanings": seeds_to_json({"b:python": Meaning(reading=Reading.PYTHON, digest="d")}),
    "run": outcome_to_json(_OUTCOME),
    "several": several_to_json(
        [
            {
                "model": "m",
                "exit_code": 0,
                "error": error_to_json(BranchlineError("m"))["error"],
                "plan": plan_to_json(_PLAN),
                "run": outcome_to_json(_OUTCOME),
            }
        ]
    ),
    "why": explanation_to_json(_PLAN.stages),
    "runs": runs_to_json([_RUN]),
    "show": show_to_json(_RUN),
    "compare": compare_to_json(_COMPARISON),
    "reproduce": reproduced_to_json(_REPRODUCED),
    "replay": replay_to_json(json_replay.SAMPLE),
    "cost": cost_to_json(json_cost.SAMPLE, json_cost.SAMPLE.budget("2026-01", free=2000)),
    "deploy": json_deploy.SAMPLE,
    "deployment": json_deploy.RECORD,
    "training": training_to_json(_TRAINING),
    "noise": noise_to_json(_MEASURED),
    "tune": tuned_to_json(_TUNED),
    "records": exchange_to_json(Exchange()),
    "store": sent_to_json("the store s3://bucket/prefix", Sent()),
    "store pull": pulled_to_json(
        [Pulled(out=Produced(path="p", spelled="p", content=Content(md5="m")), how=Brought.FETCHED)]
    ),
    "pr list": pulls_to_json([_PULL], {1: CheckState.PASSED}),
    "pr show": pull_to_json(
        PullView(
            pull=_PULL,
            checks=(PullCheck(name="n", state=CheckState.PASSED, job=1),),
            comments=(Comment(body="b", author="a"),),
            parameters=(ParameterChange(file="f", name="n", old="1", new="2"),),
            files=(("M", "f"),),
        )
    ),
    "remote add": made_to_json(
        "n", "u", MadeBox(path="p", is_new=True, default_branch="main", python="p")
    ),
    "remote list": remotes_to_json([Remote(name="n", url="u")]),
    "queue": queue_to_json([_JOB], [PendingEffect(effect=1, identity="i", job=1, body="{}")]),
    "cancel": cancelled_to_json([(1, "b", "cancelled")]),
    "retry": retried_to_json(_JOB),
    "new": new_to_json(
        NewProjectPlan(folder="/ann/churn", name="churn", package="churn", files={}),
        NewProject(files=("README.md",), commit="a10fc6d"),
    ),
    "doctor": checks_to_json(
        [Check(name="git", health=Health.PASS, sentence="s")],
        [Box(name="gate", is_ticked=True, sentence="s")],
    ),
    "models": models_to_json([_MODEL_VERSION]),
    "version": version_to_json(
        VersionView(
            version=_MODEL_VERSION, history=(_EVENT,), files=(FileView(path="p", digest="d"),)
        )
    ),
    "moved": moved_to_json(_EVENT, is_new=True),
    "gate selftest": selftest_to_json(
        "r",
        [Proof(probe=Probe.TOO_GOOD, outcome=Outcome.PASSED, sentence="s", examples=("e",))],
    ),
    "checked": checked_to_json({"m@v1.0.0": [Damage(path="p", what="w")]}),
    "mirrored": mirrored_to_json(1, 0),
    "comment": comment_to_json(number=1, title="t", url="u"),
    "check": check_to_json(commit="c", title="t", state="passed"),
    "asset": asset_to_json(url="u", text="u"),
    "opened": opened_to_json(number=1, url="u", head="h", is_new=True),
    "approved": approval_to_json(Approval(run="r", by="Ada <a@b>", at="2026")),
    "applied": effects_to_json(
        "r",
        [(Promote(model="m", version="v1.0.0", stage="s", by="b"), "", "")],
        [],
        is_dry=True,
    ),
    "init": proposal_to_json(json_init.SAMPLE, is_written=True),
    "data init": proposed_to_json("s", json_data.SAMPLE_PROFILE),
    "data check": checked_data_to_json((json_data.SAMPLE,), Outcome.FAILED),
    "data profile": profile_to_json(json_data.SAMPLE_PROFILE),
    **json_env.SAMPLES,
    **json_monitor.SAMPLES,
    "error": error_to_json(BranchlineError("m")),
}
