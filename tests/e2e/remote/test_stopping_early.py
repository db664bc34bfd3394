"""A search in a box stops bad trials early, and takes nothing of them for a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SETTINGS, TRAIN, Shop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow]

TUNE = """\
tune:
  objective: {metric: auc}
  space: {lr: [0.3, 0.2, 0.9, 0.4]}
  pruner: {kind: median, startup: 2}
  follow: printed
"""
PRINTS = """
print(f"epoch 2: auc={{score(lr)}}", flush=True)
if score(lr) < 0.5:
    time.sleep(60)
open("model.pkl\""""


def test_a_bad_trial_ends_and_the_others_go_on(tmp_path: Path) -> None:
    train = TRAIN.replace('\nopen("model.pkl"', PRINTS)
    files = {
        "branchline.yaml": SETTINGS + TUNE,
        "train.py": train.format(hold=str(tmp_path / "hold"), started=str(tmp_path / "started")),
    }
    shop = Shop.create(tmp_path, files)
    try:
        said = shop.push("main:tuning/x")

        assert "trial 3 of 4: stopped early at step 2: auc 0.3 is below the median 0.8" in said
        assert "1. auc 0.9  lr 0.3" in said
        assert "pruned  lr 0.9" in said
        assert shop.trainings() == 5, "what is set, and four"
    finally:
        shop.stop()
