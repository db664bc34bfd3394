"""Ignore files (`.dvcignore`, `.gitignore`): patterns into answers.

Serves `discovery`. git's grammar; the caller prunes folders, so a path is asked only when none of
its parents is ignored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Patterns:
    """The patterns of one ignore file.

    Args:
        text: The file's content.
        folder: The folder it stands in, from the root; "." is the root.
    """

    def __init__(self, text: str, folder: str) -> None:
        self._prefix = "" if folder == "." else f"{folder}/"
        self._rules: list[tuple[re.Pattern[str], bool, bool]] = []
        for line in text.splitlines():
            rule = _rule(line)
            if rule is not None:
                self._rules.append(rule)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def decide(self, path: str, *, is_folder: bool) -> bool | None:
        """True to ignore, False to keep, None when no pattern speaks of the path."""
        if not path.startswith(self._prefix):
            return None
        relative = path[len(self._prefix) :]
        for pattern, negated, folders_only in reversed(self._rules):
            if (is_folder or not folders_only) and pattern.fullmatch(relative):
                return not negated
        return None


def is_ignored(stack: Sequence[Patterns], path: str, *, is_folder: bool) -> bool:
    """Whether a path is ignored by a stack of ignore files, outermost first."""
    for patterns in reversed(stack):
        decision = patterns.decide(path, is_folder=is_folder)
        if decision is not None:
            return decision
    return False


def _rule(line: str) -> tuple[re.Pattern[str], bool, bool] | None:
    text = line.rstrip()
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[1:] if negated else text
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    if not text:
        return None
    anchored = "/" in text
    body = _regex(text.lstrip("/"))
    try:
        return re.compile(body if anchored else f"(?:.*/)?{body}"), negated, folders_only
    except re.error:
        return None


def _regex(text: str) -> str:
    parts: list[str] = []
    index = 0
    while index < len(text):
        rest = text[index:]
        if rest.startswith("**/"):
            parts.append("(?:.*/)?")
            index += 3
        elif rest.startswith("/**") and len(rest) == 3:
            parts.append("/.*")
            index += 3
        elif rest.startswith("*"):
            stars = len(rest) - len(rest.lstrip("*"))
            parts.append(".*" if rest == "**" else "[^/]*")
            index += stars
        elif rest[0] == "?":
            parts.append("[^/]")
            index += 1
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2)
            inner = rest[1:end].replace("\\", "\\\\")
            parts.append(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
            index += end + 1
        elif rest[0] == "\\" and len(rest) > 1:
            parts.append(re.escape(rest[1]))
            index += 2
        else:
            parts.append(re.escape(rest[0]))
            index += 1
    return "".join(parts)
