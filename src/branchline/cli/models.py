"""`branchline models [MODEL [VERSION]]`: what is registered, and who holds which stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.registry_place import add_remote, open_place
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.cli.registry_place import Place


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", nargs="?", default="", metavar="MODEL", help="only this model")
    parser.add_argument(
        "version",
        nargs="?",
        default="",
        metavar="VERSION",
        help="how this version, or the one that holds this stage, was made",
    )
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the table, or one version."""
    from branchline.flows.registry import all_versions
    from branchline.render.registry import models_table, models_to_json

    model, _, version = options.model.partition("@")
    with open_place(options, model) as place:
        if version or options.version:
            return show_version(place, model, version or options.version, options, console)
        versions = all_versions(place.registry, model)
    if options.json:
        console.json(models_to_json(versions))
    elif versions:
        console.table(models_table(versions))
    else:
        console.note("no model is registered here yet; `branchline apply RUN` registers a run's")
    return EXIT_FINE


def show_version(
    place: Place, model: str, name: str, options: argparse.Namespace, console: Console
) -> int:
    """Print one version: how it was made, from what, and which files it is."""
    from branchline.flows.registry import provenance, version_of
    from branchline.render.registry import version_lines, version_tables, version_to_json

    version = version_of(place.registry, model, name)
    view = provenance(place.registry, place.project.records, place.project.repo, version)
    if options.json:
        console.json(version_to_json(view))
        return EXIT_FINE
    console.lines(version_lines(view))
    for table in version_tables(view):
        console.write()
        console.table(table)
    return EXIT_FINE
