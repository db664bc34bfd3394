"""Verb: give a job the environment of its lock file, so that commits with different ones all run.

Serves the station `run`; the packages are installed by port `environments`.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from branchline.core.policy import MakeEnvironment
from branchline.core.values import digest_of
from branchline.flows.lock_files import CONSTRAINTS_FILE, is_blank, local_packages, local_rows
from branchline.flows.reading import Reader
from branchline.flows.surroundings import Surroundings
from branchline.ports.environments import Wanted
from branchline.render.job_log import job_line

_FOUND_FIRST = ("poetry.lock", "pdm.lock", "Pipfile.lock")
"""Locks that pip cannot read, and uv neither: their versions are handed to uv."""

if TYPE_CHECKING:
    from branchline.flows.job import Grip, JobLog
    from branchline.flows.project import Project
    from branchline.ports.environments import Environments, Made


def environment_of(
    project: Project, environments: Environments, log: JobLog, grip: Grip
) -> Made | None:
    """The environment that the stages of a project shall find first on PATH.

    Returns:
        None when there is no lock file, it asks for nothing, or the job was stopped meanwhile.

    Raises:
        EnvironmentFailedError: It cannot be made.
    """
    if project.policy.environment.make is not MakeEnvironment.AUTO:
        return None  # not at all, or by the run itself, as everywhere
    reader = Reader(project.workspace, project.meanings, project.policy.changes)
    files = Surroundings(project, reader).lock_files()
    if not files or is_blank(project, files):
        return None
    has_uv = environments.can_make("uv.lock")
    if has_uv and (CONSTRAINTS_FILE in files or posixpath.basename(files[0]) in _FOUND_FIRST):
        from branchline.flows.environments.using import made_for

        project.environments = environments
        ready = made_for(
            project,
            is_stopped=grip.is_stopped,
            say=lambda text: log.write(job_line("plan", text)),
        )
        return ready[0] if ready else None
    if not environments.can_make(files[0]):
        log.write(job_line("plan", f"note: no environment is made of {files[0]}: pip's form or uv"))
        return None
    rows = [[path, reader.digest(path)] for path in files]
    rows += local_rows(project, local_packages(project, files))
    digest = digest_of([project.machine.python_version(), rows])
    return environments.ensure(
        Wanted(digest=digest, root=project.root, file=files[0]),
        is_stopped=grip.is_stopped,
        say=lambda text: log.write(job_line("plan", text)),
    )
