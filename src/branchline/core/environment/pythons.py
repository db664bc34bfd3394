"""Which interpreter a project wants, from the hints in its files. Pure.

Ranges are in the grammar of PEP 440 or of Poetry; only minor versions are told apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.environment.values import Hint, Interpreter, Strength

if TYPE_CHECKING:
    from collections.abc import Sequence

RELEASES = (
    ("3.6", "2016-12-23"),
    ("3.7", "2018-06-27"),
    ("3.8", "2019-10-14"),
    ("3.9", "2020-10-05"),
    ("3.10", "2021-10-04"),
    ("3.11", "2022-10-24"),
    ("3.12", "2023-10-02"),
    ("3.13", "2024-10-07"),
    ("3.14", "2025-10-07"),
)
"""Minor versions and the days of their first releases, from Python's own release pages."""

_SETTLED_DAYS = 365
"""Packages with compiled code follow a new Python within about a year."""
_CLAUSE = re.compile(r"^(===|==|!=|<=|>=|~=|<|>|\^|~)?\s*v?(\d+(?:\.(?:\d+|\*))*)$")


def minor_key(version: str) -> tuple[int, int]:
    """Sorts minor versions.

    >>> sorted(["3.10", "3.9"], key=minor_key)
    ['3.9', '3.10']
    """
    parts = [*version.split("."), "0"]
    return int(parts[0]), int(parts[1])


def allows(spec: str, minor: str) -> bool | None:
    """Whether a range has room for a minor version; None when its grammar is not known.

    Args:
        spec: `>=3.6,<3.9`, `~=3.7`, `^3.8`, `3.8.*`, `>=2.7, !=3.0.*`, `3.7 || 3.8`.
        minor: "3.8".

    >>> allows(">=3.6,<3.9", "3.8"), allows("^3.8", "3.7"), allows("some day", "3.8")
    (True, False, None)
    """
    answers = []
    for branch in re.split(r"\|\|?", spec):
        clauses = [part.strip() for part in re.split(r"[,\s]+(?=[<>=!~^\d])", branch.strip())]
        found = [_clause(clause, minor_key(minor)) for clause in clauses if clause not in ("", "*")]
        if None in found:
            return None
        answers.append(all(found))
    return any(answers)


def _clause(clause: str, minor: tuple[int, int]) -> bool | None:
    match = _CLAUSE.match(clause.replace(" ", ""))
    if match is None:
        return None
    sign, version = match[1] or "==", match[2]
    parts = [int(p) for p in version.split(".") if p != "*"]
    has_star, wants = "*" in version, (parts[0], parts[1] if len(parts) > 1 else 0)
    if len(parts) == 1:
        return _major_clause(sign, parts[0], minor, has_star=has_star)
    # A patch version is somewhere inside its minor: what can be met by one of them is met.
    patch = parts[2] if len(parts) > 2 else 0
    checks = {
        "==": minor == wants,
        "===": minor == wants,
        "!=": not (minor == wants and has_star),
        "<=": minor <= wants,
        ">=": minor >= wants,
        "<": minor < wants or (minor == wants and patch > 0),
        ">": minor >= wants,
        "~=": minor == wants if len(parts) > 2 else minor[0] == wants[0] and minor >= wants,
        "^": minor[0] == wants[0] and minor >= wants,
        "~": minor == wants,
    }
    return checks[sign]


def _major_clause(sign: str, major: int, minor: tuple[int, int], *, has_star: bool) -> bool:
    checks = {
        "<=": minor[0] < major or (minor == (major, 0)) or has_star,
        ">=": minor[0] >= major,
        "<": minor[0] < major,
        ">": minor[0] >= major,
        "!=": minor[0] != major,
    }
    return checks.get(sign, minor[0] == major)


def settled_at(day: str) -> str:
    """The newest minor version that packages had followed on a day.

    Args:
        day: ISO 8601; "" is after all that is known here.

    >>> settled_at("2021-03-01"), settled_at("")
    ('3.8', '3.14')
    """
    from datetime import date

    known = RELEASES[0][0]
    for minor, released in RELEASES:
        if (
            not day
            or (date.fromisoformat(day[:10]) - date.fromisoformat(released)).days >= _SETTLED_DAYS
        ):
            known = minor
    return known


def wanted_minors(hints: Sequence[Hint], day: str) -> tuple[tuple[str, Hint | None], ...]:
    """Minor versions by how well they fit, each with the hint that speaks for it.

    First what is said exactly, then what it was tried with, the newest first; then what ranges
    allow, from what was usual on the day downwards and then upwards.

    Args:
        hints: In order of trust.
        day: The commit's, ISO 8601; "" is today.
    """
    found: dict[str, Hint | None] = {}
    for hint in hints:
        if hint.strength is Strength.EXACT:
            for minor in hint.says:
                found.setdefault(minor, hint)
    ranges = [hint for hint in hints if hint.strength is Strength.RANGE]
    usual = settled_at(day)
    tried: dict[str, Hint] = {}
    for hint in hints:
        if hint.strength is Strength.SET:
            for minor in hint.says:
                tried.setdefault(minor, hint)
    by_age = sorted(tried, key=minor_key, reverse=True)
    # A classifier of today's on an old commit does not happen; of the usual ones the newest.
    for minor in sorted(by_age, key=lambda m: minor_key(m) > minor_key(usual)):
        if all(_fits(hint, minor) for hint in ranges):
            found.setdefault(minor, tried[minor])
    known = [minor for minor, _ in RELEASES]
    at = known.index(usual)
    for minor in [*reversed(known[: at + 1]), *known[at + 1 :]]:
        if all(_fits(hint, minor) for hint in ranges):
            found.setdefault(minor, ranges[0] if ranges else None)
    return tuple(found.items())


def _fits(hint: Hint, minor: str) -> bool:
    return all(allows(spec, minor) is not False for spec in hint.says)


def choose(
    wanted: Sequence[tuple[str, Hint | None]], here: Sequence[Interpreter]
) -> tuple[Interpreter, Hint | None] | None:
    """The best interpreter of a machine; None when it has none that fits.

    What is said exactly admits nothing else.
    """
    for minor, hint in wanted:
        fitting = [item for item in here if item.minor == minor]
        if fitting:
            return max(fitting, key=lambda item: _full_key(item.version)), hint
        if hint is not None and hint.strength is Strength.EXACT:
            exact = [m for m, h in wanted if h is not None and h.strength is Strength.EXACT]
            if minor == exact[-1]:
                return None
    return None


def _full_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
