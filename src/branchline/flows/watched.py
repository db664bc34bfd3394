"""Everything on disk that a walk looked at: while it stands, so does the answer (`cli.quick`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.plan.view import MODE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.plan.values import Plan
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project


def watched_paths(project: Project, planner: Planner, plan: Plan) -> list[str] | None:
    """Absolute paths on which a plan that runs nothing depends.

    Returns:
        Folders that count with all below them end in a slash; None when something counts that has
        no path (a declared environment variable, data outside the repository).
    """
    if project.policy.environment.variables:
        return None
    if any(dep.is_external for stage in planner.stages for dep in stage.deps):
        return None
    found = {os.path.join(project.root, path) for path in _inside(project, planner, plan)}
    # Results of other keys come and go without touching this answer.
    state = project.records.state_files()
    found.update(path for path in state if "/refs/branchline/results" not in path)
    found.update(_python_paths(project))
    return sorted(found)


def _inside(project: Project, planner: Planner, plan: Plan) -> Iterator[str]:
    """Paths from the root."""
    yield from project.config_files
    yield from project.pipeline.folders
    yield from (".python-version", ".dvcignore", ".gitignore", ".dvc/config", ".dvc/config.local")
    yield from project.lock_files.paths(planner.stages)
    yield from planner.inputs.surroundings.lock_files()
    for gathered in planner.gathered.values():
        yield from gathered.probed
        yield from gathered.params
        for path, content in gathered.deps.items():
            yield f"{path}/" if content.is_folder else path
        for item in gathered.inputs.values():
            if item.kind in (InputKind.CODE, InputKind.DATA) and item.name not in gathered.deps:
                yield item.name.removesuffix(MODE_SUFFIX)
    for entry in plan.stages:
        yield from (seen.path for seen in entry.observed)
    for stage in planner.stages:
        for out in stage.outs:
            made = planner.producers.content(out.path)
            yield f"{out.path}/" if made is not None and made.is_folder else out.path


def _python_paths(project: Project) -> Iterator[str]:
    """The folders of PATH up to the one that holds Python, that Python, and pyenv's choice."""
    pyenv = project.machine.variable("PYENV_ROOT")
    if pyenv:
        yield os.path.join(pyenv, "version")
    for folder in (project.machine.variable("PATH") or "").split(os.pathsep):
        yield folder or "."
        for name in ("python", "python3"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                yield path
                yield os.path.realpath(path)
                if name == "python":
                    return
