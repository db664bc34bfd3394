"""A push to a box against one to a plain bare repository without any hook.

Wall time counts here: a person waits for it. The plain push is what no tool can beat.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from measure import OURS, Command, Cost, Row, cost, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS = int(os.environ.get("BRANCHLINE_BENCH_PUSHES", "30"))
GOAL_S = 0.010
CASES = (
    ("a new branch", "train/{number}"),
    ("one commit to main", "main"),
    ("one commit to main and models", "main main:models"),
)


def rows(scratch: Path) -> list[Row]:
    """Pushes in pairs, taken in turn."""
    return [_row(scratch / f"case{index}", *case) for index, case in enumerate(CASES)]


def _row(folder: Path, work: str, refs: str) -> Row:
    clone = _scene(folder)
    costs: dict[str, list[Cost]] = {"box": [], "plain": []}
    for number in range(PAIRS + 1):
        if refs.startswith("main"):
            _git(clone, "commit", "-q", "--allow-empty", "-m", str(number))
        words = [
            word if not word.startswith("train") else f"main:{word}"
            for word in refs.format(number=number).split()
        ]
        # What the worker does after each push to main: the hook knows the branch rules of today.
        _run([*OURS, "remote", "init", "--box", str(clone.parent / "box.git")], clone)
        # The order changes from pair to pair.
        for remote in ("box", "plain") if number % 2 else ("plain", "box"):
            argv = ["git", "push", "-q", "-o", "wait=no", remote, *words]
            found = cost(Command(argv, clone))
            if number:
                costs[remote].append(found)
    return _compared(work, costs)


def _compared(work: str, costs: dict[str, list[Cost]]) -> Row:
    wall = {name: statistics.median(c.wall_s for c in found) for name, found in costs.items()}
    cpu = {name: statistics.median(c.cpu_s for c in found) for name, found in costs.items()}
    pairs = list(zip(costs["box"], costs["plain"], strict=True))
    more_s = statistics.median(box.wall_s - plain.wall_s for box, plain in pairs)
    more_cpu_s = statistics.median(box.cpu_s - plain.cpu_s for box, plain in pairs)
    return Row(
        work=f"push: {work}",
        ours="to a box",
        ours_s=cpu["box"],
        peer="to a plain bare repository",
        peer_s=cpu["plain"],
        # The goal is a difference of wall time; as a ratio it fits the table of all benchmarks.
        ratio=wall["box"] / wall["plain"],
        goal=(wall["plain"] + GOAL_S) / wall["plain"],
        ours_wall_s=wall["box"],
        peer_wall_s=wall["plain"],
        pairs=len(costs["box"]),
        note=f"wall {wall['box'] * 1e3:.1f} against {wall['plain'] * 1e3:.1f} ms,"
        f" {more_s * 1e3:+.1f} ms ({more_cpu_s * 1e3:+.1f} ms CPU) in the median pair; goal +10 ms",
    )


def _scene(folder: Path) -> Path:
    """A clone with a box and a plain repository as its remotes, both with push options."""
    clone, plain, box = folder / "clone", folder / "plain.git", folder / "box.git"
    clone.mkdir(parents=True)
    _git(clone, "init", "-q", "-b", "main")
    _git(clone, "commit", "-q", "--allow-empty", "-m", "first")
    _git(clone, "init", "-q", "--bare", "-b", "main", str(plain))
    for name, value in (("receive.advertisePushOptions", "true"), ("receive.fsckObjects", "true")):
        _git(clone, "--git-dir", str(plain), "config", name, value)
    _git(clone, "remote", "add", "plain", str(plain))
    _run([*OURS, "remote", "add", "box", str(box)], clone)
    # A worker that lives, so that the push itself is measured and not what it starts.
    ticks = Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[19]
    (box / "branchline" / "worker.pid").write_text(f"{os.getpid()} {ticks}\n")
    for remote in ("plain", "box"):
        _git(clone, "push", "-q", "-o", "wait=no", remote, "main", "main:models")
    return clone


def _git(folder: Path, *words: str) -> None:
    _run(["git", *words], folder)


def _run(argv: Sequence[str], folder: Path) -> None:
    subprocess.run(argv, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
