"""`branchline comment create|update FILE`: a report of your own on the pull request of this job.

With CML's arguments; docs/how-to/from-cml.md says what differs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json, add_verbs
from branchline.cli.cml_options import (
    add_place,
    add_without_effect,
    check_place,
    folder_of,
    read_report,
)
from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.flows.commenting import Here

_COMMAND = "branchline comment"
_WATCH_S = 2.0
_VERBS = {
    "create": "write the comment, or bring the one of this title up to date",
    "update": "the same: there is one comment of each title",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their options."""
    verbs = add_verbs(parser)
    for name, summary in _VERBS.items():
        verb = verbs.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + "."
        )
        _configure(verb)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="Markdown")
    parser.add_argument(
        "--target", default="auto", metavar="WHERE",
        help="auto, pr, pr/NUMBER, issue/NUMBER or commit/HASH (auto: the job's pull request)",
    )  # fmt: skip
    parser.add_argument("--pr", action="store_true", help="same as --target pr")
    for name in ("--commit-sha", "--head-sha"):
        parser.add_argument(
            name, dest="commit_sha", default="", metavar="HASH", help="of its pull request"
        )
    parser.add_argument(
        "--watermark-title", default="", metavar="TEXT",
        help="tells comments apart: one of each title (the file's name)",
    )  # fmt: skip
    parser.add_argument("--publish", action="store_true", default=True, help="keep images (on)")
    parser.add_argument("--no-publish", action="store_true", help="leave images as they are")
    parser.add_argument(
        "--watch", action="store_true", help="go on, and bring it up to date when FILE changes"
    )
    add_json(parser)
    add_without_effect(
        parser, "--native", "--publish-native", "--update", "--rm-watermark", "--publish-url=",
        "--trigger-file=",
    )  # fmt: skip
    add_place(parser)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Write the comment, once or until the end."""
    from branchline.flows.commenting import target_of
    from branchline.render.forge_json import comment_to_json
    from branchline.wiring.forge_here import open_here

    repository = check_place(f"{_COMMAND} {options.verb}", options, console)
    text = read_report(_COMMAND, options.file)
    with open_here(repository=repository, remote=options.remote, box=options.box) as here:
        target = "pr" if options.pr and options.target == "auto" else options.target
        number = target_of(here, target, options.commit_sha)
        if number is None:
            return _without(text, options, console)
        name = _put(here, number, text, options, console)
        page = f"{here.page}/pull/{number}" if here.page else ""
        if options.json:
            console.json(comment_to_json(number=number, title=name, url=page))
        else:
            console.write(page or f"The comment {name} on #{number} is up to date.")
        if options.watch:
            _watch(here, number, text, options, console)
    return EXIT_FINE


def _put(here: Here, number: int, text: str, options: argparse.Namespace, console: Console) -> str:
    from branchline.flows.commenting import comment, publish_images
    from branchline.wiring import desks

    if not options.no_publish:
        root = desks.open_clone().root
        text = publish_images(
            here, text, folder=folder_of(options.file), root=root, note=console.note
        )
    return comment(here, number, text, title=options.watermark_title, file=options.file)


def _without(text: str, options: argparse.Namespace, console: Console) -> int:
    """Where there is no pull request: the summary of the job has the report."""
    from branchline.render.forge_json import comment_to_json
    from branchline.wiring.ci import open_job

    if not open_job(os.environ, console.out).write_summary(text):
        raise UsageError(
            f"{_COMMAND} {options.verb}: no pull request is open of what is checked out here",
            todo="Open one first (`branchline pr create`), or name it: --target pr/NUMBER.",
        )
    console.note("no pull request is open of this commit: the report is in the job's summary")
    if options.json:
        console.json(comment_to_json(number=None, title="", url=""))
    return EXIT_FINE


def _watch(
    here: Here, number: int, text: str, options: argparse.Namespace, console: Console
) -> None:
    """Bring the comment up to date until this process is ended."""
    import time

    from branchline.errors import ForgeError

    while True:
        time.sleep(_WATCH_S)
        try:
            newer = read_report(_COMMAND, options.file)
        except UsageError:
            continue  # somebody writes it at this moment
        if newer == text:
            continue
        text = newer
        try:
            _put(here, number, text, options, console)
        except ForgeError as error:  # the next change is another try
            console.note(f"{_COMMAND}: {error.message}")
