"""JSON that `runs`, `show` and `compare` print. The shapes are stable: `schema_version` says which.

Numbers that JSON lacks (NaN, infinities) are printed as "nan", "inf", "-inf".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import evidence_to_json, number_to_json
from branchline.core.values import SCHEMA_VERSION
from branchline.core.verdict.verdict_json import verdict_to_json
from branchline.render.compare import said_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence import Metric
    from branchline.core.values import JsonValue
    from branchline.core.verdict.noise.values import Difference
    from branchline.render.compare import Comparison, MetricRow, ValueRow
    from branchline.render.run_view import RunView


def runs_to_json(runs: Sequence[RunView]) -> dict[str, JsonValue]:
    """`runs --json`: `schema_version`, `runs`, newest first.

    Each has `run`, `model`, `commit`, `branch`, `subject`, `author`, `is_dirty`, `started_at`
    (UTC, ISO 8601), `duration_s`, `outcome` (passed, failed, unknown, null), `summary`, and
    `metrics` (a list of `name`, `file`, `value`, `text`).
    """
    return {"schema_version": SCHEMA_VERSION, "runs": [_summary(run) for run in runs]}


def show_to_json(run: RunView) -> dict[str, JsonValue]:
    """`show --json`: a run as in `runs --json`, with `trigger`, `plan`, `evidence`, `verdict`.

    `plan` is as in `plan --json`; `evidence` and `verdict` are as recorded (null where there is
    none); `problems` lists what could not be read.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        **_summary(run),
        "trigger": dict(run.trigger),
        "plan": dict(run.plan),
        "evidence": evidence_to_json(run.evidence),
        "verdict": None if run.verdict is None else verdict_to_json(run.verdict),
        "problems": list(run.problems),
    }


def compare_to_json(comparison: Comparison) -> dict[str, JsonValue]:
    """`compare --json`: `schema_version`, `runs`, `metrics`, `apart`, `params`, `inputs`.

    In every row the lists have one entry a run, in the order of `runs`; null where a run lacks it.
    `metrics`: `name`, `values`, `differences` (against the first run), `directions` (better, worse,
    same, changed, unknown). `apart`: where the same examples were predicted, for each other run and
    metric of the gate `metric`, `run`, `difference`, `low`, `high`, `confidence`, `examples`,
    `method`, `says` (better, worse, the same, may be chance). `params`: `file`,
    `name`, `values` as text, `is_same`. `inputs`: `stage`, `name`, `values` (digest, or the text
    of a command), `is_same`.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [_summary(run) for run in comparison.runs],
        "metrics": [_metric_row(row) for row in comparison.metrics],
        "apart": [_apart(run, found) for run, found in comparison.apart],
        "params": [_value_row(row, "file") for row in comparison.params],
        "inputs": [_value_row(row, "stage") for row in comparison.inputs],
    }


def _apart(run: str, found: Difference) -> dict[str, JsonValue]:
    return {
        "metric": found.metric,
        "run": run,
        "difference": number_to_json(found.estimate),
        "low": number_to_json(found.low),
        "high": number_to_json(found.high),
        "confidence": found.confidence,
        "examples": found.examples,
        "method": found.method,
        "says": said_of(found)[0],
    }


def _summary(run: RunView) -> dict[str, JsonValue]:
    return {
        "run": run.run,
        "model": run.model,
        "commit": run.commit,
        "branch": run.branch,
        "subject": run.subject,
        "author": run.author,
        "is_dirty": run.is_dirty,
        "started_at": run.started_at,
        "duration_s": run.duration_s,
        "outcome": run.outcome or None,
        "summary": "" if run.verdict is None else run.verdict.summary,
        "metrics": [_metric(metric) for metric in run.evidence.metrics],
    }


def _metric(metric: Metric) -> dict[str, JsonValue]:
    return {
        "name": metric.name,
        "file": metric.file,
        "value": number_to_json(metric.value),
        "text": metric.text,
    }


def _metric_row(row: MetricRow) -> dict[str, JsonValue]:
    return {
        "name": row.name,
        "values": [None if m is None else number_to_json(m.value) for m in row.metrics],
        "differences": [number_to_json(step) for step in row.differences],
        "directions": [way.value for way in row.directions],
    }


def _value_row(row: ValueRow, group: str) -> dict[str, JsonValue]:
    return {group: row.group, "name": row.name, "values": list(row.values), "is_same": row.is_same}
