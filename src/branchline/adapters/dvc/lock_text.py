"""The text of lock entries, byte for byte as DVC 3 writes it. Reads and writes no file.

DVC dumps with ruamel.yaml's round-trip dumper. That costs a millisecond an entry, so plain
values, which are nearly all, are written here by the same rules; anything else (quotes, escapes,
nested lists, long keys) goes through ruamel.yaml itself.

One difference remains: where a parameter file repeats a value by a YAML alias, DVC writes an
anchor and we write the value twice. Both read the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

WIDTH = 80
"""Column from which long plain texts are folded."""

HEADER = "schema: '2.0'\n"

# A text that every YAML reader takes for a text, whatever stands in it.
_PLAIN = re.compile(r"(?:[A-Za-z_]|\.{0,2}/)(?:[!-\"$-9;-~]|(?<=[^ ])#|:(?=[^ ])| +(?=[^ #]))*\Z")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]{0,99}\Z")
# Words that some YAML reader takes for something else; ruamel.yaml decides about their quotes.
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
# Digests are texts only if they cannot be read as numbers ("12e5..."): a, c, d, f settle it.
_DIGEST = re.compile(r"(?=[0-9a-f]*[acdf])[0-9a-f]{32}(?:\.dir)?\Z")


class _NotPlainError(Exception):
    """The value needs ruamel.yaml."""


def entry_text(value: Mapping[str, JsonValue], *, indent: int = 0) -> str:
    """Lines of one entry.

    Args:
        value: The entry as `entry_to_json` makes it.
        indent: Spaces before each line: 4 in dvc.lock, 0 in the run cache.
    """
    parts: list[str] = []
    try:
        _write_mapping(parts, value, indent)
    except _NotPlainError:
        return dump_nested(value, indent // 2)
    return "".join(parts)


def stage_text(name: str, value: Mapping[str, JsonValue]) -> str:
    """Lines of one stage as they stand under `stages:`, its name included."""
    if _is_plain_key(name):
        return f"  {name}:\n{entry_text(value, indent=4)}"
    return dump_nested({name: value}, 1)


def dump_nested(value: Mapping[str, JsonValue], depth: int) -> str:
    """Lines of a mapping that stands `depth` mappings deep, as ruamel.yaml dumps it."""
    nested: object = _unshared(value)
    for _ in range(depth):
        nested = {"x": nested}
    lines = dump(nested).splitlines(keepends=True)
    return "".join(lines[depth:])


def dump(value: object) -> str:
    """A whole document, dumped as DVC dumps it."""
    import io

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def _unshared(value: object) -> object:
    """A copy in which no list or mapping stands twice, so that no anchors are written."""
    if isinstance(value, Mapping):
        return {key: _unshared(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unshared(item) for item in value]
    return value


def _is_plain_key(key: object) -> bool:
    return isinstance(key, str) and bool(_PLAIN_KEY.match(key)) and key.lower() not in _WORDS


def _write_mapping(parts: list[str], value: Mapping[str, JsonValue], indent: int) -> None:
    margin = " " * indent
    for key, item in value.items():
        if not _is_plain_key(key):
            raise _NotPlainError
        parts.append(f"{margin}{key}:")
        _write_value(parts, item, indent, indent + len(key) + 1)


def _write_value(parts: list[str], value: JsonValue, indent: int, column: int) -> None:
    """What follows `key:`, up to and with the line break."""
    if isinstance(value, Mapping):
        parts.append("\n" if value else " {}\n")
        _write_mapping(parts, value, indent + 2)
    elif isinstance(value, list | tuple):
        parts.append("\n" if value else " []\n")
        for item in value:
            _write_item(parts, item, indent)
    elif value is None:
        parts.append("\n")
    else:
        parts.append(f" {_scalar(value, column + 1, indent + 2)}\n")


def _write_item(parts: list[str], item: JsonValue, indent: int) -> None:
    """One item of a list whose dashes stand at `indent`."""
    margin = " " * indent
    if isinstance(item, Mapping) and item:
        inner: list[str] = []
        _write_mapping(inner, item, indent + 2)
        parts.append(f"{margin}- {inner[0].lstrip(' ')}")
        parts.extend(inner[1:])
    elif item is None or isinstance(item, Mapping | list | tuple):
        raise _NotPlainError
    else:
        parts.append(f"{margin}- {_scalar(item, indent + 2, indent + 2)}\n")


def _scalar(value: JsonValue, column: int, indent: int) -> str:
    """A plain scalar; numbers move to a line of their own as texts do."""
    return _folded(_plain_text(value), column, indent)


def _plain_text(value: JsonValue) -> str:
    if isinstance(value, str):
        if _DIGEST.match(value) or (_PLAIN.match(value) and value.lower() not in _WORDS):
            return value
        raise _NotPlainError
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is int or (type(value) is float and value - value == 0.0):
        return repr(value)
    raise _NotPlainError


def _folded(text: str, column: int, indent: int) -> str:
    """A plain text, folded as the dumper folds: at single spaces, from column 80 on."""
    if column + len(text) <= WIDTH:
        return text
    parts: list[str] = []
    for piece in re.findall(r" +|[^ ]+", text):
        is_gap = piece[0] == " "
        if is_gap:
            breaks = len(piece) == 1 and column >= WIDTH
        else:
            breaks = column + len(piece) > WIDTH and column > indent
        if breaks:
            parts.append("\n" + " " * indent)
            column = indent
        if not (is_gap and breaks):
            parts.append(piece)
            column += len(piece)
    return "".join(parts)
