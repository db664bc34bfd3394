"""The nursery: forks runners, passes nothing on that is not theirs, is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SOURCE, Shop, environment

from branchline import wiring
from branchline.flows.places import Places
from branchline.server.forking import Nursery
from branchline.server.holding import without_runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.run.jobs import QueuedJob

pytestmark = [pytest.mark.slow]

WALK = """\
import importlib, sys
from branchline.server.nursery import PRELOADED
for name in PRELOADED:
    importlib.import_module(name)
before = set(sys.modules)
from branchline.server import runner
code = runner.main(sys.argv[1:])
print(code, sorted(name for name in set(sys.modules) - before if "branchline" in name))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box whose worker has gone."""
    made = Shop.create(tmp_path)
    made.push("main:train/x")
    made.stop()
    yield made
    made.stop()


def claimed(shop: Shop, name: str) -> QueuedJob:
    """A further job of the box, claimed by nobody in particular."""
    with wiring.open_box(str(shop.box)) as box:
        asked = replace(shop.job(1).asked, branch=f"train/{name}", force=True)
        box.queue.enqueue([asked], event=name, at=time.time())
        job = box.queue.claim(name, lambda queued, _: queued[0].job, lease_s=60.0, at=time.time())
    assert job is not None
    os.makedirs(Places(str(shop.box)).job(job.job))
    return job


def test_a_runner_loads_nothing_of_ours_after_its_fork(shop: Shop) -> None:
    job = claimed(shop, "a")

    words = [sys.executable, "-c", WALK, str(shop.box), str(job.job), "a"]
    said = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)

    assert said.stdout == "0 []\n", said.stderr
    assert shop.job(job.job).state.value == "succeeded"


def test_the_nursery_is_started_again_and_its_runners_go_on(shop: Shop) -> None:
    places = Places(str(shop.box))
    nursery = Nursery(places, python=sys.executable, python_path=str(SOURCE), environ=environment())
    shop.hold.touch()
    given = {**environment(), "BRANCHLINE_JOB": f"{shop.box}:x:"}
    try:
        first = nursery.fork(job := claimed(shop, "a"), given)
        shop.until_trainings(2)
        with pytest.raises(OSError, match="an earlier runner of it lives"):
            nursery.fork(job, given)
        os.kill(parent_of(first), signal.SIGKILL)
        second = nursery.fork(other := claimed(shop, "b"), given)
        with without_runner(places, job.job) as is_gone:
            assert not is_gone
        assert parent_of(second) != parent_of(first)
        shop.hold.unlink()
        assert shop.until(job.job).state.value == "succeeded", shop.complaints()
        assert shop.until(other.job).state.is_end
    finally:
        nursery.close()


def test_the_nursery_sees_nothing_that_a_runner_gets(shop: Shop) -> None:
    places = Places(str(shop.box))
    nursery = Nursery(places, python=sys.executable, python_path=str(SOURCE), environ=environment())
    shop.hold.touch()
    given = {**environment(), "BRANCHLINE_JOB": f"{shop.box}:x:", "TOKEN": "s3" + "cret" * 3}
    try:
        pid = nursery.fork(job := claimed(shop, "a"), given)
        shop.until_trainings(2)
        assert given["TOKEN"].encode() not in memory_of(parent_of(pid))
        assert given["TOKEN"].encode() in memory_of(pid)
        shop.hold.unlink()
        shop.until(job.job)
    finally:
        nursery.close()


def parent_of(pid: int) -> int:
    """Parent of a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def memory_of(pid: int) -> bytes:
    """What stands in the writable memory of a process."""
    found = b""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            low, high = (int(word, 16) for word in span.split("-"))
            if rights.startswith("rw"):
                memory.seek(low)
                found += memory.read(high - low)
    return found
