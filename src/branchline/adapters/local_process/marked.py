"""Adapter `local_process`: processes that carry a mark in their environment, to end them.

What a killed runner leaves is found by it, whatever group or session it made.
"""

from __future__ import annotations

import os
import signal
import time

from branchline.adapters.local_process.processes import all_processes, send

_TRIES = 200
_POLL_S = 0.01


def kill_marked(variable: str, prefix: str, *, spare: frozenset[int] = frozenset()) -> int:
    """SIGKILL every process in whose environment a variable begins with a text; waits.

    Args:
        variable: Its name.
        prefix: What its value begins with.
        spare: Processes that go on.

    Returns:
        How many there were.
    """
    wanted = f"{variable}={prefix}".encode()
    killed: set[int] = set()
    for _ in range(_TRIES):
        alive = [pid for pid in _marked(wanted) if pid not in spare]
        if not alive:
            break
        killed.update(alive)
        send(alive, signal.SIGKILL)
        time.sleep(_POLL_S)
    return len(killed)


def is_marked(variable: str, prefix: str) -> bool:
    """Whether any process carries the mark."""
    return bool(_marked(f"{variable}={prefix}".encode()))


def kill_orphans(spare: frozenset[int]) -> int:
    """SIGKILL children that came to this process from runners that died; reaps them.

    A child of ours in another session is a runner that is known, or what one left.
    """
    own = os.getsid(0)
    mine = os.getpid()
    found = [
        p for p in all_processes() if p.parent == mine and p.session != own and p.pid not in spare
    ]
    send([p.pid for p in found if not p.is_zombie], signal.SIGKILL)
    for process in found:
        try:
            os.waitpid(process.pid, os.WNOHANG)
        except ChildProcessError:
            continue
    return len(found)


def _marked(wanted: bytes) -> list[int]:
    found = []
    for process in all_processes():
        if process.is_zombie:
            continue
        try:
            with open(f"/proc/{process.pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:
            continue
        if any(variable.startswith(wanted) for variable in variables):
            found.append(process.pid)
    return found
