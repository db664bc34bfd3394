"""Adapter `sql`: SQLite in one file, in WAL mode.

With synchronous=normal nothing that was committed is lost when a process is killed; a loss of power
may take the last transactions, and what is left is consistent. Who may only read the file reads it
beside the writers.
"""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from branchline.adapters.sql.dialect import Dialect, Row, Value, clean
from branchline.adapters.sql.schema import MIGRATIONS, statements
from branchline.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Sequence


class _WokenError(sqlite3.OperationalError):
    """A file that was read as one that never changes began to change."""


class SqliteDialect(Dialect):
    """SQLite.

    Args:
        path: Absolute path of the file; made, with its folder, on the first write.
        busy_s: How long another process may hold the file before that is an error.
    """

    def __init__(self, path: str, *, busy_s: float) -> None:
        self.shown = self.path = path
        self._busy_s = busy_s
        self._connection: sqlite3.Connection | None = None
        self._is_frozen = False

    def errors(self) -> tuple[type[Exception], ...]:
        """See the base."""
        return (sqlite3.Error, OSError)

    def exists(self) -> bool:
        """See the base."""
        return os.path.exists(self.path)

    def connect(self) -> None:
        """See the base. Where the file cannot be written, it is opened for reading."""
        folder = os.path.dirname(self.path)
        if os.path.exists(self.path) and not (
            os.access(self.path, os.W_OK) and os.access(folder, os.W_OK)
        ):
            self._connection = self._open_to_read()
            return
        os.makedirs(folder, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
        )
        try:
            _switch_to_wal(connection, self._busy_s)
            connection.execute("PRAGMA synchronous = NORMAL")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _open_to_read(self) -> sqlite3.Connection:
        """A connection that only reads.

        A file in WAL mode needs its two companions, which only a writer may make. While there are
        none nobody writes, and the file can be read as one that never changes.
        """
        place = f"file:{quote(self.path)}?mode=ro"
        for options in ("", "&immutable=1"):
            self._is_frozen = bool(options)
            connection = sqlite3.connect(
                place + options,
                uri=True,
                timeout=self._busy_s,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                version = _version(connection)
            except sqlite3.OperationalError:
                connection.close()
                if options:
                    raise
            else:
                break
        self._check(version)
        if version < len(MIGRATIONS):
            connection.close()
            raise LedgerError(
                f"{self.path} was written by an older Branchline and cannot be written by you",
                todo="Let its owner run `branchline queue` once.",
            )
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        self._check(version)
        if version == len(MIGRATIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _version(connection)  # again: another process may have been faster
            for statement in statements(version, number="INTEGER", real="REAL"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _check(self, version: int) -> None:
        if version > len(MIGRATIONS):
            raise LedgerError(
                f"{self.path} has version {version}, this Branchline knows versions up to"
                f" {len(MIGRATIONS)}",
                todo="Upgrade Branchline: pip install --upgrade branchline.",
            )

    def close(self) -> None:
        """See the base."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def begin(self, *, writing: bool) -> None:
        """See the base."""
        self._execute("BEGIN IMMEDIATE" if writing else "BEGIN", ())

    def commit(self) -> None:
        """See the base."""
        self._execute("COMMIT", ())
        if self._is_frozen and os.path.exists(self.path + "-wal"):
            raise _WokenError("somebody began to write while this was read")

    def rollback(self) -> None:
        """See the base."""
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def rows(self, statement: str, *values: Value) -> Sequence[Row]:
        """See the base."""
        return self._execute(statement, values).fetchall()

    def run(self, statement: str, *values: Value) -> int:
        """See the base."""
        return self._execute(statement, values).rowcount

    def _execute(self, statement: str, values: tuple[Value, ...]) -> sqlite3.Cursor:
        if self._connection is None:
            raise sqlite3.OperationalError("the file is not open")
        return self._connection.execute(statement, tuple(map(clean, values)))

    def is_lost(self, error: Exception) -> bool:
        """See the base."""
        return isinstance(error, _WokenError)

    def translated(self, error: Exception) -> LedgerError:
        """See the base."""
        text = str(error)
        if isinstance(error, OSError):
            return LedgerError(
                f"{os.path.dirname(self.path)} cannot be made: {text}",
                todo="Make the box's folder writable.",
            )
        if "locked" in text or "busy" in text:
            return LedgerError(
                f"{self.path} was held by another process for more than {self._busy_s:g} s: {text}",
                todo="Look for a process that hangs (fuser shows who has the file open).",
            )
        if "readonly" in text:
            return LedgerError(
                f"{self.path} belongs to somebody else and is not writable: {text}",
                todo="Do this as the user that the box's worker runs as.",
            )
        if isinstance(error, sqlite3.OperationalError):
            return LedgerError(
                f"{self.path} cannot be used: {text}",
                todo="Check that its folder can be read and written and that the disk is not full.",
            )
        return LedgerError(
            f"{self.path} is damaged: {text}",
            todo="Set it aside, with the -wal and -shm beside it, and go on: what is pushed and"
            " what was recorded stands in git; jobs that waited are queued again.",
        )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _switch_to_wal(connection: sqlite3.Connection, busy_s: float) -> None:
    """Turn on the write-ahead log; SQLite's own wait does not cover two that do so at once."""
    end = time.monotonic() + busy_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.005)
        else:
            return
