"""Adapter `local_process`: starts of a Python script as forks of one that has its imports done.

A zygote (see `zygotes`) is kept for each script, folder and environment, as long as others are not
started again and again while it is not. Whatever is not known to be safe is started the plain way,
and said once. Of a process that is forked here nothing is known to have run before it says so, and
one that does not is killed before the plain way is taken, so that none is ever started twice. It is
a child of its zygote, which tells how it ended; should the zygote die, it becomes a child of this
process, which is a subreaper.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from branchline.adapters.local_process.scripts import Script, script_of
from branchline.adapters.local_process.zygotes import Forked, Zygote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.executor import Task

    _Direct = tuple[str, tuple[str, ...]]

_NO_ORPHANS = "no process may take over orphans here, as on Linux"
_MOST = 8
_MOST_DEATHS = 2
_TIMES = 3
"""Starts of one stage after which those that were started once are taken to be done."""


class Forks:
    """The zygotes of one executor.

    Args:
        takes_over: Whether orphans of what is started become children of this process.
    """

    def __init__(self, *, takes_over: bool) -> None:
        self._takes_over = takes_over
        self._starts: Counter[str] = Counter()
        self._deaths: Counter[str] = Counter()
        self._zygotes: dict[Script, Zygote] = {}
        self._refused: set[str] = set()
        self._remarks: list[str] = []

    @property
    def pids(self) -> set[int]:
        """The zygotes' own processes, which are of no stage; those that have ended have none."""
        return {zygote.pid for zygote in self._zygotes.values() if zygote.pid > 0}

    def remarks(self) -> list[str]:
        """Why stages are not forked, a sentence each, since the last call."""
        told, self._remarks = self._remarks, []
        return told

    def expect(self, task: Task, direct: _Direct | None, environment: Mapping[str, str]) -> None:
        """Start the zygote for starts that are likely to follow; see `prepare`."""
        script, _ = script_of(task, direct, environment)
        if script and not self._zygotes and self._takes_over:
            with suppress(OSError):  # it may be possible by then
                self._zygotes[script] = Zygote(script, task.stage)

    def prepare(
        self,
        task: Task,
        direct: _Direct | None,
        environment: Mapping[str, str],
    ) -> Zygote | None:
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
        if script is None or not self._takes_over:
            self._refuse(task.stage, why if script is None else _NO_ORPHANS)
            return None
        zygote = self._zygotes.get(script)
        if zygote is None:
            if len(self._zygotes) >= _MOST:
                self._refuse(task.stage, "its environment is another one each time")
                return None
            try:
                zygote = self._zygotes[script] = Zygote(script, task.stage)
            except OSError as error:
                self._refuse(task.stage, f"it cannot be started: {error.strerror}")
                return None
        if zygote.is_ready():
            return zygote
        self._look_after(task.stage, script, zygote)
        return None

    def fork(
        self, zygote: Zygote, task: Task, words: Sequence[str], environment: Mapping[str, str]
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

    def _look_after(self, stage: str, script: Script, zygote: Zygote) -> None:
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
