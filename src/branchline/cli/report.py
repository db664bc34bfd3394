"""`branchline report [RUN]`: a run as Markdown, for a pull request, or as an HTML page.

`branchline report asset FILE` is one plot or image as Markdown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.pages import write_page
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console

_COMMAND = "branchline report"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="a run, branch or commit; else the newest"
    )
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="with `asset` instead of RUN: print this plot or image as Markdown that a forge shows",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the Markdown to this file")
    parser.add_argument(
        "--html",
        metavar="FILE",
        help="write one HTML page with all plots to this file; no Markdown unless -o asks for it",
    )


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print or write the report."""
    if options.file:
        return _asset(options, console)
    from branchline import wiring
    from branchline.flows.history import History, gate_of
    from branchline.flows.report import reported
    from branchline.render.html import html_report
    from branchline.render.markdown import report

    with wiring.open_project(model="") as project:
        history = History(project.records, project.repo)
        found = reported(history, history.find(options.run), console.note)
        gate = gate_of(project, console.note)
    run, baseline, drawings = found.run, found.baseline, found.drawings
    if options.html:
        write_page(_COMMAND, options.html, html_report(run, baseline, gate, drawings))
    text = report(run, baseline, gate, drawings)
    if options.output:
        write_page(_COMMAND, options.output, text)
    elif not options.html:
        console.write(text.rstrip("\n"))
    return EXIT_FINE


def _asset(options: argparse.Namespace, console: Console) -> int:
    """One file as Markdown."""
    from branchline import wiring
    from branchline.errors import UsageError
    from branchline.flows.asset import asset

    if options.run != "asset" or options.html:
        raise UsageError(
            f"{_COMMAND}: `{options.file}` is one name too many",
            todo="`branchline report RUN` is a run; `branchline report asset FILE` is one plot.",
        )
    remotes = [remote.url for remote in wiring.open_remotes().remotes() if not remote.is_box]
    with wiring.open_project(model="") as project:
        text = asset(project, options.file, remotes=remotes, note=console.note)
    if options.output:
        write_page(_COMMAND, options.output, text)
    else:
        console.write(text.rstrip("\n"))
    return EXIT_FINE
