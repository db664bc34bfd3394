"""The gate is tested itself before the first model: one that cannot fail proves nothing.

Serves the station `verdict`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.verdict.values import SELFTEST
from branchline.core.verdict.verdict_json import verdict_from_json
from branchline.errors import RecordError

if TYPE_CHECKING:
    from branchline.core.verdict.values import Verdict
    from branchline.flows.judgement import Judged
    from branchline.flows.project import Project
    from branchline.flows.walked import Walked


def tested(project: Project, walked: Walked, found: Judged) -> Judged:
    """The verdict with what the self-test says of its gate."""
    from branchline.core.verdict.selftest.judged import with_proofs
    from branchline.flows.selftest import SelfTest

    results = tuple(walked.results.values())
    proofs = SelfTest(project=project, evidence=found.evidence, results=results).proofs()
    return replace(found, verdict=with_proofs(found.verdict, proofs))


def as_recorded(project: Project, found: Judged, run: str) -> Judged:
    """The same where this very walk is recorded: its self-test cannot say anything else."""
    for stored in project.records.runs([run], names=("verdict.json",)):
        try:
            recorded = verdict_from_json(json.loads(stored.files["verdict.json"]))
        except (KeyError, ValueError, RecordError):
            continue
        return replace(found, verdict=_as(found.verdict, recorded))
    return found


def _as(verdict: Verdict, recorded: Verdict) -> Verdict:
    proofs = tuple(finding for finding in recorded.findings if finding.rule == SELFTEST)
    said = tuple(remark for remark in recorded.remarks if remark not in verdict.remarks)
    if not proofs:
        return replace(verdict, remarks=(*verdict.remarks, *said))
    return replace(
        verdict,
        outcome=recorded.outcome,
        findings=(*verdict.findings, *proofs),
        summary=recorded.summary,
        remarks=(*verdict.remarks, *said),
    )
