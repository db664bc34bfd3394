"""`branchline data init|check|profile`: propose a schema, check data, look at a table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.errors import EXIT_FINE, EXIT_VERDICT_FAILED, EXIT_VERDICT_UNKNOWN, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.core.evidence.data.values import DataReport
    from branchline.flows.project import Project

_CODES = {
    Outcome.PASSED: EXIT_FINE,
    Outcome.FAILED: EXIT_VERDICT_FAILED,
    Outcome.UNKNOWN: EXIT_VERDICT_UNKNOWN,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "verb",
        choices=("init", "check", "profile"),
        help="init: propose a schema file; check: run the checks now, exit code 3 for bad data; "
        "profile: what each column looks like",
    )
    parser.add_argument(
        "path", nargs="?", default="", metavar="PATH", help="file or folder of parts"
    )
    parser.add_argument("--schema", default="", metavar="FILE", help="check: against this schema")
    parser.add_argument(
        "--out", default="", metavar="FILE", help="init: file to write; else schema.yaml beside it"
    )
    parser.add_argument("--model", default=None, metavar="NAME", help="whose branchline.yaml keys")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Do what the verb says."""
    from branchline import wiring

    if options.verb != "check" and not options.path:
        raise UsageError(
            f"branchline data {options.verb}: needs a file or folder",
            todo=f"For example: branchline data {options.verb} data/train.csv",
        )
    if (options.out and options.verb != "init") or (options.schema and options.verb != "check"):
        wrong = "--out" if options.out else "--schema"
        raise UsageError(
            f"branchline data {options.verb}: {wrong} is not for this verb",
            todo="See `branchline data --help`.",
        )
    with wiring.open_project(model=options.model) as project:
        verbs = {"init": _init, "check": _check, "profile": _profile}
        return verbs[options.verb](project, options, console)


def _from_root(project: Project, path: str) -> str:
    """A path as seen from the root, where the user may stand below it."""
    if not path:
        return ""
    inside = os.path.relpath(os.path.join(os.getcwd(), path), os.path.realpath(project.root))
    return inside if not inside.startswith("..") else path


def _init(project: Project, options: argparse.Namespace, console: Console) -> int:
    from branchline.flows.data_verbs import propose_schema
    from branchline.generate.data_schema import quoted

    path = _from_root(project, options.path)
    out = _from_root(project, options.out) or os.path.join(os.path.dirname(path), "schema.yaml")
    profile = propose_schema(project, path, out)
    if options.json:
        from branchline.render.data_checks import proposed_to_json

        console.json(proposed_to_json(out, profile))
        return EXIT_FINE
    console.write(f"Wrote {out}: {len(profile.columns)} columns of {profile.rows:,} rows.")
    console.write("Read it, edit it, commit it, and add to branchline.yaml:")
    console.write()
    console.write("data:")
    console.write(f"  validate: {{path: {quoted(path)}, schema: {quoted(out)}}}")
    return EXIT_FINE


def _check(project: Project, options: argparse.Namespace, console: Console) -> int:
    from branchline.flows.data_verbs import check_by_hand

    path, schema = _from_root(project, options.path), _from_root(project, options.schema)
    reports = check_by_hand(project, path, schema, lambda _text: None)
    outcome = _worst(reports)
    if options.json:
        from branchline.render.data_checks import checked_data_to_json

        console.json(checked_data_to_json(reports, outcome))
        return _CODES[outcome]
    from branchline.render.data_checks import data_lines, drift_table

    console.lines(data_lines(reports, indent=""))
    for report in reports:
        if report.drift:
            console.write()
            console.table(drift_table(report.drift))
    return _CODES[outcome]


def _worst(reports: tuple[DataReport, ...]) -> Outcome:
    found = {report.outcome for report in reports}
    return next((o for o in (Outcome.FAILED, Outcome.UNKNOWN) if o in found), Outcome.PASSED)


def _profile(project: Project, options: argparse.Namespace, console: Console) -> int:
    from branchline.flows.data_verbs import profile_of

    profile = profile_of(project, _from_root(project, options.path))
    if options.json:
        from branchline.core.evidence.data.data_json import profile_to_json

        console.json(profile_to_json(profile))
        return EXIT_FINE
    from branchline.render.data_checks import profile_table

    console.write(f"{profile.path}: {profile.rows:,} row{'' if profile.rows == 1 else 's'}")
    console.table(profile_table(profile))
    return EXIT_FINE
