"""Where each character of a YAML scalar's value stands in the text of the scalar.

Serves `command_edit`. Line breaks that folding joins are found by skipping blanks; whoever edits by
these places reads the result back, so a wrong place refuses an edit and spoils nothing.
"""

from __future__ import annotations

_BLANKS = " \t\r\n"


def aligned(source: str, style: str | None, value: str) -> list[tuple[int, int]] | None:
    r"""Start and end of each character of a value.

    Args:
        source: The scalar as it stands in the file, quotes or block header included.
        style: None, `'`, `"`, `|` or `>`.
        value: What it means.

    Returns:
        One pair a character; None where an escape is met that is not known, or nothing fits.

    >>> aligned("'it''s'", "'", "it's")
    [(1, 2), (2, 3), (3, 5), (5, 6)]
    >>> aligned("a\n  b", None, "a b")
    [(0, 1), (1, 2), (4, 5)]
    """
    at = 1 if style in ("'", '"') else 0
    if style in ("|", ">"):
        at = source.find("\n") + 1
    found = []
    for char in value:
        step = _step(source, at, style, char)
        if step is None:
            return None
        found.append(step)
        at = step[1]
    return found


def _step(source: str, at: int, style: str | None, char: str) -> tuple[int, int] | None:
    """Where the next character stands, at or behind an offset."""
    if char not in _BLANKS:
        while at < len(source) and source[at] in _BLANKS:
            at += 1
    elif at < len(source) and source[at] in "\r\n":
        # Folding makes one blank of a break and what indents the next line.
        return at, at + 1
    width = 2 if (style == "'" and char == "'") or (style == '"' and char in '"\\') else 1
    stands = source[at : at + width]
    wanted = {1: char, 2: "''" if style == "'" else f"\\{char}"}[width]
    if stands != wanted:
        # Blanks at the end of a block's last line may be trimmed; the edit is read back anyway.
        return (at, at) if char in _BLANKS else None
    return at, at + width
