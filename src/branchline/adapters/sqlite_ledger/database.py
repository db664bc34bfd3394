"""Adapter `sqlite_ledger`: one SQLite file of the state folder, opened when it is needed.

One commit an event, in WAL mode with synchronous=normal: about 0.1 ms each, and nothing that was
committed is lost when the process is killed. A loss of power may take the last events; what is left
is consistent. Several processes may use one file.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from branchline.errors import LedgerError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence


class LedgerFile:
    """A database; nothing is made before something is written.

    Args:
        folder: Absolute path of `.branchline`; made on the first write, with a `.gitignore`.
        name: Of the file in it.
        migrations: One script for each version, oldest first.
        busy_s: How long another process may hold the file before that is an error.
    """

    def __init__(self, folder: str, name: str, migrations: Sequence[str], *, busy_s: float) -> None:
        self.path = os.path.join(folder, name)
        self._folder = folder
        self._migrations = tuple(migrations)
        self._busy_s = busy_s
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def read(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        """All rows; none when there is no file yet. `Any`: rows are parsed where they are used.

        Raises:
            LedgerError: The file cannot be read.
        """
        if self._connection is None and not os.path.exists(self.path):
            return []
        with self._translated():
            return self._open().execute(statement, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed when the body ends well."""
        with self._translated():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        import sqlite3

        from branchline.adapters.sqlite_ledger.schema import migrate

        make_folder(self._folder)
        connection = sqlite3.connect(self.path, timeout=self._busy_s, isolation_level=None)
        try:
            _switch_to_wal(connection, self._busy_s)
            connection.execute("PRAGMA synchronous = NORMAL")
            migrate(connection, self.path, self._migrations)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors as ours."""
        import sqlite3

        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise LedgerError(
                    f"{self.path} was held by another process for more than {self._busy_s:g} s",
                    todo="See which runs are going on (branchline runs), then try again.",
                ) from error
            raise LedgerError(
                f"{self.path} cannot be used: {error}",
                todo="Check that the folder is writable and that the disk is not full.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise LedgerError(
                f"{self.path} is damaged: {error}",
                todo=f"Set it aside (mv {self.path} {self.path}.broken; rm -f {self.path}-wal"
                f" {self.path}-shm) and run again; recorded runs stand in git and stay.",
            ) from error
        except OSError as error:
            raise LedgerError(
                f"{self._folder} cannot be made: {error.strerror}",
                todo="Make the repository's folder writable.",
            ) from error


def _switch_to_wal(connection: sqlite3.Connection, busy_s: float) -> None:
    """Turn on the write-ahead log; SQLite's own wait does not cover two that do so at once."""
    import sqlite3
    import time

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


def make_folder(folder: str) -> None:
    """Make `.branchline` with a `.gitignore` that hides all of it."""
    ignore = os.path.join(folder, ".gitignore")
    if os.path.exists(ignore):
        return
    os.makedirs(folder, exist_ok=True)
    with open(ignore, "w", encoding="utf-8") as file:
        file.write("*\n")
