"""Pushes and merges that come at the same time or in the wrong order: A34, B14, C5, C6, C36, D6."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import Shop

from branchline import wiring
from branchline.flows.intake import Taker
from branchline.flows.pulls import Pulls
from branchline.ports.branches import MergeMethod, Signature
from branchline.ports.forge import NewPull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box that has trained `main`."""
    made = Shop.create(tmp_path)
    made.push("main")
    yield made
    made.stop()


def close(shop: Shop) -> None:
    """End the worker, and let hooks believe that another lives."""
    worker = shop.worker()
    if worker is not None:
        os.kill(worker, signal.SIGKILL)
    with wiring.open_box(str(shop.box)) as box:
        box.box.set_worker(os.getpid())


def reopen(shop: Shop) -> None:
    """Start a worker."""
    with wiring.open_box(str(shop.box)) as box:
        box.box.clear_worker(os.getpid())
        box.box.wake()


def two_pushes(shop: Shop, branch: str) -> tuple[str, str, list[Path]]:
    """Two commits pushed one after the other, and what their hooks wrote, oldest first."""
    close(shop)
    commits = []
    for bar in ("0.91 -", "0.92 -"):
        shop.write("helper.py", f"def score(lr):\n    return round({bar} abs(lr - 0.3), 4)\n")
        commits.append(shop.commit(bar))
        shop.push(f"HEAD:{branch}", wait=False)
    spooled = sorted((shop.box / "branchline" / "spool").glob("*.json"))
    assert len(spooled) == 2
    return commits[0], commits[1], spooled


@pytest.mark.parametrize("branch", ["train/x", "main"])
@pytest.mark.parametrize(
    "late_s", [pytest.param(0.5, id="within-a-second"), pytest.param(6.0, id="much-later")]
)
def test_a34_of_two_pushes_that_arrive_out_of_order_the_newer_wins(
    shop: Shop, branch: str, late_s: float
) -> None:
    shop.push("main:train/x")
    older, newer, (first, _) = two_pushes(shop, branch)
    aside = first.with_suffix(".aside")
    first.rename(aside)
    shop.hold.touch()

    reopen(shop)
    time.sleep(late_s)
    aside.rename(first)
    until = time.monotonic() + 30
    while len(shop.jobs()) < 4 and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(3)  # nothing more comes of it
    shop.hold.unlink()

    jobs = [shop.until(job.job) for job in shop.jobs()[2:]]
    shown = [(job.asked.commit, job.state.value, job.detail) for job in jobs]
    assert sorted(job.asked.commit for job in jobs) == sorted([older, newer]), shown
    states = {job.asked.commit: job.state.value for job in jobs}
    assert states[newer] == "succeeded", shown
    assert states[older] in ("superseded", "skipped", "succeeded"), shown
    if branch == "main":
        shop.until_tag("toy@v1.0.1")
        time.sleep(2)
        with wiring.open_box(str(shop.box)) as box:
            versions = box.registry.versions("toy")
        assert versions[-1].commit == newer
        assert versions[-1].stages == ("staging",)


def with_pulls(shop: Shop, names: list[str]) -> None:
    """Branches off main that change something each, trained, with a pull request each."""
    for number, name in enumerate(names):
        shop.git("checkout", "-q", "-b", name, "main")
        shop.write(f"notes/{name}.md", name)
        shop.write(
            "helper.py" if number == 0 else "params.yaml",
            "def score(lr):\n    return round(0.95 - abs(lr - 0.3), 4)\n"
            if number == 0
            else "lr: 0.2\n",
        )
        shop.commit(name)
        shop.push(name, wait=False)
        with wiring.open_box(str(shop.box)) as box:
            pulls = Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time)
            pulls.create(NewPull(title=name, head=name, base="main"))


def until_trained(shop: Shop, pulls: int) -> None:
    """Wait until one job of each pull request is there, all have ended, and no push is unread."""
    end = time.monotonic() + 120
    spool = shop.box / "branchline" / "spool"
    while True:
        unread = len(list(spool.glob("*.json")))
        jobs = shop.jobs()
        trained = {job.asked.pull_request for job in jobs} - {None}
        if not unread and len(trained) >= pulls and all(job.state.is_end for job in jobs):
            return
        assert time.monotonic() < end, shop.complaints()
        time.sleep(0.1)


def merge(shop: Shop, number: int) -> None:
    """Squash one."""
    by = Signature(name="Bo", email="bo@example.org", at=time.time())
    with wiring.open_box(str(shop.box)) as box:
        pulls = Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time)
        pulls.merge(number, method=MergeMethod.SQUASH, by=by, override="a test")


