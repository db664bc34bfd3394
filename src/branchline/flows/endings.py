"""Ends of stages that never ran, and reasons of late decisions. Serves `flows.engine`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.run.values import Ended, Failure
from branchline.flows.stage_files import stage_files

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import StagePlan
    from branchline.errors import BranchlineError
    from branchline.flows.plan import Planner
    from branchline.flows.walked import Attempt, Early


def in_full(error: BranchlineError) -> str:
    """An error on one line, with what it names in its details, and what to do about it."""
    said = "; ".join((error.message, *error.details[:3]))
    return f"{said.removesuffix('.')}. {error.todo}" if error.todo else said


def not_started(address: str, error: BranchlineError) -> Ended:
    """The end of a stage that could not start."""
    return Ended(stage=address, exit_code=None, failure=Failure.NOT_STARTED, detail=in_full(error))


def not_kept(ended: Ended, error: BranchlineError) -> Ended:
    """The end of a stage that ended well and whose result cannot be kept."""
    detail = f"its result cannot be kept: {in_full(error)}"
    return replace(ended, failure=Failure.NOT_KEPT, detail=detail)


def late_decision(
    planner: Planner, stage: Stage, plan: StagePlan, *, after: str, again: bool
) -> StagePlan:
    """What becomes of a stage now that those before it have ended.

    Args:
        planner: Decides.
        stage: The stage.
        plan: What was decided before anything ran.
        after: A stage before it that ran, where that forces this one; "" otherwise.
        again: Whether inputs are looked at once more.
    """
    if after:
        return planner.decide(stage, force=f"`{after}` ran, and --force-downstream was given")
    if not again and (plan.key is not None or plan.action is Action.SKIP):
        return plan
    if plan.action is not Action.RUN:
        return planner.decide(stage)
    # Decided already, by the user or by a change of its own; only the key was open.
    decided = planner.decide(stage)
    return decided if decided.action is Action.REUSE or again else with_reason(decided, plan)


def with_reason(decided: StagePlan, plan: StagePlan) -> StagePlan:
    """The later decision, which knows the key, as a run for the earlier reason."""
    return replace(
        decided, action=Action.RUN, reason=plan.reason, result=None, source=None, restore=()
    )


def why_stopped(early: Early | None, attempt: Attempt) -> str:
    """Why a stage was told to stop; "" when it was not.

    Then nothing of it is kept, however well it ended: what it left is that of half a training, and
    its key stands for the whole one.
    """
    why = "" if early is None else early.ended(attempt.stage.address)
    if not why and stage_files(attempt.task.log).is_stopped:
        why = f"`{attempt.stage.address}` was told to stop"
    return why
