"""Whether GitHub takes a schedule: five fields of plain cron, at least five minutes apart."""

from __future__ import annotations

import re

from branchline.core.trigger.cron import cron_of, is_never_due

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
)
_NAMES = {
    "month": ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    "day of the week": ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
}
_ITEM = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")


def cron_problem(cron: str) -> str:
    """What is wrong with a schedule; "" when GitHub takes it.

    >>> cron_problem("17 2 * * 1"), cron_problem("0 25 * * *")
    ('', 'is `0 25 * * *`: hour `25` is not in 0 to 23')
    """
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        return f"is `{cron}`, which has {len(fields)} fields instead of 5"
    for field, (name, low, high) in zip(fields, _FIELDS, strict=True):
        for item in field.split(","):
            problem = _item_problem(item, name, low, high)
            if problem:
                return f"is `{cron}`: {problem}"
    if re.fullmatch(r"\*|\*/[1-4]", fields[0]):
        return f"is `{cron}`: GitHub starts nothing more often than every 5 minutes"
    try:
        is_never = is_never_due(cron_of(cron))
    except ValueError as error:
        return f"is `{cron}`: {error}"
    return f"is `{cron}`, which never comes: no month of these has such a day" if is_never else ""


def _item_problem(item: str, name: str, low: int, high: int) -> str:
    found = _ITEM.fullmatch(item)
    if found is None:
        return f"{name} `{item}` is not known to GitHub"
    numbers = [_number(text, name, low) for text in (found["low"], found["high"]) if text]
    if any(number is None or not low <= number <= high for number in numbers):
        return f"{name} `{item}` is not in {low} to {high}"
    known = [number for number in numbers if number is not None]
    if known != sorted(known) or found["step"] == "0":
        return f"{name} `{item}` is empty"
    return ""


def _number(text: str, name: str, low: int) -> int | None:
    if text.isdigit():
        return int(text)
    names = _NAMES.get(name, [])
    return names.index(text.upper()) + low if text.upper() in names else None
