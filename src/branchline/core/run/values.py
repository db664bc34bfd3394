"""Values of the station `run`: how did it go? States of a stage, how it ended, what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class StageState(Enum):
    """Where a stage is. LOST: the engine died while it ran."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    REUSED = "reused"
    SKIPPED = "skipped"


class Failure(Enum):
    """Why a stage failed."""

    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    MISSING_OUTPUT = "missing_output"
    INPUT_CHANGED = "input_changed"
    NOT_KEPT = "not_kept"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one attempt at a stage ended.

    Attributes:
        stage: Address.
        exit_code: 0 to 255; None when killed by a signal or not started.
        signal: Number of the signal, if any.
        failure: None when it succeeded.
        duration_s, cpu_s: Seconds, children included.
        peak_memory_bytes: Of the largest process.
        log: Path of its log file.
        detail: For people: "exit code 3", "killed after 30 s (timeout)".
        said: The line in which its program said why it failed: "ValueError: no rows"; "" for none.
    """

    stage: str
    exit_code: int | None
    signal: int | None = None
    failure: Failure | None = None
    duration_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    log: str = ""
    detail: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one stage takes from the machine while it runs."""

    cpus: float = 1.0
    gpus: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What the machine (or the user's `--jobs`) gives in all."""

    jobs: int
    cpus: float
    gpus: int = 0
    memory_bytes: int = 0
