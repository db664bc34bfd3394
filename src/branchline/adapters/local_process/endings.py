"""Adapter `local_process`: what a wait status means. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum

from branchline.core.run import Failure


class Cause(Enum):
    """Why we ended a stage ourselves."""

    TIMEOUT = "timeout"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a stage ended, in the words of `Ended`."""

    exit_code: int | None
    signal: int | None
    failure: Failure | None
    detail: str


_SHELL_CODES = {126: "found but cannot be executed", 127: "command not found"}


def explain(
    code: int, *, cause: Cause | None, timeout_s: float | None, oom_kills: int | None
) -> Ending:
    """What an exit code means.

    Args:
        code: As `os.waitstatus_to_exitcode` says: negative for a signal.
        cause: Why we ended it; None when we did not.
        timeout_s: Its limit.
        oom_kills: How many processes the kernel killed for lack of memory since the stage began;
            None when the kernel does not say.
    """
    exit_code, number = (code, None) if code >= 0 else (None, -code)
    if cause is Cause.TIMEOUT:
        detail = f"ended after {timeout_s:g} s (timeout)"
        return Ending(exit_code=exit_code, signal=number, failure=Failure.TIMEOUT, detail=detail)
    if cause is Cause.STOPPED:
        number = number or signal.SIGTERM
        return Ending(exit_code=exit_code, signal=number, failure=Failure.SIGNAL, detail="stopped")
    if code == 0:
        return Ending(exit_code=0, signal=None, failure=None, detail="")
    if code in (-signal.SIGKILL, 128 + signal.SIGKILL) and oom_kills != 0:
        by = "by the kernel" if oom_kills else "probably by the kernel"
        detail = f"killed {by}: out of memory"
        failure = Failure.OUT_OF_MEMORY
        return Ending(exit_code=exit_code, signal=number, failure=failure, detail=detail)
    if number is not None:
        detail = f"killed by {_name(number)}"
        return Ending(exit_code=None, signal=number, failure=Failure.SIGNAL, detail=detail)
    return Ending(
        exit_code=code, signal=None, failure=Failure.EXIT_CODE, detail=f"exit code {_code(code)}"
    )


def _code(code: int) -> str:
    if code in _SHELL_CODES:
        return f"{code} ({_SHELL_CODES[code]})"
    if 128 < code < 128 + signal.NSIG:
        return f"{code} (a command was killed by {_name(code - 128)})"
    return str(code)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
