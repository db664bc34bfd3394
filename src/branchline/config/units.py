"""Durations, sizes and shares as people write them: `30m`, `32G`, `10%`.

Serves `kinds`. Pure text and numbers.
"""

from __future__ import annotations

import re

DURATION = r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w))+"
SIZE = r"[0-9]+(?:\.[0-9]+)?(?:[KMGT](?:i?B)?|B)"
SHARE = r"(?:[0-9]{1,2}(?:\.[0-9]+)?|100(?:\.0+)?)%"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_STEP = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhdw])")


def seconds_of(value: object) -> float | None:
    """Seconds of `90`, `1.5h` or `1h30m`; None when it is no duration.

    >>> seconds_of("1h30m")
    5400.0
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value < float("inf") else None
    if not isinstance(value, str) or not re.fullmatch(DURATION, value):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _STEP.findall(value))


def bytes_of(value: object) -> int | None:
    """Bytes of `1024`, `32G`, `512MiB` or `1.5GB`, in powers of 1024; None when it is no size.

    >>> bytes_of("2K")
    2048
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if not isinstance(value, str) or not re.fullmatch(SIZE, value):
        return None
    number = re.match(r"[0-9.]+", value)
    assert number is not None  # noqa: S101 # the full match above begins with a number
    unit = value[number.end() : number.end() + 1].replace("B", "")
    return int(float(number[0]) * 1024 ** _POWERS[unit])


def share_of(value: object) -> float | None:
    """A share in [0, 1] of `0.1` or `10%`; None when it is none.

    >>> share_of("12.5%")
    0.125
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value <= 1 else None
    if not isinstance(value, str) or not re.fullmatch(SHARE, value):
        return None
    return float(value[:-1]) / 100
