"""The end of a log file, for displays and error messages."""

from __future__ import annotations

import os

LOG_TAIL_LINES = 15
LOG_TAIL_BYTES = 8192


def last_line(path: str) -> str:
    """The last line of a log that holds anything; "" when there is none."""
    lines = _lines(path, 2048)
    return next((text.strip() for text in reversed(lines) if text.strip()), "")


def log_tail(path: str) -> list[str]:
    """The last lines of a log, as a terminal may get them."""
    return _lines(path, LOG_TAIL_BYTES)[-LOG_TAIL_LINES:]


def _lines(path: str, size_bytes: int) -> list[str]:
    """The lines of the end of a log, the first of them perhaps in part."""
    from branchline.core.plain_text import plain

    try:
        with open(path, "rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - size_bytes)
            file.seek(start)
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [plain(line) for line in text.removesuffix("\n").split("\n")] if text else []
