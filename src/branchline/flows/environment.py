"""Verb: give a job the environment of its lock file, so that commits with different ones all run.

Serves the station `run`; the packages are installed by port `environments`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from branchline.core.values import digest_of
from branchline.flows.reading import Reader
from branchline.flows.surroundings import Surroundings
from branchline.ports.environments import Wanted
from branchline.render.job_log import job_line

if TYPE_CHECKING:
    from branchline.flows.job import Grip, JobLog
    from branchline.flows.project import Project
    from branchline.ports.environments import Environments, Made

_LOCAL = re.compile(r"^(?:-e\s+|--editable[ =])?(?:file:)?(\.{0,2}/?[^\s;#\[]*)")


def environment_of(
    project: Project, environments: Environments, log: JobLog, grip: Grip
) -> Made | None:
    """The environment that the stages of a project shall find first on PATH.

    Returns:
        None when there is no lock file, it asks for nothing, or the job was stopped meanwhile.

    Raises:
        EnvironmentFailedError: It cannot be made.
    """
    reader = Reader(project.workspace, project.meanings, project.policy.changes)
    files = Surroundings(project, reader).lock_files()
    if not files or is_blank(project, files):
        return None
    if not environments.can_make(files[0]):
        log.write(job_line("plan", f"note: no environment is made of {files[0]}: pip's form or uv"))
        return None
    rows = [(path, reader.digest(path)) for path in files]
    for path in local_packages(project, files):
        content = project.workspace.content(path)
        rows.append((path, content.md5 if content else None))
    digest = digest_of([project.machine.python_version(), rows])
    return environments.ensure(
        Wanted(digest=digest, root=project.root, file=files[0]),
        is_stopped=grip.is_stopped,
        say=lambda text: log.write(job_line("plan", text)),
    )


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


def _text(project: Project, path: str) -> str:
    return (project.workspace.read(path) or b"").decode("utf-8", "replace")
