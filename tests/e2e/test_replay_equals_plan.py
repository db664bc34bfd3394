"""What a replay says of each push is what `plan` says, and `run` does, on a checkout of it.

The repository is walked with the real commands, push by push, every result recorded; the replay
sees git's objects only. Both must agree on every stage of every push.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests import ready_branchline
from tests.replay_histories import IDENTITY, History, git

from branchline.core.plan.replay import Answer
from branchline.flows.replay.walk import ReplayOptions, replay
from branchline.wiring.replays import open_replay

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.core.plan.replay import ModelAnswer

PUSHES = 24


def command(root: Path, *words: str) -> tuple[int, dict[str, Any]]:
    environ = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    done = ready_branchline.call([*words, "--json"], cwd=root, env=environ)
    return done.returncode, json.loads(done.stdout)


def lived(root: Path, commit: str) -> set[str] | None:
    """Stages that ran at a checkout of a commit; None where nothing could be planned."""
    git(root, "checkout", "-q", "-f", "--detach", commit)
    git(root, "clean", "-fdxq", "-e", ".branchline")
    code, plan = command(root, "plan")
    if code:
        assert "error" in plan
        return None
    if all(stage["action"] in ("reuse", "skip") for stage in plan["stages"]):
        return set()
    code, ran = command(root, "run")
    assert code == 0, ran
    return {stage for stage, state in ran["states"].items() if state == "succeeded"}


def said(model: ModelAnswer) -> set[str] | None:
    if model.answer is Answer.UNKNOWN:
        return None
    return {stage.stage for stage in model.stages if stage.answer.trains}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "has_faults"),
    [pytest.param(6, False, id="sound-commits"), pytest.param(4, True, id="with-broken-commits")],
)
def test_every_stage_of_every_push(tmp_path: Path, seed: int, has_faults: bool) -> None:
    history = History(tmp_path / "work", seed, has_faults=has_faults)
    history.grow(PUSHES)

    with open_replay(str(history.root)) as scene:
        found = replay(scene, ReplayOptions())

    there = tmp_path / "there"
    git(tmp_path, "clone", "-q", str(history.root), str(there))
    differing = {}
    for push in found.pushes:
        (model,) = push.models
        expected = lived(there, push.commit)
        if said(model) != expected:
            differing[push.short] = (push.subject, model.reason, said(model), expected)
    assert len(found.pushes) >= PUSHES * 2 // 3
    assert differing == {}
    answers = {model.answer for push in found.pushes for model in push.models}
    assert {Answer.TRAIN, Answer.REUSE, Answer.SKIP} <= answers, answers
    assert (Answer.UNKNOWN in answers) is has_faults


@pytest.mark.slow
def test_results_that_came_with_dvc_lock(tmp_path: Path) -> None:
    """People who train before they push commit dvc.lock: its word counts as it does for `plan`."""
    history = History(tmp_path / "work", 2)
    root = history.root

    def train(message: str, **files: str) -> None:
        for name, text in files.items():
            (root / name).write_text(text)
        code, ran = command(root, "run")
        assert code == 0, ran
        history.commit(message)

    train("trained here")
    history._document()
    train("trained with other data", **{"raw.csv": "x\n5\n6\n"})
    (root / "raw.csv").write_text("x\n7\n")
    history.commit("other data, and dvc.lock is stale")
    history._comment()

    with open_replay(str(root)) as scene:
        found = replay(scene, ReplayOptions())

    there = tmp_path / "there"
    git(tmp_path, "clone", "-q", str(root), str(there))
    assert (root / "dvc.lock").exists()
    for push in found.pushes:
        (model,) = push.models
        assert said(model) == lived(there, push.commit), (push.subject, model.reason)
