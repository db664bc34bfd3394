"""A structured text that was read: its value, and where each key of it stands.

Serves every station that reads files. It does no reading itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Path: TypeAlias = "Sequence[str | int]"
"""Keys and list indexes from the root of a document to one place in it."""


class Places(Protocol):
    """Where things stand in a text."""

    def position_of(self, path: Path) -> tuple[int, int]:
        """Line and column, both from 1, of the key at `path` or of its nearest known ancestor."""
        ...


class NoPlaces:
    """Places of a text whose lines are not known: everything stands at its beginning."""

    def position_of(self, path: Path) -> tuple[int, int]:  # noqa: ARG002 # the protocol's shape
        """Line 1, column 1."""
        return (1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML, JSON or TOML text.

    Attributes:
        file: How messages name it.
        value: What it says; None when it is empty.
        duplicates: Keys that stand twice in one JSON object (the last one won). YAML and TOML
            refuse them.
        places: Where its keys stand.
    """

    file: str
    value: object
    duplicates: tuple[str, ...] = ()
    places: Places = field(default_factory=NoPlaces, compare=False, repr=False)

    def line_of(self, path: Path) -> int:
        """Line, from 1, of the key or list item at `path`, else of its nearest ancestor."""
        return self.places.position_of(path)[0]

    def where(self, path: Path) -> str:
        """`file:line` of the key or list item at `path`."""
        return f"{self.file}:{self.line_of(path)}"
