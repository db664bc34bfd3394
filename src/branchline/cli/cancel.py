"""`branchline cancel`: stop a job of a box, or all of a branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json, add_remote
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "target", metavar="JOB|BRANCH", help="number of a job, or a branch: all of its jobs"
    )
    add_remote(parser)
    add_json(parser)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Ask the jobs to stop."""
    from time import time

    from branchline import wiring
    from branchline.core.run.jobs import JobState
    from branchline.flows.queue import cancel
    from branchline.render.queue import cancelled_to_json

    address = wiring.find_box(name=options.remote)
    if address.host:
        words = ["cancel", *(["--json"] if options.json else []), "--", options.target]
        return wiring.over_ssh(address, words)
    with wiring.open_box(address.path) as box:
        stopped = cancel(box.queue, options.target, by=wiring.user_name(), at=time())
    if options.json:
        console.json(cancelled_to_json([(one.job, one.branch, one.state.value) for one in stopped]))
        return EXIT_FINE
    for one in stopped:
        is_running = one.state is JobState.RUNNING
        told = "is told to stop" if is_running else "does not start"
        console.write(f"job {one.job} on {one.branch} {told}")
    return EXIT_FINE
