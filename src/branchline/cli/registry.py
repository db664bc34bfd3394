"""`branchline registry verify|mirror MODEL`: check a version's files; tell a tracker what is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.registry_place import Place, add_remote, open_place
from branchline.errors import EXIT_ERROR, EXIT_FINE, UnknownNameError, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.far import Address


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "verb",
        choices=("verify", "mirror"),
        help="verify: read every file of a version again; mirror: show all in the MLflow server",
    )
    parser.add_argument("model", metavar="MODEL", help="name of the model")
    parser.add_argument(
        "version", nargs="?", default="", metavar="VERSION", help="one version or stage; else all"
    )
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Check or mirror, and say what was found."""
    box = _box(options) if options.verb == "verify" else None
    if box is not None and box.host:
        from branchline import wiring

        words = ["registry", "verify", options.model, options.version]
        return wiring.over_ssh(box, [*filter(None, words), *["--json"] * options.json])
    with open_place(options, options.model) as place:
        if options.verb == "mirror":
            return _mirror(place, options, console)
        return _verify(place, _artifacts(place, box), options, console)


def _box(options: argparse.Namespace) -> Address | None:
    """The box whose store holds the files; None where the registry is no box."""
    from branchline import wiring

    if options.remote == ".":
        return None
    try:
        return wiring.find_box(".", options.remote)
    except UnknownNameError:
        return None


def _artifacts(place: Place, box: Address | None) -> Artifacts:
    if box is None:
        return place.project.artifacts
    from branchline.flows.places import Places
    from branchline.wiring import jobs

    places = Places(box.path)
    return jobs.open_artifacts(places.home, places.store)


def _verify(
    place: Place, artifacts: Artifacts, options: argparse.Namespace, console: Console
) -> int:
    from branchline.flows.registry import all_versions, damage_of, version_of
    from branchline.render.registry import checked_to_json

    if options.version:
        versions = [version_of(place.registry, options.model, options.version)]
    else:
        found = all_versions(place.registry, options.model)
        versions = [v for v in found if not v.is_retired and v.asked is not None]
    checked = {
        f"{version.model}@{version.version}": damage_of(artifacts, version) for version in versions
    }
    is_whole = not any(checked.values())
    if options.json:
        console.json(checked_to_json(checked))
        return EXIT_FINE if is_whole else EXIT_ERROR
    for label, damage in checked.items():
        console.write(f"{label}: {'damaged' if damage else 'whole'}")
        for item in damage:
            console.write(f"  {item.path}: {item.what}")
    if not checked:
        console.note(f"no version of `{options.model}` says which files it is")
    return EXIT_FINE if is_whole else EXIT_ERROR


def _mirror(place: Place, options: argparse.Namespace, console: Console) -> int:
    from branchline import wiring
    from branchline.flows.apply_registry import show_model
    from branchline.flows.registry import all_versions
    from branchline.render.registry import mirrored_to_json

    if place.rules.kind == "git":
        raise UsageError(
            "branchline registry mirror: the registry is git's alone",
            todo='Name a server in branchline.yaml: registry: {kind: mlflow, uri: "${env:NAME}"}.',
        )
    all_versions(place.registry, options.model)  # an unknown name is said before anything is sent
    tracker = wiring.open_tracker(place.rules.kind, place.rules.uri)
    shown, left_out = show_model(place.registry, tracker, place.rules, options.model)
    if options.json:
        console.json(mirrored_to_json(shown, left_out))
        return EXIT_FINE
    console.write(f"{shown} version{'' if shown == 1 else 's'} of {options.model} shown there.")
    if left_out:
        console.note(f"{left_out} made by another tool say too little to be shown")
    return EXIT_FINE
