"""Adapter `local_process`: one zygote, and the forks that it makes ahead. Our side of `zygote/`."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.adapters.local_process import processes, spares
from branchline.adapters.local_process.spares import Spare
from branchline.adapters.local_process.spawning import (
    DEFAULTED,
    in_folder,
    open_log,
    unsay_command,
)
from branchline.adapters.local_process.tracing import AUDIT_FOLDER
from branchline.adapters.local_process.zygote.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.local_process.scripts import Script
    from branchline.ports.executor import Task

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zygote", "serve.py")
_CHANNEL = 3
_FIRST_FREE = 10
_ROOM = 160
"""Bytes kept for the mark of a fork, in the memory that /proc shows as its environment."""
_END = b"\n@end "
_PAGES = "@"
"""What a range of pages begins with, where names of modules stand, too."""
_READY_S = 5.0
"""How long a start of a script waits for its imports, before it goes its own way."""
_LOOK_S = 0.005
_RECENT = 16
"""Ends that a zygote may not have taken note of: it does when it is told of more."""
_TRIES = 2
"""Forks that are asked to run a task: one may have been killed while it waited."""


@dataclass(slots=True, kw_only=True)
class Forked:
    """A process that runs.

    Attributes:
        pid: Its number; group and session are the same. zygote: What it was forked from.
        is_silent: Whether there is nothing more to hear.
    """

    pid: int
    zygote: Zygote
    is_silent: bool = False
    _socket: socket.socket
    _said: bytes = b""

    def reap(self, options: int) -> tuple[int, int, float, int] | None:
        """How it ended, as its zygote knows; None when it has become our own child.

        Args:
            options: As `os.wait4` takes them.

        Returns:
            Its pid, 0 while it goes on; its wait status, CPU seconds and peak memory in bytes.
        """
        return self.zygote.reap(self.pid, options)

    @property
    def descriptor(self) -> int:
        """Readable when it says something."""
        return self._socket.fileno()

    def hear(self) -> tuple[int, int, float, int] | None:
        """Take what it says; how it ended, as `reap`, once its work is done; else None.

        Its process then has only its memory to give back. Its zygote takes note of that end; of one
        whose zygote is gone we have to, when it comes.
        """
        self._listen()
        _, found, end = self._said.rpartition(_END)
        if not found or not end.endswith(b"\n") or self.zygote.is_over:
            return None
        try:
            cpu_s, peak_kb = end.split()
            told = self.pid, 0, float(cpu_s), int(peak_kb) * 1024
        except ValueError:
            return None  # its script wrote it; the end of the process will tell
        self.zygote.bury(self.pid)
        return told

    def close(self, *, has_succeeded: bool) -> None:
        """Take what it has told of its imports."""
        self._listen()
        if has_succeeded:
            with suppress(ValueError):
                self.zygote.learn(self._said.partition(_END)[0].decode().split())
        self._socket.close()

    def _listen(self) -> None:
        data = b""
        with suppress(OSError):
            data = self._socket.recv(1 << 20, socket.MSG_DONTWAIT)
        self.is_silent = not data
        self._said += data


class Zygote:
    """One zygote. It is started at once and gets ready by itself.

    Args:
        script: What is forked from it.
        stage: Who has it started.

    Raises:
        OSError: The system refuses it.
    """

    def __init__(self, script: Script, stage: str) -> None:
        self.script, self.stage = script, stage
        self._told = time.monotonic()
        self.why, self.is_over, self.is_stale = "", False, False
        self._has_answered = False
        self._spare: Spare | None = None
        self._learned = 0
        self._dying: list[int] = []
        """Forks whose end it is yet to be told of."""
        self._ended: deque[int] = deque(maxlen=_RECENT)
        """Forks that have ended, or were let go of: ours to bury where it has not."""
        ours, theirs = socket.socketpair()
        ours.settimeout(spares.ANSWER_S)
        self._channel = Channel(ours)
        environment = {
            **dict(script.variables),
            # A stage's own mark is put in this place by each fork.
            processes.MARK: "0" * _ROOM,
            "BRANCHLINE_TRACE_FILE": os.devnull,
            "BRANCHLINE_TRACE_ROOT": script.root,
            "PYTHONPATH": _with_audit(dict(script.variables).get("PYTHONPATH", "")),
        }
        try:
            self.pid = _start(script, environment, theirs)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        argv = ["-m" if script.kind == "module" else script.target]
        self._tell(
            {
                "parent": os.getpid(),
                "environment": environment,
                "cwd": script.cwd,
                "argv": argv,
                "audit": AUDIT_FOLDER,
                "kind": script.kind,
                "target": script.target,
            }
        )

    def is_ready(self) -> bool:
        """Whether it has done the imports; waits for them, as long after it was told of them."""
        while not self._has_answered and not self.is_over:
            wait_s = self._told + _READY_S - time.monotonic()
            if not self._channel.is_asked(max(0.0, wait_s)):
                return False
            if not self._take():
                self._fail({})
        return not self.is_over

    def fork(
        self, task: Task, words: Sequence[str], environment: Mapping[str, str]
    ) -> Forked | None:
        """A process that runs a task; None: see `why`, `is_stale`.

        Raises:
            StageFailedError: The log cannot be written.
        """
        log = open_log(task)
        skipped = 2 if self.script.kind == "module" else 1
        argv = list(words[skipped:])
        request = {
            "argv": ["-m", *argv[1:]] if self.script.kind == "module" else argv,
            "words": list(words),
            "environment": dict(environment),
            "mark": environment[processes.MARK],
            "room": _ROOM,
        }
        try:
            for _ in range(_TRIES):
                spare = self._next()
                if spare is None:
                    break
                answer = spare.run(request, log)
                if not answer.get("ready"):
                    self._kill(spare)
                self._tell({"used": spare.pid, "runs": bool(answer.get("ready"))})
                if answer.get("ready"):
                    return Forked(pid=spare.pid, zygote=self, _socket=spare.channel.socket)
                if answer:
                    self._fail(answer)
                    break
            else:
                self._fail({})
            unsay_command(task, log)
        finally:
            os.close(log)
        return None

    def _next(self) -> Spare | None:
        """The fork that waits; None where there is none, which ends this zygote."""
        if not self._hear_out():
            self._fail({})
        if self._spare is None and not self.is_over:
            self._tell({"make": True})
        while self._spare is None and not self.is_over:
            if not self._take():
                self._fail({})
        spare, self._spare = self._spare, None
        return spare

    def reap(self, pid: int, options: int) -> tuple[int, int, float, int] | None:
        """See `Forked.reap`; a zygote that cannot tell is ended, which gives us its forks."""
        if not self.is_over:
            self._tell({"reap": pid, "options": options})
            while answer := self._take():
                if "found" in answer:
                    cpu_s, peak_bytes = float(answer["cpu_s"]), int(answer["peak_kb"]) * 1024
                    return int(answer["found"]), int(answer["status"]), cpu_s, peak_bytes
                if "failed" in answer:
                    break
        self.end()
        return None

    def bury(self, pid: int) -> None:
        """Have it take note of the end of a fork, which is known here, once it is told of more."""
        self._dying.append(pid)
        self._ended.append(pid)

    def learn(self, names: Sequence[str]) -> None:
        """Have it import what a fork of it has imported; the next one finds it done."""
        if not names or self.is_over:
            return
        if not names[0].startswith(_PAGES):
            # It ends the one that waits, which lacks them, also one that we are yet to be told of.
            self._learned += 1
            self._let_go(self._spare)
            self._told, self._has_answered = time.monotonic(), False
        self._tell({"learn": list(names)})

    def end(self) -> None:
        """End it at once, with the fork that waits; what runs goes on."""
        self.is_over = True
        if self.pid > 0:
            self._hear_out()
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = -1
        self._let_go(self._spare)
        self._channel.socket.close()
        self._bury_what_is_ours()

    def _bury_what_is_ours(self) -> None:
        """Take note of forks that have ended, or have nothing to do, and had no time to be buried.

        Those that still are a zygote's are ours once it is gone.
        """
        for pid in self._ended:
            process = processes.read_process(pid)
            if process is not None and process.parent == os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _let_go(self, spare: Spare | None) -> None:
        """Ask nothing of a fork that waits, which ends."""
        if spare is not None:
            spare.channel.socket.close()
            self._ended.append(spare.pid)
        if spare is self._spare:
            self._spare = None

    def _fail(self, answer: Mapping[str, Any]) -> None:
        self.is_over = True
        self.is_stale = bool(answer.get("stale"))
        self.why = str(answer.get("unsafe", ""))

    def _tell(self, message: dict[str, Any]) -> None:
        """Say something to it, and with that which of its forks have ended."""
        if self._dying:
            message["bury"], self._dying = self._dying, []
        try:
            self._channel.send(message)
        except OSError:
            self.is_over = True

    def _take(self) -> dict[str, Any]:
        """The next message; empty when there is none in time.

        A fork that is told of is kept, and noted is whether the imports are done.
        """
        try:
            message, descriptors = self._channel.receive()
        except (OSError, ValueError):
            return {}
        if "unsafe" in message:
            self._fail(message)
        self._has_answered |= "ready" in message
        for descriptor in descriptors:
            spare = Spare(message.get("spare", -1), descriptor)
            if message.get("learned") == self._learned and self._found(spare):
                self._let_go(self._spare)
                self._spare = spare
            else:
                self._let_go(spare)
        return message

    def _hear_out(self) -> bool:
        """Take all that it has said; whether it goes on."""
        while self._channel.is_asked(0):
            if not self._take():
                return False
        return True

    def _found(self, spare: Spare) -> processes.Process | None:
        """The process of a fork: a child of its zygote, or ours once that is gone."""
        process = processes.read_process(spare.pid)
        return process if process and process.parent in (self.pid, os.getpid()) else None

    def _kill(self, spare: Spare) -> None:
        """Make sure that a fork is gone: one that has not answered could begin later."""
        end = time.monotonic() + spares.ANSWER_S
        while (process := self._found(spare)) and time.monotonic() < end:
            if process.is_zombie:
                break
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            time.sleep(_LOOK_S)
        self._let_go(spare)


def _with_audit(entries: str) -> str:
    rest = os.pathsep.join(e for e in entries.split(os.pathsep) if e != AUDIT_FOLDER)
    return AUDIT_FOLDER + (os.pathsep + rest if rest else "")


def _start(
    script: Script,
    environment: dict[str, str],
    channel: socket.socket,
) -> int:
    """Start the interpreter in our session, so that it never looks like something left behind."""
    import fcntl

    theirs = fcntl.fcntl(channel.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    with tempfile.TemporaryFile() as said, in_folder(script.cwd):
        output = fcntl.fcntl(said.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
        try:
            return os.posix_spawn(
                script.program,
                (script.name, _PROGRAM),
                environment,
                file_actions=(
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, output, 1),
                    (os.POSIX_SPAWN_DUP2, output, 2),
                    (os.POSIX_SPAWN_DUP2, theirs, _CHANNEL),
                ),
                setpgroup=0,
                setsigmask=signal.pthread_sigmask(signal.SIG_BLOCK, ()),
                setsigdef=DEFAULTED,
            )
        finally:
            os.close(output)
            os.close(theirs)
