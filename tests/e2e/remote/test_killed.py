"""What becomes of a job when something else kills one of its processes while its runner lives."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SETTINGS, Shop

from branchline import wiring

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow]

# A git that dies by a signal as often as a file has lines, where one of its words is the named one.
GIT = """\
#!/bin/sh
for word in "$@"; do
  if [ "$word" = "$(cat {home}/victim)" ] && [ -s {home}/kills ]; then
    sed -i 1d {home}/kills
    kill -KILL $$
  fi
done
exec {git} "$@"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A clone and an empty box."""
    made = Shop.create(tmp_path)
    yield made
    made.stop()


def stage_of(shop: Shop, within_s: float = 20) -> int:
    """The training's own process."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        for pid in shop.processes():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"train.py" in words:
                return pid
        time.sleep(0.05)
    raise AssertionError(shop.processes())


def test_a_killed_stage_fails_its_job_and_the_cause_is_named(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:train/x", wait=False)
    shop.until_trainings(1)

    os.kill(stage_of(shop), signal.SIGKILL)

    job = shop.until(1)
    assert (job.state.value, job.attempt) == ("failed", 1), shop.log(1)
    assert job.detail.startswith("`train` failed: killed"), job.detail
    assert shop.trainings() == 1
    shop.until_gone()


def test_a_killed_stage_is_tried_again_where_the_default_branch_says_so(shop: Shop) -> None:
    shop.write("branchline.yaml", SETTINGS + "resources: {train: {retries: 1}}\n")
    shop.commit("retries")
    shop.hold.touch()
    shop.push("HEAD:main", wait=False)
    shop.until_trainings(1)

    os.kill(stage_of(shop), signal.SIGKILL)
    shop.until_trainings(2)
    shop.hold.unlink()

    job = shop.until(1)
    assert (job.state.value, job.attempt) == ("succeeded", 1), shop.log(1)
    assert "attempt 1 of 2" in shop.log(1)


def with_a_git_that_dies(shop: Shop, victim: str, times: int) -> None:
    """Let the box's git be one that dies a few times."""
    home = shop.root.parent / "programs"
    home.mkdir()
    git = next(
        path for folder in os.environ["PATH"].split(":") if (path := Path(folder) / "git").exists()
    )
    (home / "git").write_text(GIT.format(home=home, git=git))
    (home / "git").chmod(0o755)
    (home / "victim").write_text(victim)
    (home / "kills").write_text("x\n" * times)
    shop.settings(environment={"PATH": f"{home}:{os.environ['PATH']}"})


@pytest.mark.parametrize("victim", ["reset", "cat-file"])
def test_a_killed_git_says_nothing_of_the_commit(shop: Shop, victim: str) -> None:
    shop.push("main")
    with_a_git_that_dies(shop, victim, 1)
    kill_worker(shop)
    shop.edit("helper.py", "0.9 -", "0.91 -")
    shop.commit("closure")

    shop.push("HEAD:train/x", wait=False)

    job = shop.until(2)
    assert job.state.value == "succeeded", shop.log(2) + shop.complaints()
    assert not (shop.root.parent / "programs" / "kills").read_text(), "no git was killed"
    if victim == "reset":
        assert job.attempt == 2
        assert "`git reset` was killed by SIGKILL; the job is taken up again" in shop.log(2)
    assert shop.trainings() == 2


def test_a_git_that_dies_each_time_loses_the_job_in_the_end(shop: Shop) -> None:
    with_a_git_that_dies(shop, "reset", 99)

    shop.push("main", wait=False)

    job = shop.until(1)
    assert (job.state.value, job.attempt) == ("lost", 3), shop.log(1)
    assert shop.trainings() == 0
    until = time.monotonic() + 20
    with wiring.open_box(str(shop.box)) as box:
        while (said := [c.state.value for c in box.forge.checks(job.asked.commit)]) != ["unknown"]:
            assert time.monotonic() < until, said
            time.sleep(0.1)


def kill_worker(shop: Shop) -> None:
    """Its successor reads box.json anew."""
    pid = shop.worker()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        while shop.worker() is not None:
            time.sleep(0.05)
