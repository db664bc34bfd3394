"""Where the next fork is made: not where the one before it trains.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. A fork begins on
the least busy processor, and while its zygote still runs on one of two, that is as often as not the
one with the training on it. The system takes some 10 ms to see that, which the training loses.
"""

from __future__ import annotations

import os
from contextlib import suppress

_LAST_RAN_ON = 36
"""Place of the processor in /proc/PID/stat, counted from after the name."""


def keep_off(pid: int) -> set[int] | None:
    """Keep this process, and what it forks, off the processor that another one runs on.

    Args:
        pid: The other one; 0 for none.

    Returns:
        The processors that were allowed before, for `allow`; None where nothing was changed, as
        there is no second processor, or the system does not say.
    """
    if not pid:
        return None
    try:
        allowed = os.sched_getaffinity(0)
        with open(f"/proc/{pid}/stat", "rb") as file:
            taken = int(file.read().rpartition(b")")[2].split()[_LAST_RAN_ON])
        others = allowed - {taken}
        if not others or others == allowed:
            return None
        os.sched_setaffinity(0, others)
    except (AttributeError, OSError, ValueError, IndexError):
        return None
    return allowed


def allow(processors: set[int] | None) -> None:
    """Take `keep_off` back.

    Args:
        processors: What it returned.
    """
    if processors is not None:
        with suppress(OSError):  # they were taken from this process meanwhile
            os.sched_setaffinity(0, processors)
