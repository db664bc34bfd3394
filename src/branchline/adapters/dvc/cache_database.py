"""The file `.branchline/cache.db`: SQLite, and never the truth about anything.

It may be deleted at any time, several processes may use it at once, and a damaged one is moved
aside and made anew. Callers get "nothing known" instead of an error.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stat (
    path TEXT PRIMARY KEY, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER, size INTEGER,
    mode INTEGER, md5 TEXT, sha1 TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folder (
    path TEXT PRIMARY KEY, signature TEXT, md5 TEXT, size INTEGER, nfiles INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meaning (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (tree TEXT PRIMARY KEY, file BLOB) WITHOUT ROWID;
"""
_VERSION = 2
_BATCH = 500
"""Keys in one query; SQLite allows 999 variables where it is old."""


class CacheDatabase:
    """One connection, opened at first use.

    Args:
        path: Absolute path of the database file; its folder is made when needed.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._is_unusable = False

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a SELECT; none when the database cannot be used."""
        import sqlite3

        for _ in range(2):
            connection = self._connected(create=False)
            if connection is None:
                return []
            try:
                return connection.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if _is_busy(error):
                    return []
                self._set_aside()
            except sqlite3.DatabaseError:
                self._set_aside()
        return []

    def lookup(self, sql: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Rows of many keys.

        Args:
            sql: A SELECT that ends before the keys: `SELECT a, b FROM c WHERE a`.
            keys: As many as wanted.
        """
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            yield from self.query(f"{sql} IN ({','.join('?' * len(batch))})", batch)

    def write(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows in one transaction; a failure is no error."""
        import sqlite3

        rows = list(rows)
        for _ in range(2):
            connection = self._connected(create=True)
            if connection is None:
                return
            try:
                with connection:
                    connection.executemany(sql, rows)
            except sqlite3.OperationalError as error:
                if _is_busy(error):
                    return
                self._set_aside()
            except sqlite3.DatabaseError:
                self._set_aside()
            else:
                return

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        """Close what nobody closed: Python 3.13 warns of a connection that is left open."""
        self.close()

    def _connected(self, *, create: bool) -> sqlite3.Connection | None:
        if self._connection is not None or self._is_unusable:
            return self._connection
        import sqlite3

        if not os.path.exists(self.path):
            if not create:
                return None
            prepare_folder(os.path.dirname(self.path))
        for _ in range(2):
            try:
                self._connection = _opened(self.path)
            except sqlite3.OperationalError as error:
                if _is_busy(error):
                    return None
                self._set_aside()
            except sqlite3.DatabaseError:
                self._set_aside()
            else:
                return self._connection
        self._is_unusable = True
        return None

    def _set_aside(self) -> None:
        """Move a damaged database away, so that the next use makes a new one."""
        self.close()
        with contextlib.suppress(OSError):
            os.replace(self.path, f"{self.path}.damaged")
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.unlink(self.path + suffix)


def prepare_folder(folder: str) -> None:
    """Make the folder of local state, with a `.gitignore` that keeps all of it out of git."""
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
        ignore = os.path.join(folder, ".gitignore")
        if os.path.basename(folder) == ".branchline" and not os.path.exists(ignore):
            with open(ignore, "w", encoding="utf-8") as file:
                file.write("*\n")


def _opened(path: str) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(path, timeout=2.0)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA synchronous=normal")
        if version != _VERSION:
            connection.execute("PRAGMA journal_mode=wal")
            if version:
                for table in ("stat", "folder", "meaning", "run"):
                    connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version={_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_busy(error: sqlite3.OperationalError) -> bool:
    text = str(error)
    return "locked" in text or "busy" in text or "readonly" in text or "full" in text
