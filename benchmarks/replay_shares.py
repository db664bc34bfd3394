"""How many pushes train, and how many are missed: `python benchmarks/replay_shares.py [histories]`.

Generated histories are judged by what training each commit really leaves (its scripts are run); the
examples by edits of which it is known whether they matter. Prints a Markdown table.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.replay_histories import History, git, wrong_skips

from branchline.core.plan.replay import ALWAYS, BRANCHLINE
from branchline.flows.replay.walk import ReplayOptions, replay
from branchline.wiring.replays import open_replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.plan.replay import Replay

HOUSE = Path(__file__).resolve().parent.parent
EXAMPLES = ("tumour-classifier", "argparse-script", "hydra-app")
EDITS = 60
FILTER = "paths:**.py,params.yaml,conf/**,requirements.txt,dvc.yaml,branchline.yaml"
"""As tutorials write it: all code, and the files of settings."""
MATTERS = "says more"


def replayed(root: Path, policies: Sequence[str]) -> Replay:
    """The whole history of a folder."""
    with open_replay(str(root)) as scene:
        return replay(scene, ReplayOptions(policies=policies))


def generated(scratch: Path, seed: int, *, has_faults: bool) -> tuple[Replay, int]:
    """A generated history, and its wrong skips."""
    history = History(scratch / f"generated{seed}", seed, has_faults=has_faults)
    history.grow(EDITS)
    clone = scratch / f"clone{seed}"
    git(scratch, "clone", "-q", str(history.root), str(clone))
    found = replayed(history.root, [])
    return found, len(wrong_skips(clone, found.pushes))


def example(scratch: Path, name: str) -> tuple[Replay, int]:
    """An example with edits: documents, comments, other files, code that does something else."""
    root = scratch / name
    shutil.copytree(HOUSE / "examples" / name, root, ignore=shutil.ignore_patterns("__pycache__"))
    git(root, "init", "-q", "-b", "main")
    (root / ".gitignore").write_text(".branchline/\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    code = sorted(root.rglob("*.py"))
    dice = random.Random(name)
    for number in range(EDITS):
        kind = dice.choice(["document", "comment", "comment", "other", MATTERS])
        target = dice.choice(code)
        text = {"comment": f"# remark {number}\n", MATTERS: f"print({number})\n"}.get(kind, "")
        if kind == "other":
            target = root / "tools" / "release.py"
            target.parent.mkdir(exist_ok=True)
            text = f"VERSION = {number}\n"
        elif kind == "document":
            target, text = root / "README.md", f"\nRemark {number}.\n"
        with target.open("a") as stream:
            stream.write(text)
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", f"{kind} in {target.name}", day=number + 1)
    found = replayed(root, [ALWAYS, FILTER])
    wrong = [p for p in found.pushes if p.subject.startswith(MATTERS) and not p.trains]
    return found, len(wrong)


def row(name: str, results: Sequence[tuple[Replay, int]]) -> str:
    """One line of the table: sums over histories of one kind."""
    pushes = sum(len(found.pushes) for found, _ in results)
    own = [found.totals(BRANCHLINE) for found, _ in results]
    filters = [
        found.totals(policy)
        for found, _ in results
        for policy in found.policies
        if policy not in (ALWAYS, BRANCHLINE)
    ]
    trained, filtered = sum(t.trainings for t in own), sum(t.trainings for t in filters)
    needless, missed = sum(t.wasted for t in filters), sum(len(t.missed) for t in filters)
    return (
        f"| {name} | {pushes:,} | 100% | {filtered / pushes:.0%} | {needless / pushes:.0%} |"
        f" {missed:,} | {trained / pushes:.0%} | {sum(t.unknown for t in own):,} |"
        f" {sum(wrong for _, wrong in results)} |"
    )


def main() -> None:
    """Print the table."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    lines = [
        "| history | pushes | always | path filter trains | of it needless | it misses |"
        " Branchline trains | of these not known | wrong skips |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        sound = [generated(scratch, seed, has_faults=False) for seed in range(100, 100 + number)]
        lines.append(row(f"generated, {number} of them", sound))
        faulty = [generated(scratch, seed, has_faults=True) for seed in range(200, 200 + number)]
        lines.append(row(f"generated, with broken commits, {number}", faulty))
        lines += [row(f"`examples/{name}`, edited", [example(scratch, name)]) for name in EXAMPLES]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
