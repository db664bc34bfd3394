"""Station `changes`: the globs of `changes.code` and `changes.ignore`. Lists no folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Globs:
    """Whether a path matches one of some globs; `**` spans folders, `*` does not.

    A folder means all that is below it; a bare name matches at any depth.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._expressions = [re.compile(_expression(pattern)) for pattern in patterns]

    def __call__(self, path: str) -> bool:
        """Whether a path, from the root, matches."""
        return any(expression.fullmatch(path) for expression in self._expressions)


def _expression(pattern: str) -> str:
    pattern = pattern.strip("/")
    parts: list[str] = []
    index = 0
    while index < len(pattern):
        if pattern.startswith("**/", index):
            parts.append("(?:.*/)?")
            index += 3
        elif pattern.startswith("**", index):
            parts.append(".*")
            index += 2
        else:
            char = pattern[index]
            parts.append("[^/]*" if char == "*" else "[^/]" if char == "?" else re.escape(char))
            index += 1
    start = "" if "/" in pattern else "(?:.*/)?"
    return start + "".join(parts) + "(?:/.*)?"
