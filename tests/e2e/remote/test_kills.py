"""Kill -9 at random points under concurrent pushes: all is decided once, nothing is doubled.

Killed are hooks, workers, the nurseries that fork runners, runners, trainings, the git processes of
jobs, and sessions of the database. `BRANCHLINE_KILLS` says how many of each run; 200 is what the
documentation speaks of.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SETTINGS, Shop, environment

from branchline import wiring
from branchline.testing.postgres import PostgresServer, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.run.jobs import QueuedJob

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("BRANCHLINE_KILLS", "6"))
AHEAD = 6
"""So many pushes more than kills so far."""
TUNE = """\
tune:
  stages: [train]
  objective: {metric: auc}
  space: {lr: {float: [0.1, 0.2], step: 0.1}}
"""


class Killer(threading.Thread):
    """Kills so often; a worker is started again as the next push would start it.

    Args:
        shop: Where.
        server: The ledger's; None where that is a file.
        chance: What and when.
    """

    def __init__(self, shop: Shop, server: PostgresServer | None, chance: random.Random) -> None:
        super().__init__()
        self._shop, self._server, self._chance = shop, server, chance
        self.kills: Counter[str] = Counter()

    def run(self) -> None:
        """Kill."""
        until = time.monotonic() + 60 + 6 * ROUNDS
        while self.kills.total() < ROUNDS and time.monotonic() < until:
            time.sleep(self._chance.uniform(0.2, 0.8))
            if self._shop.worker() is None:
                with wiring.open_box(str(self._shop.box)) as box:
                    box.box.wake()
                time.sleep(self._chance.uniform(0.5, 3.0))
            kind = self._chance.choices(
                ["worker", "nursery", "of a job", "session"], [20, 10, 60, 10]
            )[0]
            if self._kill(kind):
                self.kills[kind] += 1

    def _kill(self, kind: str) -> bool:
        if kind == "session":
            return self._server is not None and end_a_session(self._server)
        worker = self._shop.worker()
        if kind == "worker":
            victims = [worker] if worker else []
        elif kind == "nursery":
            victims = nurseries_of(worker) if worker else []
        else:
            victims = self._shop.processes()
        if not victims:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._chance.choice(victims), signal.SIGKILL)
            return True
        return False


def nurseries_of(worker: int) -> list[int]:
    """Children of a worker that fork runners."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
        return [pid for pid, words in commands.items() if b"branchline.server.nursery" in words]
    return []


def end_a_session(server: PostgresServer) -> bool:
    """End a connection to the ledger, whosever it is."""
    import psycopg

    with psycopg.connect(server.url()) as own:
        done = own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
        ).fetchall()
    return bool(done)


def push_and_perhaps_die(shop: Shop, chance: random.Random, branch: str, commit: str) -> None:
    """Push; of ten, three are killed with their hooks while they are at it."""
    words = ["git", "push", "-q", "-o", "wait=no", "box", f"{commit}:refs/heads/{branch}"]
    pushing = subprocess.Popen(
        words, cwd=shop.root, env=environment(), stderr=subprocess.DEVNULL, process_group=0
    )
    if chance.random() < 0.3:
        time.sleep(chance.uniform(0, 0.2))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pushing.pid, signal.SIGKILL)
    pushing.wait()


def branch_of(number: int) -> str:
    """Most pushes train on a branch of their own; some register, some search."""
    if number % 10 == 4:
        return f"tuning/{number}"
    return "main" if number % 5 == 2 else f"train/{number}"


def heads_of(shop: Shop) -> dict[str, str]:
    """Branches of the box with their commits."""
    words = ["for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"]
    rows = (line.split() for line in shop.git(*words, cwd=shop.box).splitlines())
    return {row[0]: row[1] for row in rows}


def is_settled(shop: Shop) -> bool:
    """Whether every job has ended, every effect is there, and every branch was decided.

    Twice, for one may bring about another between two questions.
    """
    return all(_seems_settled(shop) for _ in range(2))


def _seems_settled(shop: Shop) -> bool:
    if not all(job.state.is_end for job in shop.jobs()):
        return False
    with wiring.open_box(str(shop.box)) as box:
        if box.queue.due_effects(at=time.time() + 1e6, limit=1):
            return False
        told = box.queue.heads()
    return all(told.get(branch) == commit for branch, commit in heads_of(shop).items())


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer | None]:
    """The server of the ledger; None where it is a file."""
    if request.param == "sqlite":
        yield None
        return
    if programs() is None:
        pytest.skip("PostgreSQL's programs are not here")
    made = PostgresServer()
    yield made
    made.close()


