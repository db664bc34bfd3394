"""What follows from a look at a model in production, as data. Each is an *ensure*.

An alarm is told when it begins, its text follows while it lasts, and its end is told once. Drift
alone never rolls back: what it may ask for is a training, seldom, whose result is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from branchline.core.verdict.health import Health

if TYPE_CHECKING:
    from branchline.core.evidence.watched import Monitor
    from branchline.core.verdict.health import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAlarm:
    """One issue for an alarm that lasts."""

    look: Look

    @property
    def key(self) -> str:
        """Names the alarm: the model, and when it began."""
        return alarm_key(self.look.seen.model, self.look.alarm)


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRecovery:
    """That an alarm is over: its issue is closed with a comment."""

    look: Look

    @property
    def key(self) -> str:
        """Names the alarm that ended."""
        return alarm_key(self.look.seen.model, self.look.was_alarm)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForTraining:
    """A training of the default branch, for drift.

    Attributes:
        model: Which. at: Of the look. reason: For the record of the run. force: Although a result
            may exist. cooldown_s: Least seconds since the last one.
    """

    model: str
    at: str
    reason: str
    force: bool
    cooldown_s: float


AlarmEffect: TypeAlias = TellAlarm | TellRecovery | AskForTraining


def alarm_key(model: str, began: str) -> str:
    """Names an alarm."""
    return f"{model} {began}"


def effects_of_look(look: Look, asked: Monitor) -> tuple[AlarmEffect, ...]:
    """What follows from a look, in order.

    Args:
        look: As it was judged.
        asked: What `monitor` asks for.
    """
    found: list[AlarmEffect] = []
    if asked.opens_issue and look.was_alarm:
        found.append(TellRecovery(look=look))
    if asked.opens_issue and look.alarm:
        found.append(TellAlarm(look=look))
    if asked.retrain is not None and look.health is Health.DEGRADED:
        found.append(
            AskForTraining(
                model=look.seen.model,
                at=look.seen.at,
                reason=f"drift: {' '.join(look.reasons)}"[:300],
                force=asked.retrain.force,
                cooldown_s=asked.retrain.cooldown_s,
            )
        )
    return tuple(found)
