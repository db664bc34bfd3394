"""The self-test of the gate on a recorded run, for whoever asks. Records nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import evidence_from_json
from branchline.errors import ConfigError, RecordError
from branchline.flows.apply_run import results_of_run
from branchline.flows.selftest import SelfTest

if TYPE_CHECKING:
    from branchline.core.evidence import Evidence
    from branchline.core.verdict.selftest.values import Proof
    from branchline.flows.project import Project
    from branchline.render.run_view import RunView


def selftest_of(project: Project, view: RunView) -> tuple[Proof, ...]:
    """Ask today's gate with what a run left.

    Raises:
        ConfigError: No gate is declared.
        RecordError: The run's results are not recorded here.
    """
    if not project.policy.gate.metrics:
        raise ConfigError(
            "no gate is declared, so there is nothing to test",
            todo="Set bars in branchline.yaml, e.g. gate: {metrics: {roc_auc: {min: 0.9}}}.",
        )
    baseline = view.verdict.baseline.run if view.verdict else ""
    is_here = view.commit is not None and view.commit == project.repo.head().commit
    return SelfTest(
        project=project,
        evidence=view.evidence,
        results=results_of_run(project, view),
        champion=_evidence(project, baseline),
        is_here=is_here,
    ).proofs()


def _evidence(project: Project, run: str) -> Evidence | None:
    for stored in project.records.runs([run] if run else [], names=("evidence.json",)):
        try:
            return evidence_from_json(json.loads(stored.files["evidence.json"]))
        except (KeyError, ValueError, RecordError):
            return None
    return None
