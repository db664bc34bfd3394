"""Port `executor`: where stages run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Trace
    from branchline.core.run import Ended
    from branchline.ports.ledger import ChildProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One stage to run.

    Attributes:
        stage: Address.
        cmd: Command lines; each runs as in a shell of its own, the first failure ends the stage.
        cwd: Absolute working directory; created by the caller.
        log: Absolute path of the log file; standard output and error go there, in order.
        env: Variables added to the caller's environment.
        timeout_s: For the whole stage; None means never.
        memory_bytes: Most memory that each of its processes may ask for; None means no limit.
        trace: How reads are observed; trace_file: where they are noted (absolute).
        root: Absolute root: only reads below it are noted.
    """

    stage: str
    cmd: tuple[str, ...]
    cwd: str
    log: str
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    memory_bytes: int | None = None
    trace: Trace | None = None
    trace_file: str = ""
    root: str = ""


class Executor(Protocol):
    """Runs stages, several at a time."""

    def expect(self, task: Task) -> None:
        """Get ready for starts of a stage like this one, where that takes time; may do nothing.

        Nothing of the stage runs, and nothing needs to be started; never an error.
        """
        ...

    def start(self, task: Task) -> ChildProcess:
        """Start a stage in a process group of its own.

        Raises:
            StageFailedError: It cannot be started; says why.
        """
        ...

    def wait(self, timeout_s: float) -> Sequence[Ended]:
        """Block until a stage ends or the time is over; returns those that ended."""
        ...

    def stop(self, stages: Sequence[str] | None = None, *, grace_s: float = 5.0) -> None:
        """End stages (all when None): SIGTERM to the group, after the grace SIGKILL; waits."""
        ...

    def kill_leftover(self, child: ChildProcess) -> bool:
        """Kill a process group that a dead engine left, if it is still the same; says whether."""
        ...

    def kill_started_by(self, pid: int, started_ticks: int, boot_id: str) -> bool:
        """Kill all that a dead engine had started, also what it had not come to note; says whether.

        Args:
            pid: Of the engine.
            started_ticks: When it started, in clock ticks since boot; 0 when it is not known.
            boot_id: Of the kernel that it ran under.
        """
        ...

    def observed(self, task: Task) -> Sequence[str] | None:
        """Files below the root that the stage read or imported; None when it was not traced.

        Paths are from the root, sorted; `__pycache__` files are mapped to their sources.
        """
        ...

    def rewritten(self, task: Task) -> frozenset[str]:
        """Files below the root that the stage first read and then wrote itself, from the root."""
        ...

    def looked_up(self, task: Task) -> Mapping[str, bool]:
        """Paths, from the root, that the stage asked for and neither read nor wrote.

        Each with whether something stood there when it first asked; at most a few hundred.
        """
        ...

    def trace_gaps(self, task: Task) -> Sequence[str]:
        """Why the trace of a stage that has run may miss reads, a sentence each; for warnings."""
        ...

    def remarks(self) -> Sequence[str]:
        """What is worth telling about how stages were started, a sentence each, told once."""
        ...
