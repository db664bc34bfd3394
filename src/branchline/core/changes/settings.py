"""Station `changes`: YAML, JSON and TOML by value, types included.

The order of keys counts, because it reaches programs. YAML is equal only when it is equal under the
1.1 and the 1.2 reading. What cannot be read, has duplicate keys or unknown tags counts by bytes.
One comment counts: Hydra puts the values of a file where its header `# @package` says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.changes.raw import bytes_meaning, content_digest
from branchline.core.changes.values import Meaning, Reading
from branchline.core.values import digest_of
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_VALUE = 200_000
"""Nodes of one document; aliases can make a small text enormous."""

_HEADER = re.compile(rb"#\s*@package\b")
_MENTION = re.compile(r"[^\s*?<>|\"{}]*[./:][^\s*?<>|\"{}]*")


class TooLargeError(Exception):
    """The value has more nodes than can be digested in reasonable time; never leaves `changes`."""


def settings_meaning(reading: Reading, data: bytes) -> Meaning:
    """What a YAML, JSON or TOML text says."""
    try:
        values = read_values(reading, data)
        ordered = [in_order(value, _Budget()) for value in values]
    except DocumentError as error:
        return bytes_meaning(data, doubts=(f"cannot be read by value: {error.message}",))
    except (TooLargeError, RecursionError):
        return bytes_meaning(data, doubts=("is too large to be read by value",))
    ordered += _header(data) if reading is Reading.YAML else []
    digest = content_digest(reading, digest_of(ordered).encode())
    return Meaning(
        reading=reading,
        digest=digest,
        parts=_parts(values),
        mentions=tuple(mentions_of(values[0])),
    )


def _header(data: bytes) -> list[object]:
    """What Hydra reads in the comments above the values, `# @package model`; empty without it.

    The lines above count with it: Hydra looks no further than the first comment without `@`.
    """
    lines = data.splitlines()
    end = 0
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if text and not text.startswith(b"#"):
            break
        if _HEADER.match(text):
            end = number
    return [b" ".join(line.split()).decode("utf-8", "replace") for line in lines[:end]]


def read_values(reading: Reading, data: bytes) -> list[object]:
    """The value under each reading that counts: two for YAML, one for JSON and TOML.

    Raises:
        DocumentError: It cannot be read, or has duplicate keys.
    """
    from branchline.core.documents import read_json, read_toml, read_yaml, read_yaml_11

    if reading is Reading.YAML:
        return [read_yaml(data, file="it").value, read_yaml_11(data, file="it")]
    if reading is Reading.TOML:
        return [read_toml(data, file="it").value]
    document = read_json(data, file="it")
    if document.duplicates:
        raise DocumentError(f"the key {document.duplicates[0]!r} stands twice")
    return [document.value]


class _Budget:
    """How many nodes may still be visited."""

    def __init__(self) -> None:
        self.left = LARGEST_VALUE

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooLargeError


def in_order(value: object, budget: _Budget) -> object:
    """The value with mappings as lists of pairs, so that `digest_of` sees their order.

    Raises:
        TooLargeError: It has too many nodes.
    """
    budget.spend()
    if isinstance(value, dict):
        return (
            "mapping",
            [[in_order(k, budget), in_order(v, budget)] for k, v in value.items()],
        )
    if isinstance(value, list | tuple):
        return ("list", [in_order(item, budget) for item in value])
    if isinstance(value, set | frozenset):
        return ("set", sorted(digest_of(in_order(item, budget)) for item in value))
    return value


def ordered(value: object) -> object:
    """`in_order` with a fresh limit."""
    return in_order(value, _Budget())


def mentions_of(value: object) -> dict[str, None]:
    """Texts in a value that may name files or modules, Hydra's `defaults` among them."""
    found: dict[str, None] = {}
    for text in _texts(value, 0):
        if 2 < len(text) <= 200 and _MENTION.fullmatch(text) and "://" not in text:
            found[text] = None
    if isinstance(value, dict) and isinstance(value.get("defaults"), list):
        for item in value["defaults"]:
            found.update(dict.fromkeys(_default(item)))
    return found


def _default(item: object) -> Iterator[str]:
    """Files that one entry of a defaults list names."""
    if isinstance(item, str) and item != "_self_":
        yield f"{item.partition('@')[0].strip('/')}.yaml"
    elif isinstance(item, dict):
        for key, choice in item.items():
            group = str(key).replace("override ", "").replace("optional ", "")
            group = group.partition("@")[0].strip("/ ")
            for name in choice if isinstance(choice, list) else [choice]:
                if isinstance(name, str):
                    yield f"{group}/{name}.yaml"


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < 40 and isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                yield key
            yield from _texts(item, depth + 1)
    elif depth < 40 and isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, depth + 1)


def _parts(values: list[object]) -> tuple[tuple[str, str], ...]:
    """Keys of the first two levels with digests under all readings."""
    top = values[0]
    if not isinstance(top, dict):
        return ()
    others = [value if isinstance(value, dict) else {} for value in values[1:]]
    found: list[tuple[str, str]] = []
    for key, item in top.items():
        twins = [other.get(key) for other in others]
        if isinstance(item, dict) and item:
            for inner, leaf in item.items():
                inside = [t.get(inner) if isinstance(t, dict) else t for t in twins]
                found.append((f"`{key}.{inner}`", _short([leaf, *inside])))
        else:
            found.append((f"`{key}`", _short([item, *twins])))
    return tuple(found)


def _short(values: list[object]) -> str:
    return digest_of(ordered(values))[:16]
