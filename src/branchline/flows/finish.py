"""From the results of a run to its verdict and record. Serves `evidence` and `verdict`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import evidence_from_json, evidence_to_json
from branchline.core.plan.plan_json import plan_to_json
from branchline.core.policy import MODEL_SIZE
from branchline.core.values import SCHEMA_VERSION, digest_of
from branchline.core.verdict.verdict_json import verdict_to_json
from branchline.errors import RecordError
from branchline.flows.baselines import baseline_in
from branchline.flows.champion import Champion, stands
from branchline.flows.evidence import EvidenceReader
from branchline.flows.judged import judged, with_data_checks
from branchline.flows.run_facts import run_fields, verdict_of
from branchline.ports.records import CHAMPION_FILE
from branchline.ports.workspace import EntryKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.plan.values import Plan
    from branchline.core.trigger import Trigger
    from branchline.core.values import JsonValue
    from branchline.core.verdict.values import Baseline, Verdict
    from branchline.flows.judgement import Judged
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.retraining import Watching
    from branchline.flows.walked import DataFound, WalkBeside, Walked, Watcher
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
        is_approved: Whether a person let its open verdict pass.
    """

    evidence: Evidence
    verdict: Verdict
    record: str
    is_new: bool
    is_approved: bool = False


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
    watcher: Watcher,
    walk_beside: WalkBeside,
    watching: Watching | None = None,
    data: DataFound | None = None,
) -> Finished | None:
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
        watcher: Shows how the champion is scored again, where it has to be.
        walk_beside: Walks stages in another working tree, for that.
        watching: Who looks on while the commit is trained again, and how that is walked; None:
            nothing is trained again.
        data: What was found in the data.

    Returns:
        None when it was stopped before there was a verdict.

    Raises:
        RecordError: git refused the record.
    """
    reader = EvidenceReader(project, planner, plan, walked)
    evidence = reader.gather(duration_s=duration_s, dirty=dirty, with_unmade=not walked.blocked)
    evidence = replace(evidence, data_checks=data.reports if data else ())
    if _is_asked_for(project, evidence):
        evidence = reader.measured(evidence)
    head = project.repo.head()
    base = project.run_base
    history = project.records.runs(names=("run.json",))
    walk = _walk_digest(project, evidence)
    same = next((run for run in reversed(history) if _is_walk(run, base, walk)), None)
    found = baseline_in(project, history, same=same)
    champion = _champion(project, planner, plan, walked, found, evidence, watcher, walk_beside)
    judged_run = judged(
        project,
        walked,
        evidence,
        champion,
        history=map(run_fields, history),
        targets=tuple(stage.address for stage in planner.stages if not stage.is_test),
        watching=watching,
        known=same.run if same is not None and not walked.ran else "",
    )
    if judged_run is None:
        return None
    judged_run = with_data_checks(judged_run)
    evidence, verdict = judged_run.evidence, judged_run.verdict
    # What ran has results that name this run, so it must exist, whatever came of it.
    is_known = same is not None and not walked.ran
    if same is not None and is_known and verdict_of(same) == verdict.outcome.value:
        return _known(project, same.run, evidence, verdict)
    if not _is_asked_for(project, evidence):
        evidence = reader.measured(evidence)  # for runs that this one will be the baseline of
        judged_run = replace(judged_run, evidence=evidence)
    model = project.policy.model
    said = run_to_json(
        head, evidence, verdict, trigger, model=model, walk=walk, started_at=started_at
    )
    files = _files(project, planner, plan, said, champion, judged_run)
    files |= data.files(walked.notes.append) if data else {}
    record = project.records.add_run(base, files)
    return Finished(evidence=evidence, verdict=verdict, record=record, is_new=True)


def _files(
    project: Project,
    planner: Planner,
    plan: Plan,
    said: JsonValue,
    champion: Champion,
    found: Judged,
) -> dict[str, bytes]:
    """The files of a record."""
    return {
        "run.json": _json(said),
        "plan.json": _json(plan_to_json(plan)),
        "evidence.json": _json(evidence_to_json(found.evidence)),
        "verdict.json": _json(verdict_to_json(found.verdict)),
        **_champion_file(champion),
        **_meanings(planner),
        **_plots(project, found.evidence),
        **{f"plots/{one.plot.path}": one.data for one in found.plots},
    }


def _known(project: Project, run: str, evidence: Evidence, verdict: Verdict) -> Finished:
    """The end of a walk that was recorded before."""
    approved = verdict.is_inconclusive and project.records.approval(run) is not None
    return Finished(
        evidence=evidence, verdict=verdict, record=run, is_new=False, is_approved=approved
    )


def _champion(
    project: Project,
    planner: Planner,
    plan: Plan,
    walked: Walked,
    found: Baseline,
    evidence: Evidence,
    watcher: Watcher,
    walk_beside: WalkBeside,
) -> Champion:
    """The champion as its record has it, or scored again where the evaluation changed."""
    recorded = _evidence_of(project, found.run)
    results = walked.results.values()
    if recorded is None or stands(project.policy.gate, results, recorded, evidence):
        return Champion(evidence=recorded, baseline=found, recorded=recorded)
    from branchline.flows.rescore import ChampionReader

    reader = ChampionReader(
        project=project,
        planner=planner,
        plan=plan,
        walked=walked,
        watcher=watcher,
        walk=walk_beside,
    )
    return reader.read(found, recorded, evidence)


def _champion_file(champion: Champion) -> dict[str, bytes]:
    """What the champion's new numbers are; nothing where the recorded ones stood."""
    if not champion.baseline.is_rescored or champion.evidence is None:
        return {}
    return {CHAMPION_FILE: _json(evidence_to_json(champion.evidence))}


