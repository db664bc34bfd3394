"""The job of a box that deploys what is registered, in a worktree of the default branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState
from branchline.core.trigger import TriggerKind
from branchline.errors import BranchlineError
from branchline.flows.checks import ended_check
from branchline.flows.deploy import deploy_all
from branchline.flows.deploy_site import DeployState
from branchline.flows.job import JobEnd
from branchline.render.job_log import error_lines, job_line
from branchline.server.surroundings import JOB_MARK
from branchline.wiring.deployments import box_site

if TYPE_CHECKING:
    from branchline.core.effects.values import Effect
    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.box import Box
    from branchline.flows.job import Grip, JobLog
    from branchline.flows.project import Project

_FINE = (DeployState.DEPLOYED, DeployState.STANDS, DeployState.WAITS, DeployState.NOTHING)


def deploy_job(
    box: Box, project: Project, job: QueuedJob, log: JobLog, grip: Grip
) -> tuple[JobEnd, tuple[Effect, ...]]:
    """Deploy to every environment, until one does not get the version.

    Returns:
        How it ended, and what its commit is told.
    """
    grip.at("effects")
    try:
        site, targets = box_site(
            box.path,
            project,
            box.registry,
            say=lambda text: log.write(job_line("effects", text)),
            show=lambda text: log.write(job_line("run", text)),
            without=frozenset((JOB_MARK,)),
        )
        # Who has the job run again asks for what did not hold, too.
        retry = job.asked.trigger == TriggerKind.PERSON.value
        done = deploy_all(site, targets, retry=retry, if_any=True)
    except BranchlineError as error:
        for line in error_lines(error.message, error.details, error.todo or ""):
            log.write(line)
        end = JobEnd(state=JobState.FAILED, detail=error.message)
    else:
        for one in done:
            log.write(job_line("effects", one.sentence))
        failed = [one for one in done if one.state not in _FINE]
        detail = "; ".join(one.sentence for one in failed or done) or "nothing to deploy"
        state = JobState.FAILED if failed else JobState.SUCCEEDED
        end = JobEnd(state=state, detail=detail)
    return end, (ended_check(job, end.state, summary=end.detail),)
