"""`branchline report [RUN]`: a run as Markdown, for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="a run, branch or commit; else the newest"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print or write the report."""
    from branchline import wiring
    from branchline.errors import UnknownNameError, UsageError
    from branchline.flows.history import History
    from branchline.render.markdown import report

    with wiring.open_project(model="") as project:
        history = History(project.records, project.repo)
        run = history.find(options.run)
        baseline = None
        if run.verdict is not None and run.verdict.baseline.run:
            try:
                baseline = history.find(run.verdict.baseline.run)
            except UnknownNameError:
                console.note(f"the baseline, run {run.verdict.baseline.run}, is not recorded here")
        text = report(run, baseline, project.policy.gate)
    if not options.output:
        console.write(text.rstrip("\n"))
        return EXIT_FINE
    try:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"branchline report: {options.output} cannot be written: {error.strerror}",
            todo="Name a file in a folder that exists.",
        ) from None
    return EXIT_FINE
