"""What a trial takes of a machine, and how many fit at once. Serves `searched` and `wiring`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.policy import Resources
from branchline.flows.plan import PlanOptions, wanted_stages
from branchline.flows.produced import Producers

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage
    from branchline.flows.project import Project
    from branchline.flows.search import Search


def stages_of(project: Project, asked: Search) -> tuple[Stage, ...]:
    """The stages of a trial, in order: those that the search names, with all that they need.

    Raises:
        UnknownNameError: There is no stage of a name that the search gives.
    """
    wanted = PlanOptions(targets=asked.stages)
    return wanted_stages(project.pipeline.stages, Producers(project.pipeline), wanted)


def needs_of(project: Project, asked: Search) -> Resources:
    """What one trial takes of a machine: of each kind what the stage takes that takes most."""
    wanted = [project.policy.resources_of(stage.name) for stage in stages_of(project, asked)]
    return Resources(
        cpus=max((one.cpus for one in wanted), default=1.0),
        gpus=max((one.gpus for one in wanted), default=0),
        memory_bytes=max((one.memory_bytes or 0 for one in wanted), default=0) or None,
    )


def slots_of(project: Project, asked: Search) -> tuple[int, str]:
    """How many trials are made at once, and why not as many as were asked for.

    A stage that says which processors, GPUs or memory it needs gets them whole.
    """
    machine, policy = project.machine, project.policy
    slots, why = asked.parallel, ""
    for stage in stages_of(project, asked):
        wanted = policy.resources_of(stage.name)
        for need, have, what in (
            (wanted.cpus, float(machine.cpus()), "processors"),
            (wanted.gpus, float(machine.gpus()), "GPUs"),
            (_gb(wanted.memory_bytes), _gb(machine.memory_bytes()), "GB of memory"),
        ):
            fitting = max(1, int(have // need)) if need and have else slots
            if fitting < slots:
                slots = fitting
                why = f"`{stage.name}` needs {need:g} of {have:g} {what}"
    if slots < asked.parallel:
        return slots, f"{slots} of {asked.parallel} trials at once: {why}"
    return slots, ""


def _gb(size_bytes: int | None) -> float:
    return round((size_bytes or 0) / 2**30, 1)
