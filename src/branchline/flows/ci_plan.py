"""Verb: plan, in a CI job. What the event asks of each model, for the jobs that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.asked import AskedModel
from branchline.core.policy import Do
from branchline.core.trigger.events import EventKind
from branchline.core.verdict.believed import doubts
from branchline.core.verdict.standing import standing_of
from branchline.flows.history import History
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.search import own_search_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import Plan
    from branchline.core.policy import Policy
    from branchline.core.trigger.rules import Decision
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project

MOST_RUNS = 300
"""Of so many of the newest it is asked whether they judged the same; beyond, it is judged again."""
OUTWARD = ("register", "deploy", "tag", "promote")
"""Words of `then` for which a verdict is wanted, also where no stage has to run."""


def plan_models(
    setting: CiSetting, policies: Sequence[Policy]
) -> tuple[tuple[AskedModel, ...], dict[str, Stage]]:
    """Decide for each model, and plan where something may be trained.

    Args:
        setting: The job.
        policies: Of the models that are asked about.

    Returns:
        Each model, and the stages that were looked at, by address.

    Raises:
        BranchlineError: The pipeline, an input or the code of the commit is unusable.
    """
    asked: list[AskedModel] = []
    stages: dict[str, Stage] = {}
    for policy in policies:
        decision = setting.decide(policy)
        plan, wanted = None, follows(setting, decision)
        if _is_planned(setting, decision):
            with setting.project(policy.model) as project:
                plan = planned(project, decision)
                stages |= {stage.address: stage for stage in project.pipeline.stages}
                if decision.do is Do.TRAIN and plan.is_empty and not wanted:
                    wanted = not has_passed(project, plan, policy)
        asked.append(
            AskedModel(
                model=policy.model,
                decision=decision,
                policy=policy,
                plan=plan,
                wants_verdict=wanted,
            )
        )
    return tuple(asked), stages


def planned(project: Project, decision: Decision) -> Plan:
    """The plan of what a decision asks for, without the stages of the project's own search."""
    searching = own_search_stages(project)
    targets = [s.address for s in project.pipeline.stages if s.address not in searching]
    options = PlanOptions(
        targets=tuple(targets) if searching else (),
        single=bool(searching),
        force=decision.force,
        force_reason=decision.reason,
    )
    return Planner(project, options).plan()


def follows(setting: CiSetting, decision: Decision) -> bool:
    """Whether effects follow a verdict on the default branch, as its rule says."""
    rule = decision.rule
    if rule is None or decision.do is Do.NOTHING or not setting.event.is_on_default_branch:
        return False
    return any(word in OUTWARD for word in rule.then)


def has_passed(project: Project, plan: Plan, policy: Policy) -> bool:
    """Whether a run with the very results that a plan reuses was judged, and may go on.

    A search, or a run whose verdict failed, leaves results too: that they are there says nothing of
    their worth.

    Args:
        project: Its records.
        plan: In which nothing runs.
        policy: Whose bars count, as they are now.
    """
    reused = {
        (entry.stage, entry.result.key, entry.result.run)
        for entry in plan.stages
        if entry.result is not None
    }
    for view in History(project.records, project.repo).newest(MOST_RUNS):
        made = {(facts.stage, facts.key, facts.run) for facts in view.evidence.stages}
        if view.model != policy.model or not reused <= made:
            continue
        if (
            view.problems
            or view.verdict is None
            or doubts(view.verdict, view.evidence, policy.gate)
        ):
            return False
        is_approved = project.records.approval(view.run) is not None
        return standing_of(view.verdict, policy.gate, is_approved=is_approved).lets_on
    return False


def is_withheld(setting: CiSetting, decision: Decision) -> bool:
    """Whether training is not done because the code comes from a fork."""
    event = setting.event
    is_pull = event.kind is EventKind.PULL_REQUEST and not event.is_closed
    return is_pull and bool(event.fork) and decision.do is Do.NOTHING


def _is_planned(setting: CiSetting, decision: Decision) -> bool:
    if is_withheld(setting, decision):
        # The plan runs no code of the fork, and says what a maintainer would start.
        return "withheld" in decision.reason and not decision.reason.endswith("says nothing")
    return decision.do is Do.TRAIN
