"""The end of a log file, for displays and error messages."""

from __future__ import annotations

import os

LOG_TAIL_LINES = 15
LOG_TAIL_BYTES = 8192


def last_line(path: str) -> str:
    """The last line of a log that holds anything; "" when there is none."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 2048))
            lines = file.read().decode("utf-8", "replace").replace("\r", "\n").split("\n")
    except OSError:
        return ""
    return next((text.strip() for text in reversed(lines) if text.strip()), "")


def log_tail(path: str) -> list[str]:
    """The last lines of a log."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-LOG_TAIL_LINES:]
