"""`branchline cost`: what the recorded runs took, and what did not have to run again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json
from branchline.cli.price_table import add_prices, table_of
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    from branchline.cli.console import Console
    from branchline.core.plan.replay import Price

_COMMAND = "branchline cost"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--since", default="", metavar="DAY", help="runs from this day, as 2026-01-31 (UTC)"
    )
    parser.add_argument(
        "--until", default="", metavar="DAY", help="runs up to this day, itself included"
    )
    parser.add_argument(
        "--by",
        choices=("branch", "model", "month"),
        default="branch",
        help="what the rows are (default branch; --json has all three)",
    )
    add_prices(parser)
    parser.add_argument(
        "--free-minutes",
        type=_minutes,
        metavar="N",
        help="free minutes of a month; else those of the price table, for GitHub's own machines",
    )
    add_json(parser)


def _minutes(word: str) -> float:
    try:
        minutes = float(word)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"`{word}` must be a number of minutes, 0 or more")
    return minutes


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the table."""
    from branchline import wiring
    from branchline.core.run.costs import By
    from branchline.flows.cost import costs
    from branchline.render.cost import (
        budget_line,
        cost_table,
        cost_to_json,
        heading,
        note_lines,
        summary,
    )
    from branchline.render.table import line

    table = table_of(options, _COMMAND)
    price = table.named(options.price) if options.price else None
    with wiring.open_project(model="") as project:
        found = costs(project.records, price=price, since=options.since, until=options.until)
        free = _free_minutes(options, price)
        budget = None
        if free is not None:  # of the whole month, whatever days were asked for
            is_part = options.since or options.until
            every = costs(project.records, price=price) if is_part else found
            budget = every.budget(project.machine.now()[:7], free=free)
    if options.json:
        console.json(cost_to_json(found, budget))
        return EXIT_FINE
    if not found.runs and not found.chance:
        when = " of these days" if options.since or options.until else ""
        console.note(
            f"no run{when} is recorded here; `branchline run` records one, `branchline records"
            " fetch` gets those of a remote"
        )
        return EXIT_FINE
    console.line(line(heading(found)))
    console.write()
    console.table(cost_table(found, By(options.by)))
    console.write()
    console.line(line(summary(found)))
    if budget is not None:
        console.line(budget_line(budget))
    console.lines(note_lines(found))
    return EXIT_FINE


def _free_minutes(options: argparse.Namespace, price: Price | None) -> float | None:
    """Free minutes of a month; None where nobody told of any."""
    if options.free_minutes is not None:
        return float(options.free_minutes)
    return None if price is None else price.free_minutes
