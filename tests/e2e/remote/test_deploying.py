"""A push to a box trains, registers, and deploys by the team's command: a job of its own."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SETTINGS, Shop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

DEPLOY = """\
deploy:
  staging: {run: sh deploy.sh, smoke: sh smoke.sh}
  production: {needs: staging, run: sh deploy.sh, smoke: sh smoke.sh}
"""
COMMANDS = {
    "deploy.sh": """\
set -eu
echo "$BRANCHLINE_VERSION" >> SITES/$BRANCHLINE_ENVIRONMENT.calls
while [ -e SITES/wait ]; do sleep 0.05; done
cat "$BRANCHLINE_MODEL_PATH/model.pkl" > SITES/$BRANCHLINE_ENVIRONMENT
""",
    "smoke.sh": "! grep -q 'model 0.8' SITES/$BRANCHLINE_ENVIRONMENT\n",
}


def shop_of(folder: Path) -> tuple[Shop, Path]:
    """A shop that deploys into a folder."""
    sites = folder / "sites"
    sites.mkdir()
    files = {name: text.replace("SITES", str(sites)) for name, text in COMMANDS.items()}
    settings = {"branchline.yaml": SETTINGS + DEPLOY}
    return Shop.create(folder, {**files, **settings}), sites


def test_what_is_registered_is_deployed_and_what_does_not_hold_is_held(tmp_path: Path) -> None:
    shop, sites = shop_of(tmp_path)
    try:
        said = shop.push("main")
        job = shop.until(2)

        assert "a job of its own deploys it to `staging`, then `production`" in said
        assert (job.asked.kind, job.state.value) == ("deploy", "succeeded"), shop.log(2)
        good = (sites / "staging").read_text()
        assert (sites / "production").read_text() == good == "model 0.7"
        tags = ["toy#production#2", "toy#staging#1", "toy@v1.0.0"]
        assert shop.git("tag", cwd=shop.box).split() == tags

        shop.write("params.yaml", "lr: 0.2\n")
        shop.commit("worse where it is used")
        shop.push("main")
        job = shop.until(4)

        assert job.state.value == "failed", shop.log(4)
        assert "toy@v1.0.1 did not hold in `staging`: smoke: exit code 1" in job.detail
        assert "`production` is untouched" in job.detail
        assert (sites / "staging").read_text() == (sites / "production").read_text() == good
        assert shop.git("tag", cwd=shop.box).split() == [*tags, "toy@v1.0.1"]

        # A person who has the job run again asks for what is held; others leave it.
        shop.branchline("retry", "4", "--remote", "box")
        assert shop.until(5).state.value == "failed"
        assert (sites / "staging.calls").read_text().split() == [
            "v1.0.0", "v1.0.1", "v1.0.0", "v1.0.1", "v1.0.0",
        ]  # fmt: skip
        assert (sites / "production.calls").read_text() == "v1.0.0\n"
    finally:
        shop.stop()


def test_a_runner_that_is_killed_while_it_deploys_goes_on(tmp_path: Path) -> None:
    shop, sites = shop_of(tmp_path)
    try:
        (sites / "wait").touch()
        shop.push("main")
        until = time.monotonic() + 60
        while not (sites / "staging.calls").exists():
            assert time.monotonic() < until, shop.complaints()
            time.sleep(0.05)
        runner = shop.runner(2)
        os.kill(runner, signal.SIGKILL)
        (sites / "wait").unlink()
        job = shop.until(2)

        assert job.state.value == "succeeded", shop.log(2)
        assert job.attempt == 2
        assert "did not say how it ended; the command runs again" in shop.log(2)
        assert (sites / "staging.calls").read_text() == "v1.0.0\nv1.0.0\n"
        tags = ["toy#production#2", "toy#staging#1", "toy@v1.0.0"]
        assert shop.git("tag", cwd=shop.box).split() == tags
    finally:
        shop.stop()
