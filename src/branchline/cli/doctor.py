"""`branchline doctor`: checks this machine and this repository, and says what to type."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json
from branchline.errors import EXIT_ERROR, EXIT_FINE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.flows.doctor import Check

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `branchline doctor`."""
    add_json(parser)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Look and print; ends with 1 when a check failed."""
    from branchline import wiring
    from branchline.flows.doctor import Health, examine

    checks = examine(wiring.open_checkup(os.getcwd()).facts())
    is_fine = all(check.health is not Health.FAIL for check in checks)
    if options.json:
        from branchline.core.values import SCHEMA_VERSION

        console.json(
            {
                "schema_version": SCHEMA_VERSION,
                "is_fine": is_fine,
                "checks": [_to_json(check) for check in checks],
            }
        )
    else:
        _print(checks, console)
    return EXIT_FINE if is_fine else EXIT_ERROR


def _to_json(check: Check) -> dict[str, str]:
    return {
        "name": check.name,
        "health": check.health.value,
        "sentence": check.sentence,
        "todo": check.todo,
    }


def _print(checks: Sequence[Check], console: Console) -> None:
    from branchline.render.table import Tone, cell, line

    tones = {"pass": Tone.GOOD, "warn": Tone.UNSURE, "fail": Tone.BAD}
    width = max(len(check.name) for check in checks)
    for check in checks:
        health = check.health.value
        console.line(
            line(cell(health, tones[health]), f"  {check.name.ljust(width)}  {check.sentence}")
        )
        if check.todo:
            console.line(line(cell(" " * (width + 8) + check.todo, Tone.STRONG)))
    failed = sum(check.health.value == "fail" for check in checks)
    warned = sum(check.health.value == "warn" for check in checks)
    console.write()
    if failed or warned:
        console.write(f"{failed} failed, {warned} to look at, of {len(checks)} checks.")
    else:
        console.write(f"All {len(checks)} checks passed.")
