"""Whether a model in production is well: looks become a state. Pure.

A column is in alarm when it drifted in two of the last three windows that were judged: of one
window chance alone says so now and then. A metric beyond its bound is believed at once. What is not
known is never healthy, and does not end an alarm either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.trigger.cron import cron_of, due_between
from branchline.core.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.watched import Monitor, Seen

LAST, NEEDED = 3, 2
"""Of so many judged windows, so many must show the drift of a column."""
TOLD_DAYS = 7
"""So long the end of an alarm is told at each look: the job that should have may have died."""
_NAMED = 5


class Health(Enum):
    """How a model in production is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look, judged.

    Attributes:
        seen: What was seen.
        health: The state after it. since: Look with which that state began, UTC, ISO 8601.
        alarm: When the alarm began that lasts; "" where there is none.
        was_alarm: When the alarm began that ended last, for as long as its end is told; "" where
            there is none.
        drifting: Columns in alarm.
        reasons: Why it is so, a sentence each; the first says most.
        missed: How many looks the schedule asked for since the last one, that nobody made.
        last: When that was; "" where this is the first.
    """

    seen: Seen
    health: Health
    since: str
    alarm: str = ""
    was_alarm: str = ""
    drifting: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    missed: int = 0
    last: str = ""


def judge_look(seen: Seen, history: Sequence[Look], asked: Monitor) -> Look:
    """Judge what was seen, with what was seen before.

    Args:
        seen: By this look.
        history: Looks at the same model, oldest first; this one may be among them.
        asked: What `monitor` asks for.
    """
    before = [look for look in history if look.seen.at < seen.at]
    last = before[-1] if before else None
    drifting, judged = _drifting(seen, before)
    reasons, health = _state(seen, drifting, judged, asked)
    alarm = _alarm(seen, health, reasons, last)
    return Look(
        seen=seen,
        health=health,
        since=last.since if last is not None and last.health is health else seen.at,
        alarm=alarm,
        was_alarm=_ended(seen, alarm, before),
        drifting=drifting,
        reasons=reasons,
        missed=_missed(seen, last, asked),
        last=last.seen.at if last is not None else "",
    )


def _drifting(seen: Seen, before: Sequence[Look]) -> tuple[tuple[str, ...], int]:
    """Columns in alarm, and how many windows that stands on.

    Windows of another model were compared with other data. A window that is looked at twice, since
    nothing new came, is one.
    """
    windows: dict[str, frozenset[str]] = {}
    for one in (*(look.seen for look in before), seen):
        if one.is_judged and one.window and one.run == seen.run:
            windows.pop(one.window, None)
            windows[one.window] = frozenset(one.drifted)
    newest = list(windows.values())[-LAST:]
    names = sorted(set().union(*newest)) if newest else []
    return tuple(n for n in names if sum(n in window for window in newest) >= NEEDED), len(newest)


def _state(
    seen: Seen, drifting: Sequence[str], judged: int, asked: Monitor
) -> tuple[tuple[str, ...], Health]:
    bad = [m.sentence for m in seen.metrics if m.outcome is Outcome.FAILED]
    if drifting:
        bad.append(
            f"{_listed(drifting)} drifted in {NEEDED} of the last {min(LAST, judged)} windows."
        )
    open_ones = [m.sentence for m in seen.metrics if m.outcome is Outcome.UNKNOWN]
    remarks: list[str] = []
    open_ones += [*seen.problems, *seen.waits]
    if asked.source and not (seen.problems or seen.waits or seen.is_judged):
        few = f"{'no row' if not seen.rows else _rows(seen.rows)}, and {asked.min_rows:,} are"
        if not judged:
            open_ones.append(f"Drift is not judged yet: this window has {few} the least.")
        else:
            remarks.append(f"This window was not judged: it has {few} the least.")
    elif seen.is_judged and judged == 1 and seen.drifted:
        open_ones.append(
            f"{_listed(seen.drifted)} drifted in the first window that was judged; another one"
            " decides."
        )
    if bad:
        return (*bad, *open_ones, *remarks), Health.DEGRADED
    if open_ones:
        return (*open_ones, *remarks), Health.UNKNOWN
    good = []
    if asked.source:
        said = f"{_listed(seen.drifted)} drifted in this window alone" if seen.drifted else ""
        good.append(f"No column is in alarm{f'; {said}' if said else ''}.")
    if seen.metrics:
        count = len(seen.metrics)
        good.append("The metric is within its bounds." if count == 1 else
                    f"All {count} metrics are within their bounds.")  # fmt: skip
    return (*good, *remarks), Health.HEALTHY


def _alarm(seen: Seen, health: Health, reasons: Sequence[str], last: Look | None) -> str:
    """When the alarm began that stands now.

    Too few rows are no alarm, and no recovery either; a look that failed is one.
    """
    if health is Health.HEALTHY:
        return ""
    lasting = last.alarm if last is not None else ""
    is_failing = bool(seen.problems) or any(m.outcome is Outcome.UNKNOWN for m in seen.metrics)
    begins = health is Health.DEGRADED or (is_failing and bool(reasons))
    return lasting or (seen.at if begins else "")


def _ended(seen: Seen, alarm: str, before: Sequence[Look]) -> str:
    """When the alarm began whose end is to be told now."""
    last = before[-1] if before else None
    if last is None:
        return ""
    if last.alarm and not alarm:
        return last.alarm
    if not last.was_alarm:
        return ""
    # It may have lasted for longer than its end is told.
    end = next(look.seen.at for look in before if look.was_alarm == last.was_alarm)
    age = datetime.fromisoformat(seen.at) - datetime.fromisoformat(end)
    return last.was_alarm if age <= timedelta(days=TOLD_DAYS) else ""


def _missed(seen: Seen, last: Look | None, asked: Monitor) -> int:
    if not (asked.schedule and seen.due and last is not None):
        return 0
    cron = cron_of(asked.schedule)
    after = datetime.fromisoformat(last.seen.at)
    return due_between(cron, after, datetime.fromisoformat(seen.due))


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:_NAMED]) + more
