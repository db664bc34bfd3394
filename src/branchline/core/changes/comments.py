"""Station `changes`: comments that matter although Python skips them.

Found by lines, not by tokens: a line inside a string that looks like a live comment only makes the
same text count twice. Reads bytes; nothing else.
"""

from __future__ import annotations

import re

_CANDIDATE = re.compile(
    rb"#!|///|MAGIC|COMMAND ---|Databricks|DBTITLE|cython|distutils|pythran|nuitka|%|^# ?[+!]"
    rb"|In\[",
    re.M,
)
_BLOCK = re.compile(rb"^#[ \t]*///")
_HEADER = re.compile(rb"\s*#\s*(?:cython|distutils|nuitka-project[\w-]*)\s*:|\s*#\s*pythran\b")
_DATABRICKS = re.compile(
    rb"^#\s*(?:Databricks notebook source|MAGIC\b|COMMAND -{3,}|DBTITLE\b)", re.M
)
_TAGS = re.compile(rb"^#\s*(?:%%|\+|-\s).*(?:tags|parameters)", re.M)
_CELLS = re.compile(rb"^#\s*(?:%%|\+($|\s)|---\s*$)", re.M)
_MAGIC = re.compile(rb"^#\s?(?:[%!]\s?\w|%%)")


def live_comments(data: bytes) -> tuple[bytes, ...]:
    r"""Comment lines that change a run, in order, without their line ends.

    The first line `#!`, PEP 723 blocks, headers of Cython, distutils and pythran, and magics that
    jupytext keeps as comments.

    >>> live_comments(b"# plain\n# cython: boundscheck=False\n")
    (b'# cython: boundscheck=False',)
    """
    if not _CANDIDATE.search(data):
        return ()
    found: list[bytes] = []
    has_cells = _CELLS.search(data) is not None
    inside_block = False
    for number, line in enumerate(data.splitlines()):
        if number == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 # the byte order mark is no text
            if line.startswith(b"#!"):
                found.append(line.rstrip())
                continue
        inside_block = line.startswith(b"#") and (inside_block or _BLOCK.match(line) is not None)
        if inside_block or _HEADER.match(line) or (has_cells and _MAGIC.match(line)):
            found.append(line.rstrip())
    return tuple(found)


def comment_doubt(data: bytes) -> str:
    """Why the comments of a source make it count by bytes; "" when they do not."""
    if not _CANDIDATE.search(data):
        return ""
    if match := _DATABRICKS.search(data):
        return f"is a Databricks source, whose comments run {_line(data, match.start())}"
    if match := _TAGS.search(data):
        return f"has jupytext cells with tags {_line(data, match.start())}"
    return ""


def _line(data: bytes, offset: int) -> str:
    return f"(line {data.count(bytes([10]), 0, offset) + 1})"
