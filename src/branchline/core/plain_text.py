"""Text of others as a terminal may get it: escapes and control characters are taken out."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # titles, links, the clipboard
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LIMIT = 2000


def plain(text: str) -> str:
    r"""A line as a terminal may get it: no escapes, no control characters, not endless.

    Of a line that was drawn over (a progress bar) the last state stays.

    >>> plain("\x1b[31mred\x1b[0m"), plain("10 %\r20 %\r"), plain("a\x07b")
    ('red', '20 %', 'ab')
    """
    text = text.rstrip("\r\n")
    text = _ESCAPES.sub("", text.rpartition("\r")[2])
    text = _CONTROL.sub("", text)
    return text if len(text) <= _LIMIT else f"{text[:_LIMIT]} ... ({len(text)} characters)"
