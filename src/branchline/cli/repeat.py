"""Keeps the answer to the same question asked again, for `cli.quick`.

Only an answer that says "nothing to do" is kept, and only after a plan has confirmed it: a pipeline
that changes its own inputs would run again, and the user is told so.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.cli import quick
from branchline.cli.console import Color, Console
from branchline.core.plan.values import Action
from branchline.core.run import StageState
from branchline.errors import EXIT_FINE, BranchlineError
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.watched import watched_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.plan.values import Plan
    from branchline.flows.project import Project
    from branchline.flows.run import RunOutcome


def remember_run(project: Project, outcome: RunOutcome, console: Console, *, code: int) -> None:
    """Keep what `run` will say next time, or say why it would run again."""
    planner, plan = outcome.planner, outcome.plan
    try:
        if outcome.walked.ran or any(entry.restore for entry in plan.stages):
            planner = Planner(project, PlanOptions(trust_elsewhere=False))
            plan = planner.plan()
    except BranchlineError:
        quick.forget(project.root)
        return
    if not plan.is_empty:
        quick.forget(project.root)
        _warn(outcome, plan, console)
        return
    if any(entry.restore for entry in plan.stages) or outcome.finished is None:
        return
    again = replace(
        outcome,
        plan=plan,
        walked=replace(
            outcome.walked,
            states={entry.stage: StageState.REUSED for entry in plan.stages},
            notes=[],
        ),
        finished=replace(outcome.finished, is_new=False),
        recovered=(),
    )

    def show(target: Console) -> None:
        from branchline.cli.run_report import show_outcome

        show_outcome(again, target)

    _remember(project, planner, plan, "run", code, show)
    remember_plan(project, planner, plan)


def remember_plan(project: Project, planner: Planner, plan: Plan) -> None:
    """Keep what `plan` will say next time."""
    from branchline.cli.plan_report import show_plan
    from branchline.render.plan import plan_notes

    if not plan_notes(plan) and not any(entry.restore for entry in plan.stages):
        show = _showing(plan, show_plan)
        _remember(project, planner, plan, "plan", EXIT_FINE, show)


def _showing(plan: Plan, show: Callable[[Plan, Console], None]) -> Callable[[Console], None]:
    return lambda console: show(plan, console)


def _remember(
    project: Project,
    planner: Planner,
    plan: Plan,
    command: str,
    code: int,
    show: Callable[[Console], None],
) -> None:
    watched = watched_paths(project, planner, plan)
    if watched is None:
        quick.forget(project.root)
        return
    plain = _shown(show, Color.NEVER)
    # A table would load rich (50 ms) to be coloured; `run` answers in lines.
    colored = _shown(show, Color.ALWAYS) if command == "run" else plain
    quick.remember(project.root, command, code=code, plain=plain, colored=colored, watched=watched)


def _shown(show: Callable[[Console], None], color: Color) -> str:
    out = io.StringIO()
    show(Console(out, io.StringIO(), color=color))
    return out.getvalue()


def _warn(outcome: RunOutcome, plan: Plan, console: Console) -> None:
    """Name the stage that would run again although it has just run."""
    always = {s.address for s in outcome.planner.stages if s.always_changed}
    for entry in plan.stages:
        if entry.action is Action.RUN and entry.stage not in always:
            console.note(f"note: `{entry.stage}` would run again at once: {entry.reason}")
            return
