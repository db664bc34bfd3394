"""`branchline doctor` for a folder: what its project declares, for the checklist."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError, RepositoryError
from branchline.flows.checklist import ModelFacts, ProjectFacts, wanted_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy
    from branchline.flows.project import Project

__all__ = ["project_facts"]

_FILE = "branchline.yaml"


def project_facts(folder: str, environ: Mapping[str, str]) -> ProjectFacts:
    """Look at what a project declares; changes nothing.

    Args:
        folder: Any folder of it, or of none.
        environ: Only names are looked at.
    """
    from branchline import wiring
    from branchline.adapters.git.plumbing import find_places

    texts: dict[str, str] = {}
    try:
        root = find_places(folder).root
        for name in (_FILE, *wiring.folder_files(root)):
            path = os.path.join(root, name)
            if name == _FILE and not os.path.lexists(path):
                continue
            with open(path, encoding="utf-8", errors="replace") as file:
                texts[name] = file.read()
    except (RepositoryError, FileNotFoundError):
        return ProjectFacts()
    except OSError as error:
        return ProjectFacts(problem=f"{_FILE} cannot be read: {error.strerror}")
    except BranchlineError as error:
        return ProjectFacts(problem=error.message)
    try:
        return _declared(root, texts, environ) if texts else ProjectFacts()
    except BranchlineError as error:
        return ProjectFacts(problem="; ".join([error.message, *error.details[:1]]))


def _declared(root: str, texts: Mapping[str, str], environ: Mapping[str, str]) -> ProjectFacts:
    from branchline import wiring

    models: list[ModelFacts] = []
    declared: list[tuple[Policy, Pipeline]] = []
    branch = ""
    for name in wiring.declared_models(root):
        with wiring.open_project(root, model=name) as project:
            branch = project.repo.default_branch()
            declared.append((project.policy, project.pipeline))
            models.append(
                ModelFacts(
                    policy=project.policy,
                    stages=[stage.name for stage in project.pipeline.stages],
                    passed_run=_passed_run(project, branch),
                )
            )
    stale, refused = _workflows(root, declared, branch)
    names: dict[str, str] = {}
    for file, text in texts.items():
        own = [policy for policy, _ in declared if policy.source == file]
        names = {**wanted_names(text, own, file=file), **names}
    return ProjectFacts(
        models=models,
        names=names,
        present=[name for name in names if environ.get(name)],
        stale_workflows=stale,
        refused_workflows=refused,
        boxes=[remote.name for remote in wiring.open_remotes(root).remotes() if remote.is_box],
    )


def _passed_run(project: Project, branch: str) -> str:
    """The newest run on the default branch that passed; "" without one."""
    from branchline.core.values import Outcome
    from branchline.flows.run_facts import run_facts

    found = [
        run
        for run in run_facts(project, project.records.runs(names=("run.json",)))
        if run.branch == branch and not run.is_dirty and run.outcome is Outcome.PASSED
    ]
    return found[-1].run if found else ""


def _workflows(
    root: str, declared: Sequence[tuple[Policy, Pipeline]], branch: str
) -> tuple[tuple[str, ...] | None, str]:
    """Workflows that are not what `workflows write` would write, and why it would write none.

    The first is None where none of ours stands.
    """
    from branchline.adapters.checkup.team_files import workflows
    from branchline.flows.workflow_files import Standing, asked_files, compare
    from branchline.generate.workflows import is_ours
    from branchline.wiring.declared import dvc_address

    standing = {path: held.decode("utf-8", "replace") for path, held in workflows(root)}
    if not any(is_ours(text) for text in standing.values()):
        return None, ""
    try:
        asked = asked_files(declared, default_branch=branch, remote=dvc_address(root)).files
    except BranchlineError as error:
        return (), "; ".join([error.message, *error.details[:1]])
    for path in asked.keys() - standing.keys():
        try:
            with open(
                os.path.join(root, path), encoding="utf-8", errors="replace", newline=""
            ) as file:
                standing[path] = file.read()
        except OSError:
            continue
    states = compare(asked, standing)
    return tuple(state.path for state in states if state.standing is not Standing.CURRENT), ""
