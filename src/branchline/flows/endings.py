"""Ends of stages that never ran, and reasons of late decisions. Serves `flows.engine`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.run.values import Ended, Failure

if TYPE_CHECKING:
    from branchline.core.plan.values import StagePlan
    from branchline.errors import BranchlineError


def in_full(error: BranchlineError) -> str:
    """An error in one sentence, with what it names in its details."""
    return "; ".join((error.message, *error.details[:3]))


def not_started(address: str, error: BranchlineError) -> Ended:
    """The end of a stage that could not start."""
    return Ended(stage=address, exit_code=None, failure=Failure.NOT_STARTED, detail=in_full(error))


def not_kept(ended: Ended, error: BranchlineError) -> Ended:
    """The end of a stage that ended well and whose result cannot be kept."""
    detail = f"its result cannot be kept: {in_full(error)}"
    return replace(ended, failure=Failure.NOT_KEPT, detail=detail)


def with_reason(decided: StagePlan, plan: StagePlan) -> StagePlan:
    """The later decision, which knows the key, as a run for the earlier reason."""
    return replace(
        decided, action=Action.RUN, reason=plan.reason, result=None, source=None, restore=()
    )
