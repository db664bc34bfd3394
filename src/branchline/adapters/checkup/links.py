"""Whether files can be linked: tried with a real file, because file systems' names do not tell."""

from __future__ import annotations

import os
import tempfile

__all__ = ["can_hardlink", "can_reflink"]

_FICLONE = 0x40049409  # from linux/fs.h


def can_reflink(folder: str) -> bool | None:
    """Whether a file in this folder can share its blocks with a copy; None when it cannot be tried.

    Args:
        folder: A folder that can be written to; the files made in it are gone afterwards.
    """
    try:
        import fcntl

        with (
            tempfile.TemporaryFile(dir=folder) as source,
            tempfile.TemporaryFile(dir=folder) as target,
        ):
            source.write(b"branchline")
            source.flush()
            try:
                fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
            except OSError:
                return False
            return True
    except (ImportError, OSError):
        return None


def can_hardlink(folder: str) -> bool | None:
    """Whether a second name can be given to a file in this folder; None when it cannot be tried."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".branchline-check-") as place:
            source = os.path.join(place, "a")
            with open(source, "wb"):
                pass
            try:
                os.link(source, os.path.join(place, "b"))
            except OSError:
                return False
            return True
    except OSError:
        return None
