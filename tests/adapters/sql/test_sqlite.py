"""SQLite: nothing made by reading, damage, versions, locks, and readers who may not write."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.sql import SqlForge, SqlQueue, open_database
from branchline.adapters.sql.schema import MIGRATIONS
from branchline.core.run.jobs import NewJob
from branchline.errors import LedgerError
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = NewJob(kind="train", trigger="push", branch="x", commit="c" * 40)


def pushed(place: str | Path, event: str = "e") -> None:
    queue = SqlQueue(open_database(str(place)))
    queue.enqueue([JOB], event=event, at=1.0)
    queue.close()


def test_reading_a_queue_that_is_not_there_leaves_no_file(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "box" / "ledger.db"))

    assert list(SqlQueue(database).jobs(QueueQuery())) == []
    assert list(SqlForge(database).pulls()) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["sqlite://{}", "sqlite://localhost{}", "{}"])
def test_a_path_may_be_written_as_a_url(place: str, tmp_path: Path) -> None:
    pushed(place.format(tmp_path / "ledger.db"))

    assert (tmp_path / "ledger.db").exists()


@pytest.mark.parametrize(
    ("place", "says"),
    [
        pytest.param("ledger.db", "not absolute", id="a-path-that-depends-on-the-folder"),
        pytest.param("sqlite://ledger.db", "not absolute", id="a-url-with-two-slashes"),
        pytest.param("mysql://u:secret@h/d", "'mysql'", id="another-database"),
    ],
)
def test_what_is_no_place_is_refused(place: str, says: str) -> None:
    with pytest.raises(LedgerError, match=says) as caught:
        open_database(place)

    assert "secret" not in caught.value.message
    assert caught.value.todo


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database at all, but long enough to look like one\n" * 40)

    with pytest.raises(LedgerError, match=str(path)) as caught:
        pushed(path)

    assert "Set it aside" in caught.value.todo


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    pushed(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()

    with pytest.raises(LedgerError, match=f"has version {len(MIGRATIONS) + 1}") as caught:
        pushed(path, "e2")

    assert "Upgrade" in caught.value.todo


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    broken = (*MIGRATIONS, "CREATE TABLE more (a TEXT); CREATE TABLE more (b TEXT)")
    with monkeypatch.context() as patch:
        patch.setattr("branchline.adapters.sql.schema.MIGRATIONS", broken)
        patch.setattr("branchline.adapters.sql.sqlite.MIGRATIONS", broken)
        with pytest.raises(LedgerError, match="already exists"):
            pushed(path)

    pushed(path)


def test_a_file_that_is_held_too_long_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    pushed(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    queue = SqlQueue(open_database(str(path), busy_s=0.05))

    with pytest.raises(LedgerError, match=r"held by another process for more than 0\.05 s"):
        queue.enqueue([JOB], event="e2", at=1.0)
    assert len(queue.jobs(QueueQuery())) == 1
    holder.execute("ROLLBACK")
    assert list(queue.enqueue([JOB], event="e2", at=1.0)) == [2]

    queue.close()
    holder.close()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    queue = SqlQueue(open_database(str(tmp_path / "ledger.db")))
    queue.enqueue([JOB], event="e", at=1.0)

    with pytest.raises(ValueError, match="job 7 was chosen"):
        queue.claim("w", lambda queued, started: 7, lease_s=1, at=1.0)
    with pytest.raises(ZeroDivisionError):
        queue.claim("w", lambda queued, started: 1 // 0, lease_s=1, at=1.0)

    assert queue.claim("w", lambda queued, started: 1, lease_s=1, at=1.0) is not None
    queue.close()


def test_a_job_that_a_newer_version_wrote_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    pushed(path)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE jobs SET asked = json_set(asked, '$.colour', 'red', '$.need', json(?))",
            ('{"cpus":2,"qubits":7}',),
        )
    connection.close()
    queue = SqlQueue(open_database(str(path)))

    (job,) = queue.jobs(QueueQuery())

    assert job.asked.branch == "x"
    assert job.asked.need is not None
    assert job.asked.need.cpus == 2
    queue.close()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"need":3}', "\x00"])
def test_a_job_that_cannot_be_read_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    pushed(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE jobs SET asked = ?", (text,))
    connection.close()
    queue = SqlQueue(open_database(str(path)))

    with pytest.raises(LedgerError, match="job 1 of the queue"):
        queue.jobs(QueueQuery())
    queue.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerError, match="file"):
        pushed(tmp_path / "file" / "ledger.db")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user gets into, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="branchline-queue-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_nobody(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a user without rights."""
    import pwd

    nobody = pwd.getpwnam("nobody")
    code = f"import os; os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\n"
    return subprocess.run(
        # What is imported may stand where nobody may read: it is imported before.
        [sys.executable, "-c", IMPORTS + code + textwrap.dedent(script), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


IMPORTS = """\
import json, sqlite3, sys
from branchline.adapters.sql import SqlQueue, open_database
from branchline.adapters.sql import sqlite
from branchline.core.run.jobs import NewJob
from branchline.ports.queue import QueueQuery
from branchline.errors import LedgerError
"""
READS = """
    queue = SqlQueue(open_database(sys.argv[1]))
    print(len(queue.jobs(QueueQuery())))
    try:
        queue.cancel(1, reason="no", at=1.0)
    except LedgerError as error:
        print(error.message)
    print(len(queue.jobs(QueueQuery())))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
@pytest.mark.parametrize("is_written", [True, False], ids=["while-it-is-written", "at-rest"])
def test_who_may_not_write_reads(is_written: bool, open_folder: Path) -> None:
    path = open_folder / "ledger.db"
    queue = SqlQueue(open_database(str(path)))
    queue.enqueue([JOB], event="e", at=1.0)
    if not is_written:
        queue.close()
        assert [p.name for p in open_folder.iterdir()] == ["ledger.db"]

    done = as_nobody(READS, str(path))

    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert (lines[0], lines[2]) == ("1", "1")
    assert "belongs to somebody else" in lines[1]
    queue.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_who_reads_a_file_at_rest_sees_what_is_written_later(open_folder: Path) -> None:
    path = open_folder / "ledger.db"
    pushed(path)
    script = """
        queue = SqlQueue(open_database(sys.argv[1]))
        print(len(queue.jobs(QueueQuery())), flush=True)
        sys.stdin.readline()
        print(len(queue.jobs(QueueQuery())), flush=True)
    """
    import pwd

    nobody = pwd.getpwnam("nobody")
    code = f"import os; os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\n"
    reader = subprocess.Popen(
        [sys.executable, "-c", IMPORTS + code + textwrap.dedent(script), str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdin is not None
    assert reader.stdout is not None
    first = reader.stdout.readline()
    writer = SqlQueue(open_database(str(path)))
    writer.enqueue([JOB], event="e2", at=1.0)
    answer, _ = reader.communicate("\n", timeout=60)
    writer.close()

    assert (first, answer) == ("1\n", "2\n")
