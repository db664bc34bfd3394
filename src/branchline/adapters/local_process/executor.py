"""Adapter `local_process`: port `executor` on this machine.

One process group and session a stage, no threads: `wait` sleeps in poll(2) on process descriptors.
Output goes from the stage into its log file without passing through here. It decides nothing about
what runs; it notes nothing in the ledger.

Linux is where all of it holds. Elsewhere stages run, time out and stop as well, but processes that
left their group are not found, and a dead engine's stages are left alone.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from branchline.adapters.local_process import processes
from branchline.adapters.local_process.endings import Cause, explain
from branchline.adapters.local_process.last_words import last_words
from branchline.adapters.local_process.running import Phase, Running
from branchline.adapters.local_process.shells import shell_words, stage_words
from branchline.adapters.local_process.shortcuts import shortcut_of
from branchline.adapters.local_process.spawning import (
    clear_trace,
    limit_memory,
    signals_held,
    spawn,
)
from branchline.adapters.local_process.tracing import (
    looked_up_files,
    observed_files,
    rewritten_files,
    trace_gaps,
    traced_command,
    traced_environment,
    traced_words,
)
from branchline.adapters.local_process.watching import Watching
from branchline.core.run import Ended, Failure
from branchline.core.secrecy import redacted
from branchline.ports.executor import Executor
from branchline.ports.ledger import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.adapters.local_process.forking import Forks
    from branchline.ports.executor import Task

_POLL_S = 0.01
"""How often processes without a descriptor of ours (orphans, other systems) are looked at."""
_KILL_S = 5.0
"""How long a process may take to die of SIGKILL (a disk that hangs) before we go on without it."""


def _engine_mark(boot_id: str, pid: int, started_ticks: int) -> str:
    """What the marks of all stages of one engine begin with, before a dot."""
    return f"{boot_id[:8]}.{pid}.{started_ticks}"


class LocalExecutor(Executor):
    """Runs stages on this machine.

    Args:
        shell: Program that runs the commands; None takes the variable SHELL, as DVC does.
        grace_s: Seconds between SIGTERM and SIGKILL at a timeout.
        linger_s: Seconds that background processes may go on after their stage has ended (the last
            lines of a `tee`) before they are ended, too.
        unbuffered: Set PYTHONUNBUFFERED for stages, so that the log follows the run and keeps the
            order of standard output and error. A stage's own setting wins.
        forks: Start Python scripts as forks of a process that has their imports done; for searches,
            which start the same one many times.
    """

    def __init__(
        self,
        *,
        shell: str | None = None,
        grace_s: float = 5.0,
        linger_s: float = 0.3,
        unbuffered: bool = True,
        forks: bool = False,
    ) -> None:
        self._shell = shell
        self._grace_s, self._linger_s = grace_s, linger_s
        self._unbuffered = unbuffered
        self._running: dict[str, Running] = {}
        self._ended: list[Ended] = []
        self._watching = Watching()
        self._boot_id, self._engine_mark = "", ""
        self._inherited: dict[str, str] = {}
        self._is_subreaper = False
        self._starts = 0
        self._oom_kills: int | None = None
        self._wants_forks = forks
        self._forks: Forks | None = None

    def expect(self, task: Task) -> None:
        """See the port. Begins the imports of a Python script whose starts are forks."""
        if self._wants_forks:
            environment, _, direct = self._words(task)
            if self._forks is not None:
                self._forks.expect(task, direct, environment)

    def start(self, task: Task) -> ChildProcess:
        """See the port. A log that exists is continued.

        Raises:
            StageFailedError: The folder, the log or the shell cannot be used.
            MissingToolError: `trace` is STRACE and there is no strace.
        """
        environment, words, direct = self._words(task)
        words = traced_words(task, words, environment.get("PATH", os.defpath))
        clear_trace(task)
        zygote = self._forks.prepare(task, direct, environment) if self._forks else None
        with signals_held() as mask:
            began = time.monotonic()
            forked = None
            if self._forks and zygote and direct:
                forked = self._forks.fork(zygote, task, direct[1], environment)
            pid = forked.pid if forked else spawn(task, words, environment, mask, direct=direct)
            limit_memory(pid, task.memory_bytes)
            running = Running(
                task=task,
                pid=pid,
                mark=environment[processes.MARK],
                began=began,
                until=None if task.timeout_s is None else began + task.timeout_s,
                grace_s=self._grace_s,
                forked=forked,
            )
            self._running[task.stage] = running
            self._watching.add(running)
        process = processes.read_process(pid)
        return ChildProcess(
            stage=task.stage,
            pgid=pid,
            started_ticks=0 if process is None else process.started_ticks,
            boot_id=self._boot_id,
            mark=running.mark,
        )

    def _words(
        self, task: Task
    ) -> tuple[dict[str, str], tuple[str, ...], tuple[str, tuple[str, ...]] | None]:
        """Environment of a start, the words of its shell, and what that would only become."""
        if not self._engine_mark:
            self._prepare()
        environment = self._environment(task)
        shell = shell_words(self._shell or environment.get("SHELL"))
        pairs = [(redacted(line), traced_command(task, line)) for line in task.cmd] or [("", ":")]
        words = stage_words(shell, pairs)
        return environment, words, shortcut_of(task, pairs, shell, environment)

    def _environment(self, task: Task) -> dict[str, str]:
        """Of the next process, with a mark that no other has."""
        self._starts += 1
        mark = f"{self._engine_mark}.{self._starts}"
        environment = {**self._inherited, **task.env, processes.MARK: mark}
        if self._unbuffered:
            environment.setdefault("PYTHONUNBUFFERED", "1")
        environment.update(traced_environment(task, environment))
        return environment

    def wait(self, timeout_s: float) -> Sequence[Ended]:
        """See the port. With nothing running it sleeps for the whole time.

        A stopped stage is reported, too, with `Failure.SIGNAL` and "stopped".
        """
        end = time.monotonic() + timeout_s
        while True:
            now = time.monotonic()
            wake = self._advance(now)
            if self._ended or now >= end:
                ended, self._ended = self._ended, []
                return ended
            self._watching.sleep(min(wake, end) - now)

    def stop(self, stages: Sequence[str] | None = None, *, grace_s: float = 5.0) -> None:
        """See the port. Interrupted while it waits, it kills at once and lets the interrupt out."""
        chosen = [r for s, r in self._running.items() if stages is None or s in stages]
        for running in chosen:
            running.cause = running.cause or Cause.STOPPED
            running.grace_s = grace_s
            self._terminate(running)
        try:
            now = time.monotonic()
            wake = self._advance(now)
            while self._open(chosen):
                self._watching.sleep(wake - now)
                now = time.monotonic()
                wake = self._advance(now)
        except BaseException:
            for running in self._open(chosen):
                self._kill(running)
            raise
        finally:
            if stages is None:
                self.close()

    def remarks(self) -> Sequence[str]:
        """See the port."""
        return self._forks.remarks() if self._forks else ()

    def close(self) -> None:
        """End what was kept for the next start; stages go on."""
        if self._forks is not None:
            self._forks.close()

    def _open(self, chosen: Sequence[Running]) -> list[Running]:
        """Those that have not been finished."""
        return [r for r in chosen if self._running.get(r.task.stage) is r]

    def kill_leftover(self, child: ChildProcess) -> bool:
        """See the port. Also finds what left the group, by the stage's mark."""
        return self._kill_found(child.boot_id, lambda: self._leftover(child))

    def kill_started_by(self, pid: int, started_ticks: int, boot_id: str) -> bool:
        """See the port. Each process of a stage carries the mark of its engine."""
        if not started_ticks:
            return False
        mark = _engine_mark(boot_id, pid, started_ticks)
        return self._kill_found(boot_id, lambda: [p.pid for p in processes.marked_by(mark)])

    @staticmethod
    def _kill_found(boot_id: str, find: Callable[[], list[int]]) -> bool:
        """Kill processes of a boot until none is found; says whether there were any."""
        if not boot_id or boot_id != processes.read_boot_id():
            return False
        found = []
        for _ in range(int(_KILL_S / _POLL_S)):
            alive = find()
            if not alive:
                break
            found += alive
            processes.send(alive, signal.SIGKILL)
            time.sleep(_POLL_S)
        return bool(found)

    def observed(self, task: Task) -> Sequence[str] | None:
        """See the port; `trace_gaps` tells what the answer may miss."""
        return observed_files(task)

    def rewritten(self, task: Task) -> frozenset[str]:
        """See the port."""
        return rewritten_files(task)

    def looked_up(self, task: Task) -> Mapping[str, bool]:
        """See the port."""
        return looked_up_files(task)

    def trace_gaps(self, task: Task) -> Sequence[str]:
        """Why the trace of a stage that has run may miss reads, a sentence each; for warnings."""
        return trace_gaps(task)

    @staticmethod
    def _leftover(child: ChildProcess) -> list[int]:
        """Living processes of a dead engine's stage."""
        leader = processes.read_process(child.pgid)
        is_same = leader is not None and leader.started_ticks == child.started_ticks
        if not is_same and not child.mark:
            return []
        # Without its leader a group's number may belong to somebody else: only the mark counts.
        found = processes.processes_of(child.pgid if is_same else -1, child.mark)
        return [p.pid for p in found if p.started_ticks >= child.started_ticks]

    def _prepare(self) -> None:
        """Once, before the first stage: costs about 4 ms, which runs that reuse all never pay."""
        self._is_subreaper = processes.become_subreaper()
        self._boot_id = processes.read_boot_id()
        self._oom_kills = processes.read_oom_kills()
        own = processes.read_process(os.getpid())
        ticks = time.time_ns() if own is None else own.started_ticks
        self._engine_mark = _engine_mark(self._boot_id, os.getpid(), ticks)
        self._inherited = dict(os.environ)
        if self._wants_forks:
            from branchline.adapters.local_process.forking import Forks

            self._forks = Forks(takes_over=self._is_subreaper)

    def _advance(self, now: float) -> float:
        """Move every stage on; returns when to look again."""
        wake = now + 3600.0
        for running in tuple(self._running.values()):
            if not running.has_ended and (running.pidfd < 0 or running.phase is Phase.KILLING):
                self._watching.reap(running, os.WNOHANG)
            self._move(running, now)
            if running.task.stage not in self._running:
                continue
            if running.until is not None:
                wake = min(wake, running.until)
            if running.has_ended or running.pidfd < 0 or running.phase is Phase.KILLING:
                wake = min(wake, now + _POLL_S)
        return wake

    def _move(self, running: Running, now: float) -> None:
        """One step of the state machine of one stage."""
        is_late = running.until is not None and now >= running.until
        if running.has_ended and not self._remains(running):
            self._finish(running)
        elif running.phase is Phase.RUNNING and running.has_ended:
            running.phase, running.until = Phase.LINGERING, now + self._linger_s
        elif running.phase is Phase.RUNNING and is_late:
            running.cause = Cause.TIMEOUT
            self._terminate(running)
        elif running.phase is Phase.LINGERING and is_late:
            running.notes.append("background processes were still running and were ended")
            running.grace_s = min(running.grace_s, 1.0)
            self._terminate(running)
        elif running.phase is Phase.TERMINATING and is_late:
            self._kill(running)
        elif running.phase is Phase.KILLING and is_late:
            running.notes.append("some of its processes could not be killed")
            self._finish(running)
        elif running.phase is Phase.KILLING:
            self._kill(running)

    def _terminate(self, running: Running) -> None:
        if running.phase in (Phase.RUNNING, Phase.LINGERING):
            running.phase = Phase.TERMINATING
            running.until = time.monotonic() + running.grace_s
            self._send(running, signal.SIGTERM)

    def _kill(self, running: Running) -> None:
        if running.phase is not Phase.KILLING:
            running.phase = Phase.KILLING
            running.until = time.monotonic() + _KILL_S
        self._send(running, signal.SIGKILL)

    def _send(self, running: Running, number: int) -> None:
        found = processes.processes_of(running.pid, running.mark, self._strays())
        if not running.has_ended or found:
            processes.send_to_group(running.pid, number)
        processes.send([p.pid for p in found if p.group != running.pid], number)

    def _leaders(self) -> set[int]:
        living = {running.pid for running in self._running.values() if not running.has_ended}
        return living | self._forks.pids if self._forks else living

    def _strays(self) -> list[int]:
        """Orphans without a mark, once no stage that goes on could have started them."""
        if sum(running.phase is Phase.RUNNING for running in self._running.values()) > 1:
            return []
        return processes.strays(self._leaders())

    def _remains(self, running: Running) -> bool:
        """Whether processes of a stage live on after its first one was reaped.

        What is left of a stage then stands below this process, which is the subreaper; one short
        read of /proc tells. Elsewhere only the group is asked.
        """
        if not self._is_subreaper:
            return processes.send_to_group(running.pid, 0)
        leaders = self._leaders()
        orphans = [p for p in processes.children_of_this_process() if p not in leaders]
        is_found = bool(orphans and self._strays())
        for pid in orphans:
            process = processes.read_process(pid)
            if process is None:
                continue
            is_ours = running.pid in (process.group, process.session)
            if process.is_zombie and is_ours:
                processes.reap_orphan(pid)
            elif not process.is_zombie and (is_ours or processes.has_mark(pid, running.mark)):
                is_found = True
        return is_found

    def _finish(self, running: Running) -> None:
        task = running.task
        del self._running[task.stage]
        self._watching.forget(running)
        killed = signal.SIGKILL  # one that would not die counts as killed
        code = os.waitstatus_to_exitcode(killed if running.status is None else running.status)
        kills = None
        if code in (-signal.SIGKILL, 128 + signal.SIGKILL) and self._oom_kills is not None:
            counted = processes.read_oom_kills()
            kills = None if counted is None else counted - self._oom_kills
            self._oom_kills = counted
        if running.forked is not None:
            running.forked.close(has_succeeded=code == 0)
        ending = explain(code, cause=running.cause, timeout_s=task.timeout_s, oom_kills=kills)
        ended = Ended(
            stage=task.stage,
            exit_code=ending.exit_code,
            signal=ending.signal,
            failure=ending.failure,
            duration_s=time.monotonic() - running.began,
            cpu_s=running.cpu_s,
            peak_memory_bytes=running.peak_memory_bytes,
            log=task.log,
            detail="; ".join(text for text in (ending.detail, *running.notes) if text),
            said=last_words(task.log) if ending.failure is Failure.EXIT_CODE else "",
        )
        self._ended.append(ended)
