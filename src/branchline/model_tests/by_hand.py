"""The context of a pytest that somebody started by hand: the newest recorded results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.errors import BranchlineError, ModelTestError

if TYPE_CHECKING:
    from collections.abc import Sequence


def fields_by_hand() -> dict[str, Any]:
    """What a test is told in the repository of the working directory.

    Raises:
        ModelTestError: There is no project, or nothing has been recorded.
    """
    from branchline import wiring
    from branchline.flows.model_tests import context_fields
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.flows.planned_tests import model_digests

    try:
        with wiring.open_project() as project:
            planner = Planner(project, PlanOptions())
            plan = planner.plan()
            results = [entry.result or planner.last.get(entry.stage) for entry in plan.stages]
            known = [result for result in results if result is not None]
            _refuse_nothing(known)
            champion = planner.champion(model_digests(planner))
            fields = context_fields(planner, known, champion)
            stale = [entry.stage for entry in plan.stages if entry.result is None]
            runs = dict.fromkeys(result.run or "dvc.lock" for result in known)
            said = f"run {', '.join(runs)}"
            if stale:
                said += f" (`{stale[0]}` would run again: what it made is older than its inputs)"
            fields["model"] = {**fields["model"], "said": said}  # type: ignore[dict-item] # a mapping
            return fields
    except ModelTestError:
        raise
    except BranchlineError as error:
        raise ModelTestError(
            f"model and data cannot be found: {error.message}",
            todo=error.todo,
            details=error.details,
        ) from error


def _refuse_nothing(results: Sequence[object]) -> None:
    if not results:
        raise ModelTestError(
            "no result is recorded in this repository, so there is no model to test",
            todo="Type `branchline run` first.",
        )
