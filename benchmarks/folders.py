"""Status of a folder of 1,000, 10,000 and 100,000 small files of which none changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import NO_DVC, OURS, Command, Row, compare, cost, dvc
from projects import folder_project

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (1_000, 10_000, 100_000)


def rows(scratch: Path) -> list[Row]:
    """`branchline plan` against `dvc status`, in one repository; `find` is the floor."""
    result = []
    for files in SIZES:
        root = folder_project(scratch / f"folder-{files}", files)
        built = dvc(root, "repro", "-q")
        if built:
            cost(built)
        cost(Command((*OURS, "run"), root))
        peer = dvc(root, "status", "-q")
        find = Command(("find", "data", "-type", "f", "-printf", "%T@ %i %s %p\n"), root)
        result.append(
            compare(
                f"status of {files:,} files",
                ("branchline plan", Command((*OURS, "plan"), root)),
                ("dvc status", peer),
                goal=0.15,
                floors={"find": find},
                note="" if peer else NO_DVC,
            )
        )
    return result
