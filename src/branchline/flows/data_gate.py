"""What bad data make of a run: nothing follows them, and the plan says so. Serves `flows.run`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.plan.values import Action, Plan
from branchline.core.run.values import Ended, Failure
from branchline.flows.walked import Walked

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.flows.data_checks import DataChecks
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import Watcher


def data_checks_of(project: Project, planner: Planner, watcher: Watcher) -> DataChecks | None:
    """The checks of the data; None where branchline.yaml asks for none, nor for a profile."""
    if "data" not in project.policy.sections and not _is_watched(project):
        return None
    from branchline.flows.data_checks import DataChecks

    return DataChecks(project, planner, say=watcher.say)


def _is_watched(project: Project) -> bool:
    """Whether `monitor` will compare new data with what the model was trained on."""
    if "monitor" not in project.policy.sections:
        return False
    from branchline.config.monitoring import watched_reference

    return bool(watched_reference(project.policy))


def checked(data: DataChecks, walk: Callable[[], Walked]) -> Walked:
    """Walk where the data let it: looked at before, meanwhile (as gatekeeper) and after."""
    blocked = data.begin()
    if blocked:
        return Walked(blocked=blocked)
    walked = walk()
    if not walked.failures and not walked.is_cancelled:
        walked.blocked = walked.blocked or data.rest()
    return walked


def with_data(project: Project, planner: Planner, plan: Plan) -> Plan:
    """The plan with what is known of the data that are checked before training."""
    from branchline.flows.data_checks import DataChecks

    return replace(plan, data=DataChecks(project, planner).foreseen(plan))


def as_failures(plan: Plan, walked: Walked, data: DataChecks | None) -> dict[str, Ended]:
    """The first stage that bad data kept from starting, for those who ask for no verdict."""
    if data is not None:
        walked.broken = data.broken
    for entry in plan.stages:
        if entry.stage not in walked.results:
            ended = Ended(
                stage=entry.stage,
                exit_code=None,
                failure=Failure.NOT_STARTED,
                detail=walked.blocked,
            )
            return {entry.stage: ended}
    return {}


def carried_out(plan: Plan, walked: Walked) -> Plan:
    """The plan as it was carried out."""
    stages = [walked.plans.get(entry.stage, entry) for entry in plan.stages]
    if walked.blocked:
        why = "not run: the data are bad"
        stages = [
            entry
            if entry.stage in walked.results
            else replace(
                entry, action=Action.SKIP, reason=why, result=None, source=None, restore=()
            )
            for entry in stages
        ]
    return Plan(stages=tuple(stages), notes=plan.notes)
