"""Adapter `sqlite_ledger`: port `ledger` in `.branchline/ledger.db`.

One commit an event. It starts no stage and kills none.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from branchline.adapters.sqlite_ledger.database import LedgerFile
from branchline.adapters.sqlite_ledger.schema import MIGRATIONS
from branchline.errors import LedgerError, RecordError
from branchline.ports.ledger import ActiveRun, ChildProcess, Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.plan.values import Result
    from branchline.core.run import Ended


class SqliteLedger(Ledger):
    """The ledger of one clone.

    Nothing is opened or created before it is needed: reading a ledger that is not there answers
    "nothing" and leaves no file.

    Args:
        folder: Absolute path of `.branchline`; made on the first write, with a `.gitignore`.
        busy_s: How long another process may hold the file before that is an error.
    """

    def __init__(self, folder: str, *, busy_s: float = 10.0) -> None:
        self._file = LedgerFile(folder, "ledger.db", MIGRATIONS, busy_s=busy_s)
        self.path = self._file.path

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        self._file.close()

    def begin(self, *, label: str, stages: Sequence[str], started_at: str) -> int:
        """See the port."""
        pid = os.getpid()
        with self._file.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (label, pid, started_ticks, boot_id, started_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (label, pid, _own_ticks(pid), _boot_id(), started_at),
            )
            run = cursor.lastrowid or 0
            connection.executemany(
                "INSERT OR IGNORE INTO stages (run, position, stage) VALUES (?, ?, ?)",
                [(run, position, stage) for position, stage in enumerate(stages)],
            )
        return run

    def stage_started(self, run: int, child: ChildProcess, *, log: str, at: str) -> None:
        """See the port."""
        values = (child.pgid, child.started_ticks, child.boot_id, child.mark, log, at)
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO stages (pgid, started_ticks, boot_id, mark, log, started_at, state,"
                " run, stage, position) VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, 1000000)"
                " ON CONFLICT (run, stage) DO UPDATE SET pgid = excluded.pgid,"
                " started_ticks = excluded.started_ticks, boot_id = excluded.boot_id,"
                " mark = excluded.mark, log = excluded.log, started_at = excluded.started_at,"
                " state = 'running', ended_at = NULL, exit_code = NULL, detail = ''",
                (*values, run, child.stage),
            )

    def stage_ended(
        self,
        run: int,
        stage: str,
        state: str,
        *,
        ended: Ended | None,
        result: Result | None,
        at: str,
    ) -> None:
        """See the port."""
        exit_code, detail, log = (
            (None, "", "") if ended is None else (ended.exit_code, ended.detail, ended.log)
        )
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO stages (state, ended_at, exit_code, detail, log, run, stage, position)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 1000000)"
                " ON CONFLICT (run, stage) DO UPDATE SET state = excluded.state,"
                " ended_at = excluded.ended_at, exit_code = excluded.exit_code,"
                " detail = excluded.detail,"
                " log = CASE excluded.log WHEN '' THEN log ELSE excluded.log END",
                (state, at, exit_code, detail, log, run, stage),
            )
            if result is not None:
                connection.execute(
                    "INSERT INTO results (run, identity, json) VALUES (?, ?, ?)",
                    (run, _identity(result), _to_text(result)),
                )

    def end(self, run: int, state: str, *, at: str, record: str = "") -> None:
        """See the port."""
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE runs SET state = ?, ended_at = ?, record = ? WHERE run = ?",
                (state, at, record, run),
            )

    def active(self) -> Sequence[ActiveRun]:
        """See the port."""
        runs = self._file.read(
            "SELECT run, pid, started_at, label, started_ticks, boot_id FROM runs"
            " WHERE ended_at IS NULL ORDER BY run"
        )
        found = []
        for run, pid, started_at, label, started_ticks, boot_id in runs:
            rows = self._file.read(
                "SELECT stage, state, pgid, started_ticks, boot_id, mark FROM stages"
                " WHERE run = ? ORDER BY position, started_at",
                (run,),
            )
            active = ActiveRun(
                run=run,
                pid=pid,
                started_at=started_at,
                label=label,
                stages={row[0]: row[1] for row in rows},
                children=tuple(_child(row) for row in rows if row[1] == "running" and row[2]),
                is_alive=_is_alive(pid, started_ticks, boot_id),
                started_ticks=started_ticks,
                boot_id=boot_id,
            )
            found.append(active)
        return found

    def unsettled(self) -> Sequence[Result]:
        """See the port."""
        return [
            self._parse(*row) for row in self._file.read("SELECT id, json FROM results ORDER BY id")
        ]

    def settled(self, results: Sequence[Result]) -> None:
        """See the port. A result counts as the same when key, observed files and stage are."""
        if not results:
            return
        with self._file.writing() as connection:
            connection.executemany(
                "DELETE FROM results WHERE identity = ?", [(_identity(r),) for r in results]
            )

    def logs(
        self, *, stage: str | None = None, record: str | None = None
    ) -> Sequence[tuple[str, str]]:
        """See the port."""
        return self._file.read(
            "SELECT stages.stage, stages.log FROM stages JOIN runs USING (run)"
            " WHERE stages.log != '' AND stages.stage = ifnull(?, stages.stage)"
            " AND runs.record = ifnull(?, runs.record)"
            " ORDER BY runs.run DESC, stages.started_at, stages.position",
            (stage, record),
        )

    def state_files(self) -> Sequence[str]:
        """See the port. The write-ahead log holds what is not in the main file yet."""
        return (self.path, self.path + "-wal")

    def _parse(self, number: int, text: str) -> Result:
        import json

        from branchline.core.plan.result_json import result_from_json

        try:
            return result_from_json(json.loads(text))
        except (RecordError, ValueError) as error:
            raise LedgerError(
                f"{self.path}: result {number} cannot be read: {error}",
                todo=f"Set the file aside (mv {self.path} {self.path}.broken) and run again.",
            ) from error


def _identity(result: Result) -> str:
    from branchline.core.values import digest_of

    return digest_of([result.stage, result.key, [[o.path, o.digest] for o in result.observed]])


def _to_text(result: Result) -> str:
    import json

    from branchline.core.plan.result_json import result_to_json

    return json.dumps(result_to_json(result), separators=(",", ":"), allow_nan=False)


def _child(row: tuple[Any, ...]) -> ChildProcess:
    stage, _, pgid, started_ticks, boot_id, mark = row
    return ChildProcess(
        stage=stage, pgid=pgid, started_ticks=started_ticks, boot_id=boot_id, mark=mark
    )


def _is_alive(pid: int, started_ticks: int, boot_id: str) -> bool:
    """Whether a process still lives and is the one that was noted."""
    if boot_id != _boot_id():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # alive, and somebody else's: the ticks decide
    return started_ticks == _started_ticks(pid)


def _started_ticks(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0
    # A zombie has ended and waits for its parent to notice.
    return 0 if fields[0] in (b"Z", b"X") else int(fields[19])


@lru_cache(maxsize=1)
def _own_ticks(pid: int) -> int:
    """`_started_ticks` of this process, which does not change."""
    return _started_ticks(pid)


@lru_cache(maxsize=1)
def _boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
