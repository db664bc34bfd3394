"""Adapter `sql`: what both kinds of database can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.errors import LedgerError

Value: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Any, ...]  # foreign data: parsed where it is used


class Session(ABC):
    """What a transaction may do. Statements are written with `?`."""

    @abstractmethod
    def rows(self, statement: str, *values: Value) -> Sequence[Row]:
        """All rows that a statement gives."""

    @abstractmethod
    def run(self, statement: str, *values: Value) -> int:
        """Carry out a statement; the number of rows it changed."""

    def one(self, statement: str, *values: Value) -> Row | None:
        """The first row, if there is one."""
        rows = self.rows(statement, *values)
        return rows[0] if rows else None


class Dialect(Session):
    """One kind of database, and the one connection to it.

    Attributes:
        shown: How messages call the database; no password stands in it.
    """

    shown: str

    @abstractmethod
    def errors(self) -> tuple[type[Exception], ...]:
        """The vendor's errors."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is anything to read."""

    @abstractmethod
    def connect(self) -> None:
        """Connect, and bring the tables to the newest version."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection; never fails."""

    @abstractmethod
    def begin(self, *, writing: bool) -> None:
        """Begin a transaction; a writing one waits until no other writes."""

    @abstractmethod
    def commit(self) -> None:
        """End a transaction well."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo a transaction."""

    @abstractmethod
    def is_lost(self, error: Exception) -> bool:
        """Whether an error says that the connection is gone, and another may work.

        A server that never answered is not lost but wrong.
        """

    @abstractmethod
    def translated(self, error: Exception) -> LedgerError:
        """An error in our words, without a password."""


def clean(value: Value) -> Value:
    """A value as every database takes it: no NUL, and nothing that is not Unicode text."""
    if isinstance(value, str) and (not value.isascii() or "\0" in value):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return value
