"""`branchline retry`: queue a job of a box again that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json, add_remote
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("target", metavar="JOB", help="its number, from `branchline queue --all`")
    add_remote(parser)
    add_json(parser)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Queue it, and see that a worker looks."""
    from time import time

    from branchline import wiring
    from branchline.flows.queue import retry
    from branchline.render.queue import retried_to_json

    address = wiring.find_box(name=options.remote)
    if address.host:
        words = ["retry", *(["--json"] if options.json else []), "--", options.target]
        return wiring.over_ssh(address, words)
    with wiring.open_box(address.path) as box:
        job = retry(box.queue, options.target, by=wiring.user_name(), at=time())
        box.box.wake()
    if options.json:
        console.json(retried_to_json(job))
    else:
        console.write(f"job {job.job} on {job.asked.branch} is queued; see: branchline queue")
    return EXIT_FINE
