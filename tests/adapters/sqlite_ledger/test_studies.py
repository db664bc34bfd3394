"""Searches in `studies.db`."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.sqlite_ledger.studies import SqliteStudies
from branchline.errors import LedgerError
from branchline.testing.studies import STUDY, StudiesContract, kept_trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TestSqliteStudies(StudiesContract):
    """In one file."""

    @pytest.fixture
    def studies(self, tmp_path: Path) -> Iterator[SqliteStudies]:
        made = SqliteStudies(str(tmp_path / "state"))
        yield made
        made.close()

    @pytest.fixture
    def beside(self, tmp_path: Path) -> Iterator[SqliteStudies]:
        made = SqliteStudies(str(tmp_path / "state"))
        yield made
        made.close()


HOLDER = """\
import sys, time
from branchline.adapters.sqlite_ledger.studies import SqliteStudies
studies = SqliteStudies(sys.argv[1])
print(studies.hold(sys.argv[2], wait_s=0), flush=True)
time.sleep(60)
"""


def test_whoever_is_killed_holds_nothing(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, str(tmp_path), STUDY.identity]
    studies = SqliteStudies(str(tmp_path))

    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        before = studies.hold(STUDY.identity, wait_s=0)
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert not before
    assert studies.hold(STUDY.identity, wait_s=0)
    studies.close()
    assert [name for name in os.listdir(tmp_path) if name.endswith(".lock")] == []


def test_who_waits_gets_it(tmp_path: Path) -> None:
    first, second = SqliteStudies(str(tmp_path)), SqliteStudies(str(tmp_path))
    first.hold(STUDY.identity, wait_s=0)
    timer = threading.Timer(0.3, first.close)
    timer.start()

    has_it = second.hold(STUDY.identity, wait_s=20)

    timer.join()
    assert has_it
    second.close()


def test_two_that_begin_at_once_keep_all(tmp_path: Path) -> None:
    def work(place: int) -> None:
        studies = SqliteStudies(str(tmp_path))
        studies.begin(STUDY)
        for number in range(place, 60, 3):
            studies.add(STUDY.identity, kept_trial(number))
        studies.close()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    kept = SqliteStudies(str(tmp_path)).begin(STUDY)
    assert [one.trial.number for one in kept] == list(range(60))


def test_a_trial_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    studies = SqliteStudies(str(tmp_path))
    studies.begin(STUDY)
    studies.add(STUDY.identity, kept_trial(1))
    studies.close()
    with sqlite3.connect(studies.path) as connection:
        connection.execute("UPDATE trials SET json = '{'")
    connection.close()

    with pytest.raises(LedgerError, match=r"studies\.db: trial 1 cannot be read"):
        studies.begin(STUDY)
    studies.close()


def test_a_file_without_a_byte_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "studies.db").write_bytes(b"")

    studies = SqliteStudies(str(tmp_path))

    assert list(studies.begin(STUDY)) == []
    assert studies.add(STUDY.identity, kept_trial(1))
    studies.close()


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "studies.db").write_bytes(b"no database " * 100)

    with pytest.raises(LedgerError, match="is damaged"):
        SqliteStudies(str(tmp_path)).begin(STUDY)
