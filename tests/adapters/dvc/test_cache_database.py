"""The cache database: several processes at once, damage in the middle, no place to write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import branchline
from branchline.adapters.dvc.cache_database import CacheDatabase

SOURCES = str(Path(branchline.__file__).parents[1])
COUNT = "SELECT count(*) FROM meaning"
ADD = "INSERT OR REPLACE INTO meaning VALUES (?, ?)"

WRITER = """
import sys
from branchline.adapters.dvc.cache_database import CacheDatabase
database = CacheDatabase(sys.argv[1])
for number in range(50):
    rows = [(f"{sys.argv[2]}-{number}-{row}", "x") for row in range(20)]
    database.write("INSERT OR REPLACE INTO meaning VALUES (?, ?)", rows)
database.close()
"""


def test_nothing_is_made_by_asking(tmp_path: Path) -> None:
    database = CacheDatabase(str(tmp_path / ".branchline" / "cache.db"))

    assert database.query(COUNT) == []
    assert not (tmp_path / ".branchline").exists()


def test_local_state_keeps_itself_out_of_git(tmp_path: Path) -> None:
    database = CacheDatabase(str(tmp_path / ".branchline" / "cache.db"))

    database.write(ADD, [("a", "1")])
    database.close()

    assert (tmp_path / ".branchline" / ".gitignore").read_text() == "*\n"


def test_processes_write_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "cache.db")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(number)],
            env={**os.environ, "PYTHONPATH": SOURCES},
        )
        for number in range(3)
    ]

    assert [child.wait() for child in children] == [0, 0, 0]
    assert CacheDatabase(path).query(COUNT) == [(3000,)]
    assert not (tmp_path / "cache.db.damaged").exists()


def test_damage_in_the_middle_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    database = CacheDatabase(str(path))
    database.write(ADD, [(f"key {number}", "x" * 200) for number in range(2000)])
    database.close()
    data = bytearray(path.read_bytes())
    data[8192:-4096] = os.urandom(len(data) - 8192 - 4096)
    path.write_bytes(data)

    damaged = CacheDatabase(str(path))
    damaged.query("SELECT * FROM meaning")
    damaged.write(ADD, [("a", "1")])

    assert damaged.query("SELECT * FROM meaning") == [("a", "1")]
    assert (tmp_path / "cache.db.damaged").exists()
    damaged.close()


def test_another_version_is_emptied(tmp_path: Path) -> None:
    path = str(tmp_path / "cache.db")
    database = CacheDatabase(path)
    database.write(ADD, [("a", "1")])
    database.write("PRAGMA user_version=99", [])
    database.close()
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()

    assert CacheDatabase(path).query(COUNT) == [(0,)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    database = CacheDatabase(str(tmp_path / "cache.db"))

    database.write(ADD, [("a", "1")])

    assert database.query(COUNT) == []


def test_a_path_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    database = CacheDatabase(str(tmp_path / "file" / "cache.db"))

    database.write(ADD, [("a", "1")])

    assert database.query(COUNT) == []
