"""The only place of effects: each is applied by whoever knows its kind, until the world has it.

A table says who applies what: `registry_appliers` here, others join theirs to it. `apply_due` goes
through the outbox: what fails waits, longer each time, and hinders no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from branchline.core.effects.effects_json import effect_from_text, effect_to_text
from branchline.core.values import without_secrets
from branchline.errors import BranchlineError, EffectError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.effects.values import Effect
    from branchline.ports.queue import PendingEffect

Applier: TypeAlias = "Callable[[Any], str]"
"""Applies one kind of effect and says in a sentence what holds now."""

Appliers: TypeAlias = "Mapping[type[Effect], Applier]"
"""Class of an effect -> who applies it. Tables are joined with `|`."""

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 3600.0


class Outbox(Protocol):
    """The part of the queue that keeps effects until the world has them."""

    def due_effects(self, *, at: float, limit: int = 50) -> Sequence[PendingEffect]:
        """As in `ports.queue.Queue`."""
        ...

    def effect_done(self, effect: int, *, at: float) -> None:
        """As in `ports.queue.Queue`."""
        ...

    def effect_failed(self, effect: int, *, error: str, next_at: float) -> None:
        """As in `ports.queue.Queue`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One effect of the outbox that was tried.

    Attributes:
        effect: Its number. identity: As in the outbox.
        sentence: What holds now; "" when it failed. error: Why it failed; "" when it did not.
    """

    effect: int
    identity: str
    sentence: str = ""
    error: str = ""


def apply(effect: Effect, appliers: Appliers) -> str:
    """Apply one effect; applying it again changes nothing.

    Returns:
        A sentence that says what holds now.

    Raises:
        EffectError: Nobody here applies this kind.
        BranchlineError: It cannot be applied now, or not at all.
    """
    applier = appliers.get(type(effect))
    if applier is None:
        raise EffectError(f"nobody here applies {type(effect).__name__}: {effect.identity}")
    return applier(effect)


def apply_due(
    queue: Outbox, appliers: Appliers, *, at: float, limit: int = 50
) -> tuple[Tried, ...]:
    """Try the effects that are due, oldest first. Raises for none of them.

    Args:
        queue: The outbox.
        appliers: Who applies what.
        at: Now, seconds since 1970.
        limit: At most so many.

    Returns:
        What became of each.
    """
    tried = []
    for pending in queue.due_effects(at=at, limit=limit):
        sentence, error = _try(pending, appliers)
        if error:
            queue.effect_failed(pending.effect, error=error, next_at=at + wait_s(pending.tries))
        else:
            queue.effect_done(pending.effect, at=at)
        tried.append(
            Tried(effect=pending.effect, identity=pending.identity, sentence=sentence, error=error)
        )
    return tuple(tried)


def wait_s(tries: int) -> float:
    """Seconds to wait after a failure: doubled each time, an hour at most.

    >>> [wait_s(tries) for tries in (0, 1, 5, 99)]
    [2.0, 4.0, 64.0, 3600.0]
    """
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries, 30))


def outbox_rows(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    """Effects as (identity, body), the form in which `Queue.end` and `add_effects` take them."""
    return [(effect.identity, effect_to_text(effect)) for effect in effects]


def _try(pending: PendingEffect, appliers: Appliers) -> tuple[str, str]:
    """(sentence, error), one of them empty."""
    try:
        return apply(effect_from_text(pending.body), appliers) or "done", ""
    except BranchlineError as error:
        return "", without_secrets(" ".join([error.message, *error.details[:3]]).strip())
    except Exception as error:  # noqa: BLE001 # one effect must never stop those behind it
        return "", without_secrets(f"{type(error).__name__}: {error}")
