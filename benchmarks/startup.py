"""Start-up: `--version`, `--help`, `plan` of a project of one stage, an import in a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import FLOOR, NO_DVC, OURS, Command, Row, compare, cost, dvc
from projects import stages_project

if TYPE_CHECKING:
    from pathlib import Path


def rows(scratch: Path) -> list[Row]:
    """Each against DVC, and against Python doing nothing."""
    root = stages_project(scratch / "startup", 1)
    cost(Command((*OURS, "run"), root))
    result = []
    for ours, theirs, goal in (
        (("--version",), ("--version",), 0.3),
        (("--help",), ("--help",), 0.3),
        (("plan",), ("status",), 0.1),
    ):
        command = Command((*OURS, *ours), root)
        name = f"branchline {ours[0]}"
        peer = dvc(root, *theirs)
        note = "" if peer else NO_DVC
        result.append(
            compare("start-up", (name, command), (f"dvc {theirs[0]}", peer), goal=goal, note=note)
        )
        floor = Command(FLOOR, root)
        limit = 3.5 if ours[0].startswith("--") else None
        result.append(compare("start-up", (name, command), ("python -c pass", floor), goal=limit))
    script = "import branchline; branchline.report(0, auc=0.9); branchline.should_stop()"
    in_training = Command((FLOOR[0], "-c", script), root)
    result.append(
        compare(
            "start-up",
            ("import branchline, report", in_training),
            ("python -c pass", Command(FLOOR, root)),
            goal=1.5,
        )
    )
    return result
