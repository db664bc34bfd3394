"""One attempt at a stage: its command, its files, its variables. Serves the station `run`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.run import Job, Need
from branchline.errors import BranchlineError, ProgramKilledError
from branchline.flows.endings import not_kept
from branchline.flows.keep import Kept
from branchline.flows.stage_files import log_name
from branchline.flows.tasks import task_of
from branchline.flows.walked import Attempt

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import StagePlan
    from branchline.core.policy import Policy
    from branchline.core.run.values import Ended
    from branchline.flows.keep import Keeper
    from branchline.flows.project import Project


def job_of(policy: Policy, stage: Stage, entry: StagePlan) -> Job:
    """A stage of a plan as the schedule sees it."""
    wanted = policy.resources_of(stage.name)
    is_reused = entry.action in (Action.REUSE, Action.SKIP)
    return Job(
        stage=entry.stage,
        after=entry.after,
        need=Need(cpus=wanted.cpus, gpus=wanted.gpus, memory_bytes=wanted.memory_bytes or 0),
        estimate_s=0.0 if is_reused else entry.estimate_s,
    )


def attempt_of(
    project: Project,
    stage: Stage,
    plan: StagePlan,
    *,
    number: int,
    logs: str,
    devices: tuple[str, ...],
    limits_memory: bool,
) -> Attempt:
    """An attempt that is about to start.

    Args:
        project: Ports.
        stage: What runs.
        plan: Why.
        number: From 1.
        logs: Absolute folder of the run's logs.
        devices: What it may use of the GPUs.
        limits_memory: Whether more memory than its resources say fails it.
    """
    log = os.path.join(logs, log_name(stage.address, number))
    task = task_of(project, stage, log, devices=devices, limits_memory=limits_memory)
    return Attempt(
        stage=stage,
        plan=plan,
        task=task,
        number=number,
        started_s=project.machine.monotonic_s(),
        started_at=project.machine.now(),
        started_ns=project.machine.time_ns(),
        devices=devices,
    )


def kept_or_failed(project: Project, keeper: Keeper, attempt: Attempt, ended: Ended) -> Kept:
    """What becomes of a stage that ended well; one whose result cannot be kept has failed."""
    try:
        if any(out.is_printed for out in attempt.stage.outs):
            from branchline.flows.printed import leave_printed

            leave_printed(project, attempt)
        return keeper.keep(attempt, ended)
    except ProgramKilledError:
        raise
    except BranchlineError as error:
        return Kept(ended=not_kept(ended, error))
