"""What each field of our JSON documents means, and a sample of each document that has them all.

Read by docs/build.py, which fails when a sample has a field without a meaning, or the reverse.
"""

from __future__ import annotations

from branchline.core.changes.values import Change, ChangeEffect, Input, InputKind
from branchline.core.evidence.evidence_json import evidence_to_json
from branchline.core.evidence.values import Evidence, Metric, Plot, StageFacts
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.plan_json import plan_to_json
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
from branchline.core.values import JsonValue, Outcome
from branchline.core.verdict.values import Baseline, Finding, Verdict
from branchline.core.verdict.verdict_json import verdict_to_json
from branchline.render.compare import Comparison, MetricRow, ValueRow
from branchline.render.run_json import compare_to_json, runs_to_json, show_to_json
from branchline.render.run_view import RunView

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
    outs=(),
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
    "evidence": evidence_to_json(_EVIDENCE),
    "verdict": verdict_to_json(_VERDICT),
    "runs": runs_to_json([_RUN]),
    "show": show_to_json(_RUN),
    "compare": compare_to_json(_COMPARISON),
}

# Fields whose own keys are the user's (paths, stage names): not walked into.
OPEN = {
    "plan": ("stages[].reuses.outs",),
    "result": ("entry", "versions"),
    "evidence": (),
    "verdict": (),
    "runs": (),
    "show": ("metrics", "trigger", "plan", "evidence", "verdict"),
    "compare": ("runs",),
}

HEADINGS = {
    "plan": "`plan.json`, and `branchline plan --json`",
    "result": "A result: `refs/branchline/results/KEY[:2]/KEY/OBSERVED`",
    "evidence": "`evidence.json`",
    "verdict": "`verdict.json`",
    "runs": "`branchline runs --json`",
    "show": "`branchline show --json`",
    "compare": "`branchline compare --json`",
}

_ONE_RUN = {
    "run": "string: its id",
    "model": "string: the model's name",
    "commit": "string or null: where it was made",
    "branch": "string or null: likewise",
    "subject": "string: first line of the commit's message",
    "author": "string: of the commit",
    "is_dirty": "boolean: made from uncommitted changes",
    "started_at": "string: UTC, ISO 8601",
    "duration_s": "number: seconds",
    "outcome": "string or null: `passed`, `failed` or `unknown`; null when it was not judged",
    "summary": "string: the verdict in one sentence",
    "metrics": "array: as in `evidence.json`, without `stage`",
}

