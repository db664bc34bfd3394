"""`branchline` alone: where this project stands, and what to type next."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli import commands
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    from branchline.cli.console import Console

__all__ = ["show_status"]

_DECLARATIONS = ("branchline.yaml", "dvc.yaml")
_MOST_LOOKED_AT = 200  # Runs among which the newest of one of several models is looked for.


def show_status(console: Console) -> int:
    """Print the status of the project here; the help where there is none."""
    root = _repository_root(os.getcwd())
    if root is None:
        console.write(commands.help_text())
        return EXIT_FINE
    if not any(os.path.exists(os.path.join(root, name)) for name in _DECLARATIONS):
        console.write("This repository has no branchline.yaml and no dvc.yaml yet.")
        console.write("next: branchline init")
        return EXIT_FINE
    _show_project(console)
    return EXIT_FINE


def _show_project(console: Console) -> None:
    from branchline import wiring
    from branchline.flows.history import History
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.render.status import status_lines

    with wiring.open_project(model="") as project:
        project.only_looks = True
        model = project.policy.model
        others = [name for name in wiring.declared_models() if name != model]
        newest = History(project.records, project.repo).newest(_MOST_LOOKED_AT if others else 1)
        own = [run for run in newest if not others or run.model == model]
        lines = status_lines(
            model=model,
            head=project.repo.head(),
            is_dirty=bool(project.repo.dirty_paths()),
            plan=Planner(project, PlanOptions(with_tests=True)).plan(),
            last=own[0] if own else None,
            others=others,
        )
    console.lines(lines)


def _repository_root(folder: str) -> str | None:
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder
