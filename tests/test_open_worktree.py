"""A job's worktree: its code, the default branch's rules, the box's store and records."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from branchline import wiring
from branchline.config.settings_files import SettingsFiles
from branchline.core.trigger import Trigger, TriggerKind
from branchline.flows.run import RunOptions, run
from branchline.wiring import jobs

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.core.plan.values import Plan
    from branchline.flows.run import RunOutcome

FILES = {
    "train.py": (
        "open('model', 'w').write('m')\nopen('metrics.json', 'w').write('{\"auc\": 0.5}')\n"
    ),
    "branchline.yaml": "model: m\ntrain: python train.py\ngate: {metrics: {auc: {min: 0.1}}}\n",
}
LAW = b"model: m\ntrain: python train.py\ngate: {metrics: {auc: {min: 0.9}}}\n"


class Silent:
    """Shows nothing."""

    def stage(self, *_: object) -> None: ...
    def tick(self, *_: object) -> None: ...
    def say(self, *_: object) -> None: ...


def git(folder: Path, *args: str) -> str:
    """Run git."""
    name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(
        ["git", *name, *args], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def walk(tree: Path, box: Path, law: bytes | None = None) -> RunOutcome:
    """Walk a worktree of the box."""
    shared = wiring.Shared(
        box=str(box),
        name="m",
        state_dir=f"{tree}-state",
        store_dir=f"{box}/branchline/store",
        meanings=f"{box}/branchline/cache.db",
        branch="models",
        default_branch="trunk",
        commit=git(tree, "rev-parse", "HEAD"),
        law=None if law is None else SettingsFiles.of_root(law),
    )
    trigger = Trigger(kind=TriggerKind.PUSH, actor="ada", branch="models")
    with wiring.open_worktree(str(tree), shared) as project:
        return run(
            project,
            RunOptions(trigger=trigger),
            Silent(),
            is_stopped=lambda: False,
            on_plan=lambda _: None,
        )


def test_a_worktree_shares_store_and_records_and_is_judged_by_the_law(tmp_path: Path) -> None:
    source, box = tmp_path / "source", tmp_path / "box.git"
    source.mkdir()
    git(source, "init", "-q", "-b", "models")
    for name, text in FILES.items():
        (source / name).write_text(text)
    git(source, "add", ".")
    git(source, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", "--bare", str(source), str(box))
    for name in ("one", "two"):
        jobs.make_worktree(str(box), str(tmp_path / name), git(box, "rev-parse", "models"))

    first = walk(tmp_path / "one", box, LAW)
    second = walk(tmp_path / "two", box)

    assert first.walked.ran == ("train",)
    assert first.finished is not None
    assert first.finished.verdict.outcome.value == "failed"
    assert first.finished.evidence.branch == "models"
    assert not first.finished.evidence.is_dirty
    assert second.walked.ran == ()
    assert second.finished is not None
    assert second.finished.verdict.outcome.value == "passed"
    assert (tmp_path / "two" / "model").read_text() == "m"
    assert (box / "branchline" / "store" / "files").is_dir()
    assert git(box, "for-each-ref", "refs/branchline/runs").count("\n") == 1


def test_who_may_not_start_runs_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    seen: list[Plan] = []

    with wiring.open_project(str(tmp_path)) as project:
        outcome = run(
            project,
            RunOptions(),
            Silent(),
            is_stopped=lambda: False,
            on_plan=seen.append,
            may_start=lambda _: False,
        )

    assert [plan.is_empty for plan in seen] == [False]
    assert outcome.walked.is_cancelled
    assert not (tmp_path / "model").exists()
