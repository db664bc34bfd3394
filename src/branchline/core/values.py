"""Values that every station uses: JSON values, digests of them, outcomes.

Serves all stations of the walk; reads and writes nothing.
"""

from __future__ import annotations

import hashlib
import math
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
"""What JSON can hold. Floats may be NaN or infinite where a user's file says so."""

SCHEMA_VERSION = 1
"""Version of the JSON that Branchline records and prints; raised when a field changes meaning."""


class Outcome(Enum):
    """How a question of judgement ended. Not known is a case of its own, never a yes."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


def digest_of(value: object) -> str:
    """SHA-256 of a value in our canonical form, 64 hexadecimal characters.

    Two values have the same digest exactly when they are equal *and* of the same types all the way
    down: 1, 1.0, True and "1" differ, 0.0 and -0.0 differ, NaN equals NaN, the order of a mapping
    does not count, the order of a sequence does.

    Args:
        value: None, bool, int, float, str, bytes, or sequences and mappings of these; other
            scalars (dates from YAML and TOML) count by type name and text.

    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    >>> digest_of([1]) == digest_of([1.0])
    False
    """
    hasher = hashlib.sha256()
    parts: list[bytes] = []
    _feed(parts, value)
    hasher.update(b"".join(parts))
    return hasher.hexdigest()


def _feed(parts: list[bytes], value: object) -> None:
    """Append the canonical form: a type letter, a length where needed, the content."""
    kind = type(value)
    if kind is str:  # nearly all are, and a hundred stages have thousands
        encoded = value.encode("utf-8", "surrogatepass")  # type: ignore[attr-defined] # it is a str
        parts.append(b"s%d:%s;" % (len(encoded), encoded))
    elif kind is list or kind is tuple or kind is dict:
        _feed_composite(parts, value)
    elif value is None:
        parts.append(b"n;")
    elif isinstance(value, bool):
        parts.append(b"b1;" if value else b"b0;")
    elif isinstance(value, int):
        parts.append(b"i%d;" % value)
    elif isinstance(value, float):
        parts.append(b"fnan;" if math.isnan(value) else b"f%s;" % value.hex().encode())
    elif isinstance(value, str):
        encoded = value.encode("utf-8", "surrogatepass")
        parts.append(b"s%d:%s;" % (len(encoded), encoded))
    elif isinstance(value, bytes):
        parts.append(b"y%d:%s;" % (len(value), value))
    else:
        _feed_composite(parts, value)


def _feed_composite(parts: list[bytes], value: object) -> None:
    if isinstance(value, list | tuple):
        parts.append(b"l%d[" % len(value))
        for item in value:
            _feed(parts, item)
        parts.append(b"]")
        return
    items = getattr(value, "items", None)
    if items is not None:
        pairs = []
        for key, item in items():
            pair: list[bytes] = []
            _feed(pair, key)
            _feed(pair, item)
            pairs.append(b"".join(pair))
        parts.append(b"m%d{" % len(pairs))
        parts.extend(sorted(pairs))
        parts.append(b"}")
        return
    text = f"{type(value).__name__}:{value}".encode()
    parts.append(b"o%d:%s;" % (len(text), text))


def without_secrets(text: str) -> str:
    """A text whose URLs have lost user and password, so that it may be printed and recorded.

    >>> without_secrets("no answer from https://me:secret@example.org/x, see http://b.org")
    'no answer from https://***@example.org/x, see http://b.org'
    """
    import re

    return re.sub(r"(?<=://)[^/\s]*@", "***@", text)
