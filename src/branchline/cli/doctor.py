"""`branchline doctor`: checks this machine and this repository, and says what to type."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json
from branchline.errors import EXIT_ERROR, EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.core.values import JsonValue
    from branchline.flows.checklist import Box
    from branchline.flows.doctor import Check

__all__ = ["checks_to_json", "configure", "execute", "print_checks"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `branchline doctor`."""
    parser.add_argument(
        "--github",
        action="store_true",
        help="check the repository on GitHub instead: settings, permissions, names of secrets, "
        "environments, runners; and how training pull requests start",
    )
    parser.add_argument(
        "--repository",
        default="",
        metavar="OWNER/NAME",
        help="the repository on GitHub (default: of the remote `origin`)",
    )
    add_json(parser)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Look and print; ends with 1 when a check failed."""
    if options.repository and not options.github:
        raise UsageError("--repository is for --github", todo="Add --github.")
    boxes: Sequence[Box] = ()
    if options.github:
        from branchline.wiring.github_doctor import examine_folder

        checks = examine_folder(os.getcwd(), os.environ, repository=options.repository)
    else:
        from branchline.flows.checklist import checklist
        from branchline.flows.doctor import examine
        from branchline.wiring import folder_files, folders
        from branchline.wiring.project_doctor import project_facts

        facts = folders.open_checkup(os.getcwd()).facts()
        if not facts.settings and facts.root is not None:
            facts = replace(facts, settings=", ".join(folder_files(facts.root)))
        project = project_facts(os.getcwd(), os.environ)
        checks = examine(facts, problem=project.problem)
        boxes = checklist(facts, project)
    if options.json:
        console.json(checks_to_json(checks, boxes))
        return EXIT_FINE if _is_fine(checks) else EXIT_ERROR
    print_checks(checks, console)
    if boxes:
        _print_boxes(boxes, console)
    return EXIT_FINE if _is_fine(checks) else EXIT_ERROR


def checks_to_json(checks: Sequence[Check], boxes: Sequence[Box] = ()) -> dict[str, JsonValue]:
    """The checks as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "is_fine": _is_fine(checks),
        "checks": [
            {
                "name": check.name,
                "health": check.health.value,
                "sentence": check.sentence,
                "todo": check.todo,
            }
            for check in checks
        ],
        "checklist": [
            {
                "name": box.name,
                "is_ticked": box.is_ticked,
                "sentence": box.sentence,
                "todo": box.todo,
            }
            for box in boxes
        ],
    }


def _is_fine(checks: Sequence[Check]) -> bool:
    return all(check.health.value != "fail" for check in checks)


def print_checks(checks: Sequence[Check], console: Console) -> None:
    """Print checks, each with what to type where it did not pass."""
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


def _print_boxes(boxes: Sequence[Box], console: Console) -> None:
    """Print the start-up checklist: no box that is open makes the command fail."""
    from branchline.render.table import Tone, cell, line

    width = max(len(box.name) for box in boxes)
    console.write()
    console.write("Before others rely on this project:")
    for box in boxes:
        mark = cell("[x]", Tone.GOOD) if box.is_ticked else cell("[ ]", Tone.UNSURE)
        console.line(line(mark, f" {box.name.ljust(width)}  {box.sentence}"))
        if box.todo:
            console.line(line(cell(" " * (width + 6) + box.todo, Tone.STRONG)))
    ticked = sum(box.is_ticked for box in boxes)
    console.write()
    console.write(f"{ticked} of {len(boxes)} boxes are ticked.")
