"""A history of 2,000 commits, replayed: as a first pass, and with every file read before.

The goal is a minute of wall time after the first pass. Nothing that we know does the same; the peer
is what a path filter would cost, `git log --raw` and GitHub's patterns over every push, and the
floor is that `git log` alone.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from measure import OURS, Command, Row, compare, cost, floors_of, median
from projects import history_project

if TYPE_CHECKING:
    from pathlib import Path

FILES, COMMITS = 5_000, 2_000
MODULES = (100, 1_000)
MOST_S = 60.0
TIMES = 3
FILTER = """\
import subprocess
from branchline.core.trigger.filters import PushFilter, started_by_paths
words = ["git", "log", "--first-parent", "-m", "--root", "--raw", "-z", "--format=%x01%H"]
out = subprocess.run(words, capture_output=True, check=True).stdout.decode()
found = PushFilter(paths=("train.py", "package/**", "dvc.yaml"))
started = 0
for push in out.split("\\x01")[1:]:
    parts = push.split("\\0")
    names = [b for a, b in zip(parts, parts[1:]) if a.lstrip("\\n").startswith(":")]
    started += started_by_paths(found, names).is_started
print(started)
"""


def rows(scratch: Path) -> list[Row]:
    """Wall time for the goal, processor seconds beside the path filter."""
    result = []
    for modules in MODULES:
        root = history_project(
            scratch / f"history{modules}", files=FILES, commits=COMMITS, modules=modules
        )
        log = ("git", "log", "--first-parent", "-m", "--root", "--raw", "-z")
        command = Command((*OURS, "replay", "--json"), root)
        work = f"replay of {COMMITS:,} commits, a closure of {modules:,} modules"
        shutil.rmtree(root / ".branchline", ignore_errors=True)
        floors = floors_of({"git log --raw": Command(log, root)}, TIMES)
        first = cost(command)
        result.append(
            Row(f"{work}, first pass", "branchline replay", first.cpu_s, "–",
                ours_wall_s=first.wall_s, floors=floors)
        )  # fmt: skip
        again = median([cost(command) for _ in range(TIMES)])
        result.append(
            Row(f"{work}, wall time against the goal", "branchline replay", again.wall_s,
                "one minute", MOST_S, again.wall_s / MOST_S, 1.0, again.wall_s, pairs=TIMES)
        )  # fmt: skip
        peer = Command((sys.executable, "-c", FILTER), root)
        result.append(
            compare(
                f"{work}, beside a path filter",
                ("branchline replay", command),
                ("path filter over git log", peer),
                pairs=1,
            )
        )
    return result
