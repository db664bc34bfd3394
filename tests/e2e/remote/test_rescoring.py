"""A box scores the champion again, in a place beside the job's, and only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.test_rescore_command import FILES
from tests.e2e.remote.shop import Shop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow]


def test_a_push_with_other_evaluation_data_is_judged_on_them(tmp_path: Path) -> None:
    shop = Shop.create(tmp_path, FILES)
    try:
        shop.push("main")
        shop.write("raw.txt", "\n".join(map(str, [5, 3, 5, 4, 5, 5, 5, 6])))
        shop.edit("params.yaml", "bias: 0", "bias: 1")
        shop.commit("other data, other model")

        said = shop.push("HEAD:training/other")
        again = shop.push("-o", "train=force", "HEAD:refs/heads/training/again")
        shop.until(3)

        assert "scoring the champion (run " in said
        assert "evaluate (champion): done" in said
        assert "scored again on today's evaluation data, digest " in said
        for log in (said, again):
            assert "`acc` is 0.75 and fell by 0.25 from 1.0" in log
        assert "scoring the champion" not in again
        assert not (shop.box / "branchline" / "jobs" / "2" / "state" / "champion" / "tree").exists()
        assert shop.git("tag", cwd=shop.box).split() == ["m#staging#1", "m@v1.0.0"]
    finally:
        shop.stop()
