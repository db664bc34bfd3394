"""Whether a stage that was made to run again gave other numbers from the same inputs.

Serves `evidence`. Looks only where a stage ran though its result was known: that is free.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import evidence_from_json
from branchline.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.plan.values import Result
    from branchline.flows.project import Project
    from branchline.flows.walked import Walked


def moved_again(project: Project, walked: Walked, evidence: Evidence) -> tuple[str, ...]:
    """A warning for each stage whose metrics moved though nothing that it depends on did.

    Args:
        project: Its records know what the same inputs gave before.
        walked: What ran.
        evidence: Of the run.
    """
    forced = [walked.results[stage] for stage in walked.ran if walked.results[stage].attempt > 1]
    found = [_warning(project, result, evidence) for result in forced]
    return tuple(text for text in found if text)


def _warning(project: Project, result: Result, evidence: Evidence) -> str:
    earlier = [
        other
        for other in project.records.results([result.key]).get(result.key, ())
        if other.attempt < result.attempt and other.observed == result.observed
    ]
    if not earlier or _outs(earlier[0]) == _outs(result):
        return ""
    before = evidence_of(project, earlier[0].run)
    if before is None:
        return ""
    theirs = {(m.file, m.name): m.value for m in before.metrics}
    deltas = [
        (abs(metric.value - value), metric.name)
        for metric in evidence.metrics
        if metric.stage == result.stage
        and metric.value is not None
        and (value := theirs.get((metric.file, metric.name))) is not None
    ]
    moved = sorted((delta, name) for delta, name in deltas if math.isfinite(delta) and delta)
    if not moved:
        return ""
    delta, name = moved[-1]
    more = f" (and {len(moved) - 1} more)" if len(moved) > 1 else ""
    return (
        f"Nondeterminism: `{result.stage}` ran again on the same inputs with the same seed, and"
        f" `{name}` moved by {delta:.3g}{more} since run {earlier[0].run}; `branchline noise` tells"
        " how much chance does."
    )


def _outs(result: Result) -> Sequence[tuple[str, str | None]]:
    return sorted((out.path, out.content.md5) for out in result.outs)


def evidence_of(project: Project, run: str) -> Evidence | None:
    """What a recorded run left; None where that is not known."""
    for stored in project.records.runs([run] if run else [], names=("evidence.json",)):
        try:
            return evidence_from_json(json.loads(stored.files.get("evidence.json", b"")))
        except (ValueError, RecordError):
            return None
    return None
