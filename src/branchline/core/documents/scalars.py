"""Plain YAML scalars into typed values, by the rules of YAML 1.2 as ruamel.yaml applies them.

Serves `yaml`; knows nothing of documents. `yes` is text, `1e-3` a number, `010` ten, `0o10` eight,
`12:30:00` text, `1_000` a thousand.
"""

from __future__ import annotations

import datetime as dt
import re

BOOLEANS = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
TAGGED_BOOLEANS = {
    "yes": True, "no": False, "y": True, "n": False,
    "true": True, "false": False, "on": True, "off": False,
}  # fmt: skip
NULLS = frozenset({"", "~", "null", "Null", "NULL"})

_NUMBER_START = frozenset("-+0123456789.")
_OTHER_START = frozenset("tTfFnN~=<")
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)"
)
_INT = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)")
_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_STAMP_PARTS = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?"
    r"(?:[ \t]*(Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?)?"
)
_BASES = {"0b": 2, "0x": 16, "0o": 8}


def plain_value(text: str) -> object:
    """The value of a plain (unquoted, untagged) scalar.

    Raises:
        ValueError: It looks like a number, a date or an indicator and is none (`0x_`,
            `2024-13-01`, `=`).
    """
    if not text:
        return None
    first = text[0]
    if first in _NUMBER_START:
        return _number_or_stamp(text)
    if first not in _OTHER_START:
        return text
    if text in NULLS:
        return None
    if text in ("=", "<<"):
        raise ValueError(f"{text} alone is an indicator, not a value")
    return BOOLEANS.get(text, text)


def _number_or_stamp(text: str) -> object:
    if _FLOAT.fullmatch(text):
        return float_value(text)
    if text[0] == ".":
        return text
    if _INT.fullmatch(text):
        return int_value(text)
    if _STAMP.fullmatch(text):
        return stamp_value(text)
    return text


def int_value(text: str) -> int:
    """An integer: decimal (leading zeros allowed), `0b`, `0o`, `0x`, with underscores.

    Raises:
        ValueError: It is none.
    """
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    if digits[:1] in ("-", "+"):
        digits = digits[1:]
    base = _BASES.get(digits[:2], 10)
    return sign * int(digits[2:] if base != 10 else digits, base)


def float_value(text: str) -> float:
    """A float, with underscores, `.inf` and `.nan`.

    Raises:
        ValueError: It is none.
    """
    digits = text.replace("_", "").lower()
    sign = -1.0 if digits.startswith("-") else 1.0
    if digits[:1] in ("-", "+"):
        digits = digits[1:]
    if digits == ".inf":
        return sign * float("inf")
    if digits == ".nan":
        return float("nan")
    return sign * float(digits)


def stamp_value(text: str) -> dt.date | dt.datetime:
    """A date, or a date and time with or without an offset.

    Raises:
        ValueError: It is none, or no such day or time exists.
    """
    match = _STAMP_PARTS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is not a date or time")
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if match[4] is None:
        return dt.date(year, month, day)
    micros, carry = _microseconds(match[7] or "")
    zone: dt.timezone | None = None
    if match[9]:
        offset = dt.timedelta(hours=int(match[10]), minutes=int(match[11] or 0))
        zone = dt.timezone(-offset if match[9] == "-" else offset, name=match[8])
    elif match[8] == "Z":
        zone = dt.timezone(dt.timedelta(0), name="Z")
    value = dt.datetime(year, month, day, int(match[4]), int(match[5]), int(match[6]), micros, zone)
    return value + dt.timedelta(seconds=1) if carry else value


def _microseconds(fraction: str) -> tuple[int, bool]:
    """Digits after the point as microseconds, rounded at the seventh; True carries a second."""
    if not fraction:
        return 0, False
    micros = int(fraction[:6].ljust(6, "0"))
    if len(fraction) > 6 and int(fraction[6]) > 4:
        micros += 1
    return (0, True) if micros > 999_999 else (micros, False)
