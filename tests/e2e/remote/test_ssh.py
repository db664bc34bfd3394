"""A box behind a real sshd, worked with from a clone that has nothing else of it."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SOURCE, Shop
from tests.servers.git_servers import ssh_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A clone whose remote `box` is reached over SSH."""
    made = Shop.create(tmp_path)
    with ssh_server(tmp_path / "ssh") as server:
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        made.git("config", "core.sshCommand", server.environment["GIT_SSH_COMMAND"])
        made.git("remote", "remove", "box")
        url = f"{server.prefix}{made.box}"
        made.branchline("remote", "add", "box", url, "--python", str(python))
        made.settings(environment={"PATH": os.environ["PATH"]})
        yield made
        made.stop()


def test_a_day_with_a_box_that_is_elsewhere(shop: Shop) -> None:
    assert "remote: verdict  passed" in shop.push("main")
    assert shop.branchline("logs", "--job", "1") == shop.log(1)
    (job,) = json.loads(shop.branchline("queue", "--all", "--json"))["jobs"]
    assert (job["job"], job["state"], job["branch"]) == (1, "succeeded", "main")
    shop.until_tag("toy#staging#1")
    assert "v1.0.0" in shop.branchline("models")

    shop.git("checkout", "-q", "-b", "feature/a")
    shop.edit("helper.py", "0.9 -", "0.95 -")
    shop.commit("better")
    shop.push("feature/a")
    shop.branchline("pr", "create", "--title", "Better; `rm -rf $HOME`", "--head", "feature/a")
    listed = json.loads(shop.branchline("pr", "list", "--json"))["pulls"]
    assert [(pull["number"], pull["title"]) for pull in listed] == [(1, "Better; `rm -rf $HOME`")]
    shop.until(shop.jobs()[-1].job)
    assert shop.trainings() == 2, "opening it trains what merging it would give"

    shop.hold.touch()
    shop.edit("helper.py", "0.95 -", "0.97 -")
    shop.commit("better still")
    shop.push("feature/a", wait=False)
    shop.until_trainings(3)
    running = shop.jobs()[-1].job
    assert "running" in shop.branchline("queue")
    shop.branchline("cancel", "feature/a")
    assert shop.until(running).state.value == "cancelled"
    shop.until_gone()
    shop.hold.unlink()
    again = json.loads(shop.branchline("retry", str(running), "--json"))["job"]["job"]
    assert shop.until(again).outcome == "passed", shop.log(again)

    deadline = time.monotonic() + 30
    while "passed" not in shop.branchline("pr", "show", "1") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "+    return round(0.97" in shop.branchline("pr", "show", "1", "--diff")
    shop.branchline("pr", "approve", "1")
    shop.branchline("pr", "merge", "1", "--method", "squash")
    shop.until_tag("toy#staging#2", within_s=60)
    assert shop.trainings() == 4, "the merge trains nothing"
    shop.branchline("promote", "toy", "v1.0.1", "production")
    assert "toy#production#3" in shop.git("tag", cwd=shop.box).split()
    versions = json.loads(shop.branchline("models", "--json"))["versions"]
    stages = {version["version"]: version["stages"] for version in versions}
    assert sorted(stages["v1.0.1"]) == ["production", "staging"]
