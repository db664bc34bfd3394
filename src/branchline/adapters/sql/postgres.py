"""Adapter `sql`: PostgreSQL by its URL, with psycopg 3 (extra `postgres`).

Writers are one at a time, by a lock on one small table that each takes first; readers never wait. A
process that stops in the middle of a transaction loses its connection after a minute.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from branchline.adapters.sql.dialect import Dialect, Row, Value, clean
from branchline.adapters.sql.schema import MIGRATIONS, statements
from branchline.errors import LedgerError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection, Cursor

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# Not to_regclass: in the middle of a transaction it does not see what others have made meanwhile.
_HAS_SCHEMA = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"
_HAS_VERSIONS = (
    "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'versions'"
)
_SECRETS = ("password", "sslpassword", "passfile", "oauth_client_secret")
_DEFAULTS = {
    "application_name": "branchline",
    "connect_timeout": "10",
    # A server that vanished is noticed within a minute, not after two hours.
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
# A server that shuts down, crashed, or starts; a session that was ended; a broken connection.
_GONE = ("57P01", "57P02", "57P03", "57P05", "25P03", "08")
# Starting up, shutting down, in recovery mode; or that went on while it was asked.
_NOT_YET = ("the database system is", "server closed the connection unexpectedly")
_UNTRIED = ("authentication", "does not exist", "no pg_hba.conf entry", "role ", "invalid")


class PostgresDialect(Dialect):
    """PostgreSQL.

    Args:
        url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME`, and what libpq knows.
        busy_s: How long another process may write before that is an error.

    Raises:
        LedgerError: The URL cannot be read.
        MissingExtraError: psycopg is not installed.
    """

    def __init__(self, url: str, *, busy_s: float) -> None:
        self._url, self.shown, self._schema, self._secrets = _parse(url)
        self._busy_s = busy_s
        self._connection: Connection[Row] | None = None
        self._was_reached = False
        self._psycopg = _library()

    def errors(self) -> tuple[type[Exception], ...]:
        """See the base."""
        return (self._psycopg.Error,)

    def exists(self) -> bool:
        """See the base. A server that is not there is an error, not an empty queue."""
        return True

    def connect(self) -> None:
        """See the base."""
        connection = self._psycopg.connect(self._url, autocommit=True)
        self._was_reached = True
        try:
            connection.execute(f"SET search_path TO {self._schema}")
            connection.execute(f"SET lock_timeout TO {int(self._busy_s * 1000)}")
            connection.execute("SET idle_in_transaction_session_timeout TO 60000")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _migrate(self, connection: Connection[Row]) -> None:
        version = self._version(connection)
        if version == len(MIGRATIONS):
            return
        with connection.transaction():
            # There is no table yet that could be locked.
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", (f"branchline {self._schema}",)
            )
            version = self._version(connection)  # again: another process may have been faster
            if version == 0:
                # Not IF NOT EXISTS alone: that asks for the right to make one that is there.
                if not _answer(connection, _HAS_SCHEMA, self._schema):
                    connection.execute(f"CREATE SCHEMA {self._schema}")
                connection.execute("CREATE TABLE versions (version INTEGER NOT NULL)")
                connection.execute("INSERT INTO versions (version) VALUES (0)")
            for statement in statements(version, number="BIGINT", real="DOUBLE PRECISION"):
                connection.execute(statement.encode())
            connection.execute("UPDATE versions SET version = %s", (len(MIGRATIONS),))

    def _version(self, connection: Connection[Row]) -> int:
        if not _answer(connection, _HAS_VERSIONS, self._schema):
            return 0
        version = int(_answer(connection, f"SELECT version FROM {self._schema}.versions"))
        if version > len(MIGRATIONS):
            raise LedgerError(
                f"{self.shown} has version {version}, this Branchline knows versions up to"
                f" {len(MIGRATIONS)}",
                todo="Upgrade Branchline: pip install --upgrade branchline.",
            )
        return version

    def close(self) -> None:
        """See the base."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def begin(self, *, writing: bool) -> None:
        """See the base."""
        if writing:
            self._execute("BEGIN", ())
            self._execute("LOCK TABLE versions IN EXCLUSIVE MODE", ())
        else:
            self._execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())

    def commit(self) -> None:
        """See the base."""
        self._execute("COMMIT", ())

    def rollback(self) -> None:
        """See the base."""
        self._execute("ROLLBACK", ())

    def rows(self, statement: str, *values: Value) -> Sequence[Row]:
        """See the base."""
        return self._execute(statement, values).fetchall()

    def run(self, statement: str, *values: Value) -> int:
        """See the base."""
        return self._execute(statement, values).rowcount

    def _execute(self, statement: str, values: tuple[Value, ...]) -> Cursor[Row]:
        if self._connection is None:
            raise self._psycopg.OperationalError("the connection is closed")
        return self._connection.execute(_spelled(statement), [clean(value) for value in values])

    def is_lost(self, error: Exception) -> bool:
        """See the base."""
        if not isinstance(error, self._psycopg.OperationalError | self._psycopg.InterfaceError):
            return False
        if (getattr(error, "sqlstate", None) or "").startswith(_GONE):
            return True
        if self._connection is not None:
            return bool(self._connection.closed)
        if any(words in str(error) for words in _NOT_YET):
            return True
        return self._was_reached and not any(word in str(error) for word in _UNTRIED)

    def translated(self, error: Exception) -> LedgerError:
        """See the base."""
        text = " ".join(str(error).split())
        for secret in self._secrets:
            text = text.replace(secret, "***")
        sqlstate = getattr(error, "sqlstate", None) or ""
        if sqlstate == "55P03":
            return LedgerError(
                f"{self.shown} was written by another process for more than {self._busy_s:g} s",
                todo="Look in pg_stat_activity for a session that hangs.",
            )
        if sqlstate == "42501":
            return LedgerError(
                f"{self.shown} does not let this user do that: {text}",
                todo=f"GRANT CREATE ON DATABASE to it, or make it the owner of {self._schema}.",
            )
        if self._connection is None:
            return LedgerError(
                f"{self.shown} cannot be reached: {text}",
                todo="Check that the server runs and that the box's `ledger` URL is right.",
            )
        return LedgerError(
            f"{self.shown} cannot be used: {text}",
            todo="The server's log says more.",
        )


@cache
def _spelled(statement: str) -> bytes:
    """A statement with psycopg's placeholders; ours hold no percent sign of their own."""
    return statement.replace("?", "%s").encode()


def _answer(connection: Connection[Row], statement: str, *values: str) -> Any:
    """The first value of the first row."""
    row = connection.execute(statement.encode(), values).fetchone()
    return None if row is None else row[0]


def _parse(url: str) -> tuple[str, str, str, tuple[str, ...]]:
    """From a URL what libpq gets, what messages show, the schema, and what must not be shown."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:  # its text may hold the password
        raise LedgerError(
            "the ledger's PostgreSQL URL cannot be read",
            todo="Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE; in a password, % before"
            " each of @ : / ? # as two hexadecimal digits (quoted as in a URL).",
        ) from (error if "@" not in url else None)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = options.pop("schema", "branchline")
    if not _SCHEMA.fullmatch(schema):
        raise LedgerError(
            f"the ledger's URL has schema={schema[:40]!r}, which is no plain name",
            todo="Take small letters, digits and underscores.",
        )
    held = [options[name] for name in _SECRETS if name in options]
    if parts.password:
        held += [parts.password, unquote(parts.password)]
    user = f"{quote(unquote(parts.username))}@" if parts.username else ""
    place = (parts.hostname or options.get("host", "")) + (f":{port}" if port else "")
    shown = f"postgresql://{user}{place}{parts.path}"
    query = urlencode({**_DEFAULTS, **options}, quote_via=quote)
    return urlunsplit(parts._replace(scheme="postgresql", query=query)), shown, schema, tuple(held)


def _library() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError(
            "the box's ledger is a PostgreSQL database, and psycopg is not installed",
            todo="Install it: pip install 'branchline[postgres]'.",
        ) from error
    return psycopg
