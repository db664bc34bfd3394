"""`branchline env show|repair`: the environment of this project; how an old one runs again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_verbs, duration_of
from branchline.errors import EXIT_ERROR, EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.flows.project import Project
    from branchline.flows.repairing.repair import Attempt, Repair

_LIMIT_S = 600.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    verbs = add_verbs(parser)
    show = verbs.add_parser("show", help="which interpreter and packages, why, and where")
    show.add_argument(
        "--made", action="store_true", help="look for the packages, whatever stages run in"
    )
    repair = verbs.add_parser(
        "repair",
        help="try until the commands run, say what failed, and write the versions into"
        " branchline-constraints.txt",
    )
    repair.add_argument(
        "--diff", action="store_true", help="show what would be written; write nothing"
    )
    repair.add_argument(
        "--limit",
        type=duration_of,
        default=_LIMIT_S,
        metavar="TIME",
        help="commands that have not failed by then count as running (10m)",
    )
    repair.add_argument(
        "command",
        nargs="*",
        metavar="COMMAND",
        help="what to try, after `--`; else the stages of the project",
    )
    for verb in (show, repair):
        verb.add_argument(
            "--model", default=None, metavar="NAME", help="whose branchline.yaml keys"
        )
        verb.add_argument("--json", action="store_true", help="print the answer as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Do what the verb says."""
    from branchline import wiring

    with wiring.open_project(model=options.model) as project:
        return (_show if options.verb == "show" else _repair)(project, options, console)


def _show(project: Project, options: argparse.Namespace, console: Console) -> int:
    from branchline.cli.env_report import packages_table, shown_lines, shown_to_json
    from branchline.flows.environments.shown import show

    say = _silent if options.json else console.note
    shown = show(project, wants_made=options.made, say=say)
    if options.json:
        console.json(shown_to_json(shown))
        return EXIT_ERROR if shown.problem else EXIT_FINE
    console.lines(shown_lines(shown))
    if shown.packages:
        console.write()
        console.table(packages_table(shown.packages))
    if shown.problem is not None:
        raise shown.problem
    return EXIT_FINE


def _silent(_text: str) -> None:
    """Nothing is said."""


def _repair(project: Project, options: argparse.Namespace, console: Console) -> int:
    from branchline.cli.env_report import attempt_lines, diff_lines, repair_to_json
    from branchline.cli.run import Stop
    from branchline.flows.repairing.repair import repair

    stop = Stop()
    count = 0

    def told(attempt: Attempt) -> None:
        nonlocal count
        count += 1
        if not options.json:
            console.lines(attempt_lines(count, attempt))

    with stop:
        stop.defer()
        done = repair(
            project,
            options.command,
            limit_s=options.limit,
            is_stopped=stop.is_wanted,
            say=_silent if options.json else console.note,
            on_attempt=told,
        )
    is_written = done.is_found and done.is_needed and not options.diff
    if is_written:
        project.workspace.replace(done.file, done.text.encode())
    if options.json:
        console.json(repair_to_json(done, is_written=is_written))
        return EXIT_FINE if done.is_found else EXIT_ERROR
    console.write()
    if options.diff and done.is_needed:
        console.lines(diff_lines(done))
    _say_end(done, console, is_written=is_written)
    return EXIT_FINE if done.is_found else EXIT_ERROR


def _say_end(done: Repair, console: Console, *, is_written: bool) -> None:
    if not done.is_found:
        last = done.attempts[-1].tried.diagnosis
        why = f" The last one: {last.sentence}." if last else ""
        console.write(f"None of {len(done.attempts)} tries ran.{why} Nothing was written.")
        console.write("What is not about packages is for you to mend; then try again.")
        return
    if not done.is_needed:
        console.write("It runs with the newest versions: nothing to repair, nothing was written.")
        return
    python = done.attempts[-1].python
    if not is_written:
        console.write(f"It runs. Without --diff this would be written to {done.file}.")
        return
    console.write(f"Wrote {done.file}: Python {python}, and every version that it ran with.")
    console.write("Commit it, and let stages run in it, in branchline.yaml:")
    console.write()
    console.write("environment: {make: always}")
