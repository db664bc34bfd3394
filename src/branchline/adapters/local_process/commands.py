"""Adapter `local_process`: port `commands` on this machine.

One process group and session a command, as a stage has. Its output goes into a file that only this
user can read; from there it is followed, masked, and kept masked. What the command leaves running
in the background goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

from branchline.adapters.local_process import processes
from branchline.adapters.local_process.endings import Cause, explain
from branchline.adapters.local_process.executor import LocalExecutor
from branchline.adapters.local_process.shells import shell_words, stage_words
from branchline.adapters.local_process.spawning import signals_held, spawn
from branchline.core.plain_text import plain
from branchline.core.secrecy import MASK, redacted
from branchline.errors import EffectError, StageFailedError
from branchline.ports.commands import CommandEnd, Commands
from branchline.ports.executor import Task
from branchline.ports.ledger import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from branchline.ports.commands import Order

GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL."""
_POLL_S = 0.02
_LONGEST_LINE = 65_536
_SHORTEST_SECRET = 4
"""A shorter one would mask half of every line, and is guessed at once anyway."""


class LocalCommands(Commands):
    """Runs commands of one repository.

    Args:
        folder: Absolute; for locks and for what runs now. Made when needed.
        environ: Variables that commands inherit.
        doing: What whoever holds a name is said to do.
    """

    def __init__(
        self, folder: str, environ: Mapping[str, str], *, doing: str = "deploys to"
    ) -> None:
        self._folder, self._doing = folder, doing
        self._environ = dict(environ)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """See the port."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        with open(self._place(name, "lock"), "a", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EffectError(
                    f"another process of this machine {self._doing} {name}",
                    todo="Wait until it has ended, and look again.",
                ) from None
            self._end_leftovers(name)
            yield

    def run(self, order: Order, show: Callable[[str], None]) -> CommandEnd:
        """See the port."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        raw = self._place(order.name, "out")
        os.close(os.open(raw, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        task = Task(stage=order.name, cmd=order.lines, cwd=order.folder, log=raw)
        environ = {k: v for k, v in self._environ.items() if k not in order.without}
        mark = f"deploy.{os.getpid()}.{time.time_ns()}"
        environ |= {"PYTHONUNBUFFERED": "1", **order.environ, processes.MARK: mark}
        words = stage_words(
            shell_words(environ.get("SHELL")), [(redacted(line), line) for line in order.lines]
        )
        began = time.monotonic()
        try:
            with open(raw, "rb") as reader, _opened_log(order.log) as kept, signals_held() as mask:
                pid = spawn(task, words, environ, mask)
                self.note(order.name, _child(order.name, pid, mark))
                shown = _Shown(reader, kept, _masks(order.masked), show)
                code, cause = _watched(pid, began + order.timeout_s, shown, mask)
        except StageFailedError as error:
            what = error.message.replace("stage ", "the command of ", 1)
            raise EffectError(what, todo=error.todo) from error
        finally:
            with suppress(FileNotFoundError):
                os.unlink(raw)
        self.note(order.name, None)
        ending = explain(code, cause=cause, timeout_s=order.timeout_s, oom_kills=None)
        exit_code = None if cause is not None else ending.exit_code
        duration = time.monotonic() - began
        return CommandEnd(exit_code=exit_code, duration_s=duration, detail=ending.detail)

    def _place(self, name: str, kind: str) -> str:
        return os.path.join(self._folder, f"{name.replace('/', '=')}.{kind}")

    def note(self, name: str, child: ChildProcess | None) -> None:
        """Leave a note of what runs, for whoever comes after this process was killed.

        Args:
            name: That is held.
            child: What runs; None when it has ended, and what it left running may stay.
        """
        place = self._place(name, "json")
        if child is None:
            with suppress(FileNotFoundError):
                os.unlink(place)
            return
        with open(f"{place}.new", "w", encoding="utf-8") as file:
            json.dump(asdict(child), file)
        os.replace(f"{place}.new", place)

    def _end_leftovers(self, name: str) -> None:
        place = self._place(name, "json")
        try:
            with open(place, encoding="utf-8") as file:
                child = ChildProcess(**json.load(file))
        except FileNotFoundError:
            return
        except (ValueError, TypeError):  # the disk was full: nothing is known of it
            child = None
        if child is not None:
            LocalExecutor().kill_leftover(child)
        for kind in ("json", "out"):
            with suppress(FileNotFoundError):
                os.unlink(self._place(name, kind))


def _child(name: str, pid: int, mark: str) -> ChildProcess:
    process = processes.read_process(pid)
    return ChildProcess(
        stage=name,
        pgid=pid,
        started_ticks=0 if process is None else process.started_ticks,
        boot_id=processes.read_boot_id(),
        mark=mark,
    )


class _Shown:
    """Follows a command's output, a line at a time, masked."""

    def __init__(
        self,
        reader: BinaryIO,
        kept: BinaryIO | None,
        masks: Sequence[str],
        show: Callable[[str], None],
    ) -> None:
        self._reader, self._kept, self._masks, self._show = reader, kept, masks, show
        self._rest = b""

    def follow(self, *, is_end: bool = False) -> None:
        """Show the lines that are there; at the end, or when it is endless, an unfinished one."""
        *lines, self._rest = (self._rest + self._reader.read()).split(b"\n")
        if self._rest and (is_end or len(self._rest) > _LONGEST_LINE):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            # Masked again without colours: they may begin in the middle of a secret.
            text = redacted(self._masked(plain(self._masked(line.decode("utf-8", "replace")))))
            if self._kept is not None:
                self._kept.write(text.encode() + b"\n")
            self._show(text)
        if lines and self._kept is not None:
            self._kept.flush()

    def _masked(self, text: str) -> str:
        for mask in self._masks:
            text = text.replace(mask, MASK)
        return text


def _watched(
    pid: int, until: float, shown: _Shown, mask: set[signal.Signals]
) -> tuple[int, Cause | None]:
    """Wait for a command: its exit code, and why we ended it. An interrupt ends it, too."""
    try:
        # Held back while it was started; what came meanwhile comes now.
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            shown.follow(is_end=bool(done))
            if done:
                return os.waitstatus_to_exitcode(status), None
            if time.monotonic() >= until:
                code = _ended(pid, shown)
                return code, Cause.TIMEOUT
            time.sleep(_POLL_S)
    except BaseException:
        _ended(pid, shown)
        raise


def _ended(pid: int, shown: _Shown) -> int:
    """End a command and its group: SIGTERM, after the grace SIGKILL."""
    code = -signal.SIGKILL
    until = time.monotonic() + GRACE_S
    processes.send_to_group(pid, signal.SIGTERM)
    while time.monotonic() < until:
        with suppress(ChildProcessError):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
        if not processes.send_to_group(pid, 0):
            break
        time.sleep(_POLL_S)
    if processes.send_to_group(pid, signal.SIGKILL):
        with suppress(ChildProcessError):
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    shown.follow(is_end=True)
    return code


def _masks(values: Sequence[str]) -> list[str]:
    """Texts to be masked, the longest first; of one with several lines each line."""
    parts = {part.strip() for value in values for part in (value, *value.splitlines())}
    return sorted((part for part in parts if len(part) >= _SHORTEST_SECRET), key=len, reverse=True)


@contextmanager
def _opened_log(path: str) -> Iterator[BinaryIO | None]:
    if not path:
        yield None
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "ab") as file:
        yield file
