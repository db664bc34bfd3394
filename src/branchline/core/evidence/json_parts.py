"""Parts of a JSON document, each of the type that it has to be. Serves the station `evidence`."""

from __future__ import annotations

from typing import Any


def mapping_in(value: object) -> dict[str, Any]:
    """A mapping.

    Raises:
        TypeError: It is none; says what it is, at most 40 characters of it.
    """
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.40} is no mapping")
    return value


def list_in(value: object) -> list[Any]:
    """A list.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no list")
    return value


def text_in(value: object) -> str:
    """A text.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value
