"""`branchline rollback MODEL [STAGE]`: give a stage back to the version that held it before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.registry_place import add_remote, open_place, tell_tracker
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", metavar="MODEL", help="name of the model")
    parser.add_argument(
        "stage", nargs="?", default="", metavar="STAGE", help="the stage (the last one: production)"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the history")
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="print the event as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Give the stage back and say so."""
    from branchline.flows.registry import rollback
    from branchline.render.registry import moved_to_json

    with open_place(options, options.model) as place:
        event, before = rollback(
            place.registry,
            place.rules,
            model=options.model,
            stage=options.stage or next(iter(place.rules.stages[-1:]), "production"),
            by=place.project.repo.actor(),
            reason=options.reason,
        )
        tell_tracker(place, options.model, console)
    if options.json:
        console.json(moved_to_json(event, is_new=True, before=before))
        return EXIT_FINE
    console.write(f"{event.model}@{event.version} has `{event.stage}` again, instead of {before}.")
    return EXIT_FINE
