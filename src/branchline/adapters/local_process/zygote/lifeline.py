"""How a process here is found, and ends with the one that started it.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path.
"""

from __future__ import annotations

import os
import signal


def write_memory(address: int, data: bytes) -> None:
    """Overwrite bytes of this process."""
    with open("/proc/self/mem", "r+b", buffering=0) as file:
        file.seek(address)
        file.write(data)


def address_of(mark: bytes) -> int:
    """Where the value of the mark stands in memory, as /proc shows it to others.

    Args:
        mark: Name of the variable, with `=`; its value is set to `0`.

    Raises:
        OSError, ValueError, IndexError: It is not there, or cannot be written.
    """
    with open("/proc/self/environ", "rb") as file:
        before, found, _ = (b"\0" + file.read()).partition(b"\0" + mark)
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    begin = int(fields[47])
    if not found or not begin:
        raise ValueError("it does not say where the environment stands")
    address = begin + len(before) + len(mark)
    write_memory(address, b"0")
    return address


def end_with(parent: int) -> None:
    """Be killed when the process that started this one is gone."""
    _be_killed_at_its_end(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def outlive() -> None:
    """Take `end_with` back."""
    _be_killed_at_its_end(0)


def _be_killed_at_its_end(number: int) -> None:
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, int(number), 0, 0, 0)  # PR_SET_PDEATHSIG
    except (ImportError, OSError, AttributeError):
        pass  # the end of the socket says so, too
