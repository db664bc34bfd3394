"""Adapter `sqlite_ledger`: the tables, and the steps from older versions of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        run INTEGER PRIMARY KEY AUTOINCREMENT,
        label TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started_ticks INTEGER NOT NULL,
        boot_id TEXT NOT NULL,
        started_at TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'running',
        ended_at TEXT,
        record TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX runs_open ON runs (run) WHERE ended_at IS NULL;
    CREATE TABLE stages (
        run INTEGER NOT NULL REFERENCES runs (run),
        position INTEGER NOT NULL,
        stage TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued',
        pgid INTEGER,
        started_ticks INTEGER NOT NULL DEFAULT 0,
        boot_id TEXT NOT NULL DEFAULT '',
        mark TEXT NOT NULL DEFAULT '',
        log TEXT NOT NULL DEFAULT '',
        started_at TEXT,
        ended_at TEXT,
        exit_code INTEGER,
        detail TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (run, stage)
    ) WITHOUT ROWID;
    CREATE TABLE results (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL,
        identity TEXT NOT NULL,
        json TEXT NOT NULL
    );
    CREATE INDEX results_identity ON results (identity);
    """,
)
"""Of the ledger: one script for each version, oldest first; never edited, only added to."""

STUDY_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE studies (
        study TEXT PRIMARY KEY,
        json TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE trials (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        study TEXT NOT NULL REFERENCES studies (study),
        number INTEGER NOT NULL,
        json TEXT NOT NULL,
        UNIQUE (study, number)
    );
    """,
)
"""Of the searches."""


def migrate(connection: Connection, path: str, migrations: Sequence[str]) -> None:
    """Bring a database to the newest version, in one transaction.

    Raises:
        LedgerError: It was written by a newer version of Branchline.
    """
    version = _version(connection)
    if version == len(migrations):
        return
    if version > len(migrations):
        raise LedgerError(
            f"{path} has version {version}, this Branchline knows versions up to {len(migrations)}",
            todo="Upgrade Branchline: pip install --upgrade branchline.",
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # again: another process may have been faster
        for script in migrations[version:]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
