"""What killed runs left is taken up, and results move from the ledger into the records.

Serves `run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.result_json import for_others
from branchline.flows.keep import share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import Plan, Result
    from branchline.flows.later import Later
    from branchline.flows.plan import Planner, PlanOptions
    from branchline.flows.project import Project


def recover(project: Project) -> tuple[str, ...]:
    """Take up what killed runs left: stop their children, keep their finished stages.

    Returns:
        Addresses of stages whose results were kept.
    """
    for active in project.ledger.active():
        if active.is_alive:
            continue
        for child in active.children:
            project.executor.kill_leftover(child)
        # It may have been killed after it started a stage, and before it noted that process.
        project.executor.kill_started_by(active.pid, active.started_ticks, active.boot_id)
        project.ledger.end(active.run, "lost", at=project.machine.now())
    return tuple(result.stage for result in settle(project))


def settle(project: Project, made: Sequence[Result] | None = None) -> tuple[Result, ...]:
    """Move results from the ledger into the records, and into dvc.lock where a kill left it out.

    Args:
        project: Ports.
        made: What this very run made, dvc.lock being up to date; None takes all that the ledger
            holds and looks whether dvc.lock knows them.
    """
    if made is None:
        results = tuple(project.ledger.unsettled())
        _lock_late(project, results)
    else:
        results = tuple(made)
    if results:
        project.records.add_results([for_others(result) for result in results])
        project.ledger.settled(results)
    return results


def _lock_late(project: Project, results: Sequence[Result]) -> None:
    """Do for a killed run what it had not come to: its entries in dvc.lock, its outputs ignored."""
    if not results:
        return
    stages = {stage.address: stage for stage in project.pipeline.stages}
    lock = project.lock_files.read(project.pipeline.stages)
    fitting = [
        (stages[r.stage], r)
        for r in results
        if r.stage in stages and _fits(project, stages[r.stage], r)
    ]
    late = [(stage, r.entry) for stage, r in fitting if lock.get(stage.address) != r.entry]
    if late:
        project.lock_files.write(late)
    for stage, result in fitting:
        share(project, stage, result.entry)
    project.workspace.ignore([out.path for stage, _ in fitting for out in stage.outs if out.cache])


def _fits(project: Project, stage: Stage, result: Result) -> bool:
    """Whether a result is one of the stage as it is declared now, and its outputs still stand.

    After the kill somebody may have switched to another branch, whose dvc.lock says otherwise.
    """
    if not stage.leaves(out.path for out in result.outs):
        return False
    found = [(project.workspace.content(out.path), out.content) for out in result.outs]
    return all(now is not None and now.md5 == made.md5 for now, made in found)


def planned(
    project: Project, asked: PlanOptions, later: Later | None
) -> tuple[Planner, Plan, tuple[str, ...]]:
    """The plan, with what earlier walks left undone taken up before it.

    Args:
        project: Ports.
        asked: What to plan.
        later: What waits of the walk before in this process; a plan that asks for it waits.
    """
    from branchline.flows.plan import Planner as ThePlanner

    recovered = () if later is not None and later.has_begun else recover(project)
    planner = ThePlanner(project, asked)
    plan = planner.plan()
    if later is not None:
        later.has_begun = True
        if later.is_needed([entry.key for entry in plan.stages]):
            later.do()
            planner = ThePlanner(project, asked)
            plan = planner.plan()
    return planner, plan, recovered
