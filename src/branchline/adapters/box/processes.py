"""Adapter `box`: whether the process that a file names, a worker or a git, is one that runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.ports.box import WorkerProcess


_SLACK_S = 2.0
"""When a process started is known to about a second."""


def started_ticks(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 where it is gone or nothing says so."""
    fields = _fields(pid)
    return int(fields[19]) if fields else 0


def is_alive(process: WorkerProcess) -> bool:
    """Whether this very process runs; where there is no /proc, whether one of its number does."""
    if os.path.isdir("/proc/self"):
        fields = _fields(process.pid)
        return (
            fields is not None
            and int(fields[19]) == process.started_ticks
            and fields[0] not in (b"Z", b"X")
        )
    try:
        os.kill(process.pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def is_git(pid: int, *, started_before: float) -> bool:
    """Whether a process runs and is the git that was there at a time; without /proc, whether any.

    Args:
        pid: Its number, which another process may have got meanwhile.
        started_before: Seconds since 1970; a younger process is another.
    """
    if not os.path.isdir("/proc/self"):
        try:
            os.kill(pid, 0)
        except OSError as error:
            return isinstance(error, PermissionError)
        return True
    try:
        with open(f"/proc/{pid}/comm", "rb", buffering=0) as file:
            name = file.read().strip()
    except OSError:
        return False
    fields = _fields(pid)
    if fields is None or fields[0] in (b"Z", b"X") or not (name + b"-").startswith(b"git-"):
        return False
    return _booted_at() + int(fields[19]) / os.sysconf("SC_CLK_TCK") <= started_before + _SLACK_S


def _booted_at() -> float:
    """When this machine was started, seconds since 1970, to the second."""
    with open("/proc/stat", encoding="ascii", errors="replace") as file:
        return float(next(line.split()[1] for line in file if line.startswith("btime ")))


def _fields(pid: int) -> list[bytes] | None:
    """Fields of /proc/PID/stat from the state on: the name before them may hold anything."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read()
    except OSError:
        return None
    return text[text.rfind(b")") + 2 :].split(None, 20) or None
