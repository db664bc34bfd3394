"""Many processes on one queue, killed and disconnected: each job ends once, by one at a time."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.sql import SqlQueue, open_database
from branchline.core.run.jobs import JobState, NewJob
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.testing.postgres import PostgresServer

DRAIN = Path(__file__).with_name("drain.py")
PROCESSES = 8
EVENTS = 100
LEASE_S = 6.0  # as in drain.py
JOBS = 500


class Workers:
    """Processes that drain one queue; who was killed is replaced."""

    def __init__(self, place: str, folder: Path) -> None:
        self._place = place
        self._log = folder / "log"
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.killed: dict[int, float] = {}
        for _ in range(PROCESSES):
            self.start()

    def start(self) -> None:
        number = len(self._running) + len(self.killed)
        with open(self._folder / f"errors-{number}", "wb") as errors:
            words = [sys.executable, str(DRAIN), self._place, str(self._log), str(EVENTS)]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            self._running.append(subprocess.Popen(words, stderr=errors, env=environment))

    def kill_one(self) -> None:
        worker = random.choice(self._running)
        if worker.poll() is not None:
            return
        worker.send_signal(signal.SIGKILL)
        worker.wait(30)
        self.killed[worker.pid] = time.time()
        self._running.remove(worker)
        self.start()

    def run(self, disturb: Callable[[], None], *, times: int, pause_s: float) -> None:
        """Disturb so many times, then wait until all is done."""
        for _ in range(times):
            time.sleep(random.random() * 2 * pause_s)
            disturb()
        for worker in self._running:
            assert worker.wait(280) == 0, self.errors()

    def wait_until_all_work(self) -> None:
        while not any(worker.poll() is not None for worker in self._running):
            text = self._log.read_text() if self._log.exists() else ""
            if all(f" {worker.pid} " in text for worker in self._running):
                return
            time.sleep(0.05)

    def errors(self) -> str:
        return "".join(path.read_text() for path in self._folder.glob("errors-*"))

    def stop(self) -> None:
        for worker in self._running:
            if worker.poll() is None:
                worker.kill()
                worker.wait(30)

    def overlaps(self) -> list[str]:
        """Keys, and ordered branches, that two held at the same time."""
        held: dict[str, list[tuple[float, float]]] = defaultdict(list)
        since: dict[tuple[str, str], float] = {}
        until: dict[tuple[str, str], float] = {}  # a stalled process has lost what it held
        for line in self._log.read_text().splitlines():
            what, pid, key, branch, at = line.split()
            for name in (key, branch):
                if what == "hold":
                    since[pid, name] = float(at)
                elif what == "beat":
                    until[pid, name] = float(at) + LEASE_S
                elif (pid, name) in since:
                    end = min(float(at), until[pid, name])
                    held[name].append((since.pop((pid, name)), end))
        for (pid, name), at_start in since.items():
            end = min(self.killed[int(pid)], until.get((pid, name), math.inf))
            held[name].append((at_start, end))
        found = []
        for name, spans in held.items():
            spans.sort()
            found += [name for one, two in pairwise(spans) if two[0] < one[1]]
        return found


def check_that_each_job_ended_once(place: str, workers: Workers) -> None:
    queue = SqlQueue(open_database(place))
    jobs = queue.jobs(QueueQuery(limit=0))
    effects = queue.due_effects(at=math.inf, limit=10 * JOBS)
    queue.close()
    assert len(jobs) == JOBS
    assert Counter(job.asked.commit for job in jobs).most_common(1)[0][1] == 1
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert sorted(effect.job or 0 for effect in effects) == list(range(1, JOBS + 1))
    assert {f"done:{job.job}:{job.worker}:{job.attempt}" for job in jobs} == {
        effect.identity for effect in effects
    }
    assert workers.overlaps() == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_workers_lose_and_double_nothing_in_sqlite(tmp_path: Path) -> None:
    place = str(tmp_path / "ledger.db")
    workers = Workers(place, tmp_path)
    try:
        workers.run(workers.kill_one, times=25, pause_s=0.25)
    finally:
        workers.stop()

    assert len(workers.killed) >= 5
    check_that_each_job_ended_once(place, workers)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_workers_lose_and_double_nothing_in_postgresql(
    postgres_url: str, tmp_path: Path
) -> None:
    workers = Workers(postgres_url, tmp_path)
    try:
        workers.run(workers.kill_one, times=25, pause_s=0.25)
    finally:
        workers.stop()

    assert len(workers.killed) >= 5
    check_that_each_job_ended_once(postgres_url, workers)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ended_sessions_lose_and_double_nothing(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    import psycopg

    workers = Workers(postgres_url, tmp_path)
    ended = 0
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:

        def end_some() -> None:
            nonlocal ended
            rows = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                " ORDER BY random() LIMIT 3) AS chosen"
            ).fetchall()
            ended += len(rows)

        try:
            workers.wait_until_all_work()  # there is nothing to end before
            workers.run(end_some, times=150, pause_s=0.05)
        finally:
            workers.stop()

    assert ended >= 20
    check_that_each_job_ended_once(postgres_url, workers)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_server_that_crashes_twice_loses_and_doubles_nothing(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    workers = Workers(postgres_url, tmp_path)

    def crash() -> None:
        postgres_server.stop(signal.SIGQUIT)
        time.sleep(0.3)
        postgres_server.start()

    try:
        workers.wait_until_all_work()  # who never reached the server does not wait for it
        workers.run(crash, times=2, pause_s=1.5)
    finally:
        workers.stop()

    check_that_each_job_ended_once(postgres_url, workers)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_that_take_up_the_same_push_enqueue_it_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sqlite = str(tmp_path / "ledger.db")
    place = sqlite if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    script = (
        "import sys, time\n"
        "from branchline.adapters.sql import SqlQueue, open_database\n"
        "from branchline.core.run.jobs import NewJob\n"
        "queue = SqlQueue(open_database(sys.argv[1]))\n"
        "job = NewJob(kind='train', trigger='push', branch='x', commit='c' * 40)\n"
        "print([list(queue.enqueue([job], event=f'e{n}', at=1.0)) for n in range(30)])\n"
    )
    words = [sys.executable, "-c", script, place]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    both = [
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0] for process in both]

    assert answers[0] == answers[1] == f"{[[n] for n in range(1, 31)]}\n"


def test_threads_share_a_queue(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    queue = SqlQueue(open_database(str(tmp_path / "ledger.db")))

    def push(number: int) -> int:
        job = NewJob(kind="train", trigger="push", branch=f"b{number}", commit="c" * 40)
        return queue.enqueue([job], event=f"e{number}", at=1.0)[0]

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(push, range(40)))
    queue.close()

    assert sorted(numbers) == list(range(1, 41))


def test_a_fork_does_not_share_the_connection(tmp_path: Path) -> None:
    place = str(tmp_path / "ledger.db")
    script = (
        "import os, sys\n"
        "from branchline.adapters.sql import SqlQueue, open_database\n"
        "from branchline.core.run.jobs import NewJob\n"
        "queue = SqlQueue(open_database(sys.argv[1]))\n"
        "job = NewJob(kind='train', trigger='push', branch='x', commit='c' * 40)\n"
        "queue.enqueue([job], event='parent', at=1.0)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    queue.enqueue([job], event='child', at=1.0)\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "print(list(queue.enqueue([job], event='again', at=1.0)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", script, place],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("[3]\n", "")