def test_b14_c36_two_merges_at_once_give_two_ordered_versions(shop: Shop) -> None:
    with_pulls(shop, ["one", "two"])
    for job in shop.jobs():
        shop.until(job.job)
    assert shop.git("tag", cwd=shop.box).split() == ["toy#staging#1", "toy@v1.0.0"], "B14"

    merging = [threading.Thread(target=merge, args=(shop, number)) for number in (1, 2)]
    for thread in merging:
        thread.start()
    for thread in merging:
        thread.join()

    shop.until_tag("toy#staging#3", within_s=90)
    order = shop.git("log", "--first-parent", "--format=%H", "main", cwd=shop.box).split()
    with wiring.open_box(str(shop.box)) as box:
        versions = box.registry.versions("toy")
    assert [version.version for version in versions] == ["v1.0.0", "v1.0.1", "v1.0.2"]
    assert [version.commit for version in versions] == order[::-1]
    assert versions[-1].stages == ("staging",)


def test_a22_a_branch_that_stacks_two_pull_requests_is_decided_by_its_tree(shop: Shop) -> None:
    with_pulls(shop, ["one", "two"])
    until_trained(shop, 2)
    shop.git("checkout", "-q", "-b", "train/group", "main")
    shop.git("merge", "-q", "--no-ff", "one", "-m", "one")
    alone = shop.git("rev-parse", "HEAD")
    shop.git("merge", "-q", "--no-ff", "two", "-m", "two")
    count = shop.trainings()

    assert "train: runs" in shop.push("train/group"), "nobody has trained the two together"
    assert shop.trainings() == count + 1
    shop.git("checkout", "-q", "-b", "train/again", alone)
    shop.git("merge", "-q", "--squash", "two")
    shop.commit("the same tree by another way")
    assert "train: reused" in shop.push("train/again")
    merge(shop, 1)
    merge(shop, 2)
    last = shop.until(shop.jobs()[-1].job)
    assert (last.asked.branch, last.outcome) == ("main", "passed")
    assert shop.trainings() <= count + 2, "what the group trained is what main holds now"
    assert "train: reused" in shop.log(last.job)


STUBBORN = """\
import signal, subprocess, sys
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child])
"""


def test_c5_processes_of_a_superseded_run_are_gone_within_seconds(shop: Shop) -> None:
    train = (shop.root / "train.py").read_text()
    shop.write("train.py", STUBBORN + train)
    shop.commit("a child that ignores SIGTERM")
    shop.hold.touch()
    shop.push("HEAD:train/x", wait=False)
    shop.until_trainings(2)
    before = set(shop.processes())
    shop.write("train.py", train + "# changed\nprint('changed')\n")
    shop.commit("newer")

    asked_at = time.monotonic()
    shop.push("HEAD:train/x", wait=False)
    while before & set(shop.processes()):
        assert time.monotonic() - asked_at < 30, shop.log(2)
        time.sleep(0.1)
    shop.hold.unlink()

    assert shop.until(2).state.value == "superseded"
    assert shop.until(3).state.value == "succeeded", shop.log(3)


def test_c6_a_registration_outlives_a_cancel_and_a_newer_push(shop: Shop) -> None:
    shop.edit("params.yaml", "0.1", "0.2")
    first = shop.commit("better")
    close(shop)
    shop.push("main", wait=False)
    shop.edit("params.yaml", "0.2", "0.25")
    second = shop.commit("better still")
    shop.push("main", wait=False)
    reopen(shop)
    assert shop.until(2).state.value == "succeeded"
    with wiring.open_box(str(shop.box)) as box:
        assert box.queue.cancel(2, reason="too late", at=time.time()) is not None
    assert shop.until(3).state.value == "succeeded"

    shop.until_tag("toy@v1.0.2")
    with wiring.open_box(str(shop.box)) as box:
        commits = [version.commit for version in box.registry.versions("toy")]
    assert commits[1:] == [first, second]


def test_c37_d6_a_forced_run_is_recorded_as_forced_and_named_apart(shop: Shop) -> None:
    shop.push("-o", "train=force", "-o", "reason=another seed", "main:train/again")

    job = shop.job(2)
    assert (job.asked.force, job.asked.note) == (True, "another seed")
    short = shop.git("rev-parse", "--short", "HEAD")
    assert shop.job(1).run == short
    assert job.run.startswith(short)
    assert job.run != short
    shop.branchline("records", "fetch", "box")
    shown = shop.branchline("show", job.run, "--json")
    assert '"force": true' in shown
    assert "another seed" in shown
