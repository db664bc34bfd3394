"""Adapter `local_process`: what a stage that failed said of it, in one line of its log."""

from __future__ import annotations

import os
import re

_TAIL_BYTES = 8192
_LIMIT = 300
_TRACEBACK = "Traceback (most recent call last):"
_COMPLAINT = re.compile(r"error\b", re.IGNORECASE)


def last_words(log: str) -> str:
    """The line in which a program says why it failed; "" where none is found.

    The exception of the last traceback, or else the last line where it speaks of an error.

    Args:
        log: Absolute path of the stage's log.
    """
    from branchline.core.plain_text import plain

    try:
        with open(log, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.rstrip() for line in map(plain, text.split("\n")) if line.strip()]
    found = _exception(lines)
    if not found and lines and _COMPLAINT.search(lines[-1]):
        found = lines[-1].strip()
    return found if len(found) <= _LIMIT else f"{found[:_LIMIT]}..."


def _exception(lines: list[str]) -> str:
    """First line of the exception that ends the last traceback; its frames are indented."""
    begins = [place for place, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    if not begins:
        return ""
    return next((line for line in lines[begins[-1] + 1 :] if not line.startswith(" ")), "")
