"""`branchline compare A B`: runs side by side, metrics, parameters and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="runs, branches or commits; the others are compared with the first. One alone is "
        "compared with its baseline",
    )
    parser.add_argument("--all", action="store_true", help="show also what is the same in all")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the comparison."""
    from branchline import wiring
    from branchline.errors import UsageError
    from branchline.flows.apart import apart
    from branchline.flows.history import History, gate_of
    from branchline.render.compare import compare_runs, comparison_tables
    from branchline.render.run_json import compare_to_json

    with wiring.open_project(model="") as project:
        history = History(project.records, project.repo)
        runs = [history.find(name) for name in options.runs]
        if len(runs) == 1:
            verdict = runs[0].verdict
            if verdict is None or not verdict.baseline.run:
                raise UsageError(
                    f"branchline compare: run {runs[0].run} has no baseline to compare it with",
                    todo="Name a second run: branchline compare A B.",
                )
            runs.insert(0, history.baseline_of(runs[0]))
        inputs = [history.inputs(run) for run in runs]
        gate = gate_of(project, console.note)
        comparison = compare_runs(runs, gate, inputs, apart(project, runs, console.note))
    if options.json:
        console.json(compare_to_json(comparison))
        return EXIT_FINE
    for number, table in enumerate(comparison_tables(comparison, everything=options.all)):
        if number:
            console.write()
        console.table(table)
    if comparison.apart:
        console.write(
            "\nBy the examples alone: another seed of the training moves the numbers as well."
        )
    if len({run.run for run in runs}) == 1:
        console.write(f"\nThese names lead to one and the same run, {runs[0].run}.")
    elif all(row.is_same for row in (*comparison.params, *comparison.inputs)):
        console.write("\nParameters and inputs are the same.")
    return EXIT_FINE
