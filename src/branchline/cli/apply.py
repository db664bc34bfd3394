"""`branchline apply [RUN]`: apply the effects of a recorded verdict; `--dry-run` prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.registry_place import Place, add_remote, open_place
from branchline.core.effects.values import Deploy
from branchline.errors import EXIT_ERROR, EXIT_FINE, BranchlineError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.core.effects.values import Effect


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="a run, branch or commit; else the newest"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the effects, apply none")
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="print the effects as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Apply the effects and say what holds now."""
    from branchline import wiring
    from branchline.flows.apply_run import effects_of_run
    from branchline.flows.history import History
    from branchline.render.effects import effect_text, effects_to_json

    with wiring.open_project(model="") as project:
        view = History(project.records, project.repo).find(options.run)
    rows: list[tuple[Effect, str, str]] = []
    with open_place(options, view.model) as place:
        effects, notes = effects_of_run(place.project, view)
        for effect in effects:
            holds, error = (
                ("", "") if options.dry_run else _applied(place, effect, options, console)
            )
            rows.append((effect, holds, error))
    failed = any(error for *_, error in rows)
    if options.json:
        console.json(effects_to_json(view.run, rows, notes, is_dry=options.dry_run))
        return EXIT_ERROR if failed else EXIT_FINE
    for effect, holds, error in rows:
        if error:
            console.write(f"failed: {effect_text(effect)}: {error}")
        else:
            console.write(f"{holds}." if holds else f"would {effect_text(effect)}")
    for note in notes:
        console.note(note)
    if not rows and not notes:
        console.note(f"nothing follows from run {view.run}")
    return EXIT_ERROR if failed else EXIT_FINE


def _deployed(options: argparse.Namespace, effect: Deploy, console: Console) -> str:
    """Deploy, and show what the commands print; beside JSON as remarks."""
    from branchline.flows.apply_deploy import deploy_now
    from branchline.wiring import deployments

    out = console.err if options.json else console.out
    with deployments.open_site(
        effect.model,
        remote=options.remote,
        say=console.note,
        show=lambda text: print(f"  | {text}", file=out),
    ) as (site, targets):
        return deploy_now(site, targets, effect)


def _applied(
    place: Place, effect: Effect, options: argparse.Namespace, console: Console
) -> tuple[str, str]:
    """(what holds now, why it failed), one of them empty."""
    from branchline import wiring
    from branchline.core.values import without_secrets
    from branchline.flows.apply import apply

    project = place.project
    appliers = wiring.registry_appliers(place.registry, project.policy, project.artifacts)
    table = {**appliers, Deploy: lambda deploy: _deployed(options, deploy, console)}
    try:
        return apply(effect, table), ""
    except BranchlineError as error:
        return "", without_secrets(error.message)
