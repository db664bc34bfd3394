"""Files that say which packages a project needs: where they stand, what they include and install.

Serves the stations `plan` and `run`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from branchline.core.changes.values import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.project import Project
    from branchline.flows.reading import Reader

_LOCAL = re.compile(r"^(?:-e\s+|--editable[ =])?(?:file:)?(\.{0,2}/?[^\s;#\[]*)")

_LITTER = re.compile(r"(?:^|/)(?:build|dist|[^/]+\.egg-info|__pycache__)/")
"""Where builds leave copies of what they build."""
_WRITTEN = frozenset({"branchline.lock", "dvc.lock"})

CONSTRAINTS_FILE = "branchline-constraints.txt"
"""What `branchline env repair` writes; it counts besides what the project itself says."""

LOCK_FILES = (
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "conda-lock.yml",
    "Pipfile.lock",
    "requirements.lock",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
)
"""Looked for in this order where branchline.yaml names none: what is resolved comes first."""


def included_files(reader: Reader, project: Project, start: str) -> tuple[str, ...]:
    """A lock or requirement file with the files that it includes, from the root."""
    found: dict[str, None] = {}
    queue = [start]
    while queue:
        path = queue.pop(0)
        if path in found or not reader.is_file(path):
            continue
        found[path] = None
        folder = posixpath.dirname(path)
        queue += [
            posixpath.normpath(posixpath.join(folder, name))
            for name in _includes(reader, project, path)
        ]
    return tuple(found)


def _includes(reader: Reader, project: Project, path: str) -> tuple[str, ...]:
    """Files that a requirement file names with `-r` or `-c`, whatever its own name is."""
    meaning = reader.meaning(path)
    if meaning is None or meaning.reading is not Reading.BYTES:
        return () if meaning is None else meaning.runs
    if not path.endswith((".txt", ".in")):
        return ()
    from branchline.core.changes.requirements import requirements_meaning

    data = project.workspace.read(path) or b""
    return requirements_meaning("requirements.txt", data).runs


def is_blank(project: Project, files: tuple[str, ...]) -> bool:
    """Whether requirements files ask for no package at all."""
    if not files[0].endswith((".txt", ".in")):
        return False
    return not any(
        line and not line.startswith(("#", "-r", "-c", "--requirement", "--constraint", "--index"))
        for path in files
        for line in map(str.strip, _text(project, path).splitlines())
    )


def local_packages(project: Project, files: tuple[str, ...]) -> tuple[str, ...]:
    """Folders and files of the repository that requirements files install, from the root."""
    found: dict[str, None] = {}
    for path in files:
        if not path.endswith((".txt", ".in")):
            continue
        for line in map(str.strip, _text(project, path).splitlines()):
            match = _LOCAL.match(line)
            name = match[1].rstrip("/") if match else ""
            is_path = name.startswith(".") or "/" in name
            place = posixpath.normpath(name) if is_path else ""
            if place and not place.startswith("..") and project.workspace.entry(place) is not None:
                found[place] = None
    return tuple(found)


def local_rows(project: Project, local: Sequence[str]) -> list[list[str | None]]:
    """What folders and files of the repository hold that is installed from them, by path.

    Files that git tracks, and Python files that it could; not what stages leave, nor what a build
    leaves beside its sources: an installation must not look like a change of what it installs.
    """
    if not local:
        return []
    outs = [out.path for stage in project.pipeline.stages for out in stage.outs]
    tracked = set(project.repo.tracked())
    new = {path for path in project.repo.dirty_paths() if path.endswith(".py")} - tracked
    counted = tracked | {path for path in new if not _LITTER.search(path)}
    found: set[str] = set()
    for place in local:
        own = {path for path in counted if _is_below(path, place)}
        # A built file, or a folder that git does not look into, counts as it is.
        found |= own or {place}
    rows: list[list[str | None]] = []
    for path in sorted(found):
        if path not in _WRITTEN and not any(_is_below(path, out) for out in outs):
            content = project.workspace.content(path)
            rows.append([path, content.md5 if content else None])
    return rows


def _is_below(path: str, place: str) -> bool:
    return place == "." or path == place or path.startswith(f"{place}/")


def _text(project: Project, path: str) -> str:
    return (project.workspace.read(path) or b"").decode("utf-8", "replace")
