"""`branchline noise`: how much each metric moves when nothing changed, and which gate follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import count_of
from branchline.cli.plan import add_model
from branchline.errors import EXIT_FINE, EXIT_INTERRUPTED, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console

_RUNS = 5
_FEWEST = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_model(parser)
    parser.add_argument(
        "--runs", type=count_of, default=_RUNS, metavar="N", help="trainings besides the own (5)"
    )
    parser.add_argument(
        "--seed",
        default="",
        metavar="PARAM",
        help="parameter that holds the seed: train.seed, --seed, $SEED (gate.replicates.seed)",
    )
    parser.add_argument("--json", action="store_true", help="print what was measured as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Train the commit again and again, in a place of its own."""
    from branchline import wiring
    from branchline.cli.noise_progress import NoiseProgress
    from branchline.cli.run import Stop
    from branchline.flows.noise import NoiseAsked, measure
    from branchline.flows.retraining import Watching
    from branchline.flows.run import walking_again
    from branchline.render.noise import (
        heading,
        noise_lines,
        noise_table,
        noise_to_json,
        settings_text,
    )
    from branchline.render.table import line

    if options.runs < _FEWEST:
        raise UsageError(
            f"--runs {options.runs}: a spread needs at least {_FEWEST} trainings besides the own",
            todo="Name more: 5 tell the spread to about a third, 20 to a sixth.",
        )
    stop = Stop()
    with (
        wiring.open_project(model=options.model) as project,
        stop,
        NoiseProgress(console, is_quiet=options.json) as progress,
    ):
        stop.defer()
        watching = Watching(
            say=progress.say, tick=progress.tick, walk=walking_again(stop.is_wanted)
        )
        measured = measure(project, NoiseAsked(runs=options.runs, seed=options.seed), watching)
    if options.json:
        console.json(noise_to_json(measured))
        return EXIT_INTERRUPTED if measured.is_stopped else EXIT_FINE
    console.write()
    console.line(line(heading(measured)))
    if measured.metrics:
        console.table(noise_table(measured))
        console.write()
    console.lines(noise_lines(measured))
    text = settings_text(measured)
    if text:
        console.write()
        console.write("For branchline.yaml:")
        console.write()
        for row in text.splitlines():
            console.line(line(f"  {row}"))
    return EXIT_INTERRUPTED if measured.is_stopped else EXIT_FINE
