"""Adapter `local_process`: starts of a Python script as forks of one that has its imports done.

Our side of `zygote/`. A zygote is kept for each script, folder and environment, as long as others
are not started again and again while it is not. Whatever is not known to be safe is started the
plain way, and said once. A process that is forked here begins only when it is told to, so that none
is ever started twice. It is a child of its zygote, which tells how it ended; should the zygote die,
it becomes a child of this process, which is a subreaper.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.adapters.local_process import processes
from branchline.adapters.local_process.scripts import Script, script_of
from branchline.adapters.local_process.spawning import DEFAULTED, in_folder, open_log
from branchline.adapters.local_process.tracing import AUDIT_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.executor import Task

    _Direct = tuple[str, tuple[str, ...]]

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zygote", "serve.py")
_CHANNEL = 3
_FIRST_FREE = 10
_ROOM = 160
"""Bytes kept for the mark of a fork, in the memory that /proc shows as its environment."""
_END = b"\n@end "
_READY_S = 5.0
"""How long the first start of a script waits for its imports, before it goes its own way."""
_ANSWER_S = 5.0
_MOST = 8
_MOST_DEATHS = 2
_TIMES = 3
"""Starts of one stage after which those that were started once are taken to be done."""


@dataclass(slots=True, kw_only=True)
class Forked:
    """A process that waits for the word to begin.

    Attributes:
        pid: Its number; group and session are the same. zygote: What it was forked from.
        is_silent: Whether there is nothing more to hear.
    """

    pid: int
    zygote: _Zygote
    is_silent: bool = False
    _go: socket.socket
    _said: bytes = b""

    def begin(self) -> None:
        """Let it run."""
        with suppress(OSError):
            self._go.send(b"g")

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
        return self._go.fileno()

    def hear(self) -> tuple[int, int, float, int] | None:
        """Take what it says; how it ended, as `reap`, once its work is done; else None.

        Its process then has only its memory to give back. Its zygote takes note of that end.
        """
        self._listen()
        _, found, end = self._said.rpartition(_END)
        if not found or not end.endswith(b"\n"):
            return None
        cpu_s, peak_kb = end.split()
        self.zygote.bury(self.pid)
        return self.pid, 0, float(cpu_s), int(peak_kb) * 1024

    def close(self, *, has_succeeded: bool) -> None:
        """Take what it has told of its imports; one that has not begun never will."""
        self._listen()
        if has_succeeded:
            with suppress(ValueError):
                self.zygote.learn(self._said.partition(_END)[0].decode().split())
        self._go.close()

    def _listen(self) -> None:
        data = b""
        with suppress(OSError):
            data = self._go.recv(1 << 20, socket.MSG_DONTWAIT)
        self.is_silent = not data
        self._said += data


class Forks:
    """The zygotes of one executor."""

    def __init__(self) -> None:
        self._starts: Counter[str] = Counter()
        self._deaths: Counter[str] = Counter()
        self._zygotes: dict[Script, _Zygote] = {}
        self._refused: set[str] = set()
        self._remarks: list[str] = []

    @property
    def pids(self) -> set[int]:
        """The zygotes' own processes, which are of no stage."""
        return {zygote.pid for zygote in self._zygotes.values()}

    def remarks(self) -> list[str]:
        """Why stages are not forked, a sentence each, since the last call."""
        told, self._remarks = self._remarks, []
        return told

    def expect(self, task: Task, direct: _Direct | None, environment: Mapping[str, str]) -> None:
        """Start the zygote for starts that are likely to follow; see `prepare`."""
        script, _ = script_of(task, direct, environment)
        zygote = None if script is None or self._zygotes else _Zygote(script, task.stage)
        if script and zygote and not zygote.is_over:  # else it may be possible by then
            self._zygotes[script] = zygote

    def prepare(
        self,
        task: Task,
        direct: _Direct | None,
        environment: Mapping[str, str],
    ) -> _Zygote | None:
        """The zygote for a start, ready; None where it has to be a plain one.

        Args:
            task: The stage.
            direct: (program, arguments) that its shell would only become, if it would.
            environment: Of the process.
        """
        self._starts[task.stage] += 1
        if task.stage in self._refused:
            return None
        self._end_idle(task.stage)
        script, why = script_of(task, direct, environment)
        if script is None:
            self._refuse(task.stage, why)
            return None
        zygote = self._zygotes.get(script)
        if zygote is None:
            if len(self._zygotes) >= _MOST:
                self._refuse(task.stage, "its environment is another one each time")
                return None
            zygote = self._zygotes[script] = _Zygote(script, task.stage)
        wait_s = _READY_S - (time.monotonic() - zygote.began)
        if zygote.is_ready(max(0.0, wait_s)):
            return zygote
        self._look_after(task.stage, script, zygote)
        return None

    def fork(
        self, zygote: _Zygote, task: Task, words: Sequence[str], environment: Mapping[str, str]
    ) -> Forked | None:
        """A new process of a zygote; None where there is none, and a plain one has to do.

        Raises:
            StageFailedError: The log cannot be written.
        """
        forked = zygote.fork(task, words, environment)
        if forked is None:
            self._look_after(task.stage, zygote.script, zygote)
        return forked

    def close(self) -> None:
        """End the zygotes; what was forked from them goes on."""
        while self._zygotes:
            self._zygotes.popitem()[1].end()

    def _end_idle(self, stage: str) -> None:
        """End zygotes of stages that ran once at most, as those before a training do."""
        if self._starts[stage] < _TIMES:
            return
        for script, zygote in tuple(self._zygotes.items()):
            if self._starts[zygote.stage] <= 1:
                self._zygotes.pop(script).end()

    def _look_after(self, stage: str, script: Script, zygote: _Zygote) -> None:
        """End a zygote that can do nothing more for us."""
        if not zygote.is_over:
            return
        self._zygotes.pop(script, None)
        zygote.end()
        if zygote.is_stale:
            return
        self._deaths[stage] += 1
        if zygote.why or self._deaths[stage] > _MOST_DEATHS:
            self._refuse(stage, zygote.why or "the process that has the imports does not answer")

    def _refuse(self, stage: str, why: str) -> None:
        self._refused.add(stage)
        if why:
            self._remarks.append(
                f"`{stage}`: each start is a new Python of its own, not a fork of one that has the"
                f" imports done: {why}"
            )


