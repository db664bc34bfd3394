"""`branchline plan`: what would run, what is reused, and why. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target_options(parser)
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help="exit with 10 when anything has to run or may run, with 0 when nothing does",
    )


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `plan` and `run` share: which stages, and how much is taken on trust."""
    add_model(parser)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="only these, with all they need")
    parser.add_argument(
        "-s", "--single", action="store_true", help="only the stages named, not what they need"
    )
    parser.add_argument(
        "-f", "--force", action="store_true", help="run the stages whatever is known about them"
    )
    parser.add_argument(
        "--trust-lock",
        action="store_true",
        help="take dvc.lock's word also for code and environment that it does not name",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare `--model`, which a branchline.yaml with several models asks for."""
    parser.add_argument("--model", metavar="NAME", help="of the models in branchline.yaml this one")


EXIT_PENDING = 10


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the plan."""
    from branchline import wiring
    from branchline.cli.plan_report import show_plan
    from branchline.core.plan.plan_json import plan_to_json
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.flows.unimported import unimported
    from branchline.render.plan import plan_notes

    with wiring.open_project(model=options.model) as project:
        project.only_looks = True
        planner = Planner(
            project,
            PlanOptions(
                targets=tuple(options.stages),
                force=options.force,
                single=options.single,
                trust_lock=options.trust_lock,
                with_tests=True,
            ),
        )
        plan = planner.plan()
        if "data" in project.policy.sections:
            from branchline.flows.data_gate import with_data

            plan = with_data(project, planner, plan)
        if plan.is_empty:
            plan = replace(plan, notes=(*plan.notes, *unimported(planner)))
        if options.json:
            console.json(plan_to_json(plan))
        else:
            for note in plan_notes(plan):
                console.note(f"note: {note}")
            show_plan(plan, console)
        if plan.is_empty and not any(vars(options).values()):
            from branchline.cli.repeat import remember_plan

            remember_plan(project, planner, plan)
    return EXIT_PENDING if options.exit_code and not plan.is_empty else EXIT_FINE