def _is_asked_for(project: Project, evidence: Evidence) -> bool:
    """Whether the verdict needs what Branchline measures itself."""
    names = [rule.name for rule in project.policy.gate.metrics]
    return bool(evidence.tests) or any(MODEL_SIZE in name for name in names)


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
            "noise": repr(
                (
                    gate.predictions,
                    gate.confidence,
                    gate.slices,
                    gate.min_rows,
                    gate.selftest,
                    gate.accept,
                )
            ),
            "on_inconclusive": gate.on_inconclusive.value,
            "baseline": gate.baseline,
            "evaluation_data": evidence.evaluation_data,
            **({"tests": tests} if (tests := _tests(evidence)) else {}),
            **_data_checks(evidence),
        }
    )


def _tests(evidence: Evidence) -> list[tuple[str, str]]:
    return [(test.name, test.outcome.value) for test in evidence.tests]


def _data_checks(evidence: Evidence) -> dict[str, JsonValue]:
    """What tells two walks apart by their data; nothing where there are no checks."""
    checked = [
        (r.check, r.path, r.key, r.outcome.value, len(r.findings)) for r in evidence.data_checks
    ]
    return {"data_checks": checked} if checked else {}


def _is_walk(run: StoredRun, base: str, walk: str) -> bool:
    if run.run != base and not run.run.startswith(base + "-"):
        return False
    return run_fields(run).get("walk") == walk


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
            **_pull_of(trigger),
        },
        "started_at": started_at,
        "duration_s": evidence.duration_s,
        "outcome": verdict.outcome.value,
        "summary": verdict.summary,
        "walk": walk,
        **_examples_of(evidence),
    }


def _pull_of(trigger: Trigger) -> dict[str, JsonValue]:
    """What a pull request adds: its number, its head, the base that it was merged into."""
    pull = trigger.pull_request
    told = {"pull_request": pull, "head": trigger.head, "base": trigger.base}
    return {name: value for name, value in told.items() if value is not None and pull is not None}


def _examples_of(evidence: Evidence) -> dict[str, JsonValue]:
    """Which examples judged which candidate: `flows.judged_before` counts them."""
    facts = evidence.predictions
    return {} if facts is None else {"examples": facts.examples, "candidate": facts.digest}


def _meanings(planner: Planner) -> dict[str, bytes]:
    from branchline.flows.meanings import meanings_to_record

    return meanings_to_record(planner.inputs.reader.said())


def _plots(project: Project, evidence: Evidence) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in _plot_paths(evidence):
        entry = project.workspace.entry(path)
        if entry is None or entry.kind is EntryKind.FOLDER or entry.size_bytes > PLOT_LIMIT_BYTES:
            continue
        data = project.workspace.read(path)
        if data is not None and len(data) <= PLOT_LIMIT_BYTES:
            found[f"plots/{path}"] = data
    return found


def _plot_paths(evidence: Evidence) -> list[str]:
    """Files that are drawn: each plot's own, and those whose columns it names besides."""
    found: dict[str, None] = {}
    for plot in evidence.plots:
        found[plot.path] = None
        y = plot.options.get("y")
        found.update(dict.fromkeys(y if isinstance(y, dict) else ()))
    return list(found)


def _json(value: JsonValue) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
