"""What the commands of the registry share: where it is, its rules, the tracker beside it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import EffectError, MissingExtraError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from branchline.cli.console import Console
    from branchline.core.effects.registering import RegistryRules
    from branchline.flows.project import Project
    from branchline.ports.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A project, the registry that a command works on, and the rules that hold there."""

    project: Project
    registry: Registry
    rules: RegistryRules


def add_remote(parser: argparse.ArgumentParser) -> None:
    """Add `--remote NAME`."""
    parser.add_argument(
        "--remote",
        metavar="NAME",
        help="the registry of this git remote (your box, if there is one); `.` is this clone's own",
    )


@contextmanager
def open_place(options: argparse.Namespace, model: str = "") -> Iterator[Place]:
    """Open the project and the registry that the options mean.

    Args:
        options: With `remote`.
        model: Whose settings count; those of the first model where branchline.yaml lacks it.
    """
    from branchline import wiring
    from branchline.core.effects.registering import rules_of

    known = wiring.declared_models() if model else ()
    with wiring.open_project(model=model if model in known else "") as project:
        yield Place(
            project=project,
            registry=wiring.open_registry(remote=options.remote),
            rules=rules_of(project.policy),
        )


def tell_tracker(place: Place, model: str, console: Console) -> None:
    """Let the tracker's aliases follow; one that does not answer is a remark, not an error."""
    if place.rules.kind == "git":
        return
    from branchline import wiring
    from branchline.flows.registry import held_stages

    try:
        tracker = wiring.open_tracker(place.rules.kind, place.rules.uri)
        tracker.show_stages(model, held_stages(place.registry, place.rules, model))
    except (EffectError, MissingExtraError) as error:
        console.note(f"{place.rules.kind} does not know it yet: {error.message}")
        console.note(f"`branchline registry mirror {model}` tells it")
