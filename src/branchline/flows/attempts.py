"""One attempt at a stage: its command, its files, its variables. Serves the station `run`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.run import command_lines
from branchline.core.run.devices import device_environment
from branchline.flows.stage_files import log_name, stage_files
from branchline.flows.walked import Attempt
from branchline.ports.executor import Task

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import StagePlan
    from branchline.flows.project import Project


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
