"""Units of metrics, as written beside a number or as a name says. Converts nothing. Pure."""

from __future__ import annotations

import re

_SPELLINGS = {
    "%": "%", "percent": "%", "pct": "%",
    "ns": "ns", "us": "us", "µs": "us", "μs": "us", "usec": "us", "microseconds": "us",
    "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "min", "mins": "min", "minutes": "min", "h": "h", "hours": "h",
    "bytes": "B", "b": "B", "kb": "kB", "mb": "MB", "gb": "GB",
    "kib": "KiB", "mib": "MiB", "gib": "GiB",
    "hz": "Hz", "fps": "fps", "db": "dB",
}  # fmt: skip
_NOT_IN_NAMES = frozenset({"%", "b", "h", "min", "mins", "db"})
"""What says too little at the end of a name: `loss_min` is the smallest loss."""
TIMES = frozenset({"ns", "us", "ms", "s", "min", "h"})
SIZES = frozenset({"B", "kB", "MB", "GB", "KiB", "MiB", "GiB"})


def written_unit(text: str) -> str:
    """The unit that a word beside a number is; "" when it is none.

    >>> written_unit("ms"), written_unit("%"), written_unit("epochs")
    ('ms', '%', '')
    """
    return _SPELLINGS.get(text.lower(), "")


def unit_of(name: str) -> str:
    """The unit that a metric's name ends with; "" when it says none.

    >>> unit_of("latency.p95_ms"), unit_of("model_size_mb"), unit_of("rmse"), unit_of("loss_min")
    ('ms', 'MB', '', '')
    """
    words = re.split(r"[^a-z0-9%µμ]+", name.lower())
    word = words[-1] if len(words) > 1 else ""
    return "" if word in _NOT_IN_NAMES else written_unit(word)
