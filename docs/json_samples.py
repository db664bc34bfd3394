"""A sample of each of our JSON documents, with every field that it can have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from branchline.cli.console import error_to_json
from branchline.cli.doctor import checks_to_json
from branchline.cli.records import exchange_to_json
from branchline.cli.run_report import outcome_to_json
from branchline.core.changes.values import Change, ChangeEffect, Input, InputKind
from branchline.core.evidence.evidence_json import evidence_to_json
from branchline.core.evidence.values import Evidence, Metric, Plot, StageFacts
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.plan_json import explanation_to_json, plan_to_json
from branchline.core.plan.result_json import result_to_json
from branchline.core.plan.values import (
    Action,
    Observed,
    Plan,
    Produced,
    Result,
    Source,
    StagePlan,
)
from branchline.core.run import StageState
from branchline.core.run.values import Ended
from branchline.core.trigger import Trigger, TriggerKind
from branchline.core.values import JsonValue, Outcome
from branchline.core.verdict.values import Baseline, Finding, Verdict
from branchline.core.verdict.verdict_json import verdict_to_json
from branchline.errors import BranchlineError
from branchline.flows.doctor import Check, Health
from branchline.flows.finish import Finished, run_to_json
from branchline.flows.run import RunOutcome
from branchline.flows.walked import Walked
from branchline.ports.records import Exchange
from branchline.ports.repo import Head
from branchline.render.compare import Comparison, MetricRow, ValueRow
from branchline.render.run_json import compare_to_json, runs_to_json, show_to_json
from branchline.render.run_view import RunView

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
    )
)
_EVIDENCE = Evidence(
    metrics=(Metric(name="auc", value=0.9, text="0.9", file="metrics.json"),),
    plots=(Plot(path="roc.csv", content=Content(md5="m")),),
    stages=(StageFacts(stage="train", action="run", key="k", run="r"),),
)
_VERDICT = Verdict(
    outcome=Outcome.PASSED,
    findings=(Finding(metric="auc", outcome=Outcome.PASSED, sentence="s", rule="min"),),
    baseline=Baseline(),
    summary="s",
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
_COMPARISON = Comparison(
    runs=(_RUN,),
    metrics=(MetricRow(name="auc", metrics=(None,), differences=(None,), directions=()),),
    params=(_ROW,),
    inputs=(_ROW,),
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
    "run": outcome_to_json(_OUTCOME),
    "why": explanation_to_json(_PLAN.stages),
    "runs": runs_to_json([_RUN]),
    "show": show_to_json(_RUN),
    "compare": compare_to_json(_COMPARISON),
    "records": exchange_to_json(Exchange()),
    "doctor": checks_to_json([Check(name="git", health=Health.PASS, sentence="s")]),
    "error": error_to_json(BranchlineError("m")),
}