class _Zygote:
    """One zygote. It is started at once and gets ready by itself."""

    def __init__(self, script: Script, stage: str) -> None:
        self.script, self.stage = script, stage
        self.began = time.monotonic()
        self.why, self.is_over, self.is_stale = "", False, False
        self._has_answered = False
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(_ANSWER_S)
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
        except OSError as error:
            self.pid, self.is_over, self.why = -1, True, f"it cannot be started: {error.strerror}"
            return
        finally:
            theirs.close()
        argv = ["-m" if script.kind == "module" else script.target]
        self._send(
            parent=os.getpid(),
            environment=environment,
            cwd=script.cwd,
            argv=argv,
            audit=AUDIT_FOLDER,
            kind=script.kind,
            target=script.target,
        )

    def is_ready(self, wait_s: float) -> bool:
        """Whether it has done the imports; waits as long for them."""
        if self.is_over or self._has_answered:
            return not self.is_over
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if not poll.poll(int(wait_s * 1000)):
            return False
        self._has_answered = True
        answer = self._receive()
        if not answer.get("ready"):
            self._fail(answer)
        return not self.is_over

    def fork(
        self, task: Task, words: Sequence[str], environment: Mapping[str, str]
    ) -> Forked | None:
        """A process that waits for the word to begin; None: see `why`, `is_stale`."""
        log = open_log(task, says_command=False)
        ours, theirs = socket.socketpair()
        try:
            skipped = 2 if self.script.kind == "module" else 1
            argv = list(words[skipped:])
            self._send(
                descriptors=(log, theirs.fileno()),
                argv=["-m", *argv[1:]] if self.script.kind == "module" else argv,
                words=list(words),
                environment=dict(environment),
                mark=environment[processes.MARK],
                room=_ROOM,
            )
            answer = self._receive()
        finally:
            theirs.close()
            os.close(log)
        pid = answer.get("pid")
        process = processes.read_process(pid) if isinstance(pid, int) else None
        if process is None or process.parent != self.pid:
            ours.close()
            self._fail(answer)
            return None
        os.close(open_log(task))
        return Forked(pid=process.pid, zygote=self, _go=ours)

    def reap(self, pid: int, options: int) -> tuple[int, int, float, int] | None:
        """See `Forked.reap`; a zygote that cannot tell is ended, which gives us its forks."""
        if not self.is_over:
            self._send(reap=pid, options=options)
            answer = self._receive()
            if "pid" in answer and "status" in answer:
                cpu_s, peak_bytes = float(answer["cpu_s"]), int(answer["peak_kb"]) * 1024
                return int(answer["pid"]), int(answer["status"]), cpu_s, peak_bytes
        self.end()
        return None

    def bury(self, pid: int) -> None:
        """Have it take note of the end of a fork, which is known here."""
        if not self.is_over:
            self._send(bury=pid)

    def learn(self, names: Sequence[str]) -> None:
        """Have it import what a fork of it has imported; the next one finds it done."""
        if names and not self.is_over:
            self._send(learn=list(names))

    def end(self) -> None:
        """End it at once."""
        self.is_over = True
        self._socket.close()
        if self.pid > 0:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = -1

    def _fail(self, answer: Mapping[str, Any]) -> None:
        self.is_over = True
        self.is_stale = bool(answer.get("stale"))
        self.why = str(answer.get("unsafe", ""))

    def _send(self, descriptors: Sequence[int] = (), **message: object) -> None:
        data = json.dumps(message).encode()
        packet = len(data).to_bytes(4, "big") + data
        try:
            sent = socket.send_fds(self._socket, [packet], descriptors)
            if sent < len(packet):
                self._socket.sendall(packet[sent:])
        except OSError:
            self.is_over = True

    def _receive(self) -> dict[str, Any]:
        """The next answer; empty when there is none in time."""
        try:
            head = self._socket.recv(4, socket.MSG_WAITALL)
            data = b""
            while head and len(data) < int.from_bytes(head, "big"):
                chunk = self._socket.recv(1 << 16)
                if not chunk:
                    return {}
                data += chunk
            answer: dict[str, Any] = json.loads(data) if data else {}
        except (OSError, ValueError):
            return {}
        return answer


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
