"""`branchline records push|fetch [REMOTE]`: share what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.core.values import JsonValue
    from branchline.ports.records import Exchange


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("direction", choices=("push", "fetch"), help="send or get records")
    parser.add_argument(
        "remote", nargs="?", help="as in `git remote` (origin; without one the only remote or box)"
    )
    parser.add_argument("--json", action="store_true", help="print what was exchanged as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Exchange records and say what happened."""
    from branchline import wiring
    from branchline.flows.remotes import choose_remote

    remote = options.remote or choose_remote(wiring.open_remotes())
    with wiring.open_project(model="") as project:
        if options.direction == "push":
            exchange = project.records.push(remote)
        else:
            exchange = project.records.fetch(remote)
    if options.json:
        console.json(exchange_to_json(exchange))
        return EXIT_FINE
    number = exchange.sent + exchange.received
    verb = "Sent" if options.direction == "push" else "Received"
    where = "to" if options.direction == "push" else "from"
    records = "1 record" if number == 1 else f"{number or 'no'} records"
    console.write(f"{verb} {records} {where} {remote}.")
    for entry in exchange.kept_theirs:
        old, arrow, new = entry.partition(" -> ")
        if arrow:
            console.note(f"`{old}` is taken by another run there; ours is now `{new}`")
        else:
            console.note(f"`{entry}` was recorded there first and stays as it is there")
    return EXIT_FINE


def exchange_to_json(exchange: Exchange) -> dict[str, JsonValue]:
    """What was exchanged as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "sent": exchange.sent,
        "received": exchange.received,
        "kept_theirs": list(exchange.kept_theirs),
    }