@pytest.fixture
def shop(tmp_path: Path, server: PostgresServer | None) -> Iterator[Shop]:
    """A clone and an empty box with that ledger."""
    made = Shop.create(tmp_path, {"branchline.yaml": SETTINGS + TUNE})
    made.settings(jobs=3, cpus=3, max_attempts=50)
    if server is not None:
        made.settings(ledger=server.url("box"))
    yield made
    made.stop()


# A session that is ended at a bad moment leaves psycopg's connection to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_kills_at_random_points_lose_and_double_nothing(
    shop: Shop, server: PostgresServer | None
) -> None:
    chance = random.Random(7)
    shop.push("main")
    pushes: list[tuple[str, str]] = []
    for number in range(ROUNDS):
        shop.write("params.yaml", f"lr: 0.1{number + 1:03}\n")
        pushes.append((branch_of(number), shop.commit(f"number {number}")))
    killer = Killer(shop, server, chance)
    killer.start()
    pushers = [
        threading.Thread(target=push_and_perhaps_die, args=(shop, chance, *item)) for item in pushes
    ]
    for index, pusher in enumerate(pushers):
        while index > killer.kills.total() + AHEAD and killer.is_alive():
            time.sleep(0.05)  # so that there is something to kill until the last kill
        pusher.start()
    for thread in (*pushers, killer):
        thread.join()
    # A worker lives. Its own commit: two jobs that walk the same have one record.
    shop.write("params.yaml", "lr: 0.2\n")
    shop.commit("the last")
    shop.push("HEAD:train/last", wait=False)

    until = time.monotonic() + 90 + ROUNDS * 4
    while not is_settled(shop) and time.monotonic() < until:
        time.sleep(0.5)
    print(f"{dict(killer.kills)}, {len(shop.jobs())} jobs,", end=" ")
    print(dict(Counter(job.state.value for job in shop.jobs())))
    assert is_settled(shop), shown(shop)
    assert killer.kills.total() >= ROUNDS / 2
    each_push_was_decided_once(shop)
    each_run_is_recorded_once(shop)
    each_model_is_registered_once(shop)
    each_search_opened_one_pull_request(shop)
    shop.until_gone()


def shown(shop: Shop) -> str:
    """What is still open, and who complained."""
    with wiring.open_box(str(shop.box)) as box:
        pending = [
            (effect.identity, effect.error)
            for effect in box.queue.due_effects(at=time.time() + 1e6)
        ]
    jobs = [(j.job, j.state.value, j.asked.branch, j.detail) for j in shop.jobs()]
    return f"{pending}\n{jobs}\n{shop.complaints()}"


def each_push_was_decided_once(shop: Shop) -> None:
    """A job for what each branch holds, never two for one push."""
    jobs = shop.jobs()
    asked = Counter((job.asked.branch, job.asked.commit) for job in jobs)
    assert set(asked.values()) == {1}, [pair for pair, count in asked.items() if count > 1]
    assert set(heads_of(shop).items()) <= set(asked), shown(shop)
    # A training or a git that was killed itself has failed, as by the kernel for lack of memory.
    fine = ("succeeded", "superseded", "skipped")
    failed = [job for job in jobs if job.state.value not in fine]
    assert {job.state.value for job in failed} <= {"failed"}, shown(shop)
    assert not [job for job in failed if "Branchline itself" in job.detail], shown(shop)


def succeeded(shop: Shop, *kinds: str) -> list[QueuedJob]:
    """Jobs that came to a verdict or a result."""
    return [j for j in shop.jobs() if j.state.value == "succeeded" and j.asked.kind in kinds]


def each_run_is_recorded_once(shop: Shop) -> None:
    """A record of its own for each walk, and none that no job tells of."""
    runs = [job.run for job in succeeded(shop, "train") if not job.asked.is_skip]
    assert len(set(runs)) == len(runs) > 0
    with wiring.open_box(str(shop.box)) as box:
        recorded = set(box.records.run_ids())
    assert set(runs) <= recorded


def each_model_is_registered_once(shop: Shop) -> None:
    """A version for each commit of main that passed, numbered without a gap."""
    passed = [j.asked.commit for j in succeeded(shop, "train") if j.asked.branch == "main"]
    with wiring.open_box(str(shop.box)) as box:
        versions = box.registry.versions("toy")
    assert sorted(version.commit for version in versions) == sorted(passed), shown(shop)
    numbers = [version.version for version in versions]
    assert len(set(numbers)) == len(numbers)


def each_search_opened_one_pull_request(shop: Shop) -> None:
    """One for each search that found something better."""
    with wiring.open_box(str(shop.box)) as box:
        heads = [pull.asked.head for pull in box.forge.pulls()]
    wanted = {f"training/{job.asked.commit[:7]}" for job in succeeded(shop, "tune")}
    assert len(heads) == len(set(heads)), heads
    assert set(heads) == wanted, shown(shop)
