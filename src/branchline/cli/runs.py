"""`branchline runs`: the recorded runs, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.plan import add_model
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console

_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "-n",
        "--number",
        type=int,
        default=_SHOWN,
        metavar="N",
        help=f"show the newest N runs, 0 for all (default {_SHOWN})",
    )
    add_model(parser)
    parser.add_argument("--json", action="store_true", help="print the runs as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the table."""
    from branchline import wiring
    from branchline.core.policy import Gate
    from branchline.errors import UsageError
    from branchline.flows.history import History, gate_of
    from branchline.render.run_json import runs_to_json
    from branchline.render.runs import runs_table

    if options.number < 0:
        raise UsageError(f"branchline runs: -n {options.number} is negative", todo="Write -n 20.")
    with wiring.open_project(model="") as project:
        history = History(project.records, project.repo)
        runs = history.newest(options.number or None, model=options.model or "")
        gate = Gate() if options.json or options.model else gate_of(project, console.note)
    if options.json:
        console.json(runs_to_json(runs))
    elif runs:
        console.table(runs_table(runs, gate))
        if any(run.is_dirty for run in runs):
            console.note("* made from uncommitted changes")
    elif options.model:
        console.note(f"no run of the model `{options.model}` is recorded here")
    else:
        console.note("no run is recorded here yet; `branchline run` records one")
    return EXIT_FINE
