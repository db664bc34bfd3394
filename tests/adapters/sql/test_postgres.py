"""PostgreSQL: URLs, passwords that never show, schemas, lost servers, the missing extra."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from branchline.adapters.sql import SqlQueue, open_database
from branchline.adapters.sql.schema import MIGRATIONS
from branchline.core.run.jobs import NewJob
from branchline.errors import LedgerError, MissingExtraError
from branchline.ports.queue import QueueQuery
from branchline.testing.postgres import PASSWORD

if TYPE_CHECKING:
    from branchline.testing.postgres import PostgresServer

JOB = NewJob(kind="train", trigger="push", branch="x", commit="c" * 40)


def message_of(place: str) -> LedgerError:
    """What is said of a place that cannot be used."""
    with pytest.raises(LedgerError) as caught:
        SqlQueue(open_database(place, busy_s=1)).jobs(QueueQuery())
    return caught.value


def shown(error: LedgerError) -> str:
    """All that a crash report could show of an error."""
    return "".join(traceback.format_exception(error)) + error.todo


def test_the_boxes_of_one_database_do_not_see_one_another(
    postgres_server: PostgresServer,
) -> None:
    one = SqlQueue(open_database(postgres_server.url("box_one")))
    two = SqlQueue(open_database(postgres_server.url("box_two")))
    default = SqlQueue(open_database(postgres_server.url()))

    one.enqueue([JOB], event="e", at=1.0)
    two.enqueue([JOB, JOB], event="e", at=1.0)

    assert [len(queue.jobs(QueueQuery())) for queue in (one, two, default)] == [1, 2, 0]
    for queue in (one, two, default):
        queue.close()


def test_a_wrong_password_fails_at_once_and_is_not_shown(postgres_server: PostgresServer) -> None:
    started = time.monotonic()

    error = message_of(postgres_server.url(password="wr@ng:pass"))

    assert time.monotonic() - started < 5
    assert "app@127.0.0.1" in error.message
    assert "authentication failed" in error.message
    assert "wr@ng" not in shown(error)
    assert "wr%40ng" not in shown(error)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("postgresql://u:{}@127.0.0.1:1/d", id="nobody-listens"),
        pytest.param("postgresql://u:{}@127.0.0.1:99999/d", id="no-such-port"),
        pytest.param("postgresql://u:{}@127.0.0.1:x1/d", id="a-port-that-is-no-number"),
        pytest.param("postgresql://u:{}@[::1/d", id="a-broken-address"),
        pytest.param("postgres://u:{}@127.0.0.1:1/d?colour=red", id="an-unknown-option"),
        pytest.param("postgresql://127.0.0.1:1/d?password={}&colour=red", id="as-an-option"),
        pytest.param("postgresql://u:{}@h/d?schema=A-B", id="a-schema-that-is-no-name"),
    ],
)
@pytest.mark.parametrize("secret", ["hunter2", PASSWORD])
def test_a_password_is_never_shown(place: str, secret: str) -> None:
    error = message_of(place.format(quote(secret, safe="")))

    assert secret not in shown(error)
    assert quote(secret, safe="") not in shown(error)
    assert error.todo


def test_a_server_that_was_never_there_fails_at_once() -> None:
    started = time.monotonic()

    message_of("postgresql://127.0.0.1:1/d")

    assert time.monotonic() - started < 5


def test_a_server_that_comes_back_is_waited_for(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    queue = SqlQueue(open_database(postgres_url))
    queue.enqueue([JOB], event="e1", at=1.0)
    postgres_server.stop(signal.SIGQUIT)
    postgres_server.start()

    assert list(queue.enqueue([JOB], event="e2", at=1.0)) == [2]
    queue.close()


def test_a_server_that_stays_away_is_an_error(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    queue = SqlQueue(open_database(postgres_url, busy_s=0.5))
    queue.enqueue([JOB], event="e1", at=1.0)
    postgres_server.stop()
    try:
        with pytest.raises(LedgerError, match="cannot be reached") as caught:
            queue.enqueue([JOB], event="e2", at=1.0)
    finally:
        postgres_server.start()

    assert PASSWORD not in shown(caught.value)
    assert list(queue.enqueue([JOB], event="e2", at=1.0)) == [2]
    queue.close()


def test_a_writer_that_hangs_is_an_error_and_readers_go_on(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    import psycopg

    queue = SqlQueue(open_database(postgres_url, busy_s=0.2))
    queue.enqueue([JOB], event="e1", at=1.0)
    schema = postgres_url.rpartition("=")[2]
    with psycopg.connect(postgres_server.url()) as holder:
        holder.execute(f"LOCK TABLE {schema}.versions IN EXCLUSIVE MODE".encode())
        with pytest.raises(LedgerError, match=r"written by another process for more than 0\.2 s"):
            queue.enqueue([JOB], event="e2", at=1.0)
        assert len(queue.jobs(QueueQuery())) == 1

    assert list(queue.enqueue([JOB], event="e2", at=1.0)) == [2]
    queue.close()


def test_a_newer_version_is_left_alone(postgres_server: PostgresServer, postgres_url: str) -> None:
    import psycopg

    queue = SqlQueue(open_database(postgres_url))
    queue.enqueue([JOB], event="e1", at=1.0)
    queue.close()
    schema = postgres_url.rpartition("=")[2]
    with psycopg.connect(postgres_server.url()) as connection:
        statement = f"UPDATE {schema}.versions SET version = version + 1"
        connection.execute(statement.encode())

    error = message_of(postgres_url)

    assert f"has version {len(MIGRATIONS) + 1}" in error.message
    assert "Upgrade" in error.todo


def test_a_user_needs_no_right_to_make_schemas_when_there_is_one(
    postgres_server: PostgresServer,
) -> None:
    import psycopg

    with psycopg.connect(postgres_server.url()) as connection:
        connection.execute("CREATE ROLE trainer LOGIN PASSWORD 'tr4iner'")
        connection.execute("CREATE SCHEMA of_trainer AUTHORIZATION trainer")
    allowed = postgres_server.url("of_trainer", user="trainer", password="tr4iner")
    refused = postgres_server.url("of_others", user="trainer", password="tr4iner")

    queue = SqlQueue(open_database(allowed))
    numbers = list(queue.enqueue([JOB], event="e1", at=1.0))
    queue.close()
    error = message_of(refused)

    assert numbers == [1]
    assert "permission denied" in error.message
    assert "GRANT CREATE" in error.todo


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(MissingExtraError) as caught:
        open_database("postgresql://u:secret@h/d")

    assert "branchline[postgres]" in caught.value.todo
    assert "secret" not in caught.value.message
