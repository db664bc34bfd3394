"""Adapter `sql`: one database behind both dialects; transactions, and lost connections.

A transaction is a function of a `Session`. Writers are alone, in both dialects: what a transaction
read is still so when it writes. A connection that is lost is made again and the transaction carried
out again; the ports' methods are such that a second time does nothing.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from branchline.adapters.sql.dialect import Dialect, Row, Session, Value
from branchline.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class Database:
    """A database of a box; threads may share it, and it opens itself again after a fork.

    Nothing is opened or created before it is needed: reading one that is not there answers
    "nothing" and leaves no file.

    Args:
        dialect: The kind of database.
        retry_s: How long a lost connection is tried again before that is an error.
    """

    def __init__(self, dialect: Dialect, *, retry_s: float = 30.0) -> None:
        self._dialect = dialect
        self._retry_s = retry_s
        self._lock = threading.RLock()
        self._pid = 0

    @property
    def shown(self) -> str:
        """How messages call it."""
        return self._dialect.shown

    def read(self, work: Callable[[Session], T]) -> T:
        """What a transaction that changes nothing answers.

        Raises:
            LedgerError: The database cannot be used.
        """
        with self._lock:
            if not self._pid and not self._dialect.exists():
                return work(_Nothing())
            return self._carry_out(work, writing=False)

    def write(self, work: Callable[[Session], T]) -> T:
        """Carry out a transaction that changes something; all of it or nothing.

        Args:
            work: May be called again after a lost connection, also when it was carried out.

        Raises:
            LedgerError: The database cannot be used; nothing was changed.
        """
        with self._lock:
            return self._carry_out(work, writing=True)

    def close(self) -> None:
        """Let go of the connection; the next call makes another."""
        with self._lock:
            if self._pid == os.getpid():
                self._dialect.close()
            self._pid = 0

    def _carry_out(self, work: Callable[[Session], T], *, writing: bool) -> T:
        errors = self._dialect.errors()
        pause_s, until = 0.02, 0.0
        while True:
            try:
                self._open()
                return self._transaction(work, writing=writing)
            except errors as error:
                now = time.monotonic()
                until = until or now + self._retry_s
                lost = self._dialect.is_lost(error)
                if lost:
                    self.close()
                if not lost or now > until:
                    problem = self._dialect.translated(error)
                    # What the vendor says may hold the password; ours does not.
                    raise problem from (error if str(error) in problem.message else None)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 1.0)

    def _open(self) -> None:
        if self._pid == os.getpid():
            return
        self._dialect.connect()
        self._pid = os.getpid()

    def _transaction(self, work: Callable[[Session], T], *, writing: bool) -> T:
        dialect = self._dialect
        try:
            dialect.begin(writing=writing)
            answer = work(dialect)
            dialect.commit()
        except BaseException:
            try:
                dialect.rollback()
            except dialect.errors():  # the connection is gone, and the transaction with it
                self.close()
            raise
        return answer


class _Nothing(Session):
    """A database that is not there."""

    def rows(self, statement: str, *values: Value) -> Sequence[Row]:  # noqa: ARG002 - nothing is asked
        return ()

    def run(self, statement: str, *values: Value) -> int:  # noqa: ARG002 - nothing is asked
        return 0


def open_database(place: str, *, busy_s: float = 30.0) -> Database:
    """The database at an absolute path, or at a URL: `sqlite:///...`, `postgresql://...`.

    PostgreSQL's tables stand in the schema that the URL's parameter `schema` names, `branchline`
    without it: several boxes may share one database.

    Args:
        place: Path or URL.
        busy_s: How long another process may write before that is an error.

    Raises:
        LedgerError: The URL's kind is not known, or the URL cannot be read.
    """
    kind, separator, rest = place.partition("://")
    if not separator:
        return _sqlite(place, busy_s)
    if kind == "sqlite":
        return _sqlite(rest.removeprefix("localhost"), busy_s)
    if kind in ("postgresql", "postgres"):
        from branchline.adapters.sql.postgres import PostgresDialect

        return Database(PostgresDialect(place, busy_s=busy_s), retry_s=busy_s)
    raise LedgerError(
        f"the ledger's URL begins with {kind[:20]!r}, which is not known",
        todo="Write a path, sqlite:///PATH or postgresql://USER@HOST/DATABASE.",
    )


def _sqlite(path: str, busy_s: float) -> Database:
    from branchline.adapters.sql.sqlite import SqliteDialect

    if not os.path.isabs(path):
        raise LedgerError(
            f"the ledger's path {path!r} is not absolute",
            todo="Write the whole path, or with three slashes sqlite:///PATH.",
        )
    return Database(SqliteDialect(path, busy_s=busy_s))
