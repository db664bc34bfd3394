"""Requirement files in pip's grammar: what they pin, what they wish, where they look. Pure.

Only as far as is needed to tell a complete lock from a wish; finding versions is the work of uv.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.environment.values import Index, Package

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_PIN = re.compile(
    r"^([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*(?:===?\s*([^\s;,*]+)|@\s*([^\s;]+))\s*(?:;\s*(.*))?$"
)
_CREDENTIALS = re.compile(r"(?<=://)(?!git@)(?!\$\{)(?!\*\*\*@)[^\s/@'\"]+(?=@)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a requirement file, continued lines joined: its text, digests, first line."""

    text: str
    hashes: tuple[str, ...]
    number: int

    @property
    def is_option(self) -> bool:
        """Whether it is an option (`-r`, `--index-url`) and no requirement."""
        return self.text.startswith("-")


def normal(name: str) -> str:
    """A distribution's name as indexes compare it.

    >>> normal("Foo_Bar.baz")
    'foo-bar-baz'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """The normalised name that a requirement begins with; "" when it begins with none."""
    match = _NAME.match(requirement)
    return normal(match[0]) if match else ""


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines of a file that say something."""
    found: list[Line] = []
    held, start = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        start = start if held else number
        if line.endswith("\\"):
            held += f"{line[:-1]} "
            continue
        whole = re.sub(r"(^|\s)#.*$", "", f"{held}{line}").strip()
        held = ""
        if whole:
            hashes = tuple(re.findall(r"--hash[= ](\S+)", whole))
            bare = re.sub(r"\s*--hash[= ]\S+", "", whole).strip()
            found.append(Line(text=bare, hashes=hashes, number=start))
    return tuple(found)


def package_of(line: Line) -> Package | None:
    """The package that a line pins; None where it leaves the version open."""
    match = _PIN.match(line.text)
    if match is None:
        return None
    name, source = normal(match[1]), match[4] or ""
    return Package(
        name=f"{name}{(match[2] or '').replace(' ', '')}",
        version=match[3] or "",
        source=source,
        hashes=line.hashes,
        marker=" ".join((match[5] or "").split()),
    )


def packages_of(text: str) -> tuple[Package, ...]:
    """The packages that a text pins, by name."""
    found = [package_of(line) for line in lines_of(text) if not line.is_option]
    return tuple(sorted((p for p in found if p), key=lambda p: (p.name, p.version, p.marker)))


def is_complete(texts: Iterable[str]) -> bool:
    """Whether files pin every package with digests, so that nothing is left to be found.

    pip refuses such a file when a package that is needed stands in none.
    """
    lines = [line for text in texts for line in lines_of(text) if not line.is_option]
    return bool(lines) and all(line.hashes and package_of(line) for line in lines)


def is_pinned(texts: Iterable[str]) -> bool:
    """Whether every requirement names one version."""
    lines = [line for text in texts for line in lines_of(text) if not line.is_option]
    return bool(lines) and all(package_of(line) for line in lines)


def index_of(files: Sequence[tuple[str, str]]) -> Index:
    """Where requirement files look for packages; the last word wins, as with pip.

    Args:
        files: Folder of each from the root, and its text.
    """
    default, more, links, is_closed = "", [], [], False
    for folder, text in files:
        for line in lines_of(text):
            match = re.match(r"^(-i|-f|--[a-z-]+)(?:\s+|=|$)\s*(\S*)", line.text)
            option, value = (match[1], match[2].strip("'\"")) if match else ("", "")
            if option in ("-i", "--index-url", "--pypi-url"):
                default = value
            elif option == "--extra-index-url":
                more.append(value)
            elif option in ("-f", "--find-links"):
                links.append(value if "://" in value else posixpath.join(folder, value))
            elif option == "--no-index":
                is_closed = True
    return Index(default=default, more=tuple(more), links=tuple(links), is_closed=is_closed)


def without_credentials(text: str) -> str:
    """A text in which users and passwords of addresses are masked.

    >>> without_credentials("https://ada:secret@example.org/simple")
    'https://***@example.org/simple'
    """
    return _CREDENTIALS.sub("***", text)


def has_credentials(text: str) -> bool:
    """Whether an address of a text holds a user or a password."""
    return bool(_CREDENTIALS.search(text))


def credentials_of(text: str) -> tuple[str, ...]:
    """The users and passwords of the addresses of a text, to be masked wherever they turn up."""
    found = []
    for whole in _CREDENTIALS.findall(text):
        found += [whole, *(part for part in whole.split(":") if len(part) >= 4)]
    return tuple(dict.fromkeys(found))
