"""`branchline` alone: where this project stands, and what to type next."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli import commands
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.render.table import Line

__all__ = ["show_status"]

_DECLARATIONS = ("branchline.yaml", "dvc.yaml")
_MOST_LOOKED_AT = 200  # Runs among which the newest of one of several models is looked for.


def show_status(console: Console) -> int:
    """Print the status of the project here; the help where there is none."""
    root = _repository_root(os.getcwd())
    if root is None:
        console.write(commands.help_text())
        return EXIT_FINE
    if not any(os.path.exists(os.path.join(root, name)) for name in _DECLARATIONS) and (
        not _has_folder_files(root)
    ):
        console.write("This repository has no branchline.yaml and no dvc.yaml yet.")
        console.write("next: branchline init")
        return EXIT_FINE
    _show_project(console)
    return EXIT_FINE


def _has_folder_files(root: str) -> bool:
    from branchline import wiring

    return bool(wiring.folder_files(root))


def _show_project(console: Console) -> None:
    from branchline import wiring
    from branchline.errors import SeveralModelsError
    from branchline.flows.history import History
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.render.status import status_lines

    try:
        with wiring.open_project() as project:
            project.only_looks = True
            model = project.policy.model
            is_one_of_several = "/" in project.policy.source
            newest = History(project.records, project.repo).newest(
                _MOST_LOOKED_AT if is_one_of_several else 1
            )
            own = [run for run in newest if not is_one_of_several or run.model == model]
            lines = status_lines(
                model=model,
                head=project.repo.head(),
                is_dirty=bool(project.repo.dirty_paths()),
                plan=Planner(project, PlanOptions(with_tests=True)).plan(),
                last=own[0] if own else None,
            )
    except SeveralModelsError as several:
        lines = _lines_of(several.models)
    console.lines(lines)


def _lines_of(models: Sequence[str]) -> list[Line]:
    """The status of several models; what keeps one from a plan stands in its place."""
    from branchline import wiring
    from branchline.errors import BranchlineError
    from branchline.flows.history import History
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.render.status import ModelStatus, several_lines

    found = []
    with wiring.open_project(model="") as whole:
        newest = History(whole.records, whole.repo).newest(_MOST_LOOKED_AT)
        for model in models:
            last = next((run for run in newest if run.model == model), None)
            try:
                with wiring.open_project(model=model) as project:
                    project.only_looks = True
                    plan = Planner(project, PlanOptions(with_tests=True)).plan()
                found.append(ModelStatus(model=model, plan=plan, last=last))
            except BranchlineError as error:
                found.append(ModelStatus(model=model, problem=f"error: {error.message}", last=last))
        return several_lines(found, head=whole.repo.head(), is_dirty=bool(whole.repo.dirty_paths()))


def _repository_root(folder: str) -> str | None:
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder
