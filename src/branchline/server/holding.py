"""Who is the runner of a job: whoever holds `jobs/N/lock`, with `jobs/N/runner` naming its process.

The lock is taken before the runner is forked and goes away with it, however it ends: nobody can
find a job without a runner that one is about to have.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.wiring import jobs as wired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.flows.places import Places


def take_lock(places: Places, job: int) -> int | None:
    """Be the runner of a job: the open lock file; None while somebody else is."""
    file = os.open(os.path.join(places.job(job), "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        os.close(file)
        raise
    return file


@contextmanager
def without_runner(places: Places, job: int) -> Iterator[bool]:
    """Keep a job from getting a runner meanwhile; False when one lives."""
    try:
        lock = take_lock(places, job)
    except FileNotFoundError:  # no folder yet: whoever makes it finds what the queue says by then
        os.makedirs(places.job(job), exist_ok=True)
        lock = take_lock(places, job)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def write_note(places: Places, job: int) -> None:
    """Name this process as the runner of a job: `PID TICKS`, when it started."""
    file = os.path.join(places.job(job), "runner")
    pid = os.getpid()
    with open(f"{file}.tmp", "w", encoding="ascii") as partial:
        partial.write(f"{pid} {wired.started_ticks(pid)}\n")
    os.replace(f"{file}.tmp", file)


def noted(places: Places, job: int) -> int | None:
    """The process that the note names, if that still lives."""
    try:
        with open(os.path.join(places.job(job), "runner"), encoding="ascii") as file:
            pid, ticks = (int(word) for word in file.read().split())
    except (OSError, ValueError):
        return None
    return pid if ticks != 0 and wired.started_ticks(pid) == ticks else None
