"""Many pushes to many branches on one worker: none lost, and none run twice.

`BRANCHLINE_PUSHES` says how many, `BRANCHLINE_PUSH_BRANCHES` to how many branches. A walk reads
what all runs before it were, half a millisecond each: that much dearer may a push become.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.run.jobs import QueuedJob

pytestmark = pytest.mark.slow

PUSHES = int(os.environ.get("BRANCHLINE_PUSHES", "48"))
BRANCHES = int(os.environ.get("BRANCHLINE_PUSH_BRANCHES", "12"))
PUSHERS = 4
MOST_S_A_RUN = 0.001
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

SETTINGS = """\
model: toy
stages:
  train:
    cmd: echo x >> {started} && cp params.yaml model.pkl && cp auc.json metrics.json
    deps: [auc.json]
    params: [lr]
    outs: [model.pkl]
    metrics: [{{metrics.json: {{cache: false}}}}]
gate: {{metrics: {{auc: {{min: 0.5}}}}}}
branches:
  "many/*": {{do: train, fast_forward_only: true}}  # so that every push counts, not the latest
  main: {{do: train}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box whose trainings take no time."""
    files = {
        "branchline.yaml": SETTINGS.format(started=tmp_path / "started"),
        "auc.json": '{"auc": 0.9}\n',
    }
    made = Shop.create(tmp_path, files)
    yield made
    made.stop()


def test_many_pushes_to_many_branches(shop: Shop) -> None:
    branches = [f"many/{number}" for number in range(BRANCHES)]
    commits = [commit_of(shop, number) for number in range(PUSHES + 1)][:PUSHES]
    shop.push("main")  # a worker lives, with its nursery
    began = time.monotonic()
    gauge = Gauge(shop)
    pushers = [
        threading.Thread(target=push_all, args=(shop, branches[n::PUSHERS], commits))
        for n in range(PUSHERS)
    ]
    for pusher in pushers:
        pusher.start()
    while any(pusher.is_alive() for pusher in pushers) or not is_drained(shop):
        gauge.look()
        time.sleep(0.5)
    gauge.look()

    jobs = shop.jobs()[1:]
    assert Counter(job.asked.commit for job in jobs) == Counter(commits)
    assert {job.asked.branch for job in jobs} == set(branches)
    assert {job.state.value for job in jobs} == {"succeeded"}, shop.complaints()
    assert [job.attempt for job in jobs] == [1] * PUSHES
    assert len({job.run for job in jobs}) == PUSHES
    assert shop.trainings() == PUSHES + 1  # a parameter each
    in_order(jobs)
    told = gauge.told(jobs, time.monotonic() - began)
    print(json.dumps(told))
    Path(os.environ.get("BRANCHLINE_LOAD_REPORT", shop.root.parent / "load.json")).write_text(
        json.dumps(told, indent=1)
    )
    first, last = told["cpu s a push, first fifth"], told["cpu s a push, last fifth"]
    assert last < 1.5 * first + 0.05 + PUSHES * MOST_S_A_RUN, told


def commit_of(shop: Shop, number: int) -> str:
    """A commit with a parameter of its own, on top of the one before."""
    shop.write("params.yaml", f"lr: 0.{number + 1:05}\n")
    return shop.commit(f"number {number}")


def push_all(shop: Shop, branches: list[str], commits: list[str]) -> None:
    """Push to some branches in turn what of the commits is theirs, oldest first."""
    every = [f"many/{number}" for number in range(BRANCHES)]
    for number, commit in enumerate(commits):
        branch = every[number % BRANCHES]
        if branch in branches:
            shop.push(f"{commit}:refs/heads/{branch}", wait=False)


def is_drained(shop: Shop) -> bool:
    """Whether every push has a job that ended."""
    jobs = shop.jobs()
    return len(jobs) == PUSHES + 1 and all(job.state.is_end for job in jobs)


def in_order(jobs: list[QueuedJob]) -> None:
    """Jobs of one branch ran one after the other, as they were pushed."""
    of_branch: dict[str, float] = {}
    for job in jobs:
        assert job.started_at is not None
        assert job.started_at >= of_branch.get(job.asked.branch, 0.0)
        of_branch[job.asked.branch] = job.ended_at or 0.0


def nursery_of(worker: int) -> int:
    """The child of a worker that forks the runners."""
    for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split():
        with contextlib.suppress(OSError):
            if b"branchline.server.nursery" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    raise AssertionError("the worker has no nursery")


class Gauge:
    """What the worker and all that it started have cost, looked at again and again."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        worker = shop.worker()
        assert worker is not None
        self._worker = worker
        self._nursery = nursery_of(worker)
        self._seen: list[tuple[int, float]] = []
        self._began_s = self._cost_s()
        self._peak_kb: dict[str, int] = {}

    def look(self) -> None:
        """Note the cost so far, by how many jobs have ended."""
        ended = sum(job.state.is_end for job in self._shop.jobs())
        self._seen.append((ended, self._cost_s() - self._began_s))
        for name, pid in self._processes():
            text = Path(f"/proc/{pid}/status").read_text()
            if "VmHWM:" not in text:
                continue  # it has ended and waits for its parent
            high = int(text.partition("VmHWM:")[2].split()[0])
            self._peak_kb[name] = max(high, self._peak_kb.get(name, 0))

    def _processes(self) -> list[tuple[str, int]]:
        return [("worker", self._worker), ("nursery", self._nursery)]

    def _cost_s(self) -> float:
        """Processor seconds of the worker and the nursery, with children that have ended."""
        ticks = 0
        for _, pid in self._processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
        return ticks / TICKS_A_SECOND

    def told(self, jobs: list[QueuedJob], wall_s: float) -> dict[str, float]:
        """What there is to say."""
        total_s = self._seen[-1][1]
        took = [(job.ended_at or 0.0) - (job.started_at or 0.0) for job in jobs]
        return {
            "pushes": len(jobs),
            "branches": BRANCHES,
            "wall s": round(wall_s, 1),
            "cpu s a push": round(total_s / len(jobs), 3),
            "cpu s a push, first fifth": round(self._between(0.0, 0.2), 3),
            "cpu s a push, last fifth": round(self._between(0.8, 1.0), 3),
            "median s a job": round(statistics.median(took), 2),
            **{f"peak MB of the {name}": kb // 1024 for name, kb in self._peak_kb.items()},
            "load": round(os.getloadavg()[0], 1),
        }

    def _between(self, low: float, high: float) -> float:
        """Cost a job between two shares of all jobs."""
        ends = [
            min(self._seen, key=lambda seen: abs(seen[0] - (1 + share * PUSHES)))
            for share in (low, high)
        ]
        count = ends[1][0] - ends[0][0]
        return (ends[1][1] - ends[0][1]) / count if count else 0.0
