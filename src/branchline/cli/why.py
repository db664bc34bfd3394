"""`branchline why STAGE`: the inputs of one stage, what changed since which run, what that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.plan import add_model, stages_here
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("stage", metavar="STAGE", help="the stage to explain")
    add_model(parser)
    parser.add_argument("--json", action="store_true", help="print the explanation as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Explain one stage in full."""
    from branchline import wiring
    from branchline.core.plan.plan_json import explanation_to_json
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.render.plan import inputs_table, why_lines

    with wiring.open_project(model=options.model) as project:
        project.only_looks = True
        (asked,) = stages_here(project, [options.stage])
        planner = Planner(project, PlanOptions(targets=(asked,), with_tests=True))
        plan = planner.plan()
    # `train` of a matrix stands for all of its stages: train@a, train@b.
    entries = [e for e in plan.stages if asked in (e.stage, e.stage.partition("@")[0])]
    if options.json:
        console.json(explanation_to_json(entries))
        return EXIT_FINE
    for entry in entries:
        console.lines(why_lines(entry))
        console.table(inputs_table(entry.inputs))
    return EXIT_FINE
