"""Station `run`: values as text of a command, and back. Plain, or in the grammar of Hydra."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.core.values import JsonValue

_WHOLE = re.compile(r"[-+]?\d+")
_REAL = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_MEANT = frozenset(("null", "true", "false", "nan", "inf"))
_BEFORE_QUOTE = re.compile(r"(\\*)('|\Z)")
_ESCAPED_QUOTE = re.compile(r"(\\+)('|\Z)")


def plain_text(value: JsonValue, *, old: str = "") -> str:
    """A value as a program gets it from a command.

    Args:
        value: A number, a text, true or false.
        old: What stands there now: a whole number stays one, `True` is written as Python does.

    Raises:
        ValueError: It is a list, a mapping or null, or a text that no command can hold.

    >>> plain_text(1e-05), plain_text(8.0, old="4"), plain_text(True), plain_text(False, old="True")
    ('1e-05', '8', 'true', 'False')
    """
    if isinstance(value, bool):
        return str(value) if old in ("True", "False") else str(value).lower()
    if isinstance(value, float):
        is_whole = math.isfinite(value) and value.is_integer() and _WHOLE.fullmatch(old)
        return str(int(value)) if is_whole else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        refuse_controls(value)
        return value
    raise ValueError(f"{json.dumps(value)} is no number, no text, not true or false")


def refuse_controls(text: str) -> None:
    """See that a text can stand in a line of a file.

    Raises:
        ValueError: It has line breaks or control characters.
    """
    for char in text:
        is_control = unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        if (is_control and char != "\t") or char in "\ufeff\ufffe\uffff":
            raise ValueError(f"{json.dumps(text)} has a line break or a control character")


def plain_value(text: str, among: Iterable[JsonValue] = ()) -> JsonValue:
    """The value that a text of a command means.

    Args:
        text: Without quotes.
        among: Values of the parameter; the one that is written like the text is meant.

    >>> plain_value("1e-3"), plain_value("16"), plain_value("16", ["16"]), plain_value("adam")
    (0.001, 16, '16', 'adam')
    """
    for value in among:
        if _is_written(value, text):
            return value
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < _LONG else text
    if _REAL.fullmatch(text):
        return float(text)
    return text


def _is_written(value: JsonValue, text: str) -> bool:
    try:
        return plain_text(value, old=text) == text
    except ValueError:
        return False


_LONG = 300
"""Digits of a number beyond which Python need not read it."""


def hydra_text(value: JsonValue) -> str:
    """A value in the grammar of Hydra's overrides.

    Raises:
        ValueError: It has a text that no command can hold.

    >>> [hydra_text(v) for v in (1e-05, None, True, "adam", "a b", "1", [1, "x y"])]
    ['1e-05', 'null', 'true', 'adam', "'a b'", "'1'", "[1,'x y']"]
    """
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(hydra_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(_pairs(value)) + "}"
    if not isinstance(value, str):
        return plain_text(value)
    refuse_controls(value)
    if _BARE.fullmatch(value) and value.lower() not in _MEANT:
        return value
    # Backslashes count only before a quote: there they are doubled.
    return "'" + _BEFORE_QUOTE.sub(lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value) + "'"


def _pairs(value: Mapping[str, JsonValue]) -> Iterable[str]:
    for key, item in value.items():
        if not _BARE.fullmatch(key):
            raise ValueError(f"{json.dumps(key)} cannot be a key in an override of Hydra")
        yield f"{key}:{hydra_text(item)}"


def hydra_value(text: str, among: Iterable[JsonValue] = ()) -> JsonValue:
    """The value that the right side of an override means; lists and mappings as their text.

    >>> hydra_value("0.1"), hydra_value("'a b'"), hydra_value("null"), hydra_value("[1]", [[1]])
    (0.1, 'a b', None, [1])
    """
    for value in among:
        if hydra_text(value) == text:
            return value
    if text.lower() in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[text.lower()]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return _ESCAPED_QUOTE.sub(lambda m: m[1][: len(m[1]) // 2] + m[2], text[1:-1])
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"')
    return plain_value(text)
