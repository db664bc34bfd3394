"""Effects as plain values, for the outbox, and back."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING

from branchline.core.effects.values import (
    Annotate,
    Deploy,
    Mirror,
    OpenPullRequest,
    Promote,
    Register,
    SetCheck,
    StickyComment,
    TagRun,
)
from branchline.errors import EffectError

if TYPE_CHECKING:
    from branchline.core.effects.values import Effect
    from branchline.core.values import JsonValue

KINDS: dict[str, type[Effect]] = {
    "check": SetCheck,
    "comment": StickyComment,
    "pull_request": OpenPullRequest,
    "register": Register,
    "promote": Promote,
    "deploy": Deploy,
    "tag": TagRun,
    "mirror": Mirror,
    "annotate": Annotate,
}
"""Word in the JSON -> class."""


def effect_to_json(effect: Effect) -> dict[str, JsonValue]:
    """An effect as plain values; `effect` says which."""
    kind = next(word for word, kept in KINDS.items() if type(effect) is kept)
    values: dict[str, JsonValue] = {"effect": kind}
    for field in fields(effect):
        value = getattr(effect, field.name)
        if isinstance(value, tuple):
            value = list(value)
        elif hasattr(value, "items"):
            value = dict(value)
        values[field.name] = value
    return values


def effect_from_json(value: object) -> Effect:
    """An effect from plain values; fields that this version does not know are left out.

    Raises:
        EffectError: It is none, or of a kind that this version does not know.
    """
    kind = value.get("effect") if isinstance(value, dict) else value
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in KINDS:
        raise EffectError(
            f"{kind!r} is no effect that this version knows",
            todo="A newer Branchline asked for it: update this one.",
        )
    made = KINDS[kind]
    given: dict[str, object] = {}
    for field in fields(made):
        if field.name in value:
            given[field.name] = _typed(value[field.name], str(field.type), field.name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise EffectError(f"effect `{kind}` lacks `{field.name}`")
    return made(**given)  # type: ignore[arg-type] # checked field by field


def _typed(value: object, wanted: str, name: str) -> object:
    """A value that has the type that a field declares."""
    if wanted.startswith("tuple") and isinstance(value, list):
        return tuple(str(item) for item in value)
    kinds: tuple[tuple[str, type | tuple[type, ...]], ...] = (
        ("str", str),
        ("bool", bool),
        ("Mapping", dict),
        ("int | None", (int, type(None))),
        ("int", int),
    )
    for start, kind in kinds:
        if wanted.startswith(start):
            if isinstance(value, kind):
                return value
            break
    raise EffectError(f"`{name}` of an effect is {value!r}, must be {wanted}")


def effect_to_text(effect: Effect) -> str:
    """An effect as JSON text, the `body` of an outbox."""
    return json.dumps(effect_to_json(effect), ensure_ascii=False)


def effect_from_text(text: str) -> Effect:
    """An effect from JSON text.

    Raises:
        EffectError: It is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EffectError(f"an effect of the outbox is no JSON: {error}") from error
    return effect_from_json(value)
