"""Verb: leave. What a job's run made, by the run's id: `artifacts/RUN/...`, `metrics/RUN/...`.

Truth is the store; these folders are for people and for tools that look for a path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import StoreError
from branchline.render.job_log import job_line

if TYPE_CHECKING:
    from branchline.core.pipeline import Content
    from branchline.flows.job import JobEnd, JobLog
    from branchline.flows.project import Project


def keep_leavings(project: Project, end: JobEnd, log: JobLog) -> None:
    """Lay the outputs of a run out; a run that was not recorded leaves none."""
    if end.outcome is None or not end.run:
        return
    found: dict[str, dict[str, Content | bytes]] = {"artifacts": {}, "metrics": {}}
    for result in end.outcome.walked.results.values():
        for out in result.outs:
            kept = out.content if out.cached else project.workspace.read(out.path)
            if kept is not None:
                found["artifacts" if out.kind == "data" else "metrics"][out.path] = kept
    for kind, files in found.items():
        try:
            if files:
                project.artifacts.lay_out(kind, end.run, files)
        except StoreError as error:
            log.write(job_line("effects", f"note: {error.message}"))
