"""What the records say of runs, for who looks for a baseline. Serves `plan` and `verdict`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.baseline import RunFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.ports.records import StoredRun


def run_fields(run: StoredRun) -> dict[str, JsonValue]:
    """The fields of a record's run.json; empty when it cannot be read."""
    try:
        fields = json.loads(run.files.get("run.json", b"{}"))
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def verdict_of(run: StoredRun) -> str:
    """The outcome word of a recorded run; "" when it has none."""
    return str(run_fields(run).get("outcome") or "")


def run_facts(project: Project, history: Sequence[StoredRun]) -> list[RunFacts]:
    """What finding a baseline needs of the recorded runs of this model, oldest first."""
    facts = []
    for run in history:
        fields = run_fields(run)
        if fields.get("model") != project.policy.model:
            continue  # Of two models in one repository neither is the other's baseline.
        outcome = str(fields.get("outcome") or "")
        facts.append(
            RunFacts(
                run=run.run,
                started_at=str(fields.get("started_at") or ""),
                commit=text_or_none(fields.get("commit")),
                branch=text_or_none(fields.get("branch")),
                is_dirty=fields.get("is_dirty") is not False,
                outcome=Outcome(outcome) if outcome in [o.value for o in Outcome] else None,
            )
        )
    return facts


def text_or_none(value: JsonValue) -> str | None:
    """A text; None for anything else."""
    return value if isinstance(value, str) else None
