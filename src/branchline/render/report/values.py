"""A report as values: tables and paragraphs that Markdown and HTML write alike. Pure.

A cell says where its text comes from: what came from outside is a `Name` and is shown as code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.values import Outcome


class Name(str):
    """A text from outside: a metric's name, a path, a value as it was written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An outcome in a few words; a sentence of ours with outside names between backquotes.

    Attributes:
        outcome: None of what is open and changes no verdict.
        text: The words.
        word: The outcome as a word, where its own would say less; "" for its own.
    """

    outcome: Outcome | None
    text: str
    word: str = ""


Cell = str | Name | tuple[Mark, ...]
"""A `str` is a sentence of ours, in which outside names stand between backquotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of a report.

    Attributes:
        title: Its heading.
        heads: One a column.
        right: Which columns hold numbers; one a column.
        rows: Each as wide as `heads`.
        note: A sentence below; "" for none.
        left_out: How many further rows there are.
    """

    title: str
    heads: tuple[str, ...]
    right: tuple[bool, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    left_out: int = 0

    def __post_init__(self) -> None:
        if len(self.right) != len(self.heads) or any(len(r) != len(self.heads) for r in self.rows):
            raise ValueError("every row needs as many cells as there are heads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A list of a report: sentences, each with those that stand below it."""

    title: str
    lines: tuple[tuple[str | tuple[Mark, ...], tuple[str, ...]], ...]
    note: str = ""
    left_out: int = 0
