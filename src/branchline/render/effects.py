"""Effects in sentences and as JSON, for whoever wants to see them before they are applied. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.effects_json import effect_to_json
from branchline.core.effects.values import (
    Annotate,
    Deploy,
    Mirror,
    Promote,
    Register,
    SetCheck,
    StickyComment,
    TagRun,
)
from branchline.core.values import SCHEMA_VERSION, without_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.values import Effect
    from branchline.core.values import JsonValue

_HASH = 7


def effect_text(effect: Effect) -> str:
    """What an effect will make so, in one sentence without a full stop."""
    if isinstance(effect, Register):
        files = ", ".join(effect.paths) or "no files"
        stage = f", then give it `{effect.stage}`" if effect.stage else ""
        return (
            f"register {effect.model} from commit {effect.commit[:_HASH]} (run {effect.run}, "
            f"{effect.outcome}): {files}{stage}"
        )
    if isinstance(effect, Promote):
        return f"give {effect.model}@{effect.version} `{effect.stage}`"
    if isinstance(effect, Deploy):
        return f"deploy {effect.model} to {', then '.join(effect.environments)}"
    if isinstance(effect, Mirror):
        return f"show run {effect.run} in {effect.kind} at {without_secrets(effect.uri)}"
    if isinstance(effect, SetCheck):
        return f"set check {effect.name} of commit {effect.commit[:_HASH]} to {effect.state}"
    if isinstance(effect, StickyComment):
        return f"put the report of run {effect.run} on pull request {effect.pull_request}"
    if isinstance(effect, Annotate):
        notes = effect.body.get("notes")
        count = len(notes) if isinstance(notes, list) else 0
        lines = f"{count} line" + ("" if count == 1 else "s")
        return f"annotate {lines} of commit {effect.commit[:_HASH]}"
    if isinstance(effect, TagRun):
        return f"tag commit {effect.commit[:_HASH]} `{effect.name}`"
    return f"open a pull request from {effect.branch} into {effect.into}"


def effects_to_json(
    run: str, rows: Sequence[tuple[Effect, str, str]], notes: Sequence[str], *, is_dry: bool
) -> dict[str, JsonValue]:
    """`apply --json`.

    Args:
        run: Id of the run.
        rows: Effect, what holds now ("" when it was not applied), why it failed ("" if not).
        notes: Why others do not follow.
        is_dry: Whether nothing was applied.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run,
        "is_dry_run": is_dry,
        "effects": [
            {
                "identity": effect.identity,
                "sentence": effect_text(effect),
                "holds": holds,
                "error": error,
                "effect": _harmless(effect_to_json(effect)),
            }
            for effect, holds, error in rows
        ],
        "notes": list(notes),
    }


def _harmless(effect: dict[str, JsonValue]) -> dict[str, JsonValue]:
    uri = effect.get("uri")
    return {**effect, "uri": without_secrets(uri)} if isinstance(uri, str) else effect
