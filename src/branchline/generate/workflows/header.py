"""The head of a file that we write: by which version, of which settings, and its own digest.

By the digest an edit by hand is told from a change of the settings; see decision 0041.
"""

from __future__ import annotations

import hashlib
import re

from branchline.version import __version__

MARK = "# branchline workflows: "
_LINE = re.compile(
    re.escape(MARK)
    + r"version (?P<version>\S+), settings [0-9a-f]{12}, text (?P<text>[0-9a-f]{12})"
)


def with_header(body: str, settings: str) -> str:
    """A file's text under its head.

    Args:
        body: What follows, ending in a newline.
        settings: Digest of what it was made from, 12 hexadecimal characters.
    """
    return (
        "# Written by `branchline workflows write` from branchline.yaml. Change that file, not this"
        " one.\n"
        f"{MARK}version {__version__}, settings {settings}, text {digest(body)}\n" + body
    )


def is_ours(text: str) -> bool:
    """Whether Branchline wrote a file, of this version or another, edited since or not."""
    return _LINE.match(_second_line(text)) is not None


def is_edited(text: str) -> bool:
    """Whether a file of ours was changed since it was written."""
    found = _LINE.match(_second_line(text))
    return found is not None and digest(text.split("\n", 2)[2]) != found["text"]


def digest(text: str) -> str:
    """Twelve characters that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _second_line(text: str) -> str:
    lines = text.split("\n", 2)
    return lines[1] if len(lines) > 2 else ""
