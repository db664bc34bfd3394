"""One file as Markdown that a forge renders, without a host for images. Pure.

Data become a chart or a table. An image has to be fetched from somewhere: from the repository
itself, at the commit that holds it, which those who may read the comment may read, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.render.markdown_plots import plot_blocks

if TYPE_CHECKING:
    from branchline.render.drawing import Drawing

_SCP = re.compile(r"(?:ssh://)?(?:[\w.-]+@)?(?P<host>[\w.-]+\.[a-z]+)[:/](?P<path>[\w./-]+)")
_WEB = re.compile(r"https?://(?:[^@/]+@)?(?P<host>[\w.:-]+)/(?P<path>[\w./-]+)")


def asset_markdown(drawing: Drawing, *, url: str = "") -> str:
    """A plot as Markdown with a newline at its end.

    Args:
        drawing: The file, read.
        url: Where an image can be fetched from.
    """
    if drawing.image is not None:
        title = re.sub(r"[^0-9A-Za-z .,_-]", " ", drawing.title)
        return f"![{title}]({url})\n"
    return plot_blocks([drawing])[0].removeprefix("### Plots\n\n") + "\n"


def image_url(remote: str, commit: str, path: str) -> str:
    """The address of a file at a commit on the forge of a remote; "" when it is none on the web.

    Never the user or password that an address may hold.

    >>> image_url("git@github.com:me/it.git", "abc", "a b.png")
    'https://github.com/me/it/raw/abc/a%20b.png'
    >>> image_url("https://token@github.com/me/it", "abc", "b.png")
    'https://github.com/me/it/raw/abc/b.png'
    >>> image_url("../box.git", "abc", "b.png")
    ''
    """
    is_ssh = "://" not in remote.removeprefix("ssh://")
    found = _WEB.fullmatch(remote) or (_SCP.fullmatch(remote) if is_ssh else None)
    if found is None:
        return ""
    place = found["path"].removesuffix("/").removesuffix(".git")
    return f"https://{found['host']}/{place}/raw/{quoted(commit)}/{quoted(path)}"


def quoted(path: str) -> str:
    """A path as part of an address, in which it ends nothing.

    >>> quoted("a b/ü)(.png")
    'a%20b/%C3%BC%29%28.png'
    """
    kept = "/-._~"
    return "".join(
        char if char.isascii() and (char.isalnum() or char in kept)
        else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))
        for char in path
    )  # fmt: skip
