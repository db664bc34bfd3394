"""`branchline why STAGE`: the inputs of one stage, what changed since which run, what that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("stage", metavar="STAGE", help="the stage to explain")
    parser.add_argument("--json", action="store_true", help="print the explanation as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Explain one stage in full."""
    from branchline import wiring
    from branchline.core.plan.plan_json import inputs_to_json, stage_to_json
    from branchline.core.values import SCHEMA_VERSION
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.render.plan import inputs_table, why_lines

    with wiring.open_project() as project:
        planner = Planner(project, PlanOptions(targets=(options.stage,)))
        plan = planner.plan()
    for entry in plan.stages:
        if entry.stage != options.stage and entry.stage.partition("@")[0] != options.stage:
            continue
        if options.json:
            console.json(
                {
                    "schema_version": SCHEMA_VERSION,
                    **stage_to_json(entry),
                    "inputs": inputs_to_json(entry.inputs),
                    "observed": [item.path for item in entry.observed],
                }
            )
        else:
            console.lines(why_lines(entry))
            console.table(inputs_table(entry.inputs))
    return EXIT_FINE
