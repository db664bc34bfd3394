"""Numbers as people read them, and the exact difference of two of them.

Binary floats do not hold 0.95: 0.95 - 0.94 exceeds 0.01 by 9e-18. So every comparison in Branchline
is made on the shortest decimal text of a float (its `repr`, which is what stood in the file), in
decimal arithmetic wide enough to be exact for every pair of floats.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Context, Decimal

_DIGITS = 1100  # Between 1.8e308 and 5e-324 lie 650 digits; integers of JSON may be longer.


def exact(value: float) -> Decimal:
    """A finite number as the decimal that its shortest text spells.

    >>> exact(0.95) - exact(0.94) == exact(0.01)
    True
    """
    from decimal import Decimal

    return Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))


@cache
def wide_context() -> Context:
    """A decimal context in which sums, differences and products of floats are exact."""
    from decimal import Context

    return Context(prec=_DIGITS, Emax=999_999, Emin=-999_999)


def difference(value: float, other: float) -> float | None:
    """`value - other`, exact in decimal and rounded once; None unless both are finite.

    >>> difference(0.9412, 0.9535)
    -0.0123
    """
    if isinstance(value, int) and isinstance(other, int):
        return value - other
    # An integer of JSON may be larger than any float, and isfinite would not take it.
    for number in (value, other):
        if not isinstance(number, int) and not math.isfinite(number):
            return None
    return float(wide_context().subtract(exact(value), exact(other)))


def figure(value: float | None, *, apart_from: float | None = None) -> str:
    """A number for people: thousands apart, up to 4 decimals or 4 digits, all if need be.

    Args:
        value: None reads "unknown".
        apart_from: A number it is set against: when both would look the same and are not, all
            digits are shown.

    >>> [figure(n) for n in (0.94123456, 12345.678, 1234567, 0.000012345, 2.0)]
    ['0.9412', '12,345.68', '1,234,567', '1.234e-05', '2.0']
    """
    if value is None:
        return "unknown"
    text = _figure(value)
    if apart_from is None or value == apart_from:
        return text
    looks_same = float(text.replace(",", "")) == float(_figure(apart_from).replace(",", ""))
    return repr(value) if looks_same else text


def steady(value: float | None, *, apart_from: float | None = None) -> str:
    """A number for a column of a table: thousands apart, always 4 decimals; more if need be.

    Args:
        value: None reads "–".
        apart_from: As in `figure`.

    >>> [steady(n) for n in (0.9, 12345.678, 1234567, 0.000012345, None)]
    ['0.9000', '12,345.6780', '1,234,567', '1.234e-05', '–']
    """
    if value is None:
        return "–"
    if apart_from is not None and figure(value) != figure(value, apart_from=apart_from):
        return repr(value)
    if isinstance(value, int) or not math.isfinite(value):
        return _figure(value)
    if abs(value) >= 1e15 or 0 < abs(value) < 0.001:
        return f"{value:.4g}"
    return f"{value + 0.0:,.4f}"  # + 0.0: a zero has no sign for people.


def stepped(step: float) -> str:
    """A difference with its sign, for a column of a table.

    >>> stepped(0.0038), stepped(-1234.5), stepped(0.0)
    ('+0.0038', '-1,234.5000', '0')
    """
    text = steady(step)
    return "0" if not step else text if text.startswith("-") else f"+{text}"


def between(low: float, high: float) -> str:
    """An interval of a difference, both ends with the same decimals.

    >>> between(-0.0012, 0.0064), between(0.00086, 0.0039), between(0.00001, 0.00002)
    ('-0.0012 to +0.0064', '+0.0009 to +0.0039', '+1e-05 to +2e-05')
    """
    ends = (low, high)
    if all(map(math.isfinite, ends)) and 0.001 <= max(map(abs, ends)) < 1e15:
        # A small end beside a larger one says no more with more digits.
        return " to ".join(f"{end + 0.0:+,.4f}" for end in ends)
    return " to ".join(map(stepped, ends))


def percent(part: float, whole: float = 1.0) -> float:
    """`part / whole` in percent, exact in decimal and rounded once; both finite, whole not 0.

    >>> percent(0.07), percent(0.07, 0.7)
    (7.0, 10.0)
    """
    context = wide_context()
    return float(context.multiply(context.divide(exact(part), exact(whole)), exact(100)))


def _figure(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**18 else f"{exact(value):.4e}"
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= 1e15 or 0 < size < 0.001:
        text = f"{value:.4g}"
    elif size >= 1000:
        text = f"{value:,.2f}"
    else:
        text = f"{value:.4f}"
        # 0.9 stays 0.9, and 0.1 + 0.2 reads 0.3.
        text = text.rstrip("0")
        text += "0" if text.endswith(".") else ""
    return text


def duration(seconds: float) -> str:
    """A duration for people.

    >>> [duration(s) for s in (0.0123, 5.25, 72.4, 3725, 90061)]
    ['12 ms', '5.2 s', '1 m 12 s', '1 h 2 m', '1 d 1 h']
    """
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for large, small, size in (("m", "s", 60), ("h", "m", 3600)):
        if whole < size * (60 if size == 60 else 24):
            return f"{whole // size} {large} {whole % size // (size // 60)} {small}"
    return f"{whole // 86400:,} d {whole % 86400 // 3600} h"


def memory(size_bytes: int) -> str:
    """A size for people, in binary units.

    >>> [memory(n) for n in (0, 1023, 1536, 5 * 1024**3)]
    ['0 B', '1,023 B', '1.5 KiB', '5.0 GiB']
    """
    if size_bytes < 1024:
        return f"{size_bytes:,} B"
    size, units = size_bytes / 1024, ["KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:,.1f} {units[0]}"
