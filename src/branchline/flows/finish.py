"""From the results of a run to its verdict and record. Serves `evidence` and `verdict`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import evidence_from_json, evidence_to_json
from branchline.core.plan.plan_json import plan_to_json
from branchline.core.policy import MODEL_SIZE
from branchline.core.values import SCHEMA_VERSION, Outcome, digest_of
from branchline.core.verdict.baseline import find_baseline
from branchline.core.verdict.judge import judge
from branchline.core.verdict.verdict_json import verdict_from_json, verdict_to_json
from branchline.errors import RecordError
from branchline.flows.champion import holders_elsewhere, is_elsewhere
from branchline.flows.evidence import EvidenceReader
from branchline.flows.run_facts import run_facts, run_fields, verdict_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.plan.values import Plan
    from branchline.core.trigger import Trigger
    from branchline.core.values import JsonValue
    from branchline.core.verdict.values import Baseline, Verdict
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import Walked
    from branchline.ports.records import StoredRun
    from branchline.ports.repo import Head

PLOT_LIMIT_BYTES = 64_000
"""Larger plot files stay in the store; the record names them by digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What became of a run whose stages all have results.

    Attributes:
        record: Id of the record in git.
        is_new: False when the very same walk had been recorded before.
    """

    evidence: Evidence
    verdict: Verdict
    record: str
    is_new: bool


def finish(
    project: Project,
    planner: Planner,
    plan: Plan,
    walked: Walked,
    *,
    trigger: Trigger,
    started_at: str,
    duration_s: float,
    dirty: Sequence[str],
) -> Finished:
    """Gather the evidence, judge it against the baseline, record the run.

    Args:
        project: Ports.
        planner: Knows the inputs of each stage.
        plan: As it was carried out.
        walked: Results and attempts.
        trigger: Who wanted it.
        started_at: When it began.
        duration_s: Its wall time until now.
        dirty: What git does not have as it is now.

    Raises:
        DocumentError: A metric file cannot be read.
        RecordError: git refused the record.
    """
    reader = EvidenceReader(project, planner, plan, walked)
    evidence = reader.gather(duration_s=duration_s, dirty=dirty)
    is_measured = bool(evidence.tests) or _names_measured(project)
    if is_measured:
        evidence = reader.measured(evidence)
    head = project.repo.head()
    base = head.short or "initial"
    history = project.records.runs(names=("run.json",))
    walk = _walk_digest(project, evidence)
    same = next((run for run in reversed(history) if _is_walk(run, base, walk)), None)
    baseline = _baseline(project, history, same=same)
    verdict = judge(
        evidence,
        _evidence_of(project, baseline.run),
        project.policy.gate,
        baseline=baseline,
    )
    # What ran has results that name this run, so it must exist, whatever came of it.
    is_known = same is not None and not walked.ran
    if same is not None and is_known and verdict_of(same) == verdict.outcome.value:
        return Finished(evidence=evidence, verdict=verdict, record=same.run, is_new=False)
    if not is_measured:
        evidence = reader.measured(evidence)  # for runs that this one will be the baseline of
    files = {
        "run.json": _json(
            run_to_json(
                head,
                evidence,
                verdict,
                trigger,
                model=project.policy.model,
                walk=walk,
                started_at=started_at,
            )
        ),
        "plan.json": _json(plan_to_json(plan)),
        "evidence.json": _json(evidence_to_json(evidence)),
        "verdict.json": _json(verdict_to_json(verdict)),
        **_meanings(planner),
        **_plots(project, evidence),
    }
    record = project.records.add_run(base, files)
    return Finished(evidence=evidence, verdict=verdict, record=record, is_new=True)


def _names_measured(project: Project) -> bool:
    """Whether the gate has a bar on what Branchline measures itself."""
    return any(MODEL_SIZE in rule.name for rule in project.policy.gate.metrics)


def _walk_digest(project: Project, evidence: Evidence) -> str:
    """What makes two walks of one commit the same: results, outputs, and the bars."""
    gate = project.policy.gate
    return digest_of(
        {
            "model": project.policy.model,
            "commit": evidence.commit,
            "is_dirty": evidence.is_dirty,
            "stages": [(s.stage, s.key) for s in evidence.stages],
            "outs": dict(evidence.outs),
            "gate": [repr(rule) for rule in gate.metrics],
            "baseline": gate.baseline,
            "evaluation_data": evidence.evaluation_data,
            **({"tests": tests} if (tests := _tests(evidence)) else {}),
        }
    )


def _tests(evidence: Evidence) -> list[tuple[str, str]]:
    return [(test.name, test.outcome.value) for test in evidence.tests]


def _is_walk(run: StoredRun, base: str, walk: str) -> bool:
    if run.run != base and not run.run.startswith(base + "-"):
        return False
    return run_fields(run).get("walk") == walk


def _baseline(
    project: Project, history: Sequence[StoredRun], *, same: StoredRun | None
) -> Baseline:
    facts = run_facts(project, history)
    elsewhere, remark = holders_elsewhere(project) if is_elsewhere(project) else ({}, "")
    found = find_baseline(
        facts,
        project.repo.tags("*"),
        project.policy.gate,
        model=project.policy.model,
        default_branch=project.repo.default_branch(),
        this_run=same.run if same else "",
        made_late=same is not None and _is_late(project, same),
        elsewhere=elsewhere,
    )
    return replace(found, via=f"{found.via}; {remark}") if remark else found


def _is_late(project: Project, run: StoredRun) -> bool:
    """Whether a run was judged while its own commit held the alias without a record."""
    if verdict_of(run) == Outcome.PASSED.value:
        return False
    for stored in project.records.runs([run.run], names=("verdict.json",)):
        try:
            read = verdict_from_json(json.loads(stored.files.get("verdict.json", b"")))
        except (ValueError, RecordError):
            continue
        commit = run_fields(run).get("commit")
        return not read.baseline.run and read.baseline.commit == commit is not None
    return True  # What it was judged against cannot be read.


def _evidence_of(project: Project, run: str) -> Evidence | None:
    """The evidence of the baseline's run; None when there is none or it cannot be read."""
    for stored in project.records.runs([run] if run else [], names=("evidence.json",)):
        if "evidence.json" in stored.files:
            try:
                return evidence_from_json(json.loads(stored.files["evidence.json"]))
            except (ValueError, RecordError):
                return None
    return None


