"""A box trains a commit and its champion again with other seeds, in a place beside the job's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.cli.noisy import SETTINGS, TRAIN
from tests.e2e.remote.shop import Shop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow]


def test_a_push_that_really_lost_is_refused_and_nothing_more_is_registered(tmp_path: Path) -> None:
    log = tmp_path / "trained"
    files = {
        "train.py": TRAIN.format(log=str(log)),
        "branchline.yaml": SETTINGS.replace("REPLICATES", "{seed: seed, max: 5}"),
        "params.json": json.dumps({"seed": 1, "base": 0.9, "sd": 0.01, "sleep": 0}),
    }
    shop = Shop.create(tmp_path, files)
    try:
        shop.push("main")
        shop.edit("params.json", "0.9,", "0.8,")
        shop.commit("worse")

        said = shop.push("HEAD:training/worse")
        shop.until(2)

        assert "is trained again with another seed (1 of at most 5" in said
        assert "the champion is trained again with another seed" in said
        assert "`auc` is worse" in said
        assert 4 <= len(log.read_text()) <= 7
        scratch = shop.box / "branchline" / "jobs" / "2" / "state" / "scratch"
        assert not list(scratch.glob("*"))
        assert shop.git("tag", cwd=shop.box).split() == ["m#staging#1", "m@v1.0.0"]
    finally:
        shop.stop()
