"""`branchline queue`: the jobs of a box that wait and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json, add_remote
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--all", action="store_true", help="those that have ended, too")
    add_remote(parser)
    add_json(parser)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the table."""
    from time import time

    from branchline import wiring
    from branchline.flows.queue import MOST_SHOWN, look
    from branchline.render.queue import effects_line, queue_table, queue_to_json

    address = wiring.find_box(name=options.remote)
    if address.host:
        words = ["queue", *(["--all"] if options.all else [])]
        return wiring.over_ssh(address, [*words, *(["--json"] if options.json else [])])
    with wiring.open_box(address.path) as box:
        view = look(box.queue, is_all=options.all)
    if options.json:
        console.json(queue_to_json(view.jobs, view.effects))
        return EXIT_FINE
    if view.jobs:
        console.table(queue_table(view.jobs, now=time()))
    else:
        console.note("nothing was pushed yet" if options.all else "nothing waits and nothing runs")
    if len(view.jobs) == MOST_SHOWN and options.all:
        console.note(f"the newest {MOST_SHOWN}")
    effects = effects_line(view.effects)
    if effects is not None:
        console.line(effects)
    return EXIT_FINE
