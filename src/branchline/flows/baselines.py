"""Whom a run is measured against, by records, registry and tracker. Serves `verdict`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.baseline import find_baseline
from branchline.core.verdict.verdict_json import verdict_from_json
from branchline.errors import RecordError
from branchline.flows.champion import holders_elsewhere, is_elsewhere
from branchline.flows.run_facts import run_facts, run_fields, verdict_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from branchline.core.verdict.values import Baseline
    from branchline.flows.project import Project
    from branchline.ports.records import StoredRun


def baseline_of(project: Project) -> Baseline:
    """What a run of this commit is measured against, before it has run."""
    head = project.repo.head()
    base = head.short or "initial"
    history = project.records.runs(names=("run.json",))
    others = [run for run in history if run.run != base and not run.run.startswith(f"{base}-")]
    found = baseline_in(project, history, same=None)
    if found.via.startswith("alias"):
        return found
    # Nothing holds the alias: the data of this very commit are no reference for themselves.
    return baseline_in(project, others, same=None)


def baseline_among(project: Project, *, without: Collection[str]) -> Baseline:
    """What a run is measured against by the records here.

    Args:
        project: Ports and policy.
        without: Runs that do not count, such as those that somebody else just made.
    """
    history = project.records.runs(names=("run.json",))
    return baseline_in(project, [run for run in history if run.run not in without], same=None)


def baseline_in(
    project: Project, history: Sequence[StoredRun], *, same: StoredRun | None
) -> Baseline:
    """What a run is measured against, by some records.

    Args:
        project: Ports and policy.
        history: The records.
        same: That of this very walk, where it is known; None for a new one.
    """
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
