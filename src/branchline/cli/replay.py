"""`branchline replay`: what each push of a branch would have trained, under several policies."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from branchline.cli.price_table import add_prices, table_of
from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.cli.console import Console
    from branchline.core.plan.replay import Price, Replay

_COMMAND = "branchline replay"
_SHOWN = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--since", default="", metavar="REV|DAY", help="pushes after this commit, or from this day"
    )
    parser.add_argument(
        "--until", default="", metavar="REV|DAY", help="pushes up to this commit or day, included"
    )
    parser.add_argument("--branch", default="", metavar="NAME", help="instead of the default one")
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="WHAT",
        help="compare with always, paths:GLOB,GLOB or workflow:FILE; may be repeated (default:"
        " always, and the workflows that train)",
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        metavar="N",
        help="minutes of a training, where none is recorded",
    )
    add_prices(parser)
    parser.add_argument(
        "-n",
        "--number",
        type=int,
        default=_SHOWN,
        metavar="N",
        help=f"list the newest N pushes, 0 for all (default {_SHOWN})",
    )
    parser.add_argument("--html", default="", metavar="FILE", help="write a page to hand on")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _minutes(word: str) -> float:
    try:
        minutes = float(word)
    except ValueError:
        minutes = -1.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"`{word}` must be a number of minutes above 0")
    return minutes


def execute(options: argparse.Namespace, console: Console) -> int:
    """Walk the history and print what it comes to."""
    from branchline.cli.pages import refuse_no_folder, write_page
    from branchline.cli.replay_progress import ReplayProgress
    from branchline.flows.replay.walk import ReplayOptions, replay
    from branchline.render.replay_json import replay_to_json
    from branchline.wiring.replays import open_replay

    if options.number < 0:
        raise UsageError(f"{_COMMAND}: -n {options.number} is negative", todo="Write -n 20.")
    if options.html:
        refuse_no_folder(_COMMAND, options.html)
    asked = ReplayOptions(
        branch=options.branch,
        since=options.since,
        until=options.until,
        policies=options.policy,
        minutes=options.minutes,
        price=_pricing(options),
    )
    with (
        open_replay() as scene,
        ReplayProgress(console, is_quiet=options.json) as progress,
    ):
        found = replay(scene, asked, tell=progress.tell)
    if options.html:
        from branchline.render.replay_page import replay_page

        write_page(_COMMAND, options.html, replay_page(found))
    if options.json:
        console.json(replay_to_json(found))
    else:
        _show(found, options, console)
    return EXIT_FINE


def _pricing(options: argparse.Namespace) -> Callable[[Sequence[str]], Price | None]:
    """How the price is found, once the machines that workflows name are known."""
    table = table_of(options, _COMMAND)
    if options.price:
        chosen = table.named(options.price)
        return lambda _labels: chosen
    return table.of_labels


def _show(found: Replay, options: argparse.Namespace, console: Console) -> None:
    from branchline.render.replay import (
        heading,
        missed_table,
        note_lines,
        pushes_table,
        summary,
        totals_table,
    )
    from branchline.render.table import line

    console.line(line(heading(found)))
    if not found.pushes:
        return
    console.write()
    console.table(totals_table(found))
    if len(found.models) > 1:
        for model in found.models:
            console.write()
            console.table(totals_table(found, model=model))
    missed = missed_table(found)
    if missed.rows:
        console.write()
        console.table(missed)
        more = sum(len(found.totals(p).missed) for p in found.policies) - len(missed.rows)
        if more:
            console.write(f"and {more:,} older ones: --json and --html have all")
    console.write()
    console.table(pushes_table(found, most=options.number))
    left = len(found.pushes) - options.number if options.number else 0
    if left > 0:
        console.write(f"and {left:,} older pushes: -n 0 lists all")
    console.write()
    console.line(line(summary(found)))
    console.lines(note_lines(found))
    if options.html:
        console.note(f"wrote {options.html}")
