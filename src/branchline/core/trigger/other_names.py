"""Station `trigger`: the name under which a box takes what it refuses under another. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST = 100
_MOST_TRIES = 50


def free_name(wanted: str, is_free: Callable[[str], bool]) -> str:
    """The first name like `wanted` that is free; "" when there is none.

    Args:
        wanted: A clean name, see `clean_name`.
        is_free: Whether the box takes a new reference of this name.
    """
    return next((name for name in _like(wanted) if is_free(name)), "")


def _like(wanted: str) -> Iterator[str]:
    """A name, the same without folders, and both with a number."""
    both = list(dict.fromkeys((wanted, wanted.replace("/", "-"))))
    yield from both
    for number in range(2, _MOST_TRIES):
        yield from (f"{name}-{number}" for name in both)


def clean_name(name: str) -> str:
    """A short name of letters A to Z, digits and `. _ / -` that git takes as well.

    >>> [clean_name(name) for name in ("train/é", "refs/heads/x", "a;;id", "train/日本")]
    ['train/e', 'heads/x', 'a-id', 'train/work']
    """
    from unicodedata import combining, normalize

    letters = "".join(char for char in normalize("NFKD", name) if not combining(char))
    dashed = re.sub(r"[^A-Za-z0-9._/-]+|\.\.+", "-", letters).lstrip("/")
    while dashed.startswith("refs/"):
        dashed = dashed.removeprefix("refs/")
    parts = [_clean_part(part) for part in dashed[:_LONGEST].split("/") if part]
    short = "/".join(part or "work" for part in parts) or "work"
    return "head" if short == "HEAD" else short


def _clean_part(part: str) -> str:
    """One folder of a name: git takes no dot or `.lock` at its end, a box no dash at its front."""
    before = ""
    while part != before:
        before = part
        part = part.strip("-.").removesuffix(".lock")
    return part
