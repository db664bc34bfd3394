"""New values into a parameter file, in place: every comment, quote and blank line else stays.

Serves the flow `tune`. Takes bytes; writes no file. The text of each value is replaced where it
stands, so nothing is laid out anew.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from branchline.errors import ParamsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = frozenset(["true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"])


def edit_params(file: str, data: bytes, values: Mapping[str, JsonValue]) -> bytes:
    """Set parameters.

    Args:
        file: The file's name; YAML and JSON can be edited.
        data: Its bytes.
        values: Dotted key -> new value; each key must be there already. A number keeps the type
            that stands there where it can: 1 for `0.5` is written `1.0`.

    Raises:
        ParamsError: The format cannot be edited, or a key is not there; says which are.
    """
    if file.lower().endswith((".toml", ".py")):
        raise ParamsError(
            f"{file}: the best values can be written into YAML and JSON, not into this file",
            todo="Keep the parameters that are searched in params.yaml.",
        )
    if not values:
        return data
    text = data.decode("utf-8-sig")
    is_json = file.lower().endswith(".json")
    root = _composed(file, text)
    edits = []
    for key, value in values.items():
        spot = _spot(root, key.split("."))
        if spot is None:
            known = ", ".join(_leaves(root, "")[:12])
            raise ParamsError(
                f"{file}: there is no parameter `{key}`", todo=f"There are: {known or 'none'}."
            )
        start, end = _place(file, text, key, spot)
        edits.append((start, end, _text(spot.node, value, is_json=is_json)))
    for start, end, new in sorted(edits, reverse=True):
        # A block that ends with the file or before the next key has its line breaks behind it.
        old = text[start:end]
        tail = old[len(old.rstrip()) :]
        text = f"{text[:start]}{new}{tail}{text[end:]}"
    bom = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
    return (bom + text).encode("utf-8")


def new_params(values: Mapping[str, JsonValue], comment: str) -> bytes:
    """A new YAML file of these values, nested by the dots of their keys.

    >>> new_params({"train.lr": 0.1, "train.kind": "rf"}, "best").decode().splitlines()
    ['# best', 'train:', '  lr: 0.1', '  kind: rf']
    """
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *above, last = key.split(".")
        place = tree
        for step in above:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else place.setdefault(f"{step}_", {})
        place[last] = value
    return (f"# {comment}\n" + "".join(_lines(tree, 0))).encode()


def _lines(tree: Mapping[str, Any], depth: int) -> list[str]:
    found = []
    for key, value in tree.items():
        name = key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)
        if isinstance(value, dict):
            found += [f"{'  ' * depth}{name}:\n", *_lines(value, depth + 1)]
        else:
            found.append(f"{'  ' * depth}{name}: {scalar_text(value)}\n")
    return found


def scalar_text(value: JsonValue) -> str:
    """A value as YAML that readers of 1.1 and 1.2 take for the same.

    >>> [scalar_text(v) for v in (1e-05, 3, True, None, "yes", "rf", "a b", [1, "x"])]
    ['1.0e-05', '3', 'true', 'null', '"yes"', 'rf', '"a b"', '[1, "x"]']
    """
    if isinstance(value, float) and math.isfinite(value):
        text = repr(value)
        mantissa, mark, exponent = text.partition("e")
        # PyYAML takes `1e-05` for a text: a number needs a dot and a signed exponent.
        if mark and "." not in mantissa:
            text = f"{mantissa}.0e{exponent}"
        return text if not mark or exponent[0] in "+-" else text.replace("e", "e+")
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _text(node: Any, value: JsonValue, *, is_json: bool) -> str:
    """How a new value is written where an old one stood."""
    old = str(node.value) if node.id == "scalar" else ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and node.id == "scalar" and node.style is None:
        if re.fullmatch(r"[-+]?\d+", old) and float(value).is_integer():  # type: ignore[arg-type] # a number
            value = int(value)  # type: ignore[arg-type] # a number
        elif re.fullmatch(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?", old):
            value = float(value)  # type: ignore[arg-type] # a number
    if is_json:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and node.id == "scalar" and node.style in ("'", '"'):
        if node.style == "'" and "\n" not in value:
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=False)
    return scalar_text(value)


@lru_cache(maxsize=8)
def _composed(file: str, text: str) -> Any:
    """The nodes of a text; they are only looked at. A search edits the same one each time."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        raise ParamsError(f"{file}: it cannot be read: {str(error).splitlines()[0]}") from error


@dataclass(frozen=True, slots=True)
class _Spot:
    """A value in a text.

    Attributes:
        node: What it is.
        after: Index of the text before which it cannot begin. One that does stands elsewhere, and
            an alias (`*name`) here.
        is_below: Whether it is a part of what stands elsewhere.
    """

    node: Any
    after: int
    is_below: bool = False


def _spot(node: Any, steps: list[str]) -> _Spot | None:
    """The value at a dotted key; a key may hold dots itself. None when there is none.

    Of a key that is there twice the last counts, as for those who read the file.
    """
    if node is None or not steps:
        return None
    places: list[tuple[list[str], Any, int]] = []
    if node.id == "mapping":
        places = [(str(k.value).split("."), v, k.end_mark.index) for k, v in reversed(node.value)]
    elif node.id == "sequence":
        after = node.start_mark.index
        for index, item in enumerate(node.value):
            places.append(([str(index)], item, after))
            after = max(after, item.end_mark.index)
    # The shortest first, as `params.param_at` finds them: `a: {b: 1}` before `"a.b": 1`.
    for name, value, after in sorted(places, key=lambda place: len(place[0])):
        if steps[: len(name)] != name:
            continue
        if len(name) == len(steps):
            return _Spot(value, after)
        found = _spot(value, steps[len(name) :])
        if found is not None:
            is_below = found.is_below or value.start_mark.index < after
            return _Spot(found.node, found.after, is_below)
    return None


_ANCHOR = re.compile(r"&\S+\s+")
_ALIAS = re.compile(r"[\s:]*(\*[^\s,\]}]+)")


def _place(file: str, text: str, key: str, spot: _Spot) -> tuple[int, int]:
    """Where the text of a value begins and ends: behind its anchor; of an alias, the alias.

    Raises:
        ParamsError: It is a part of what an alias stands for: others would change with it.
    """
    start, end = spot.node.start_mark.index, spot.node.end_mark.index
    if not spot.is_below and start >= spot.after:
        anchor = _ANCHOR.match(text, start, end)
        return (anchor.end() if anchor else start), end
    alias = None if spot.is_below else _ALIAS.match(text, spot.after)
    if alias is None:
        raise ParamsError(
            f"{file}: `{key}` is taken over by an alias (`*name`) from elsewhere in the file, which"
            " would change with it",
            todo="Write the values out where they are to be searched.",
        )
    return alias.span(1)


def _leaves(node: Any, prefix: str) -> list[str]:
    if node is None or node.id != "mapping":
        return []
    found = []
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        inner = _leaves(value, f"{name}.")
        found += inner or [name]
    return found
