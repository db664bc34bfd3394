"""A verdict that chance leaves open, in a box: it waits, a person approves, the walk goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import Shop
from tests.e2e.test_verdict_with_noise import MINE, SETTINGS, TRAIN

from branchline import wiring

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow]


def checks(shop: Shop, commit: str) -> list[str]:
    """States of the checks of a commit, once they are told; a push may end a moment before that."""
    until = time.monotonic() + 30
    while True:
        with wiring.open_box(str(shop.box)) as box:
            states = [check.state.value for check in box.forge.checks(commit)]
        if "pending" not in states or time.monotonic() > until:
            return states
        time.sleep(0.05)


def test_it_waits_for_a_person_and_then_goes_on(tmp_path: Path) -> None:
    files = {
        "train.py": TRAIN,
        "mine.py": MINE,
        "params.yaml": "wrong: 150\nseed: 1\n",
        "branchline.yaml": f"{SETTINGS}  on_inconclusive: approve\n",
        ".gitignore": "metrics.json\n",
    }
    shop = Shop.create(tmp_path, files)
    try:
        shop.git("config", "user.name", "Ada")
        shop.git("config", "user.email", "ada@example.org")
        shop.push("main")
        shop.until_tag("demo@v1.0.0")
        shop.write("params.yaml", "wrong: 160\nseed: 2\n")
        commit = shop.commit("open")

        said = shop.push("main")
        run = shop.job(2).run
        waiting = checks(shop, commit)
        shop.branchline("records", "fetch", "box")
        shop.branchline("approve", run, "--reason", "looked at it")
        shop.branchline("records", "push", "box")
        shop.branchline("retry", "2")
        shop.until(3)
        shop.until_tag("demo@v1.0.1")

        assert "open: It cannot be told yet whether `accuracy` is worse" in said
        assert waiting == ["waiting"]
        assert checks(shop, commit) == ["passed"]
        assert shop.job(3).run == run
        assert shop.trainings() == 0
    finally:
        shop.stop()
