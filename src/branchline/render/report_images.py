"""The images of a Markdown report that lie beside it: found, and put to where a forge shows them.

Pure. Images only: a link to a file is not an image, and what stands in a block of code is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
"""Endings of what forges show as images."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_MARKDOWN = re.compile(r"(!\[[^\]\n]{0,1000}\]\(\s{0,9}<?)([^)\s<>]{1,1000})(>?[^)\n]{0,1000}\))")
_HTML = re.compile(
    r"""(<img\b[^>\n]{0,1000}?\bsrc\s{0,9}=\s{0,9}["'])([^"'\n]{1,1000})(["'])""", re.I
)
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|/")


def local_images(markdown: str) -> tuple[str, ...]:
    """Paths of the images that a report shows from its own folder, each once, as it names them.

    >>> local_images("![a](./roc.png) [b](./secret.png) ![c](https://x.org/c.png)")
    ('./roc.png',)
    """
    found: dict[str, None] = {}

    def note(path: str) -> str:
        found[path] = None
        return path

    _replaced(markdown, note)
    return tuple(found)


def with_images(markdown: str, addresses: Mapping[str, str]) -> str:
    """The report with other addresses for images.

    Args:
        markdown: The report.
        addresses: Path as the report names it -> address; others stay.

    >>> with_images('<img src="a.png"> `![](a.png)`', {"a.png": "https://x.org/a"})
    '<img src="https://x.org/a"> `![](https://x.org/a)`'
    """
    return _replaced(markdown, lambda path: addresses.get(path, path))


def _replaced(markdown: str, address: Callable[[str], str]) -> str:
    lines, fence = markdown.split("\n"), ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
        elif mark:
            fence = mark[1]
        else:
            for pattern in (_MARKDOWN, _HTML):
                line = pattern.sub(lambda m: _one(m, address), line)  # noqa: PLW2901 # both, in turn
            lines[number] = line
    return "\n".join(lines)


def _one(match: re.Match[str], address: Callable[[str], str]) -> str:
    path = match[2]
    if _ELSEWHERE.match(path) or not path.lower().endswith(IMAGES):
        return match[0]
    return f"{match[1]}{address(path)}{match[3]}"
