"""Keeps the answer to the same question asked again, for `cli.quick`.

Only an answer that says "nothing to do" is kept, and only after a plan has confirmed it: a pipeline
that changes its own inputs would run again, and the user is told so.
"""

from __future__ import annotations

import io
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline import wiring
from branchline.cli import quick_memory
from branchline.cli.console import Color, Console
from branchline.core.plan.values import Action, DataState
from branchline.core.run import StageState
from branchline.core.values import Outcome
from branchline.core.verdict.bars import GAIN, LOSSES
from branchline.errors import EXIT_FINE, BranchlineError
from branchline.flows.data_gate import with_data
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.watched import watched_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.plan.values import Plan
    from branchline.flows.finish import Finished
    from branchline.flows.project import Project
    from branchline.flows.run import RunOutcome


def remember_run(project: Project, outcome: RunOutcome, console: Console, *, code: int) -> None:
    """Keep what `run` will say next time, or say why it would run again."""
    finished = outcome.finished
    if finished is None:
        return
    if any(test.outcome is not Outcome.PASSED for test in finished.evidence.tests):
        quick_memory.forget(project.root)  # The next run tries them again.
        return
    if finished.verdict.baseline.problem or _may_change(finished):
        quick_memory.forget(project.root)  # what was missing may have come by the next time
        return
    if outcome.walked.ran or finished.is_new or any(e.restore for e in outcome.plan.stages):
        # What the run wrote itself must lie clearly before the look that confirms it.
        time.sleep(quick_memory.CLOCK_STEP_NS / 1e9)
        try:
            # Read everything anew: somebody may have edited dvc.yaml while the run went on.
            again = wiring.look_again(project)
            planner = Planner(again, PlanOptions(trust_elsewhere=False, with_tests=True))
            plan = planner.plan()
            if plan.is_empty and not _is_same(project, again, finished):
                quick_memory.forget(project.root)
            else:
                _keep(again, planner, plan, outcome, console, code=code)
        except BranchlineError:
            quick_memory.forget(project.root)
        return
    _keep(project, outcome.planner, outcome.plan, outcome, console, code=code)


def _may_change(finished: Finished) -> bool:
    """Whether a comparison that is not known may become known without a file of the tree changing.

    A person may approve it, and the champion's predictions may come into the store.
    """
    return not finished.is_approved and any(
        finding.outcome is Outcome.UNKNOWN and finding.rule in (*LOSSES, GAIN)
        for finding in finished.verdict.findings
    )


def _is_same(before: Project, now: Project, finished: Finished) -> bool:
    """Whether the verdict that was given is still the answer: same bars, same commit."""
    head = now.repo.head(details=False)
    return (
        before.policy == now.policy
        and before.pipeline.stages == now.pipeline.stages
        and before.pipeline.metrics == now.pipeline.metrics
        and (head.commit, head.branch) == (finished.evidence.commit, finished.evidence.branch)
    )


def _keep(
    project: Project,
    planner: Planner,
    plan: Plan,
    outcome: RunOutcome,
    console: Console,
    *,
    code: int,
) -> None:
    """Keep the answers that a plan confirms."""
    if not plan.is_empty:
        quick_memory.forget(project.root)
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
    if outcome.walked.ran or outcome.finished.is_new:
        from branchline.cli.answers import record_answer

        record_answer(project, planner, plan, outcome.finished.record, ran=bool(outcome.walked.ran))


def remember_plan(project: Project, planner: Planner, plan: Plan) -> None:
    """Keep what `plan` will say next time."""
    from branchline.cli.plan_report import show_plan
    from branchline.flows.unimported import unimported
    from branchline.render.plan import plan_notes

    if any(one.state is not DataState.GOOD for one in with_data(project, planner, plan).data):
        return  # a check makes it another answer, and moves no file that this one looked at
    if plan_notes(plan) or any(entry.restore for entry in plan.stages):
        return
    if not unimported(planner):
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
    watched = watched_paths(project, planner, plan, with_head=command == "run")
    if watched is None:
        quick_memory.forget(project.root)
        return
    plain = _shown(show, Color.NEVER)
    # A table would load rich (50 ms) to be coloured; `run` answers in lines.
    colored = _shown(show, Color.ALWAYS) if command == "run" else plain
    quick_memory.remember(
        project.root,
        command,
        code=code,
        plain=plain,
        colored=colored,
        watched=watched,
        since_ns=project.opened_ns,
        extra=_code_notes(project, planner, plan) if command == "plan" else (),
    )


def _code_notes(project: Project, planner: Planner, plan: Plan) -> list[str]:
    """What `cli.quick_code` needs to answer when only comments moved."""
    from branchline.cli.quick_code import CodeNotes, names_digest
    from branchline.flows.watched import code_by_meaning, listed_folders
    from branchline.render.plan import plan_summary, plan_table

    code = code_by_meaning(planner, plan)
    rows = [tuple(cell.text for cell in row) for row in plan_table(plan).rows]
    return CodeNotes(
        rules=project.policy.changes,
        digests={path: item.digest for path, item in code.items()},
        recorded={path: item.recorded for path, item in code.items()},
        users={path: item.stages for path, item in code.items()},
        folders={path: names_digest(path) for path in listed_folders(project, planner)},
        rows=[(action, stage, why) for action, stage, why in rows],
        summary=plan_summary(plan),
    ).to_fields()


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
