"""The ledger in SQLite: the port's contract, kill -9, two processes, damage, old versions."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.sqlite_ledger import SqliteLedger
from branchline.adapters.sqlite_ledger.schema import MIGRATIONS
from branchline.errors import LedgerError
from branchline.testing.ledger import AT, FakeLedger, LedgerContract, child_of, ledger_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.ports.ledger import Ledger


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / ".branchline")


@pytest.fixture
def sqlite_ledger(folder: str) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(folder)
    yield ledger
    ledger.close()


class TestSqliteLedger(LedgerContract):
    @pytest.fixture
    def ledger(self, sqlite_ledger: SqliteLedger) -> Ledger:
        return sqlite_ledger


class TestFakeLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Ledger:
        return FakeLedger()


def run_python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script that may import what this test imports."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_reading_a_ledger_that_is_not_there_leaves_no_file(
    sqlite_ledger: SqliteLedger, folder: str
) -> None:
    assert list(sqlite_ledger.active()) == []
    assert not os.path.exists(folder)


def test_the_folder_hides_itself_from_git(sqlite_ledger: SqliteLedger, folder: str) -> None:
    sqlite_ledger.begin(label="a", stages=[], started_at=AT)

    assert Path(folder, ".gitignore").read_text() == "*\n"


def test_nothing_committed_is_lost_by_kill_9(sqlite_ledger: SqliteLedger, folder: str) -> None:
    killed = run_python(
        """
        import os, signal, sys
        from branchline.adapters.sqlite_ledger import SqliteLedger
        from branchline.testing.ledger import child_of, ledger_result
        ledger = SqliteLedger(sys.argv[1])
        run = ledger.begin(label="abc", stages=["train", "eval"], started_at="t")
        ledger.stage_started(run, child_of("train"), log="/l", at="t")
        ledger.stage_ended(run, "train", "succeeded", ended=None, result=ledger_result("k"), at="t")
        ledger.stage_started(run, child_of("eval"), log="/l", at="t")
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        folder,
    )

    (active,) = sqlite_ledger.active()

    assert killed.returncode == -9, killed.stderr
    assert not active.is_alive
    assert active.stages == {"train": "succeeded", "eval": "running"}
    assert active.children == (child_of("eval"),)
    assert list(sqlite_ledger.unsettled()) == [ledger_result("k")]


def test_a_reused_pid_is_not_taken_for_the_engine(sqlite_ledger: SqliteLedger, folder: str) -> None:
    sqlite_ledger.begin(label="abc", stages=[], started_at=AT)
    sqlite_ledger.begin(label="abd", stages=[], started_at=AT)
    with sqlite3.connect(sqlite_ledger.path) as other:
        other.execute("UPDATE runs SET started_ticks = started_ticks - 1 WHERE run = 1")
        other.execute("UPDATE runs SET boot_id = 'another' WHERE run = 2")
    other.close()

    assert [run.is_alive for run in sqlite_ledger.active()] == [False, False]


def test_two_processes_write_at_once_and_lose_nothing(
    sqlite_ledger: SqliteLedger, folder: str
) -> None:
    script = textwrap.dedent(
        """
        import sys
        from branchline.adapters.sqlite_ledger import SqliteLedger
        from branchline.testing.ledger import ledger_result
        ledger = SqliteLedger(sys.argv[1])
        run = ledger.begin(label="x", stages=[], started_at="t")
        for i in range(100):
            result = ledger_result(f"{sys.argv[2]}-{i}")
            ledger.stage_ended(run, f"s{i}", "succeeded", ended=None, result=result, at="t")
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen([sys.executable, "-c", script, folder, name], env=environment)
        for name in "abc"
    ]

    codes = [writer.wait(60) for writer in writers]

    assert codes == [0, 0, 0]
    assert len({result.key for result in sqlite_ledger.unsettled()}) == 300


def test_a_held_file_is_an_error_after_the_wait(sqlite_ledger: SqliteLedger, folder: str) -> None:
    sqlite_ledger.begin(label="a", stages=[], started_at=AT)
    other = sqlite3.connect(sqlite_ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    impatient = SqliteLedger(folder, busy_s=0.05)

    with pytest.raises(LedgerError, match=r"held by another process for more than 0\.05 s"):
        impatient.begin(label="b", stages=[], started_at=AT)

    other.close()
    impatient.close()


def test_a_damaged_file_is_an_error_that_says_what_to_do(folder: str) -> None:
    os.makedirs(folder)
    Path(folder, "ledger.db").write_bytes(b"this is no database, whatever its name says" * 100)
    ledger = SqliteLedger(folder)

    with pytest.raises(LedgerError, match=r"ledger\.db is damaged: ") as caught:
        ledger.active()

    assert "mv " in caught.value.todo
    assert "stand in git" in caught.value.todo


def test_a_damaged_result_is_an_error_that_names_it(sqlite_ledger: SqliteLedger) -> None:
    run = sqlite_ledger.begin(label="a", stages=[], started_at=AT)
    result = ledger_result("k")
    sqlite_ledger.stage_ended(run, "train", "succeeded", ended=None, result=result, at=AT)
    with sqlite3.connect(sqlite_ledger.path) as other:
        other.execute("UPDATE results SET json = '{\"schema_version\": 1}'")
    other.close()

    with pytest.raises(LedgerError, match=r"result 1 cannot be read: result\.key is None"):
        sqlite_ledger.unsettled()


def test_a_ledger_of_a_newer_version_is_refused(sqlite_ledger: SqliteLedger, folder: str) -> None:
    sqlite_ledger.begin(label="a", stages=[], started_at=AT)
    with sqlite3.connect(sqlite_ledger.path) as other:
        other.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    other.close()

    with pytest.raises(LedgerError, match="Branchline knows versions up to"):
        SqliteLedger(folder).active()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerError, match="cannot be made: Not a directory"):
        SqliteLedger(str(tmp_path / "file" / ".branchline")).begin(
            label="a", stages=[], started_at=AT
        )


def test_state_files_move_when_the_ledger_changes(sqlite_ledger: SqliteLedger) -> None:
    def signature() -> list[tuple[int, int] | None]:
        stats = [os.stat(p) if os.path.exists(p) else None for p in sqlite_ledger.state_files()]
        return [None if s is None else (s.st_mtime_ns, s.st_size) for s in stats]

    seen = [signature()]
    run = sqlite_ledger.begin(label="a", stages=["train"], started_at=AT)
    seen.append(signature())
    sqlite_ledger.stage_started(run, child_of("train"), log="/l", at=AT)
    seen.append(signature())

    assert len({str(one) for one in seen}) == 3


def test_an_event_costs_well_under_two_milliseconds(sqlite_ledger: SqliteLedger) -> None:
    run = sqlite_ledger.begin(label="a", stages=[], started_at=AT)
    began = time.process_time()

    for index in range(200):
        sqlite_ledger.stage_started(run, child_of(f"s{index}"), log="/l", at=AT)

    # Measured 0.07 ms; the bound leaves room for a busy machine.
    assert (time.process_time() - began) / 200 < 0.002
