"""No push that would have left another model is skipped: the scripts of every commit are run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.replay_histories import History, git, outcome, wrong_skips

from branchline.core.plan.replay import BRANCHLINE, Answer
from branchline.flows.replay.walk import ReplayOptions
from branchline.flows.replay.walk import replay as replayed
from branchline.wiring.replays import open_replay

if TYPE_CHECKING:
    from pathlib import Path

EDITS = 30


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, 22, 23, 24])
def test_wrong_skips(tmp_path: Path, seed: int) -> None:
    history = History(tmp_path / "work", seed, has_faults=seed % 2 == 0)
    history.grow(EDITS)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(history.root), str(clone))

    with open_replay(str(history.root)) as scene:
        found = replayed(scene, ReplayOptions())

    assert wrong_skips(clone, found.pushes) == []
    assert 0 < found.totals(BRANCHLINE).trainings < len(found.pushes)


def test_the_judge_sees_a_wrong_skip(tmp_path: Path) -> None:
    history = History(tmp_path / "work", 1)
    (history.root / "lib" / "weights.py").write_text("WEIGHT = 7\n")
    history.commit("another weight")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(history.root), str(clone))
    with open_replay(str(history.root)) as scene:
        pushes = replayed(scene, ReplayOptions()).pushes
    first, second = pushes

    skipped = replace(second, models=(replace(first.models[0], answer=Answer.SKIP),))

    assert outcome(clone, first.commit) != outcome(clone, second.commit)
    assert len(wrong_skips(clone, [first, skipped])) == 2
