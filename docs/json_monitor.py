"""What each field of a look at a model in production means, with a sample that has them all."""

from __future__ import annotations

from branchline.core.evidence.watched import ColumnSeen, MetricSeen, Seen
from branchline.core.values import Outcome
from branchline.core.verdict.health import Health, Look
from branchline.core.verdict.health_json import look_to_json
from branchline.render.look import watched_to_json

LOOK = {
    "schema_version": "integer: version of this document",
    "model": "string: which model",
    "at": "string: when it was looked at, UTC, ISO 8601",
    "due": "string: when the schedule asked for this look; empty without a schedule",
    "run": "string: id of the run of the model in production; empty when not known",
    "via": "string: how that was found",
    "window": "string: digest of the new data, the reference and the rules; empty when nothing was "
    "compared",
    "rows": "integer or null: of the new data",
    "is_judged": "boolean: whether there were rows enough to judge drift",
    "compared": "integer: how many columns were compared",
    "columns": "array: the 50 that moved most, those that drifted first",
    "columns[].column": "string: its name",
    "columns[].psi": "number or null: population stability index; null when it was not judged",
    "columns[].limit": "number: what it may be, by the settings or by chance",
    "columns[].is_drifted": "boolean: beyond that, in this window",
    "columns[].why": "string: what moved",
    "metrics": "array: those with bounds",
    "metrics[].metric": "string: its name",
    "metrics[].value": "number or null: null when not known",
    "metrics[].outcome": "string: `passed`, `failed` or `unknown`",
    "metrics[].sentence": "string: with its numbers",
    "problems": "array of strings: what could not be looked at, and why",
    "waits": "array of strings: what is not to be looked at yet, and why",
    "notes": "array of strings: what else is worth a word",
    "health": "string: `healthy`, `degraded` or `unknown`",
    "since": "string: look with which that began",
    "alarm": "string: when the alarm began that lasts; empty where there is none",
    "was_alarm": "string: when the alarm began that ended last, for the week in which that is told",
    "drifting": "array of strings: columns that drifted in two of the last three judged windows",
    "reasons": "array of strings: why the state is what it is",
    "missed": "integer: looks that the schedule asked for since the last one, and nobody made",
    "last": "string: when the last look was; empty where this is the first",
}
WATCHED = {
    **LOOK,
    "is_known": "boolean: whether the newest record saw the very same; then that is shown",
    "is_dry_run": "boolean: whether nothing was recorded and nobody was told",
    "effects": "array: what follows",
    "effects[].sentence": "string: what it is",
    "effects[].holds": "string: what holds now; empty when it was not applied",
    "effects[].error": "string: why it failed; empty when it did not",
}
SAMPLE = Look(
    seen=Seen(
        model="m",
        at="2026-11-28T00:17:05.000Z",
        rows=1,
        columns=(ColumnSeen(column="x", psi=0.3, limit=0.1, is_drifted=True, why="w"),),
        metrics=(MetricSeen(metric="a", value=0.1, outcome=Outcome.FAILED, sentence="s"),),
        problems=("p",),
        waits=("w",),
        notes=("n",),
    ),
    health=Health.DEGRADED,
    since="2026-11-28T00:17:05.000Z",
    drifting=("x",),
    reasons=("r",),
)
SAMPLES = {
    "look": look_to_json(SAMPLE),
    "monitor": watched_to_json(SAMPLE, is_known=False, is_dry=False, effects=[("a", "b", "")]),
}
HEADINGS = {
    "look": "`refs/branchline/looks/MODEL/WHEN-SEEN`",
    "monitor": "`branchline monitor --json`",
}
