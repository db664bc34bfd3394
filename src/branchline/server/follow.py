"""`python -m branchline.server.follow BOX EVENT`: prints the logs of a push's jobs as they grow.

Started by post-receive, whose output git shows as `remote:` lines. Ends when the jobs end, always
with exit code 0: the push has succeeded, whatever the run will say. Ctrl-C and a closed connection
end this process and nothing else.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError
from branchline.flows.following import POLL_S, Follower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.jobs import QueuedJob
    from branchline.ports.queue import Queue

INGEST_S = 30.0
"""So long a push waits for a worker to take it up before it says how to look later."""


def jobs_of(queue: Queue, event: str, *, wait_s: float = INGEST_S) -> list[int] | None:
    """Numbers of the jobs of an event, once the worker has taken it up; None when nobody did."""
    until = time.monotonic() + wait_s
    while True:
        found = queue.event(event)
        if found is not None or time.monotonic() > until:
            return None if found is None else list(found)
        time.sleep(POLL_S)


def main(arguments: Sequence[str]) -> int:
    """Follow the jobs of one event."""
    try:
        box, event = arguments
        _follow(box, event)
    except (BrokenPipeError, KeyboardInterrupt, ValueError):
        _drop_output()
    except BranchlineError as error:
        print(f"the run cannot be followed: {error.message}", flush=True)
    return 0


def _follow(box: str, event: str) -> None:
    from branchline import wiring
    from branchline.flows.places import Places

    def out(line: str) -> None:
        print(line, flush=True)

    with wiring.open_box(box) as opened:
        numbers = jobs_of(opened.queue, event)
        if not numbers:
            word = "no worker has taken it up yet" if numbers is None else "it was decided before"
            out(f"accepted; {word}: `branchline queue` shows it")
            return
        running = [number for number in numbers if _goes_on(opened.queue.job(number))]
        if running:
            out(f"Ctrl-C detaches; follow with: branchline logs --job {running[0]} -f")
        Follower(opened.queue, Places(box), out, is_gone=_is_closed).follow(numbers)


def _goes_on(job: QueuedJob | None) -> bool:
    return job is not None and not job.state.is_end


def _is_closed() -> bool:
    """Whether nobody reads our output any more: a job that says nothing would not let us notice."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _drop_output() -> None:
    """Let Python's own flush at its end meet no closed pipe."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        return


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
