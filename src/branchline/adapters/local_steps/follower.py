"""Adapter `local_steps`: port `steps`, by looking at files again and again.

It asks for a file's size and time first, and reads what is new; it waits for nothing, locks
nothing, and writes nothing.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

from branchline.adapters.local_steps.tail import MOST_BYTES, Tail, open_plain, sign_of
from branchline.core.evidence.steps import Form, Member, member_of, parser_of, summary_steps
from branchline.ports.steps import StepFollower, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from branchline.core.evidence.steps import Step, StepParser
    from branchline.ports.steps import StepLog

_MOST_ENTRIES = 5000
_MOST_FILES = 500
_MOST_DEPTH = 8


class LocalSteps(Steps):
    """Follows logs on this machine.

    Args:
        scan_s: Folders are searched for new files once in so many seconds.
    """

    def __init__(self, *, scan_s: float = 0.5) -> None:
        self._scan_s = scan_s

    def follow(self, logs: Sequence[StepLog]) -> StepFollower:
        """See the port."""
        return _Together([self._of(log) for log in logs])

    def _of(self, log: StepLog) -> StepFollower:
        if log.form is Form.FOLDER:
            return _Folder(log.path, scan_s=self._scan_s)
        if log.form is Form.MLFLOW_DATABASE:
            # Its own module: sqlite3 costs 5 ms, and few have such a database.
            from branchline.adapters.local_steps.mlflow_database import MlflowDatabase

            return MlflowDatabase(log.path)
        return _file(log.path, Member(form=log.form), is_old=True)


class _Follows(Protocol):
    def poll(self, *, is_last: bool = False) -> Sequence[Step]: ...


class _Together(StepFollower):
    """Several followers as one."""

    def __init__(self, parts: Sequence[_Follows]) -> None:
        self._parts = parts

    def poll(self, *, is_last: bool = False) -> Sequence[Step]:
        """See the port."""
        return [step for part in self._parts for step in part.poll(is_last=is_last)]


def _file(path: str, member: Member, *, is_old: bool) -> StepFollower:
    if member.form is Form.SUMMARY:
        return _Summary(path, is_old=is_old)
    return _Lines(path, member, is_old=is_old)


class _Lines(StepFollower):
    """A log that grows line by line."""

    def __init__(self, path: str, member: Member, *, is_old: bool) -> None:
        self._member = member
        self._tail = Tail(path, is_old=is_old)
        self._parser: StepParser | None = parser_of(member.form, member.prefix)
        if self._parser is not None and member.form is Form.TABLE:
            self._parser.feed(self._tail.header)

    def poll(self, *, is_last: bool = False) -> Sequence[Step]:  # noqa: ARG002 # it always looks
        """See the port."""
        gained = self._tail.read()
        if gained.is_new:
            self._parser = parser_of(self._member.form, self._member.prefix)
        return self._parser.feed(gained.data) if self._parser is not None else ()


class _Summary(StepFollower):
    """A file that is written anew at each step."""

    def __init__(self, path: str, *, is_old: bool) -> None:
        self._path = path
        self._sign: tuple[int, ...] = ()
        if is_old:
            self._data()

    def poll(self, *, is_last: bool = False) -> Sequence[Step]:  # noqa: ARG002 # it always looks
        """See the port."""
        data = self._data()
        return summary_steps(data) if data else ()

    def _data(self) -> bytes:
        try:
            sign = sign_of(self._path)
            if sign == self._sign:
                return b""
            self._sign = sign
            file = open_plain(self._path)
        except OSError:
            return b""
        try:
            return os.pread(file, MOST_BYTES, 0)
        except OSError:
            return b""
        finally:
            os.close(file)


class _Folder(StepFollower):
    """What is or comes to be in a folder: files of DVCLive, MLflow, Lightning."""

    def __init__(self, path: str, *, scan_s: float) -> None:
        self._path = path
        self._scan_s = scan_s
        self._scanned = float("-inf")
        self._files: dict[str, StepFollower] = {}
        self._find(is_old=True)

    def poll(self, *, is_last: bool = False) -> Sequence[Step]:
        """See the port."""
        if is_last or time.monotonic() - self._scanned >= self._scan_s:
            self._find(is_old=False)
        return [step for file in self._files.values() for step in file.poll(is_last=is_last)]

    def _find(self, *, is_old: bool) -> None:
        self._scanned = time.monotonic()
        parent, name = os.path.split(self._path.rstrip("/"))
        above = os.path.join(os.path.basename(parent), name)
        for path in self._walk():
            if len(self._files) >= _MOST_FILES:
                return
            if path in self._files:
                continue
            member = member_of(f"{above}/{os.path.relpath(path, self._path)}")
            if member is not None:
                self._files[path] = _file(path, member, is_old=is_old)

    def _walk(self) -> Iterator[str]:
        """Files, those of the folders that changed last first; hidden ones and links left out."""
        left = _MOST_ENTRIES
        queue = [(self._path, 0)]
        while queue and left > 0:
            folder, depth = queue.pop()
            try:
                with os.scandir(folder) as entries:
                    found = list(entries)
            except OSError:
                continue
            left -= len(found)
            yield from (e.path for e in found if e.name[:1] != "." and _is_file(e))
            if depth < _MOST_DEPTH:
                below = [e for e in found if e.name[:1] != "." and _is_folder(e)]
                queue += [(e.path, depth + 1) for e in sorted(below, key=_changed_at)]


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _changed_at(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0
