"""`branchline reproduce RUN`: make a recorded run again from its commit, and compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_jobs
from branchline.errors import EXIT_ERROR, EXIT_FINE, EXIT_INTERRUPTED, EXIT_VERDICT_FAILED

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.core.plan.values import Plan
    from branchline.render.reproduced import Reproduced


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", nargs="?", default="", metavar="RUN", help="as in `show` (newest)")
    parser.add_argument(
        "--tolerance",
        type=_share,
        default=0.0,
        metavar="T",
        help="metrics may differ by so much, relative to the larger: 1e-6 (0: not at all)",
    )
    add_jobs(parser)
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def _share(text: str) -> float:
    import argparse

    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to below 1")
    return value


def execute(options: argparse.Namespace, console: Console) -> int:
    """Make the run again; exit code 3 when a metric came out otherwise."""
    from branchline import wiring
    from branchline.cli.run import Shown, Stop
    from branchline.flows.history import History
    from branchline.flows.reproduce import commit_of, reproduce
    from branchline.render.reproduced import reproduced_lines, reproduced_table, reproduced_to_json
    from branchline.wiring.again import open_again

    with wiring.open_project(model="") as project:
        view = History(project.records, project.repo).find(options.run)
        root = project.root
    stop = Stop()

    def begin(plan: Plan) -> None:
        stop.defer()
        watcher.show_plan(plan)

    with (
        stop,
        open_again(root, commit_of(view), model=view.model or None) as again,
        Shown(console, again.root, is_quiet=options.json) as watcher,
    ):
        made = reproduce(
            again,
            view,
            watcher,
            jobs=options.jobs or again.machine.cpus(),
            tolerance=options.tolerance,
            is_stopped=lambda: stop.is_wanted() and watcher.say_stopping(),
            on_plan=begin,
        )
    if options.json:
        console.json(reproduced_to_json(made))
    else:
        if made.rows:
            console.write()
            console.table(reproduced_table(made))
        console.lines(reproduced_lines(made))
    return _exit_code(made)


def _exit_code(made: Reproduced) -> int:
    if made.is_cancelled:
        return EXIT_INTERRUPTED
    if made.failure:
        return EXIT_ERROR
    return EXIT_FINE if made.is_reproduced else EXIT_VERDICT_FAILED
