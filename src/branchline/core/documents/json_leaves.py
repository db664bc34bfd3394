"""The scalars of a JSON text with their lines, keys that stand twice included. Pure.

For a text that `read_json` accepted; reading it twice is what makes the lines cheap.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar: the keys and positions that lead to it, its value, its line from 1."""

    path: tuple[str | int, ...]
    value: object
    line: int


def json_leaves(text: str) -> Iterator[Leaf]:
    r"""Scalars in the order of the text.

    Args:
        text: JSON that was found to be valid.

    >>> [(leaf.path, leaf.value, leaf.line) for leaf in json_leaves('{"a":\n {"b": [1, 2]}}')]
    [(('a', 'b', 0), 1, 2), (('a', 'b', 1), 2, 2)]
    """
    path: list[str | int] = []
    is_list: list[bool] = []
    line, is_key = 1, False
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part == "\n":
            line += 1
        elif part in "{[":
            is_list.append(part == "[")
            path.append(0 if part == "[" else "")
            is_key = part == "{"
        elif part in "}]":
            is_list.pop()
            path.pop()
        elif part == ",":
            if is_list[-1]:
                path[-1] = int(path[-1]) + 1
            is_key = not is_list[-1]
        elif part == ":":
            is_key = False
        elif is_key:
            path[-1] = json.loads(part)
        else:
            yield Leaf(tuple(path), json.loads(part), line)
