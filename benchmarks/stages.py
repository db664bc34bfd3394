"""Running 1, 10, 50 and 200 stages that copy one small file each, from nothing."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from measure import NO_DVC, OURS, PAIRS, Command, Row, compare, dvc
from projects import stages_project, unbuilt

if TYPE_CHECKING:
    from pathlib import Path

GOALS = {1: 0.15, 10: 0.15, 50: 0.05, 200: 0.02}
LINEAR = 4.5  # 200 stages may cost this many times what 50 cost


def rows(scratch: Path) -> list[Row]:
    """Ours against `dvc repro`; make and ninja as floors; then whether the cost is linear."""
    result: list[Row] = []
    ours_s: dict[int, float | None] = {}
    for count, goal in GOALS.items():
        root = stages_project(scratch / f"run-{count}", count)
        other = root.with_name(root.name + "-dvc")
        shutil.copytree(root, other)
        floors = {}
        for tool, argv in {"make": ("make", "-s", "-j2"), "ninja": ("ninja", "--quiet")}.items():
            if shutil.which(tool):
                folder = root.with_name(f"{root.name}-{tool}")
                shutil.copytree(root, folder)
                floors[tool] = Command(argv, folder, partial(unbuilt, folder))
        peer = dvc(other, "repro", "-q", before=partial(unbuilt, other))
        row = compare(
            f"run {count} trivial stages",
            ("branchline run", Command((*OURS, "run"), root, partial(unbuilt, root))),
            ("dvc repro", peer),
            goal=goal,
            floors=floors,
            # DVC takes a minute of processor time for 200: one pair says enough.
            pairs=PAIRS if count < 200 else 1,
            note="" if peer else NO_DVC,
        )
        ours_s[count] = row.ours_s
        result.append(row)
    few, many = ours_s[50], ours_s[200]
    if few and many:
        name = "branchline run"
        result.append(
            Row("200 stages against 50", name, many, name, few, many / few, LINEAR, note="linear")
        )
    return result
