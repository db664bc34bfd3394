"""One worker process of `test_concurrency`: takes jobs until none is left.

Usage: drain.py DATABASE LOG EVENTS. The log gets one line an act, written at once: what, which key
or job, when. It shares the enqueuing of EVENTS with all others.
"""

from __future__ import annotations

import os
import random
import sys
import time
from functools import partial

from branchline.adapters.sql import SqlQueue, open_database
from branchline.core.run import Capacity
from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.run.queueing import next_job
from branchline.ports.queue import Ending, QueueQuery

LEASE_S = 6.0
JOBS_OF_AN_EVENT = 5
KEYS = 40
OPEN = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


def new_job(number: int) -> NewJob:
    branch = "main" if number % 25 == 0 else f"b{number % 60}"
    return NewJob(
        kind="train", trigger="push", branch=branch, commit=f"{number:040x}",
        pusher=f"p{number % 7}", latest_wins=False,
    )  # fmt: skip


def main(place: str, log_path: str, events: int) -> None:
    worker = f"w{os.getpid()}"
    log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    queue = SqlQueue(open_database(place))
    choose = partial(
        next_job, capacity=Capacity(jobs=8, cpus=8), ordered_branches=frozenset({"main"})
    )
    order = list(range(events))
    random.shuffle(order)
    for event in order:
        jobs = [new_job(event * JOBS_OF_AN_EVENT + n) for n in range(JOBS_OF_AN_EVENT)]
        queue.enqueue(jobs, event=f"e{event}", at=time.time())
    while True:
        queue.expire(at=time.time(), max_attempts=10_000)
        job = queue.claim(worker, choose, lease_s=LEASE_S, at=time.time())
        if job is not None:
            carry_out(queue, job, worker, log)
        elif not queue.jobs(QueueQuery(states=OPEN, limit=1)):
            break
        else:
            time.sleep(0.02)
    queue.close()


def carry_out(queue: SqlQueue, job: QueuedJob, worker: str, log: int) -> None:
    key = f"k{job.job % KEYS}"
    if queue.hold_key(job.job, worker, key) is not None:
        return
    note(log, "hold", key, job.asked.branch)
    note(log, "beat", key, job.asked.branch, job.started_at or 0.0)
    for station in ("plan", "run"):
        at = time.time()
        if queue.beat(job.job, worker, lease_s=LEASE_S, at=at, station=station) is None:
            note(log, "lost", key, job.asked.branch)
            return
        note(log, "beat", key, job.asked.branch, at)
        time.sleep(random.random() * 0.01)
    note(log, "free", key, job.asked.branch)
    effects = [(f"done:{job.job}:{worker}:{job.attempt}", "{}")]
    ending = Ending(state=JobState.SUCCEEDED, detail=worker)
    if not queue.end(job.job, worker, ending, at=time.time(), effects=effects):
        note(log, "lost", key, job.asked.branch)


def note(log: int, what: str, key: str, branch: str, at: float = 0.0) -> None:
    os.write(log, f"{what} {os.getpid()} {key} {branch} {at or time.time():.6f}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
