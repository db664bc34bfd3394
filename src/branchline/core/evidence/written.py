"""Numbers as people and programs write them: `0.93`, `93.2 %`, `1e-3`, `12 ms`, `nan`. Pure.

A comma is no decimal point and parts no thousands: `1,234` is 1.234 to some and 1234 to others, so
it is no number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from branchline.core.evidence.units import written_unit

NUMBER = (
    r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?"
    r"|[+-]?(?:nan|inf(?:inity)?)"
)
"""One number, as a part of a regular expression that ignores case."""
_VALUE = re.compile(
    rf"({NUMBER})(?:\s*(?:±|\+/?-)\s*{NUMBER})?\s*([%A-Za-zµμ]{{1,12}})?", re.IGNORECASE
)
WRAPPED = re.compile(
    rf"\b(?:np\.|numpy\.|torch\.)?(?:float\d*|int\d+|tensor|array)\(\s*({NUMBER})[^()]{{0,60}}\)",
    re.IGNORECASE,
)
"""A number as NumPy and PyTorch show it: `np.float64(0.93)`, `tensor(0.93, device='cuda:0')`."""
_MARKS = "*_`\"' \t"


@dataclass(frozen=True, slots=True)
class Written:
    """A number, the text that it stands in, and the unit beside it ("" for none)."""

    value: float | int
    text: str
    unit: str = ""


def number_in(text: str) -> Written | None:
    """The number that a text is, with its unit and its spread, if any; None when it is none.

    >>> number_in("93.2%").value, number_in("0.91 ± 0.02").value, number_in("12 ms").unit
    (93.2, 0.91, 'ms')
    >>> number_in("1,234") is number_in("n/a") is number_in("3 of 5") is None
    True
    """
    bare = text.strip(_MARKS)
    if not bare or len(bare) > 200:
        return None
    wrapped = WRAPPED.fullmatch(bare)
    if wrapped is not None:
        return Written(value_of(wrapped[1]), bare)
    match = _VALUE.fullmatch(bare)
    if match is None:
        return None
    unit = written_unit(match[2] or "")
    if match[2] and not unit:
        return None
    return Written(value_of(match[1]), match[1], unit)


def value_of(number: str) -> float | int:
    """The value of what matches `NUMBER`; whole ones stay whole.

    >>> value_of("12"), value_of("12."), value_of("-Inf")
    (12, 12.0, -inf)
    """
    digits = number.lstrip("+-")
    return int(number) if digits.isdecimal() and digits.isascii() else float(number)


def name_of(text: str) -> str:
    """A name as metrics have it: without marks, its words joined by `_`, its parts by dots.

    >>> name_of(" **Test accuracy** "), name_of("val/auc"), name_of("F1 (macro)")
    ('Test_accuracy', 'val.auc', 'F1_macro')
    """
    bare = text.strip("*`\"' \t:|()[]").replace("/", ".")
    return re.sub(r"[\s()\[\]]+", "_", bare)[:200]
