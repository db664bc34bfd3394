"""Which file says what packages a project needs, and what its files say of the interpreter.

Reads the working tree; finds no versions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.environment.hints import HINT_FILES, hints_of
from branchline.core.environment.plain import Plain, plain_of
from branchline.core.values import digest_of
from branchline.flows.lock_files import CONSTRAINTS_FILE, LOCK_FILES, local_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.environment.values import Asked, Hint
    from branchline.flows.project import Project
    from branchline.flows.reading import Reader

_WORKFLOWS = ".github/workflows"
_MORE_FILES = (
    "requirements/base.txt",
    "requirements/requirements.txt",
    "requirements/prod.txt",
    "requirements/main.txt",
    "requirements.in",
    "pyproject.toml",
    "setup.py",
)
"""Wishes that count where nothing better is there, in this order."""
_MADE_OF = re.compile(r"^# made of (\S+) ([0-9a-f]{16,64})$", re.MULTILINE)
_ADDED = re.compile(r"^# added ([^\s:]+)", re.MULTILINE)
_MOST_BYTES = 400_000


def package_file(project: Project, reader: Reader) -> str:
    """The file that says which packages are needed, from the root; "" when none does."""
    named = project.policy.environment.lock
    if named:
        return named
    for path in (*LOCK_FILES, *_MORE_FILES):
        if reader.is_file(path) and _says_packages(project, path):
            return path
    return ""


def _says_packages(project: Project, path: str) -> bool:
    if path != "pyproject.toml":
        return True
    text = text_of(project, path)
    return bool(
        re.search(r"^\s*dependencies\s*=", text, re.MULTILINE)
        or "[tool.poetry.dependencies]" in text
    )


def hints_in(project: Project, reader: Reader) -> tuple[Hint, ...]:
    """What files of the root, and workflows, say of the interpreter, in order of trust."""
    paths = [path for path in HINT_FILES if reader.is_file(path)]
    folder = reader.list_folder(_WORKFLOWS) or {}
    paths += [f"{_WORKFLOWS}/{n}" for n in sorted(folder) if n.endswith((".yml", ".yaml"))]
    return hints_of({path: text_of(project, path) for path in paths})


def text_of(project: Project, path: str) -> str:
    """A file's text, as far as it can be read; "" where there is none."""
    return (project.workspace.read(path) or b"")[:_MOST_BYTES].decode("utf-8-sig", "replace")


def state_of(project: Project, reader: Reader, files: Sequence[str], local: Sequence[str]) -> str:
    """Digest of what files mean and of what folders hold."""
    rows: list[list[str | None]] = [[path, reader.digest(path)] for path in files]
    return digest_of([*rows, *local_rows(project, local)])


def constraints_in(project: Project, reader: Reader) -> str:
    """The text of the file that `branchline env repair` writes; "" without it."""
    return text_of(project, CONSTRAINTS_FILE) if reader.is_file(CONSTRAINTS_FILE) else ""


def made_of(text: str) -> tuple[str, str]:
    """The file that constraints were found for, and the state that it had then."""
    match = _MADE_OF.search(text)
    return (match[1], match[2]) if match else ("", "")


def added_by(text: str) -> tuple[str, ...]:
    """Packages that constraints bring because something imports them and nothing asked for them."""
    return tuple(_ADDED.findall(text))


def plain_here(project: Project, asked: Asked) -> Plain:
    """What files ask for, as far as it can be looked for without running code."""

    def read(path: str) -> str | None:
        data = project.workspace.read(path)
        return None if data is None else data.decode("utf-8-sig", "replace")

    if read("uv.toml") is not None or "tool.uv" in (read("pyproject.toml") or ""):
        return Plain(doubt="the repository has settings of uv, which may ask for anything")
    if not asked.sources:
        return Plain()
    return plain_of(asked.sources[0], read)
