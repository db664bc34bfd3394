r"""Station `trigger`: GitHub's grammar of branch patterns. Knows no rule and no branch.

`*` stops at `/`, `**` crosses it (`**/` also stands for nothing), `?` makes the character before it
optional, `+` repeats it, `[a-z0-9_]` is one of a set, `\` takes the next character as it is, and a
leading `!` takes out what an earlier pattern of the same list let in.

Source:
    GitHub Docs, "Workflow syntax for GitHub Actions", filter pattern cheat sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Piece(Enum):
    """What a part of a pattern is."""

    TEXT = "text"
    STAR = "*"
    DOUBLE_STAR = "**"
    ANY_FOLDERS = "**/"
    SET = "[]"
    OPTIONAL = "?"
    REPEATED = "+"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a pattern.

    Attributes:
        piece: What it is.
        text: The character of TEXT, what stands between the brackets of SET; else "".
    """

    piece: Piece
    text: str = ""


class PatternError(ValueError):
    """A pattern that means nothing; the message says why."""


def is_negative(pattern: str) -> bool:
    """Whether a pattern takes out instead of letting in."""
    return pattern.startswith("!")


@lru_cache(maxsize=512)
def parts_of(pattern: str) -> tuple[Part, ...]:
    """A pattern in its parts, a leading `!` left out.

    Raises:
        PatternError: It is empty, a bracket is open or empty, or `?` or `+` follows nothing.
    """
    text = pattern.removeprefix("!")
    if not text:
        raise PatternError(f"`{pattern}` is an empty pattern")
    parts: list[Part] = []
    index = 0
    while index < len(text):
        part, length = _next(text, index, pattern)
        if part.piece in (Piece.OPTIONAL, Piece.REPEATED):
            _check_repeats(parts, part, pattern)
        parts.append(part)
        index += length
    return tuple(parts)


def matches(pattern: str, name: str) -> bool:
    """Whether one pattern fits a whole name; a leading `!` is not looked at.

    Raises:
        PatternError: See `parts_of`.

    >>> matches("models/**", "models/ann/deep"), matches("models/*", "models/ann/deep")
    (True, False)
    >>> matches("v[12].[0-9]+", "v1.10"), matches("*.jsx?", "page.js")
    (True, True)
    """
    return _expression(pattern).fullmatch(name) is not None


def matches_any(patterns: Sequence[str], name: str) -> bool:
    """Whether a list of patterns lets a name in; later patterns win, `!` takes out.

    >>> matches_any(["releases/**", "!releases/**-alpha"], "releases/10-alpha")
    False
    """
    is_in = False
    for pattern in patterns:
        if is_in == is_negative(pattern) and matches(pattern, name):
            is_in = not is_in
    return is_in


def _next(text: str, index: int, pattern: str) -> tuple[Part, int]:
    """The part that begins at an index, and how many characters it takes."""
    char = text[index]
    if text.startswith("**", index):
        at_start = index == 0 or text[index - 1] == "/"
        if at_start and text.startswith("**/", index):
            return Part(Piece.ANY_FOLDERS), 3
        return Part(Piece.DOUBLE_STAR), 2
    if char == "*":
        return Part(Piece.STAR), 1
    if char in "?+":
        return Part(Piece(char)), 1
    if char == "[":
        return _set(text, index, pattern)
    if char == "\\":
        if index + 1 == len(text):
            raise PatternError(f"`{pattern}` ends with a `\\` that escapes nothing")
        return Part(Piece.TEXT, text[index + 1]), 2
    return Part(Piece.TEXT, char), 1


def _set(text: str, index: int, pattern: str) -> tuple[Part, int]:
    end = text.find("]", index + 1)
    if end < 0:
        raise PatternError(f"`{pattern}` opens a `[` that is not closed")
    inside = text[index + 1 : end]
    if not re.fullmatch(r"(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9_.-])+", inside):
        raise PatternError(
            f"`[{inside}]` in `{pattern}` must hold letters, digits, `_`, `.`, `-` or ranges"
        )
    for low, high in re.findall(r"([A-Za-z0-9])-([A-Za-z0-9])", inside):
        if low > high:
            raise PatternError(f"`{low}-{high}` in `{pattern}` is a range that runs backwards")
    return Part(Piece.SET, inside), end + 1 - index


def _check_repeats(parts: Sequence[Part], part: Part, pattern: str) -> None:
    if not parts or parts[-1].piece not in (Piece.TEXT, Piece.SET):
        sign = part.piece.value
        raise PatternError(
            f"`{sign}` in `{pattern}` follows no character; write `\\{sign}` for the sign itself"
        )


@lru_cache(maxsize=512)
def _expression(pattern: str) -> re.Pattern[str]:
    fixed = {
        Piece.STAR: "[^/]*",
        Piece.DOUBLE_STAR: ".*",
        Piece.ANY_FOLDERS: "(?:.+/)?",
        Piece.OPTIONAL: "?",
        Piece.REPEATED: "+",
    }
    written = []
    for part in parts_of(pattern):
        if part.piece is Piece.TEXT:
            written.append(re.escape(part.text))
        elif part.piece is Piece.SET:
            written.append(f"[{_escaped_set(part.text)}]")
        else:
            written.append(fixed[part.piece])
    return re.compile("".join(written), re.DOTALL)


def _escaped_set(inside: str) -> str:
    """A set in the grammar of `re`: a `-` that makes no range is escaped."""
    pieces = re.findall(r"[A-Za-z0-9]-[A-Za-z0-9]|.", inside)
    return "".join(piece if len(piece) == 3 else re.escape(piece) for piece in pieces)