FIELDS: dict[str, dict[str, str]] = {
    "plan": {
        "schema_version": "integer: raised when a field changes its meaning; new fields may appear "
        "without that",
        "is_empty": "boolean: nothing has to run, for certain",
        "counts": "object: how many stages run, may run, are reused, are skipped",
        "counts.run": "integer: an input changed, or no result is recorded",
        "counts.may_run": "integer: depends on a stage that runs",
        "counts.reuse": "integer: a recorded result serves",
        "counts.skip": "integer: frozen, or not asked for",
        "stages": "array: in an order in which each stands after those it needs",
        "stages[].stage": "string: the stage, `folder/dvc.yaml:name` outside the root",
        "stages[].action": "string: `run`, `may_run`, `reuse` or `skip`",
        "stages[].reason": "string: a sentence that names the input and what happened to it",
        "stages[].key": "string or null: digest of what the result depends on; null while an input "
        "is still to be made",
        "stages[].changes": "array: what changed since the result it was compared with",
        "stages[].changes[].kind": "string: `command`, `parameter`, `code`, `data`, `environment` "
        "or `variable`",
        "stages[].changes[].name": "string: the path, `params.yaml:train.lr`, ...",
        "stages[].changes[].effect": "string: `model`, `cosmetic`, `none` or `unknown`",
        "stages[].changes[].sentence": "string: the change in words",
        "stages[].compared_with": "string: run id or `dvc.lock`; empty when there was nothing",
        "stages[].reuses": "object or null: the result that is reused",
        "stages[].reuses.run": "string: id of the run that made it",
        "stages[].reuses.source": "string: who vouches for it: `record`, `lock` or `run_cache`",
        "stages[].reuses.outs": "object: path -> md5 of each output",
        "stages[].after": "array of strings: stages that must end first",
        "stages[].restore": "array of strings: outputs that must be put back into the workspace",
        "stages[].notes": "array of strings: remarks, a sentence each",
        "stages[].estimate_s": "number or null: seconds that the last result of this stage took",
        "notes": "array of strings: remarks about the whole",
    },
    "result": {
        "schema_version": "integer: version of this document",
        "key": "string: SHA-256 of the stage's declared and static inputs",
        "stage": "string: the stage that made it",
        "observed": "array of [path, digest]: what the run read besides; left out when empty",
        "inputs": "array: every input, for explanations",
        "inputs[].kind": "string: as in a plan",
        "inputs[].name": "string: the path or parameter",
        "inputs[].digest": "string or null: digest of its meaning",
        "inputs[].exact": "string: git blob id or md5 of its bytes",
        "inputs[].value": "string: parameters: the value; commands: the text",
        "inputs[].via": "string: how it became an input; left out when declared",
        "inputs[].pending": "string: stage that had to make it first",
        "outs": "array: outputs by content",
        "entry": "object: the same as an entry of dvc.lock",
        "run": "string: id of the run",
        "commit": "string: commit it was made from",
        "branch": "string: branch it was made on",
        "is_dirty": "boolean: made from uncommitted changes, so never promoted",
        "started_at": "string: UTC, ISO 8601",
        "duration_s": "number: seconds",
        "cpu_s": "number: processor seconds, children included",
        "peak_memory_bytes": "integer: of the largest process",
        "store": "string: identity of the store that keeps the outputs",
        "versions": "object: Python, platform, Branchline, lock file digest",
        "attempt": "integer: from 1, raised by `--force`",
    },
    "evidence": {
        "schema_version": "integer: version of this document",
        "commit": "string or null: full hash",
        "branch": "string or null: short name; null when HEAD is detached",
        "is_dirty": "boolean: the working tree differed from the commit",
        "duration_s": "number: wall seconds of the run",
        "metrics": "array: all metrics, in file order",
        "metrics[].name": "string: dotted path inside its file",
        "metrics[].value": 'number, string or null: "nan", "inf", "-inf" where JSON has no '
        "number; null when the file holds no number",
        "metrics[].text": "string: as written in the file",
        "metrics[].file": "string: where it was read",
        "metrics[].stage": "string: the stage that wrote it; empty for files of the top level",
        "params": 'object: `file:key` -> value; `{"!float": "nan"}` where JSON has no number',
        "outs": "object: path -> digest of every output",
        "plots": "array: plot files",
        "plots[].path": "string: where it is",
        "plots[].stage": "string: the stage that wrote it",
        "plots[].md5": "string or null: its content",
        "plots[].size_bytes": "integer or null: its size",
        "plots[].nfiles": "integer or null: files of a folder",
        "plots[].options": "object: how to draw it, as in dvc.yaml",
        "stages": "array: what each stage cost and whose result it is",
        "stages[].stage": "string: the stage",
        "stages[].action": "string: `run` or `reuse`",
        "stages[].key": "string: its key",
        "stages[].run": "string: id of the run that made the result",
        "stages[].duration_s": "number: seconds",
        "stages[].cpu_s": "number: processor seconds",
        "stages[].peak_memory_bytes": "integer: of the largest process",
        "stages[].attempts": "integer: from 1",
        "data": "object: path -> digest of every data input that no stage makes",
        "evaluation_data": "string: digest of what the metrics were measured on; runs whose "
        "digests differ are not compared number by number; empty when not known",
        "versions": "object: Python, platform, Branchline, lock file digest",
    },
    "verdict": {
        "schema_version": "integer: version of this document",
        "outcome": "string: `passed`, `failed` or `unknown`",
        "summary": "string: one sentence",
        "baseline": "object: what the result was measured against",
        "baseline.run": "string: id of its run; empty when there is none",
        "baseline.via": "string: how it was found, or why there is none",
        "baseline.commit": "string or null: its commit",
        "findings": "array: one a bar, in the order of branchline.yaml",
        "findings[].metric": "string: the metric",
        "findings[].rule": "string: `min`, `max`, `max_regression` or `max_relative_regression`",
        "findings[].outcome": "string: `passed`, `failed` or `unknown`",
        "findings[].value": "number, string or null: the metric",
        "findings[].baseline": "number, string or null: the baseline's metric",
        "findings[].bound": "number, string or null: what the rule asks for",
        "findings[].sentence": "string: the finding with its numbers",
    },
    "runs": {
        "schema_version": "integer: version of this document",
        "runs": "array: newest first",
        **{f"runs[].{name}": meaning for name, meaning in _ONE_RUN.items()},
        "runs[].metrics[].name": "string: dotted path inside its file",
        "runs[].metrics[].file": "string: where it was read",
        "runs[].metrics[].value": 'number, string or null: "nan", "inf" and "-inf" are strings',
        "runs[].metrics[].text": "string: the value as written",
    },
    "show": {
        "schema_version": "integer: version of this document",
        **_ONE_RUN,
        "trigger": "object: what woke it: `kind`, `actor`, `force`, `reason`",
        "plan": "object: `plan.json`",
        "evidence": "object: `evidence.json`",
        "verdict": "object or null: `verdict.json`",
        "problems": "array: what of the record could not be read",
    },
    "compare": {
        "schema_version": "integer: version of this document",
        "runs": "array: as in `runs --json`, in the order asked for; all lists below have one "
        "entry a run, null where a run lacks it",
        "metrics": "array: metrics of the gate first",
        "metrics[].name": "string: the metric, with its file where two have the same name",
        "metrics[].values": "array: numbers",
        "metrics[].differences": "array: against the first run, exact in decimal",
        "metrics[].directions": "array: `better`, `worse`, `same`, `changed` or `unknown`",
        "params": "array: parameters of any of the runs",
        "params[].file": "string: the parameter file",
        "params[].name": "string: the key",
        "params[].values": "array: values as text",
        "params[].is_same": "boolean: the same in all runs",
        "inputs": "array: commands, code, data and environment of every stage",
        "inputs[].stage": "string: the stage",
        "inputs[].name": "string: kind and name",
        "inputs[].values": "array: beginnings of digests, or the text of a command",
        "inputs[].is_same": "boolean: the same in all runs",
    },
}
