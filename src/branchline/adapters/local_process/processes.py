"""Adapter `local_process`: what the system says about processes (Linux's /proc).

Where there is no /proc, processes that leave their group are not found and left-over groups are
left alone; nothing here raises for a process that is gone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

MARK = "BRANCHLINE_TASK"
"""Variable in the environment of every process of a stage; its value names one start of it."""

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `started_ticks` is in clock ticks since boot; a zombie has ended."""

    pid: int
    parent: int
    group: int
    session: int
    started_ticks: int
    is_zombie: bool


def read_process(pid: int) -> Process | None:
    """What /proc says about a process; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read()
    except OSError:
        return None
    # The name in brackets may hold blanks and brackets itself: fields count from the last one.
    fields = text[text.rfind(b")") + 2 :].split(None, 20)
    return Process(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        started_ticks=int(fields[19]),
        is_zombie=fields[0] in (b"Z", b"X"),
    )


def read_boot_id() -> str:
    """Identity of this boot of the kernel; "" where the system has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def read_oom_kills() -> int | None:
    """How many processes the kernel has killed for lack of memory; None when it does not say."""
    try:
        with open("/proc/vmstat", "rb") as file:
            _, found, rest = file.read().partition(b"\noom_kill ")
    except OSError:
        return None
    return int(rest.split(None, 1)[0]) if found else None


def become_subreaper() -> bool:
    """Let orphans of our children become our children, whatever session they made; Linux only."""
    try:
        import ctypes

        done: int = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return False
    return done == 0


def children_of_this_process() -> tuple[int, ...]:
    """Direct children, zombies included; empty where the system does not say."""
    pid = os.getpid()
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb", buffering=0) as file:
            return tuple(int(child) for child in file.read().split())
    except OSError:
        return ()


def has_mark(pid: int, mark: str) -> bool:
    """Whether a process was started with this mark in its environment."""
    return f"{MARK}={mark}".encode() in _variables(pid)


def marked_by(engine: str) -> list[Process]:
    """Living processes of all stages of one engine, and all that these started.

    Args:
        engine: What the marks of its stages have before their last dot.
    """
    beginning = f"{MARK}={engine}.".encode()
    everything = [process for process in all_processes() if process.pid > 1]
    return _with_all_below(
        everything,
        {p.pid for p in everything if any(v.startswith(beginning) for v in _variables(p.pid))},
    )


def _variables(pid: int) -> list[bytes]:
    """The environment that a process was started with; empty where it cannot be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def all_processes() -> list[Process]:
    """Every process that /proc shows, this one left out."""
    own = os.getpid()
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    pids = (int(name) for name in names if name.isdigit())
    found = (read_process(pid) for pid in pids if pid != own)
    return [process for process in found if process is not None]


def strays(leaders: Collection[int]) -> list[int]:
    """Orphans that came to this process, the subreaper, without mark, session or environment.

    A process that cleared its environment and made its own session (`env -i setsid ...`) can only
    be from a stage: what this process starts elsewhere shares its session or its environment (a
    `git gc` in the background has our PATH).

    Args:
        leaders: Children that are known.
    """
    own_session = os.getsid(0)
    ours = {
        f"{name}={os.environ[name]}".encode() for name in ("PATH", "HOME") if name in os.environ
    }
    found = []
    for pid in children_of_this_process():
        process = None if pid in leaders else read_process(pid)
        if process is None or process.is_zombie or process.session == own_session:
            continue
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except ProcessLookupError:
            variables = []  # it is dying and has given its memory back: wait for it
        except OSError:
            continue
        if not any(v in ours or v.startswith(MARK.encode()) for v in variables):
            found.append(pid)
    return found


def processes_of(leader: int, mark: str, also: Collection[int] = ()) -> list[Process]:
    """Living processes of one stage, wherever they went.

    Those in the group or session of its first process, those below it, those that carry its mark,
    and all that these started.

    Args:
        leader: First process of the stage, living or dead.
        mark: Value of `MARK`; "" when it is not known.
        also: Processes known to be of this stage.
    """
    everything = [process for process in all_processes() if process.pid > 1]
    ours = {
        process.pid
        for process in everything
        if process.pid in also
        or leader in (process.pid, process.group, process.session)
        or (mark and has_mark(process.pid, mark))
    }
    return _with_all_below(everything, ours)


def _with_all_below(everything: list[Process], ours: set[int]) -> list[Process]:
    """The living ones of some processes and of all that these started."""
    below: dict[int, list[int]] = {}
    for process in everything:
        below.setdefault(process.parent, []).append(process.pid)
    waiting = list(ours)
    for pid in waiting:  # grows while it is read
        fresh = [child for child in below.get(pid, ()) if child not in ours]
        ours.update(fresh)
        waiting.extend(fresh)
    return [process for process in everything if process.pid in ours and not process.is_zombie]


def send(pids: list[int], number: int) -> None:
    """Send a signal to processes; those that are gone are passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def send_to_group(group: int, number: int) -> bool:
    """Send a signal to a process group; says whether anybody was there."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def reap_orphan(pid: int) -> None:
    """Take note that a process which became our child has ended; nothing if it did not."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
