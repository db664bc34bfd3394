"""What a fork says to whoever started it: over a socket that its script may close, or hand on.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. Nothing is said
where it would not be heard, or not be true: a script may close all descriptors, and open files of
its own under the same numbers, and what it forks goes on with the same code.
"""

from __future__ import annotations

import os
from contextlib import suppress

# As they are now: a script may replace those of `os`.
_close, _fstat, _getpid, _listdir = os.close, os.fstat, os.getpid, os.listdir
_set_blocking, _write = os.set_blocking, os.write
_STANDARD = (0, 1, 2)


class Telling:
    """The end of a socket that a fork writes to.

    Args:
        descriptor: Its number.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.pid, self.place = _getpid(), self._place()

    def is_heard(self) -> bool:
        """Whether this is the process that was started, and the socket is what it was."""
        return _getpid() == self.pid and self._place() == self.place

    def say(self, text: str) -> None:
        """Write something; where it takes no more, the rest is lost."""
        if self.is_heard():
            _set_blocking(self.descriptor, False)  # noqa: FBT003 - its shape
            _write(self.descriptor, text.encode())

    def close_others(self) -> None:
        """Close all that is open besides: files that are locked, ports that are listened to.

        Else the system does it after it has taken the memory back, when the next one runs already.
        """
        kept = (*_STANDARD, self.descriptor)
        for number in map(int, _listdir("/proc/self/fd")):
            if number not in kept:
                with suppress(OSError):  # that of the list itself
                    _close(number)

    def _place(self) -> tuple[int, int] | None:
        try:
            found = _fstat(self.descriptor)
        except OSError:
            return None
        return found.st_dev, found.st_ino
