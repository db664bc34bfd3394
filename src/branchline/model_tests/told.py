"""Lines that a test writes for `branchline run`; the other side is `core.evidence`."""

from __future__ import annotations

import json
import math
import os
from typing import Any

_TEXT_AT_MOST = 2000


def tell(path: str, event: str, **fields: Any) -> None:
    """Append one line; a disk that takes nothing fails no test, the reader sees that it lacks."""
    line = json.dumps({"event": event, **fields}, default=str)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)
    except OSError:
        return


def number(value: float) -> float | str:
    """A number as JSON has it, or its name."""
    return value if math.isfinite(value) else repr(value)


def short(text: str) -> str:
    """The beginning of a text, where a failure says what is wrong."""
    return text if len(text) <= _TEXT_AT_MOST else text[: _TEXT_AT_MOST - 3] + "..."
