"""Adapter `sqlite_ledger`: port `studies` in `studies.db` of the state folder; a commit a trial."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from branchline.adapters.sqlite_ledger.database import LedgerFile, make_folder
from branchline.adapters.sqlite_ledger.schema import STUDY_MIGRATIONS
from branchline.core.run.studies import KeptTrial, Study, kept_from_json, kept_to_json
from branchline.errors import LedgerError
from branchline.ports.studies import PastStudy, Studies

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_POLL_S = 0.1


class SqliteStudies(Studies):
    """The searches of one clone, or of one box.

    Args:
        folder: Absolute path of the state folder; made on the first write.
        busy_s: How long another process may hold the file before that is an error.
    """

    def __init__(self, folder: str, *, busy_s: float = 10.0) -> None:
        self._file = LedgerFile(folder, "studies.db", STUDY_MIGRATIONS, busy_s=busy_s)
        self.path = self._file.path
        self._folder = folder
        self._held: dict[str, int] = {}

    def close(self) -> None:
        """See the port."""
        self._file.close()
        for study, descriptor in self._held.items():
            with suppress(OSError):  # the next one to come makes it anew
                os.unlink(self._lock_of(study))
            os.close(descriptor)
        self._held.clear()

    def hold(self, study: str, *, wait_s: float) -> bool:
        """See the port; a lock of the kernel's, which ends with the process."""
        end = time.monotonic() + wait_s
        while study not in self._held:
            descriptor = self._locked(study)
            if descriptor is not None:
                self._held[study] = descriptor
            elif (left := end - time.monotonic()) <= 0:
                return False
            else:
                time.sleep(min(_POLL_S, left))
        return True

    def _lock_of(self, study: str) -> str:
        return os.path.join(self._folder, f"studies-{study[:32]}.lock")

    def _locked(self, study: str) -> int | None:
        """The lock of a search, open; None while another process has it."""
        import fcntl

        path = self._lock_of(study)
        make_folder(self._folder)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise LedgerError(
                f"{path} cannot be opened: {error.strerror}",
                todo="See that the folder is writable and that the disk is not full.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have removed the file between the two calls.
            if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        return None

    def begin(self, study: Study) -> Sequence[KeptTrial]:
        """See the port."""
        row = {
            "base": study.base,
            "objective": study.objective,
            # A list: the order of the parameters is part of the search.
            "space": [[name, written] for name, written in study.space.items()],
            "sampler": study.sampler,
            "seed": study.seed,
            "replicates": study.replicates,
            "pruner": study.pruner,
        }
        with self._file.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO studies (study, json) VALUES (?, ?)",
                (study.identity, json.dumps(row)),
            )
        return self._trials(study.identity)

    def add(self, study: str, kept: KeptTrial) -> bool:
        """See the port."""
        text = json.dumps(kept_to_json(kept), separators=(",", ":"))
        with self._file.writing() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO trials (study, number, json) VALUES (?, ?, ?)",
                (study, kept.trial.number, text),
            )
            return cursor.rowcount == 1

    def drop(self, study: str, numbers: Collection[int]) -> None:
        """See the port."""
        with self._file.writing() as connection:
            connection.executemany(
                "DELETE FROM trials WHERE study = ? AND number = ?",
                [(study, number) for number in numbers],
            )

    def past(self, *, objective: str, limit: int = 20) -> Sequence[PastStudy]:
        """See the port."""
        rows = self._file.read(
            "SELECT studies.json, max(trials.id) AS newest FROM studies JOIN trials USING (study)"
            " GROUP BY study ORDER BY newest DESC"
        )
        studies = [_study(json.loads(text)) for text, _ in rows]
        same = [study for study in studies if study.objective == objective][:limit]
        return [PastStudy(study=s, trials=tuple(self._trials(s.identity))) for s in same]

    def _trials(self, study: str) -> Sequence[KeptTrial]:
        rows = self._file.read(
            "SELECT id, json FROM trials WHERE study = ? ORDER BY number", (study,)
        )
        return [self._parse(*row) for row in rows]

    def _parse(self, number: int, text: str) -> KeptTrial:
        try:
            return kept_from_json(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerError(
                f"{self.path}: trial {number} cannot be read: {error}",
                todo=f"Set the file aside (mv {self.path} {self.path}.broken) and search again.",
            ) from error


def _study(row: Any) -> Study:
    return Study(
        base=row["base"],
        objective=row["objective"],
        space=dict(row["space"]),
        sampler=row["sampler"],
        seed=row["seed"],
        replicates=row["replicates"],
        pruner=row.get("pruner", ""),
    )