def run_to_json(
    head: Head,
    evidence: Evidence,
    verdict: Verdict,
    trigger: Trigger,
    *,
    model: str,
    walk: str,
    started_at: str,
) -> dict[str, JsonValue]:
    """The file `run.json` of a record: enough to list runs and to find the baseline."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": model,
        "commit": head.commit,
        "branch": head.branch,
        "subject": head.subject,
        "author": head.author,
        "is_dirty": evidence.is_dirty,
        "trigger": {
            "kind": trigger.kind.value,
            "actor": trigger.actor,
            "force": trigger.force,
            "reason": trigger.reason,
        },
        "started_at": started_at,
        "duration_s": evidence.duration_s,
        "outcome": verdict.outcome.value,
        "summary": verdict.summary,
        "walk": walk,
    }


def _meanings(planner: Planner) -> dict[str, bytes]:
    from branchline.flows.meanings import meanings_to_record

    return meanings_to_record(planner.inputs.reader.said())


def _plots(project: Project, evidence: Evidence) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for plot in evidence.plots:
        size = plot.content.size_bytes
        if plot.content.is_folder or size is None or size > PLOT_LIMIT_BYTES:
            continue
        data = project.workspace.read(plot.path)
        if data is not None:
            found[f"plots/{plot.path}"] = data
    return found


def _json(value: JsonValue) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
