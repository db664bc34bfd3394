"""Adapter `github`: reads fields of JSON that another side wrote.

What is missing or of another kind reads as empty: GitHub adds and drops fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

__all__ = ["flag", "listed", "seconds", "text", "texts", "whole"]


def _at(value: object, path: tuple[str, ...]) -> object:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text(value: object, *path: str) -> str:
    """The text at a path, "" where there is none.

    >>> text({"user": {"login": "ada"}}, "user", "login"), text({"user": None}, "user", "login")
    ('ada', '')
    """
    found = _at(value, path)
    return found if isinstance(found, str) else ""


def whole(value: object, *path: str) -> int:
    """The whole number at a path, 0 where there is none."""
    found = _at(value, path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def flag(value: object, *path: str) -> bool | None:
    """The yes or no at a path, None where there is none."""
    found = _at(value, path)
    return found if isinstance(found, bool) else None


def listed(value: object, *path: str) -> list[object]:
    """The list at a path, empty where there is none."""
    found = _at(value, path)
    return found if isinstance(found, list) else []


def texts(value: object, *path: str) -> tuple[str, ...]:
    """The texts of the list at a path."""
    return tuple(item for item in listed(value, *path) if isinstance(item, str))


def seconds(value: object, *path: str) -> float:
    """The time at a path, in seconds since 1970 (UTC); 0.0 where there is none."""
    try:
        found = datetime.fromisoformat(text(value, *path))
    except ValueError:
        return 0.0
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
