"""What stays of ended jobs: of the newest everything, of older ones the log, of the oldest nothing.

Results, records and models stand in the store and in git; nothing of them goes.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.flows.places import Places
    from branchline.ports.queue import Queue

WHOLE_JOBS = 200
"""So many of the newest jobs keep their own ledger, stage logs and stat index."""
LOGGED_JOBS = 2000
"""So many keep the log that their pusher saw."""
_LOG = "log"


def tidy(
    places: Places, queue: Queue, *, whole: int = WHOLE_JOBS, logged: int = LOGGED_JOBS
) -> int:
    """Remove what is not kept any more of jobs that have ended.

    Args:
        places: Of the box.
        queue: Says which have ended.
        whole: So many of the newest jobs keep everything.
        logged: So many keep their log.

    Returns:
        How many folders were touched.
    """
    numbers = sorted((int(name) for name in _names(places.jobs) if name.isdigit()), reverse=True)
    touched = 0
    for index, number in enumerate(numbers[whole:], start=whole):
        folder = places.job(number)
        kept = frozenset([_LOG]) if index < logged else frozenset()
        surplus = [name for name in _names(folder) if name not in kept]
        if not surplus and kept:
            continue
        job = queue.job(number)
        if job is not None and not job.state.is_end:
            continue
        touched += 1
        for name in surplus:
            _remove(os.path.join(folder, name))
        if not kept:
            with suppress(OSError):
                os.rmdir(folder)
    return touched


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        os.unlink(path)
