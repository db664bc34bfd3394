"""`branchline monitor`: look at the model in production, and tell when its state changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.plan import add_model
from branchline.errors import EXIT_ERROR, EXIT_INTERRUPTED, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.cli.monitor_told import Row


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_model(parser)
    parser.add_argument("--json", action="store_true", help="print the look as JSON")
    parser.add_argument(
        "--dry-run", action="store_true", help="look and judge; record nothing, tell nobody"
    )
    parser.add_argument(
        "--repo",
        default="",
        metavar="OWNER/NAME",
        help="repository on GitHub whose issues tell of alarms (in Actions: the job's own)",
    )
    hands = parser.add_mutually_exclusive_group()
    hands.add_argument(
        "--leave",
        default="",
        metavar="DIR",
        help="look only, and leave what was seen for a job that may write; exit code 0",
    )
    hands.add_argument(
        "--from",
        dest="taken",
        default="",
        metavar="DIR",
        help="judge, record and tell what a job with --leave saw; exit code 0 unless that fails",
    )


def execute(options: argparse.Namespace, console: Console) -> int:
    """Look, judge, record, tell."""
    from branchline.wiring.forge_here import is_on_github

    if (options.leave or options.taken) and (options.json or options.dry_run):
        raise UsageError(
            "branchline monitor: --leave and --from go with neither --json nor --dry-run",
            todo="Leave one of them out.",
        )
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from branchline.cli.monitor_ci import execute_in_job

        return execute_in_job(options, console)
    if options.leave or options.taken:
        raise UsageError(
            "branchline monitor: --leave and --from are for jobs of GitHub Actions",
            todo="Here: branchline monitor, which looks, records and tells at once.",
        )
    return _execute_here(
        options, console, is_told=is_on_github(os.environ, repository=options.repo)
    )


def _execute_here(options: argparse.Namespace, console: Console, *, is_told: bool) -> int:
    from branchline import wiring
    from branchline.cli.monitor_told import CODES, applied, asked_of, sayer, show
    from branchline.cli.run import Stop
    from branchline.core.effects.alarms import effects_of_look
    from branchline.flows.look import LookStopped, look
    from branchline.flows.watching import judged_look, record_look
    from branchline.render.look import alarm_effect_text
    from branchline.wiring.monitoring import one_look, open_told

    stop = Stop()
    with (
        stop,
        wiring.open_project(model=options.model) as project,
        one_look(project) as note,
    ):
        asked = asked_of(project.policy)
        stop.defer()
        try:
            seen = look(
                project,
                asked,
                say=sayer(console, options),
                is_stopped=stop.is_wanted,
                note=note,
            )
        except LookStopped:
            console.note("stopped; nothing was recorded")
            return EXIT_INTERRUPTED
        watched = judged_look(project.records, seen, asked)
        effects = effects_of_look(watched.look, asked)
        rows: list[Row] = [(text, "", "") for text in map(alarm_effect_text, effects)]
        if not options.dry_run:
            watched = record_look(project.records, watched)
        if effects and is_told and not options.dry_run:
            with open_told(
                project, os.environ, repository=options.repo, model=project.policy.model
            ) as told:
                rows = applied(effects, told.apply)
    show(options, console, watched, rows, is_told=is_told)
    if any(error for *_, error in rows):
        return EXIT_ERROR
    return CODES[watched.look.health]
