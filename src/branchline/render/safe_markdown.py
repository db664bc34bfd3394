"""Texts from outside as Markdown that stays text, tables, and what fits into a comment. Pure.

Names and values stand in code spans, where a forge reads no HTML, no link, no mention and no table
border; sentences are escaped around their code spans. Everything has a longest size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.render.table import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&$]")
_BREAKS_SPANS = re.compile(r"[|`\\]")
_NOT_PLAIN = re.compile(r"[^0-9A-Za-z ]")
_LONGEST_NAME = 300
_LONGEST_SENTENCE = 2_000


def code(text: str, *, most: int = _LONGEST_NAME) -> str:
    """A text as code, safe in a table; an empty one reads "(empty)", a long one is cut.

    >>> code("val.auc"), code("a|b"), code("abcdef", most=4)
    ('`val.auc`', '<code>a&#124;b</code>', '`abc…`')
    """
    flat = visible(text if len(text) <= most else f"{text[: most - 1]}…")
    if not flat.strip():
        return "(empty)"
    if not _BREAKS_SPANS.search(flat) and flat == flat.strip():
        return f"`{flat}`"
    # A backslash before a bar, or a backtick, could end a code span inside a table.
    return "<code>" + _NOT_PLAIN.sub(_entity, flat) + "</code>"


def sentence(text: str) -> str:
    """A sentence of ours with code spans of outside names in it, both made safe.

    >>> sentence("`a|b` is <b>")
    '<code>a&#124;b</code> is &#60;b&#62;'
    """
    pieces = re.split(r"`([^`]*)`", cut(text, _LONGEST_SENTENCE))
    return "".join(code(p) if i % 2 else escape(p) for i, p in enumerate(pieces))


def escape(text: str) -> str:
    """Plain text that stays plain: no markup, no link, no mention."""
    # Mentions and links are found in the rendered text: a blank of no width breaks them.
    flat = visible(text).replace("@", "@\u200b").replace("#", "#\u200b").replace("://", ":\u200b//")
    flat = re.sub(r"(?i)\b(www|gh)(?=[.-])", "\\1\u200b", flat)
    return _SPECIAL.sub(_entity, flat)


def cut(text: str, most: int) -> str:
    """A text of at most so many letters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool]) -> str:
    """A table; its cells are Markdown on one line each.

    Args:
        heads: One a column.
        rows: Each as wide.
        right: Which columns keep to the right.
    """
    marks = ["---:" if is_right else "---" for is_right in right]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, marks, *rows))


def fitted(blocks: Sequence[str], last: str, *, most_bytes: int, rest: str) -> str:
    """Blocks in order, as far as they fit, and always the last one.

    A block is Markdown without a blank line inside of a table or a fence; tables and lists are cut
    between lines, a fenced chart is left out as a whole.

    Args:
        blocks: In order.
        last: Stands at the end whatever was left out.
        most_bytes: Of the whole, in UTF-8.
        rest: Says where the whole is, when something was left out.

    Returns:
        Markdown with a newline at its end.
    """
    whole = "\n\n".join(filter(None, [*blocks, last])) + "\n"
    if len(whole.encode()) <= most_bytes:
        return whole
    room = most_bytes - len(f"\n\n{rest}\n\n{last}\n".encode())
    kept: list[str] = []
    for block in filter(None, blocks):
        size = len(block.encode()) + 2
        if size <= room:
            kept.append(block)
            room -= size
            continue
        part = _first_lines(block, room - 2)
        if part:
            kept.append(part)
        break
    return "\n\n".join([*kept, rest, last]) + "\n"


def _first_lines(block: str, room: int) -> str:
    """The lines of a table or list that fit; "" when that says nothing, or of a chart."""
    if "```" in block:
        return ""
    lines, kept = block.split("\n"), []
    for text in lines:
        room -= len(text.encode()) + 1
        if room < 0:
            break
        kept.append(text)
    fewest = 1 + sum(text.startswith(("#", "| ---")) or not text for text in kept)
    return "\n".join(kept) if len(kept) > fewest else ""
