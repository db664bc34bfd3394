"""Adapter `local_steps`: the database of MLflow's store, where its runs keep metrics since 3.0.

Read by the numbers of rows, over a connection that cannot write and waits for nobody; the training
that writes meanwhile notices nothing.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from branchline.adapters.local_steps.tail import sign_of
from branchline.core.evidence.steps import Step, tidy_name
from branchline.ports.steps import StepFollower

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_ROWS = 10_000
_LARGEST = 1.7976931348623157e308
_LAST = "SELECT coalesce(max(rowid), 0) FROM metrics"
_ROWS = "SELECT rowid, key, value, step, is_nan FROM metrics WHERE rowid > ? ORDER BY rowid LIMIT ?"


class MlflowDatabase(StepFollower):
    """Rows that come into the table `metrics`.

    Args:
        path: Absolute path of the database; it may come later.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._sign: tuple[object, ...] = ()
        self._row = 0
        self._inode = self._sign_now()[0]
        if self._inode is None:
            return
        try:
            with closing(self._open()) as database:
                self._row = int(database.execute(_LAST).fetchone()[0])
        except sqlite3.Error:
            return

    def poll(self, *, is_last: bool = False) -> Sequence[Step]:  # noqa: ARG002 # it always looks
        """See the port."""
        sign = self._sign_now()
        if sign == self._sign:
            return ()
        if sign[0] != self._inode:
            self._row, self._inode = 0, sign[0]
        if self._inode is None:
            return ()
        try:
            with closing(self._open()) as database:
                rows = database.execute(_ROWS, (self._row, _MOST_ROWS)).fetchall()
        except sqlite3.Error:  # gone again, or locked: the next poll looks again
            return ()
        # Not looked at again before it changes, unless there is more to read already.
        self._sign = sign if len(rows) < _MOST_ROWS else ()
        self._row = max((int(row[0]) for row in rows), default=self._row)
        return [step for row in rows for step in _steps(row)]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(self._path)}?mode=ro", uri=True, timeout=0.05)

    def _sign_now(self) -> tuple[object, ...]:
        """What changes when a row comes: also the log of what is not yet in the file itself."""
        found: list[object] = []
        for path in (self._path, f"{self._path}-wal"):
            try:
                found += sign_of(path)
            except OSError:
                found.append(None)
        return tuple(found)


def _steps(row: tuple[object, ...]) -> Sequence[Step]:
    """MLflow keeps NaN as a flag, and infinities as the largest numbers that there are."""
    _, key, value, step, is_nan = row
    if not isinstance(key, str) or not isinstance(step, int) or step < 0:
        return ()
    number = float("nan")
    if not is_nan:
        if not isinstance(value, int | float):
            return ()
        number = float(value)
        if abs(number) >= _LARGEST:
            number *= 2
    return (Step(step=step, name=tidy_name(key), value=number),)
