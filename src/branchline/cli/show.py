"""`branchline show [RUN|MODEL@VERSION]`: one run, or how a registered version was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.models import show_version
from branchline.cli.registry_place import add_remote, open_place
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "run",
        nargs="?",
        default="",
        metavar="RUN",
        help="a run, branch or commit, else the newest; or MODEL@VERSION",
    )
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="print the run as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print one run, or one version."""
    from branchline import wiring
    from branchline.flows.approve import approval_of
    from branchline.flows.history import History
    from branchline.render.run_json import show_to_json
    from branchline.render.runs import run_lines, run_tables

    model, at, version = options.run.partition("@")
    if model and at and not version.startswith("{"):  # `main@{yesterday}` is a commit of git's
        with open_place(options, model) as place:
            return show_version(place, model, version, options, console)
    with wiring.open_project(model="") as project:
        run = History(project.records, project.repo).find(options.run)
        is_open = run.verdict is not None and run.verdict.is_inconclusive
        approval = approval_of(project, run.run) if is_open else None
    if options.json:
        console.json(show_to_json(run))
        return EXIT_FINE
    console.lines(run_lines(run, approval))
    for table in run_tables(run):
        console.write()
        console.table(table)
    return EXIT_FINE
