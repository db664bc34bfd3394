"""`branchline promote MODEL VERSION STAGE`: give a stage to a version, if its verdict allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.registry_place import add_remote, open_place, tell_tracker
from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", metavar="MODEL", help="name of the model")
    parser.add_argument("version", metavar="VERSION", help="such as v1.2.3, or a stage it holds")
    parser.add_argument("stage", metavar="STAGE", help="the stage it gets, such as production")
    parser.add_argument(
        "--override",
        metavar="REASON",
        help="although its verdict did not pass; recorded in the tag",
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the history")
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="print the event as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Give the stage and say so."""
    from branchline.flows.registry import promote
    from branchline.render.registry import moved_to_json

    if options.override is not None and not options.override.strip():
        raise UsageError("branchline promote: --override needs a reason", todo="Say why it shall.")
    with open_place(options, options.model) as place:
        event, is_new = promote(
            place.registry,
            place.rules,
            model=options.model,
            version=options.version,
            stage=options.stage,
            by=place.project.repo.actor(),
            override=options.override or "",
            reason=options.reason,
        )
        tell_tracker(place, options.model, console)
    if options.json:
        console.json(moved_to_json(event, is_new=is_new))
        return EXIT_FINE
    verb = "has" if is_new else "had"
    already = "" if is_new else " already; nothing was added"
    console.write(f"{event.model}@{event.version} {verb} `{event.stage}`{already}.")
    return EXIT_FINE
