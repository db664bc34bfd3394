"""One attempt at a stage: its command, its files, its variables. Serves the station `run`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.run import Job, Need, command_lines
from branchline.core.run.devices import device_environment
from branchline.errors import BranchlineError, ProgramKilledError
from branchline.flows.endings import not_kept
from branchline.flows.keep import Kept
from branchline.flows.stage_files import log_name, stage_files
from branchline.flows.walked import Attempt
from branchline.ports.executor import Task

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
    policy = project.policy
    wanted = policy.resources_of(stage.name)
    log = os.path.join(logs, log_name(stage.address, number))
    task = Task(
        stage=stage.address,
        cmd=command_lines(stage.cmd, is_list=stage.cmd_is_list),
        cwd=os.path.normpath(os.path.join(project.root, stage.wdir)),
        log=log,
        env={
            "DVC_ROOT": project.root,
            "DVC_STAGE": stage.address,
            "BRANCHLINE_STAGE": stage.address,
            **stage_files(log).environment,
            **device_environment(wanted.gpus, devices),
            **_told_to_tests(project, stage, log),
        },
        timeout_s=wanted.timeout_s,
        memory_bytes=wanted.memory_bytes if limits_memory else None,
        trace=policy.changes.trace,
        trace_file=log.removesuffix(".log") + ".reads",
        root=project.root,
    )
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


def _told_to_tests(project: Project, stage: Stage, log: str) -> dict[str, str]:
    """Variables that only a test of the model gets."""
    if not stage.is_test:
        return {}
    from branchline.flows.model_tests import environment_of

    names = ("PYTHONPATH", "PYTEST_PLUGINS")
    inherited = {name: project.machine.variable(name) or "" for name in names}
    return environment_of(stage_files(log).context, inherited)


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
