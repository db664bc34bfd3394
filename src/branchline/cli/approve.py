"""`branchline approve RUN`: let a run pass whose verdict chance leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli import quick_memory
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", metavar="RUN", help="a run, branch or commit")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    parser.add_argument("--json", action="store_true", help="print the approval as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Record the approval and say what to type next."""
    from branchline import wiring
    from branchline.core.verdict.standing import approval_to_json
    from branchline.flows.approve import approve
    from branchline.flows.history import History
    from branchline.render.table import visible

    with wiring.open_project(model="") as project:
        view = History(project.records, project.repo).find(options.run)
    known = wiring.declared_models()
    with wiring.open_project(model=view.model if view.model in known else "") as project:
        approval, is_mine = approve(project, view, reason=options.reason)
        quick_memory.forget(project.root)  # what `branchline run` says is another answer now
    if options.json:
        console.json(approval_to_json(approval))
        return EXIT_FINE
    when = f"{approval.at[:16].replace('T', ' ')} UTC"
    verb = "Approved" if is_mine else "Approved before"
    why = f": {approval.reason}" if approval.reason else ""
    console.write(visible(f"{verb} run {approval.run} by {approval.by}, {when}{why}."))
    console.write(f"What follows: `branchline apply {approval.run}`.")
    console.write("For others: `branchline records push REMOTE`.")
    return EXIT_FINE
