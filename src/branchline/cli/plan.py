"""`branchline plan`: what would run, what is reused, and why. Changes nothing.

In a repository of several models, of each, unless `--model` names one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project


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
    """Declare `--model`, which picks one of several models."""
    parser.add_argument("--model", metavar="NAME", help="of several models this one")


def stages_here(project: Project, words: Sequence[str]) -> tuple[str, ...]:
    """Stages as typed; where the model's branchline.yaml stands in a folder, as one says there."""
    folder = project.policy.source.rpartition("/")[0]
    if not folder or not words:
        return tuple(words)
    own = {
        stage.address
        for stage in project.pipeline.stages
        if stage.file.rpartition("/")[0] == folder
    }
    own |= {address.partition("@")[0] for address in own}
    by_name = {address.rpartition(":")[2]: address for address in own}
    return tuple(by_name.get(word, word) for word in words)


def is_bare(project: Project, options: argparse.Namespace) -> bool:
    """Whether the command had no options, and the root declares the model."""
    return "/" not in project.policy.source and not any(vars(options).values())


EXIT_PENDING = 10


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the plan; of several models each one's."""
    from branchline.cli.several import for_each_model

    def ask(model: str | None) -> tuple[int, JsonValue]:
        return _planned(options, console, model)

    return for_each_model(options, console, ask, key="plan", command="plan")


def _planned(
    options: argparse.Namespace, console: Console, model: str | None
) -> tuple[int, JsonValue]:
    """Show one model's plan; gives the exit code, and the plan as JSON where that is asked for."""
    from branchline import wiring
    from branchline.cli.plan_report import show_plan
    from branchline.core.plan.plan_json import plan_to_json
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.flows.unimported import unimported
    from branchline.render.plan import plan_notes

    document: JsonValue = None
    with wiring.open_project(model=model) as project:
        project.only_looks = True
        planner = Planner(
            project,
            PlanOptions(
                targets=stages_here(project, options.stages),
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
            document = plan_to_json(plan)
        else:
            for note in plan_notes(plan):
                console.note(f"note: {note}")
            show_plan(plan, console)
        if plan.is_empty and model is None and is_bare(project, options):
            from branchline.cli.repeat import remember_plan

            remember_plan(project, planner, plan)
    is_pending = options.exit_code and not plan.is_empty
    return EXIT_PENDING if is_pending else EXIT_FINE, document
