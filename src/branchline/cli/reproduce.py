"""`branchline reproduce RUN`: make a recorded run again from its commit, and compare."""

from __future__ import annotations

from dataclasses import replace
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
    parser.add_argument(
        "--environment",
        choices=("lock", "here"),
        default="lock",
        help="lock: install what a lock file with exact versions names, where there is one"
        " (default); here: use the packages that are here",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="where numbers differ, do not train again to find out which input is to blame",
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
    from branchline.flows.blaming import blamed
    from branchline.flows.history import History
    from branchline.flows.reproduce import commit_of, recorded_of, reproduce
    from branchline.render.reproduced import reproduced_lines, reproduced_table, reproduced_to_json
    from branchline.wiring.recorded import open_recorded

    with wiring.open_project(model="") as project:
        view = History(project.records, project.repo).find(options.run)
        recorded = recorded_of(project.records, view)
        root = project.root
    commit = commit_of(view)
    stop = Stop()
    say = (lambda _text: None) if options.json else console.note

    def make(without: tuple[str, ...], *, is_first: bool = False) -> Reproduced:
        """Make it again; only the first time its stages are shown."""
        with (
            open_recorded(
                root,
                view,
                commit,
                uses_lock=options.environment == "lock",
                without=without,
                say=say,
                is_stopped=stop.is_wanted,
            ) as place,
            Shown(console, place.project.root, is_quiet=options.json or not is_first) as watcher,
        ):

            def begin(plan: Plan) -> None:
                stop.defer()
                watcher.show_plan(plan)

            made = reproduce(
                place.project,
                view,
                recorded,
                watcher,
                jobs=options.jobs or place.project.machine.cpus(),
                tolerance=options.tolerance,
                is_stopped=lambda: stop.is_wanted() and watcher.say_stopping(),
                on_plan=begin,
            )
            return replace(made, environment=place.environment)

    with stop:
        made = blamed(make((), is_first=True), make, trains=not options.once, say=say)
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
