"""The model that tests compare with, before there is evidence to judge. Serves `plan` and `run`.

It is the verdict's champion, with one difference: where no alias names one, the newest passed run
of the default branch whose model is not the very model under test. Comparing a model with itself
tells nothing, and a commit that changes no model must not run the tests again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.effects.model_outputs import files_digest
from branchline.core.evidence.evidence_json import evidence_from_json
from branchline.core.verdict.baseline import find_baseline
from branchline.errors import RecordError
from branchline.flows.champion import holders_elsewhere, is_elsewhere
from branchline.flows.run_facts import run_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.verdict.baseline import RunFacts
    from branchline.flows.project import Project

_LOOKED_AT = 50
"""Runs that are looked at, the newest first, for one with another model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionModel:
    """A champion's outputs.

    Attributes:
        run: Id of its run; "" when there is none.
        via: How it was found, or why there is none.
        outs: Path -> digest of its outputs, metrics and plots among them.
        digest: Of those outputs that the model under test has too; "" without a run.
        is_none: Whether there is no champion yet, other than one that is not known.
    """

    run: str = ""
    via: str = ""
    outs: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    is_none: bool = False


def champion_model(project: Project, own: Mapping[str, str]) -> ChampionModel:
    """The champion of the model under test.

    Args:
        project: Ports.
        own: Path -> digest of the outputs under test, metrics and plots left out.
    """
    facts = run_facts(project, project.records.runs(names=("run.json",)))
    elsewhere, remark = holders_elsewhere(project) if is_elsewhere(project) else ({}, "")
    tags = project.repo.tags("*")
    left: list[RunFacts] = list(facts)
    for _ in range(_LOOKED_AT):
        found = find_baseline(
            left,
            tags,
            project.policy.gate,
            model=project.policy.model,
            default_branch=project.repo.default_branch(),
            elsewhere=elsewhere,
        )
        if not found.run:
            via = f"{found.via}; {remark}" if remark else found.via
            return ChampionModel(via=via, is_none=not found.commit)
        outs = _outs(project, found.run)
        shared = {path: outs[path] for path in own if path in outs}
        if found.via.startswith("alias") or shared != own:
            digest = files_digest(shared)
            return ChampionModel(run=found.run, via=found.via, outs=outs, digest=digest)
        left = [run for run in left if run.run != found.run]
    return ChampionModel(via=f"the last {_LOOKED_AT} runs left this very model", is_none=True)


def _outs(project: Project, run: str) -> Mapping[str, str]:
    for stored in project.records.runs([run], names=("evidence.json",)):
        try:
            return evidence_from_json(json.loads(stored.files.get("evidence.json", b""))).outs
        except (ValueError, RecordError):
            return {}
    return {}
