"""`branchline check create FILE`: a check of this commit, with a report of your own.

With CML's arguments; docs/how-to/from-cml.md says what differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json, add_verbs
from branchline.cli.cml_options import add_place, check_place, read_report
from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console

_COMMAND = "branchline check"
_CONCLUSIONS = ("success", "failure", "neutral", "cancelled", "skipped", "timed_out")
_STATUSES = ("queued", "in_progress", "completed")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb and its options."""
    verbs = add_verbs(parser)
    summary = "set a check of the commit; the newest of a title counts"
    made = verbs.add_parser(
        "create", help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    made.add_argument("file", metavar="FILE", help="Markdown")
    made.add_argument("--title", default="Report", metavar="TEXT", help="its name (Report)")
    made.add_argument(
        "--conclusion", choices=_CONCLUSIONS, default="success", help="how it ended (success)"
    )
    made.add_argument(
        "--status", choices=_STATUSES, default="completed", help="whether it has (completed)"
    )
    for name in ("--commit-sha", "--head-sha"):
        made.add_argument(
            name, dest="commit_sha", default="", metavar="HASH",
            help="of what (the head of the pull request, else HEAD)",
        )  # fmt: skip
    add_json(made)
    add_place(made)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Set the check."""
    from branchline.flows.commenting import STATES, check
    from branchline.ports.forge import CheckState
    from branchline.render.forge_json import check_to_json
    from branchline.wiring.forge_here import open_here

    command = f"{_COMMAND} create"
    repository = check_place(command, options, console)
    text = read_report(command, options.file)
    ended = options.status == "completed"
    state = STATES[options.conclusion] if ended else CheckState.PENDING
    with open_here(
        repository=repository, remote=options.remote, box=options.box, has_check_runs=True
    ) as here:
        commit = here.commit_of(options.commit_sha)
        if not commit:
            raise UsageError(f"{command}: there is no commit here", todo="Commit something first.")
        check(here, commit, title=options.title, state=state, text=text)
    if options.json:
        console.json(check_to_json(commit=commit, title=options.title, state=state.value))
    else:
        console.write(f"The check {options.title} of {commit[:12]} is {state.value}.")
    return EXIT_FINE
