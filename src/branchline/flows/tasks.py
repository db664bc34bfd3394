"""What the executor is asked to run for a stage, and what it may expect. Serves the station `run`.

Loads little: a search says what it will run before it loads the rest of itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.policy import MakeEnvironment
from branchline.core.run.commands import command_lines
from branchline.core.run.devices import device_environment
from branchline.flows.stage_files import log_name, stage_files
from branchline.ports.executor import Task

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage
    from branchline.flows.project import Project
    from branchline.flows.search import Search


def task_of(
    project: Project,
    stage: Stage,
    log: str,
    *,
    devices: tuple[str, ...] = (),
    limits_memory: bool = False,
) -> Task:
    """A stage as the executor runs it.

    Args:
        project: Ports.
        stage: What runs.
        log: Absolute path of its log; its other files stand beside that.
        devices: What it may use of the GPUs.
        limits_memory: Whether more memory than its resources say fails it.
    """
    policy = project.policy
    wanted = policy.resources_of(stage.name)
    return Task(
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


def _told_to_tests(project: Project, stage: Stage, log: str) -> dict[str, str]:
    """Variables that only a test of the model gets."""
    if not stage.is_test:
        return {}
    from branchline.flows.model_tests import environment_of

    names = ("PYTHONPATH", "PYTEST_PLUGINS")
    inherited = {name: project.machine.variable(name) or "" for name in names}
    return environment_of(stage_files(log).context, inherited)


def expect_trials(project: Project, asked: Search) -> None:
    """Let the executor get ready for the trainings of a search that makes them here, one by one.

    Says nothing where it is not plain what they will be; they then begin without that.

    Args:
        project: The working tree of the search.
        asked: The search.
    """
    if asked.parallel != 1 or asked.executor != "local":
        return
    if project.policy.environment.make is MakeEnvironment.ALWAYS:
        return  # its interpreter is not known before it is made
    stage = _tuned_stage(project, asked)
    if stage is not None and not project.policy.resources_of(stage.name).gpus:
        logs = os.path.join(project.state_dir, "logs")
        project.executor.expect(
            task_of(project, stage, os.path.join(logs, log_name(stage.name, 1)))
        )


def _tuned_stage(project: Project, asked: Search) -> Stage | None:
    """The stage that runs again in each trial, as far as its declaration tells."""
    stages = [stage for stage in project.pipeline.stages if not stage.frozen]
    if len(stages) == 1:
        return stages[0]
    keys = [name.rpartition(":")[2] for name in asked.space]
    tuned = [stage for stage in stages if any(_reads(stage, key) for key in keys)]
    return tuned[0] if len(tuned) == 1 else None


def _reads(stage: Stage, key: str) -> bool:
    """Whether a stage declares a parameter, or the group that it stands in."""
    return any(
        declared == key or key.startswith(f"{declared}.")
        for params in stage.params
        for declared in params.keys or (key,)
    )
