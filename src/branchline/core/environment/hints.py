"""What files of a project say of the interpreter that it wants, with the line that says so. Pure.

Text in, hints out. A file that cannot be read says nothing: a hint is a help, not a rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.environment.values import Hint, Strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HINT_FILES = (
    ".python-version",
    "runtime.txt",
    "Pipfile",
    "environment.yml",
    "environment.yaml",
    "Dockerfile",
    "branchline-constraints.txt",
    "tox.ini",
    "noxfile.py",
    ".travis.yml",
    "setup.py",
    "setup.cfg",
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
)
"""Files of the root that are looked at; besides, `.github/workflows/*.yml`."""

_MINOR = r"3\.\d{1,2}"
_NAMED = r"[23]\.\d{1,2}"
"""Where a file names one: what wants Python 2 shall hear that it is not there."""
_EXACT = {
    ".python-version": rf"^\s*(?:cpython-)?({_NAMED})(?:\.\d+)?\s*$",
    "runtime.txt": rf"^\s*python-?({_NAMED})(?:\.\d+)?\s*$",
    "Pipfile": rf"^\s*python_(?:full_)?version\s*=\s*[\"']({_NAMED})",
    "environment.yml": rf"^\s*-\s*[\"']?python\s*==?\s*({_MINOR})(?![\d.]*\s*,)",
    "environment.yaml": rf"^\s*-\s*[\"']?python\s*==?\s*({_MINOR})(?![\d.]*\s*,)",
    "Dockerfile": rf"^\s*FROM\s+(?:--platform=\S+\s+)?(?:\S+/)?python:({_MINOR})",
    "branchline-constraints.txt": rf"^# python ({_MINOR})",
}
_RANGES = {
    "setup.py": r"python_requires\s*=\s*[\"']([^\"']+)[\"']",
    "setup.cfg": r"^\s*python_requires\s*=\s*(.+?)\s*$",
    "uv.lock": r"^requires-python\s*=\s*\"([^\"]+)\"",
    "poetry.lock": r"^python-versions\s*=\s*\"([^\"]+)\"",
}
_CLASSIFIER = rf"Programming Language :: Python :: ({_MINOR})\b"
_MOST_LINES = 20_000


def hints_of(files: Mapping[str, str]) -> tuple[Hint, ...]:
    """What files say, in order of trust.

    Args:
        files: Path from the root -> text.
    """
    found = [hint for path in files for hint in _hints(path, files[path])]
    order = {Strength.EXACT: 0, Strength.SET: 1, Strength.RANGE: 2}
    # What we wrote was tried for real, so it counts before what others say.
    return tuple(
        sorted(
            found,
            key=lambda hint: (
                order[hint.strength],
                hint.file != "branchline-constraints.txt",
                _rank(hint.file),
            ),
        )
    )


def _rank(path: str) -> int:
    return HINT_FILES.index(path) if path in HINT_FILES else len(HINT_FILES)


def _hints(path: str, text: str) -> Iterator[Hint]:
    lines = text.splitlines()[:_MOST_LINES]
    name = path.rpartition("/")[2]
    if path.startswith(".github/workflows/") or name == ".travis.yml":
        yield from _matrix(path, lines)
    elif name in _EXACT:
        yield from _matching(path, lines, _EXACT[name], Strength.EXACT)
    elif name in ("tox.ini", "noxfile.py"):
        yield from _tried(path, lines)
    elif name == "pyproject.toml":
        yield from _pyproject(path, lines)
        yield from _tried(path, lines, classifiers_only=True)
    if name in _RANGES:
        found = _matching(path, lines, _RANGES[name], Strength.RANGE)
        yield from list(found)[-1 if name == "poetry.lock" else 0 :]
    if name in ("setup.py", "setup.cfg"):
        yield from _tried(path, lines, classifiers_only=True)


def _matching(path: str, lines: list[str], pattern: str, strength: Strength) -> Iterator[Hint]:
    for number, line in enumerate(lines, 1):
        match = re.search(pattern, line)
        if match is not None:
            yield _hint(path, number, line, (match[1],), strength)


def _hint(path: str, number: int, line: str, says: tuple[str, ...], strength: Strength) -> Hint:
    return Hint(file=path, line=number, quote=line.strip()[:160], says=says, strength=strength)


def _pyproject(path: str, lines: list[str]) -> Iterator[Hint]:
    section = ""
    for number, line in enumerate(lines, 1):
        head = re.match(r"^\s*\[([^\[\]]+)\]", line)
        section = head[1].strip() if head else section
        keys = {"project": "requires-python", "tool.poetry.dependencies": "python"}
        key = keys.get(section)
        match = re.match(rf"^\s*{key}\s*=\s*[\"']([^\"']+)[\"']", line) if key else None
        if match is not None and match[1].strip() != "*":
            yield _hint(path, number, line, (match[1],), Strength.RANGE)


def _tried(path: str, lines: list[str], *, classifiers_only: bool = False) -> Iterator[Hint]:
    """Tox's and nox's environments, and classifiers: all of a file are one hint."""
    says: dict[str, None] = {}
    first: tuple[int, str] | None = None
    for number, line in enumerate(lines, 1):
        found = re.findall(_CLASSIFIER, line)
        if not classifiers_only and re.search(r"\bpy\{?3|python\s*=", line):
            found += [f"3.{m}" for m in re.findall(r"(?:\bpy|[{,])3(\d{1,2})\b", line)]
            found += re.findall(rf"[\"']({_MINOR})[\"']", line)
        if found and first is None:
            first = number, line
        says.update(dict.fromkeys(found))
    if first is not None:
        yield _hint(path, first[0], first[1], tuple(says), Strength.SET)


def _matrix(path: str, lines: list[str]) -> Iterator[Hint]:
    """`python-version: [3.7, 3.8]` of a workflow, `python:` of Travis, also as a list below."""
    says: dict[str, None] = {}
    first: tuple[int, str] | None = None
    indent = -1
    for number, line in enumerate(lines, 1):
        match = re.match(r"^(\s*)(?:-\s*)?[\"']?python(?:[-_]versions?)?[\"']?\s*:(.*)$", line)
        item = re.match(r"^(\s*)-\s*(.+)$", line) if indent >= 0 else None
        if match is not None:
            text, indent = match[2], len(match[1])
        elif item is not None and len(item[1]) >= indent:
            text = item[2]
        else:
            indent = -1 if line.strip() else indent
            continue
        found = re.findall(rf"(?<![\d.])({_MINOR})(?![\d])", text)
        if found and first is None:
            first = number, line
        says.update(dict.fromkeys(found))
    if first is not None:
        yield _hint(path, first[0], first[1], tuple(says), Strength.SET)
