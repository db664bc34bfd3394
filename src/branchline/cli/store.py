"""`branchline store push [RUN]`: send what stages made to where others can have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.core.plan.values import Result
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.ports.store import Sent


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("verb", choices=("push",), help="send outputs to the remote of the store")
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="of one run; else what is up to date now"
    )
    parser.add_argument("--model", metavar="NAME", help="which model, where there are several")
    parser.add_argument("--json", action="store_true", help="print what was sent as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Send, and say what went where."""
    from branchline import wiring
    from branchline.flows.sending import push

    with wiring.open_project(model=options.model) as project:
        results = _results(project, options.run)
        to, sent = push(project, results)
    if options.json:
        console.json(sent_to_json(to, sent))
        return EXIT_FINE
    number = sent.objects
    objects = "1 object" if number == 1 else f"{number} objects"
    if not results:
        console.write("There is nothing to send: no stage is up to date. `branchline run` first.")
    elif number:
        console.write(f"Sent {objects} ({sent.size_bytes / 1e6:.1f} MB) to {to}.")
    else:
        console.write(f"All outputs are in {to} already.")
    return EXIT_FINE


def _results(project: Project, run: str) -> Sequence[Result]:
    """Results of a run, or those that a plan would reuse now."""
    if run:
        from branchline.flows.apply_run import results_of_run
        from branchline.flows.history import History

        return results_of_run(project, History(project.records, project.repo).find(run))
    from branchline.flows.plan import Planner, PlanOptions

    plan = Planner(project, PlanOptions()).plan()
    return [entry.result for entry in plan.stages if entry.result is not None]


def sent_to_json(to: str, sent: Sent) -> dict[str, JsonValue]:
    """What was sent as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "to": to,
        "objects": sent.objects,
        "size_bytes": sent.size_bytes,
    }
