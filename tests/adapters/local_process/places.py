"""A folder with a script, and an executor that forks it; for the tests of forks."""

from __future__ import annotations

import os
import re
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from branchline.adapters.local_process import LocalExecutor
from branchline.adapters.local_process.processes import all_processes, read_process
from branchline.ports.executor import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.run import Ended

FOLDER = str(Path(sys.executable).parent)


@dataclass
class Place:
    """A folder with a script, and an executor that starts it."""

    folder: Path
    executor: LocalExecutor
    env: dict[str, str] = field(default_factory=dict)
    starts: int = 0
    remarks: list[str] = field(default_factory=list)

    def write(self, files: dict[str, str]) -> None:
        _write(self.folder, files)

    def install(self, modules: dict[str, str]) -> None:
        """Have modules that are installed, as far as the script can tell."""
        site = self.folder.with_name("site-packages")
        _write(site, modules)
        self.env["PYTHONPATH"] = str(site)

    def task(self, command: str, **fields: Any) -> Task:
        self.starts += 1
        values: dict[str, Any] = {
            "stage": "train",
            "cmd": (f"python {command}",),
            "cwd": str(self.folder),
            "root": str(self.folder),
            "log": f"{self.folder}.logs/{self.starts}.log",
            "env": {"PATH": f"{FOLDER}:{os.environ['PATH']}", "SEEN": "yes", **self.env},
        }
        return Task(**(values | fields))

    def start(self, task: Task) -> bool:
        """Start it; whether as a fork."""
        self.executor.start(task)
        self.remarks += self.executor.remarks()
        return self.executor._running[task.stage].forked is not None

    def end(self, task: Task) -> tuple[Ended, str]:
        (ended,) = self.executor.wait(60)
        return ended, Path(task.log).read_text()

    def run(self, command: str, **fields: Any) -> tuple[Ended, str, bool]:
        """Start it and wait: how it ended, its log, whether it was forked."""
        task = self.task(command, **fields)
        is_fork = self.start(task)
        return *self.end(task), is_fork

    def run_forked(self, command: str, **fields: Any) -> tuple[Ended, str]:
        """Start it until it is a fork, which takes two starts, or more on a busy machine."""
        for _ in range(20):
            ended, log, is_fork = self.run(command, **fields)
            if is_fork:
                return ended, log
            time.sleep(0.1)
        raise AssertionError(f"never forked: {self.remarks}\n{log}")

    @property
    def zygotes(self) -> set[int]:
        return set() if self.executor._forks is None else self.executor._forks.pids


def assert_same(place: Place, command: str) -> None:
    """A fork ends as a new Python does, with the same log, and leaves the same files."""
    plain = Place(place.folder, LocalExecutor(shell="/bin/sh"), place.env, starts=100)
    before = set(place.folder.rglob("*"))

    def files() -> dict[Path, bytes]:
        made = [p for p in place.folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        found = {path: path.read_bytes() for path in made}
        for path in set(made) - before:
            path.unlink()
        return found

    for _ in range(3):  # the last one is a spare, which was made ahead
        ended, log = place.run_forked(command)
        left = files()
    expected, expected_log, is_fork = plain.run(command)
    expected_left = files()

    assert not is_fork
    assert re.sub(r"0x\w+", "0x", log) == re.sub(r"0x\w+", "0x", expected_log)
    assert (ended.exit_code, ended.signal, ended.failure, ended.detail) == (
        expected.exit_code,
        expected.signal,
        expected.failure,
        expected.detail,
    )
    assert ended.peak_memory_bytes > 1 << 20
    assert left == expected_left


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def is_alive(pid: int) -> bool:
    process = read_process(pid)
    return process is not None and not process.is_zombie


def vanish(pids: set[int]) -> bool:
    """Whether processes end within a few seconds."""
    for _ in range(500):
        if not any(map(is_alive, pids)):
            return True
        time.sleep(0.01)
    return False


def within(seconds: float, check: Callable[[], object]) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def spares(place: Place) -> set[int]:
    """Forks that wait: children of a zygote which no stage has."""
    running = {one.pid for one in place.executor._running.values()}
    return {
        p.pid
        for p in all_processes()
        if p.parent in place.zygotes and p.pid not in running and not p.is_zombie
    }


def settled(place: Place) -> int:
    """The one fork that waits; what has just ended is gone, what is made anew is there."""
    seen: list[set[int]] = []

    def is_settled() -> bool:
        seen.append(spares(place))
        last = seen[-20:]
        return len(last) == 20 and len(last[-1]) == 1 and all(found == last[-1] for found in last)

    assert within(20, is_settled)
    return seen[-1].pop()
