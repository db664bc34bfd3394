"""Nothing to do: plan and run of 1, 50 and 200 stages that are up to date."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from measure import NO_DVC, OURS, Command, Row, compare, cost, dvc
from projects import stages_project

if TYPE_CHECKING:
    from pathlib import Path

GOALS = {1: 0.1, 50: 0.05, 200: 0.03}


def rows(scratch: Path) -> list[Row]:
    """Ours against `dvc repro`; make, ninja and git as floors."""
    result = []
    for count, goal in GOALS.items():
        ours = stages_project(scratch / f"noop-{count}", count)
        theirs = scratch / f"noop-{count}-dvc"
        shutil.copytree(ours, theirs)
        cost(Command((*OURS, "run"), ours))
        built = dvc(theirs, "repro", "-q")
        if built:
            cost(built)
        floors = {"git status": Command(("git", "status", "--porcelain"), ours)}
        for tool, argv in {"make": ("make", "-s", "-j2"), "ninja": ("ninja", "--quiet")}.items():
            if shutil.which(tool):
                folder = scratch / f"noop-{count}-{tool}"
                shutil.copytree(scratch / f"noop-{count}", folder, ignore=_outputs)
                floors[tool] = Command(argv, folder)
        for verb in ("plan", "run"):
            peer = dvc(theirs, "repro", "-q")
            result.append(
                compare(
                    f"nothing to do, {count} stages",
                    (f"branchline {verb}", Command((*OURS, verb), ours)),
                    ("dvc repro", peer),
                    goal=goal,
                    floors=floors if verb == "plan" else None,
                    note="" if peer else NO_DVC,
                )
            )
    return result


def _outputs(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name.startswith("o") or name in (".git", ".branchline")}
