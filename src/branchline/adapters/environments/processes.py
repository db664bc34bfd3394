"""One installer to its end, bounded, stoppable; what it left running keeps its lock. No port."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from branchline.errors import EnvironmentFailedError, ProgramKilledError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

POLL_S = 0.05
LIMIT_S = 3600.0
"""An installer that takes longer hangs."""
_HEAD_LINES = 6
_TAIL_LINES = 12
_TAIL_BYTES = 65_536


def run_installer(
    words: Sequence[str],
    *,
    folder: str,
    environ: Mapping[str, str],
    log: str,
    is_stopped: Callable[[], bool],
    out: str = "",
    lock: int | None = None,
    limit_s: float = LIMIT_S,
) -> int | None:
    """Run it; its words are added to a log.

    Args:
        words: The command.
        folder: Where it runs.
        environ: What it gets.
        log: Absolute path of a file that is appended to.
        is_stopped: Asked often; True kills it.
        out: Absolute path of a file for its standard output; "" is the log.
        lock: A descriptor that it holds too: should we be killed, whoever waits for the lock goes
            on waiting until it has ended.
        limit_s: Time after which it is killed.

    Returns:
        Its exit code; None when it was stopped.

    Raises:
        EnvironmentFailedError: It cannot be started, or hangs.
        ProgramKilledError: It was killed from outside.
    """
    began = time.monotonic()
    with open(log, "ab") as errors, open(out or os.devnull, "wb") as output:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output if out else errors,
                stderr=errors,
                process_group=0,
                pass_fds=() if lock is None else (lock,),
            )
        except OSError as error:
            raise EnvironmentFailedError(
                f"{words[0]} cannot be started: {error.strerror}"
            ) from error
        try:
            while process.poll() is None:
                if is_stopped():
                    return None
                if time.monotonic() - began > limit_s:
                    name, minutes = os.path.basename(words[0]), f"{limit_s / 60:.0f}"
                    raise EnvironmentFailedError(
                        f"{name} did not end within {minutes} minutes",
                        details=tail_of(log),
                        todo="Look at the index that it asks; it can be tried again.",
                    )
                time.sleep(POLL_S)
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if process.returncode < 0:
        raise ProgramKilledError(
            f"{os.path.basename(words[0])} was killed by signal {-process.returncode}",
            todo="If the machine ran out of memory, give it more.",
        )
    return process.returncode


def tail_of(log: str) -> list[str]:
    """The last lines of a log; none where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    # A failed build ends with a long traceback; what it is about stands at its head.
    starts = [at for at, line in enumerate(lines) if line.startswith(("error:", "ERROR:"))]
    head = lines[starts[-1] : starts[-1] + _HEAD_LINES] if starts else []
    rest = lines[-_TAIL_LINES:]
    at_end = len(lines) - len(rest)
    return [*head, *rest] if starts and starts[-1] + len(head) <= at_end else rest
