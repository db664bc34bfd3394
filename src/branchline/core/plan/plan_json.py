"""Station `plan`: a plan as JSON, for records and for `plan --json`. Documented and stable.

The shape is described in docs/reference; SCHEMA_VERSION rises when a field changes its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.values import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.changes.values import Input
    from branchline.core.plan.values import Plan, StagePlan
    from branchline.core.values import JsonValue


def plan_to_json(plan: Plan) -> dict[str, JsonValue]:
    """A plan as plain values.

    `stages` is in plan order. Each has `stage`, `action` (run, may_run, reuse, skip), `reason`,
    `key`, `changes`, `compared_with`, `reuses` (run id and who vouches), `after`, `restore`,
    `notes`, `estimate_s`. `data` are the checks of data that come before training.
    """
    counts = {action.value: 0 for action in Action}
    for entry in plan.stages:
        counts[entry.action.value] += 1
    return {
        "schema_version": SCHEMA_VERSION,
        "is_empty": plan.is_empty,
        "counts": counts,
        "stages": [stage_to_json(entry) for entry in plan.stages],
        "notes": list(plan.notes),
        "data": [
            {
                "path": one.path,
                "check": one.check,
                "state": one.state.value,
                "sentence": one.sentence,
            }
            for one in plan.data
        ],
    }


def stage_to_json(entry: StagePlan) -> dict[str, JsonValue]:
    """One stage of a plan; see `plan_to_json`."""
    reuses: JsonValue = None
    if entry.result is not None and entry.source is not None:
        reuses = {
            "run": entry.result.run,
            "source": entry.source.value,
            "outs": {out.path: out.content.md5 for out in entry.result.outs},
        }
    return {
        "stage": entry.stage,
        "action": entry.action.value,
        "reason": entry.reason,
        "key": entry.key,
        "changes": [
            {
                "kind": change.kind.value,
                "name": change.name,
                "effect": change.effect.value,
                "sentence": change.sentence,
            }
            for change in entry.changes
        ],
        "compared_with": entry.compared_with,
        "reuses": reuses,
        "after": list(entry.after),
        "restore": list(entry.restore),
        "notes": list(entry.notes),
        "estimate_s": entry.estimate_s,
    }


def explanation_to_json(entries: Sequence[StagePlan]) -> dict[str, JsonValue]:
    """What `why --json` prints: stages as in a plan, each with its `inputs` and `observed`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "stages": [
            {
                **stage_to_json(entry),
                "inputs": _inputs_to_json(entry.inputs),
                "observed": [item.path for item in entry.observed],
            }
            for entry in entries
        ],
    }


def _inputs_to_json(inputs: Sequence[Input]) -> list[JsonValue]:
    return [
        {
            "kind": item.kind.value,
            "name": item.name,
            "digest": item.digest,
            "value": item.value,
            "via": item.via,
            "pending": item.pending,
        }
        for item in inputs
    ]
