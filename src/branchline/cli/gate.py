"""`branchline gate selftest [RUN]`: proof that the gate can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_verbs
from branchline.errors import EXIT_FINE, EXIT_VERDICT_FAILED

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    asked = add_verbs(parser)
    selftest = asked.add_parser(
        "selftest",
        help="see that the gate refuses chance, and that nothing leaks",
        description="Asks the gate what every gate must refuse, on the predictions and data of a"
        " recorded run: shuffled predictions, a metric that cannot move, the champion against"
        " itself, evaluation rows that were trained on, a column that tells the answer, a score"
        " too good to be true.",
    )
    selftest.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="a run, branch or commit; else the newest"
    )
    selftest.add_argument("--json", action="store_true", help="print the proofs as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Ask, and show what was found."""
    from branchline import wiring
    from branchline.core.verdict.selftest.values import stops
    from branchline.flows.history import History
    from branchline.flows.selftest_of import selftest_of
    from branchline.render.selftest import selftest_lines, selftest_to_json

    with wiring.open_project(model="") as project:
        view = History(project.records, project.repo).find(options.run)
    known = wiring.declared_models()
    with wiring.open_project(model=view.model if view.model in known else "") as project:
        proofs = selftest_of(project, view)
    if options.json:
        console.json(selftest_to_json(view.run, proofs))
    else:
        for shown in selftest_lines(view.run, proofs):
            console.line(shown)
    return EXIT_VERDICT_FAILED if stops(proofs) else EXIT_FINE
