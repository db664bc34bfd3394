"""Adapter `github`: what we note in texts on GitHub, hidden in a comment of HTML at their start.

Whoever writes a text can write a mark: one counts only where GitHub says that we wrote the text.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

__all__ = ["LARGEST_BYTES", "clean", "clean_line", "marked", "unmarked"]

LARGEST_BYTES = 65_000
"""Of a text on GitHub; it takes 65,536 characters, and counts in ways that differ."""

_MARK = re.compile(r"<!-- branchline (\{[^\n<>]*\}) -->(?:\r?\n)?")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CUT = "\n\n*This text is longer than GitHub takes: {} bytes more are left out here.*\n"


def clean(text: str) -> str:
    """A text that can be sent: what UTF-8 and GitHub cannot hold becomes U+FFFD."""
    return _FORBIDDEN.sub("�", text)


def clean_line(text: str, *, most: int) -> str:
    """The same on one line, of at most so many characters.

    >>> clean_line(" Train:   lr 0.1 ", most=80)
    'Train: lr 0.1'
    """
    line = " ".join(clean(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def marked(mark: Mapping[str, JsonValue], body: str) -> str:
    """A text with a mark before it, at most `LARGEST_BYTES` long."""
    plain = json.dumps(mark, sort_keys=True, separators=(",", ":"))
    # Nothing in it may end the comment, or be read as Markdown.
    for sign in "<>-@&":
        plain = plain.replace(sign, f"\\u{ord(sign):04x}")
    head = f"<!-- branchline {plain} -->\n"
    return head + _cut(clean(body), LARGEST_BYTES - len(head.encode("utf-8")))


def unmarked(text: str) -> tuple[dict[str, object], str]:
    """The mark of a text, empty where it has none, and the text without it.

    >>> unmarked(marked({"marker": "a-->b"}, "body"))
    ({'marker': 'a-->b'}, 'body')
    """
    found = _MARK.match(text)
    if found is None:
        return {}, text
    try:
        mark = json.loads(found[1])
    except (ValueError, RecursionError):
        return {}, text
    return (mark, text[found.end() :]) if isinstance(mark, dict) else ({}, text)


def _cut(body: str, most: int) -> str:
    """A text of at most so many bytes, cut at a line's end; an open block of code is closed."""
    raw = body.encode("utf-8")
    if len(raw) <= most:
        return body
    room = most - len(_CUT) - 32
    kept = raw[:room].decode("utf-8", "ignore")
    end = kept.rfind("\n")
    if end > room // 2:
        kept = kept[:end]
    is_open = sum(line.lstrip().startswith("```") for line in kept.split("\n")) % 2
    kept += "\n```" if is_open else ""
    return kept + _CUT.format(len(raw) - len(kept.encode("utf-8")))
