"""Station `trigger`: when a schedule was due. Five fields of cron as GitHub takes them, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_DAYS = 366 * 5
"""Days that are looked through: 29 February comes within them."""
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A schedule.

    Attributes:
        minutes, hours: When on a day, rising. days, months, weekdays: On which days; 0 is Sunday.
        any_day, any_weekday: Whether that field is `*`: of two that are not, one is enough.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def is_on(self, day: datetime) -> bool:
        """Whether it is due on a day at all."""
        if day.month not in self.months:
            return False
        by_day, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_week
        return by_day or by_week


def cron_of(text: str) -> Cron:
    """A schedule from its five fields.

    Raises:
        ValueError: It is none; says which field is wrong.
    """
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"`{text}` has {len(fields)} fields instead of 5")
    minutes = _values(fields[0], 0, 59)
    hours = _values(fields[1], 0, 23)
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=_values(fields[2], 1, 31),
        months=_values(fields[3], 1, 12, _MONTHS),
        weekdays=_values(fields[4], 0, 6, _DAYS),
        any_day=fields[2].startswith("*"),
        any_weekday=fields[4].startswith("*"),
    )


def is_never_due(cron: Cron) -> bool:
    """Whether no month that it names has one of its days, as 30 February.

    >>> is_never_due(cron_of("0 0 30 2 *")), is_never_due(cron_of("0 0 30 2 1"))
    (True, False)
    """
    if not (cron.any_day or cron.any_weekday):
        return False  # A weekday is enough.
    return min(cron.days) > max(_LENGTHS[month - 1] for month in cron.months)


def due_before(cron: Cron, at: datetime) -> datetime | None:
    """When it was last due, `at` itself included; None where it never was in five years.

    >>> due_before(cron_of("17 */6 * * *"), datetime(2026, 11, 28, 6, 0)).isoformat()
    '2026-11-28T00:17:00'
    """
    moment = at.replace(second=0, microsecond=0)
    for back in range(_MOST_DAYS):
        day = moment - timedelta(days=back)
        if not cron.is_on(day):
            continue
        for due in reversed(list(_times(cron, day))):
            if due <= moment:
                return due
    return None


def due_between(cron: Cron, after: datetime, until: datetime) -> int:
    """How often it was due after one moment and before another; counted up to `MOST_COUNTED`.

    >>> due_between(cron_of("0 * * * *"), datetime(2026, 1, 1, 0, 0), datetime(2026, 1, 1, 3, 0))
    2
    """
    count, day = 0, after.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < until and count < MOST_COUNTED:
        if cron.is_on(day):
            count += sum(1 for due in _times(cron, day) if after < due < until)
        day += timedelta(days=1)
    return min(count, MOST_COUNTED)


def _times(cron: Cron, day: datetime) -> Iterator[datetime]:
    for hour in cron.hours:
        for minute in cron.minutes:
            yield day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for item in field.split(","):
        words, slash, step_text = item.partition("/")
        first, dash, last = words.partition("-")
        if words == "*":
            start, end = low, high
        else:
            start = _number(first, low, high, names)
            end = _number(last, low, high, names) if dash else high if slash else start
        step = int(step_text) if step_text.isdecimal() else 0 if slash else 1
        if step < 1 or end < start:
            raise ValueError(f"`{item}` means nothing")
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + low
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ValueError(f"`{text}` is not in {low} to {high}")
    return int(text)
