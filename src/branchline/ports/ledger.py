"""Port `ledger`: what is happening now. Survives a kill -9, is emptied into records at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.plan.values import Result
    from branchline.core.run import Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildProcess:
    """A stage's process group that was running when the engine last wrote.

    Attributes:
        stage: Address. pgid: Process group. started_ticks: Start time of its leader in clock
            ticks since boot (field 22 of /proc/PID/stat), so that a reused pid is not mistaken.
        boot_id: Of the kernel, so that nothing is killed after a reboot.
        mark: Value of BRANCHLINE_TASK, which every process of the stage carries in its environment:
            finds those that left the group. "" where it is not known.
    """

    stage: str
    pgid: int
    started_ticks: int
    boot_id: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRun:
    """A run that has begun and not ended.

    Attributes:
        run: Local number, from 1. pid: Engine. started_at: UTC, ISO 8601. label: Short commit.
        started_ticks, boot_id: Of the engine, as `ChildProcess` has them.
        stages: Address -> state.
        children: Running stages.
        is_alive: Whether its engine still lives.
    """

    run: int
    pid: int
    started_at: str
    label: str
    stages: Mapping[str, str]
    children: tuple[ChildProcess, ...]
    is_alive: bool
    started_ticks: int = 0
    boot_id: str = ""


class Ledger(Protocol):
    """One clone's ledger."""

    def begin(self, *, label: str, stages: Sequence[str], started_at: str) -> int:
        """Note that a run begins; returns its number."""
        ...

    def stage_started(self, run: int, child: ChildProcess, *, log: str, at: str) -> None:
        """Note a running stage."""
        ...

    def stage_ended(
        self,
        run: int,
        stage: str,
        state: str,
        *,
        ended: Ended | None,
        result: Result | None,
        at: str,
    ) -> None:
        """Note how a stage ended, with its result if it succeeded: one commit, durable."""
        ...

    def end(self, run: int, state: str, *, at: str, record: str = "") -> None:
        """Note that a run ended (succeeded, failed, cancelled, lost) and its record's id."""
        ...

    def active(self) -> Sequence[ActiveRun]:
        """Runs that have not ended, oldest first."""
        ...

    def unsettled(self) -> Sequence[Result]:
        """Results that succeeded and are not in the records yet, oldest first."""
        ...

    def settled(self, results: Sequence[Result]) -> None:
        """Note that these are in the records now."""
        ...

    def logs(
        self, *, stage: str | None = None, record: str | None = None
    ) -> Sequence[tuple[str, str]]:
        """(stage, path of its log), newest run first, narrowed as asked."""
        ...

    def state_files(self) -> Sequence[str]:
        """Absolute paths whose stat signatures move when the ledger changes."""
        ...
