"""Requirements that name packages of an index and nothing else, told from all others. Pure.

Only these can be looked for without running code: an editable folder, an archive, a repository or
a project whose file leaves something open are built to be asked what they need. What is not
understood counts as one of those.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.environment.pins import lines_of, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s+|=)([\w./-]+)")
_PLACE = re.compile(
    r"(?:-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host)(?:\s+|=)\S+"
    r"|--no-index|--require-hashes"
)
"""Where packages come from; told to uv by variables."""
_BOUND = r"(?:===?|~=|!=|[<>]=?)\s*[\w.*+!-]+"
_PLAIN = re.compile(
    r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?\s*(?:\[[\w\s,.-]*\])?"
    rf"\s*\(?\s*(?:{_BOUND}(?:\s*,\s*{_BOUND})*)?\s*,?\s*\)?"
    r"\s*(?:;[\w\s<>=!~.\"'(),*+-]+)?",
    re.ASCII,
)

_SEARCH = re.compile(r"DEBUG Searching for a compatible version of ([A-Za-z0-9_.-]+)")
_CHOICE = re.compile(r"DEBUG Selecting: ([A-Za-z0-9_.-]+)==\S+ .*\.whl\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """What files ask for, in lines that only name packages.

    Attributes:
        wishes: Requirements, with their digests. constraints: Bounds, likewise.
        doubt: Why these are not all; "" where they are.
    """

    wishes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    doubt: str = ""


def is_plain(requirement: str) -> bool:
    """Whether a requirement names a package of an index.

    >>> [is_plain(text) for text in ("numpy[a] >=1,<2", "./numpy", "x @ git+https://e.org/x")]
    [True, False, False]
    """
    is_one_line = not any(end in requirement for end in "\r\n\v\f")
    return is_one_line and _PLAIN.fullmatch(requirement) is not None


def plain_of(path: str, read: Callable[[str], str | None]) -> Plain:
    """What a requirement file with all it includes, or a pyproject.toml, asks for.

    Args:
        path: The file, from the root.
        read: The whole text of a file of the repository, from the root; None where there is none.
    """
    name = posixpath.basename(path)
    if name == "pyproject.toml":
        return _of_project(path, read)
    if not name.endswith((".txt", ".in", ".lock")):
        return Plain(doubt=f"what {path} needs is known once it is built")
    return _Reading(read).all_of(path)


def of_lines(where: str, lines: Iterable[str]) -> str:
    """Why not all lines name packages of an index; "" where all do."""
    for text in lines:
        if not is_plain(text):
            return f"{where} asks for `{text}`, which names no package of an index"
    return ""


def skipped_in(log: str, names: Iterable[str]) -> str | None:
    """What a search that took no source files passed over, and another would have built.

    uv says each package that it looks for, and the file that it takes. A search that is not
    followed by a file passed over versions, be it for another reason: that one is not told.

    Args:
        log: What `uv pip compile --verbose` said.
        names: Packages that it found.

    Returns:
        The package; "" where nothing was passed over; None where the log does not say.
    """
    waiting, taken = "", set()
    for line in log.splitlines():
        search, choice = _SEARCH.match(line), _CHOICE.match(line)
        if (search or "No compatible version" in line) and waiting:
            return waiting
        if search:
            waiting = normal(search[1])
        elif choice:
            waiting = ""
            taken.add(normal(choice[1]))
    if waiting:
        return waiting
    return "" if all(name in taken for name in names) else None


class _Reading:
    def __init__(self, read: Callable[[str], str | None]) -> None:
        self._read = read
        self._seen: set[tuple[str, bool]] = set()
        self._found: dict[bool, list[str]] = {False: [], True: []}

    def all_of(self, path: str) -> Plain:
        doubt = self._doubt(path, bounds=False)
        return Plain(
            wishes=tuple(self._found[False]), constraints=tuple(self._found[True]), doubt=doubt
        )

    def _doubt(self, path: str, *, bounds: bool) -> str:
        if (path, bounds) in self._seen:
            return ""
        self._seen.add((path, bounds))
        text = self._read(path)
        if text is None:
            return f"{path} is not in the repository"
        for line in lines_of(text):
            include = _INCLUDE.fullmatch(line.text)
            if include:
                more = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[2]))
                doubt = self._doubt(more, bounds=bounds or include[1] in ("-c", "--constraint"))
                if doubt:
                    return doubt
            elif is_plain(line.text):
                digests = "".join(f" --hash={item}" for item in line.hashes)
                self._found[bounds].append(f"{line.text}{digests}")
            elif not _PLACE.fullmatch(line.text):
                return (
                    f"{path}:{line.number} (`{line.text}`) is more than the name and the versions"
                    " of a package"
                )
        return ""


def _of_project(path: str, read: Callable[[str], str | None]) -> Plain:
    try:
        project = tomllib.loads(read(path) or "").get("project")
    except (tomllib.TOMLDecodeError, RecursionError):
        project = None
    wishes = project.get("dependencies") if isinstance(project, dict) else None
    is_open = not isinstance(project, dict) or bool(project.get("dynamic"))
    if is_open or not isinstance(wishes, list) or not all(isinstance(w, str) for w in wishes):
        return Plain(doubt=f"{path} has no `project.dependencies` that can be read as they stand")
    return Plain(wishes=tuple(wishes), doubt=of_lines(path, wishes))
