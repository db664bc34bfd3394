"""Verb: plan, in a CI job. What the event asks of each model, for the jobs that follow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.plan.asked import AskedModel
from branchline.core.policy import Do
from branchline.core.trigger.events import EventKind
from branchline.core.trigger.refnames import shown
from branchline.errors import CiError
from branchline.flows.ci_scheduled import decide
from branchline.flows.ci_settled import is_registered, is_settled
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

OUTWARD = ("register", "deploy", "tag", "promote")
"""Words of `then` for which a verdict is wanted, also where no stage has to run."""
_DONE_ONCE = {"register", "promote", "deploy"}
"""Those of which a registered version says that they were done: a deployment that did not hold is a
person's to run again."""


def plan_models(
    setting: CiSetting, policies: Sequence[Policy]
) -> tuple[tuple[AskedModel, ...], dict[tuple[str, str], Stage]]:
    """Decide for each model, and plan where something may be trained.

    Args:
        setting: The job.
        policies: Of the models that are asked about.

    Returns:
        Each model, and the stages that were looked at, by model and address.

    Raises:
        BranchlineError: The pipeline, an input or the code of the commit is unusable.
    """
    asked: list[AskedModel] = []
    stages: dict[tuple[str, str], Stage] = {}
    for policy in policies:
        decision = decide(setting, policy)
        plan, has_more = None, follows(setting, decision)
        if _is_planned(setting, decision):
            with setting.project(policy.model) as project:
                project.only_looks = True
                plan = planned(project, decision)
                own = project.pipeline.stages
                stages |= {(policy.model, stage.address): stage for stage in own}
                if plan.is_empty:
                    has_more = _has_more(setting, project, decision, plan)
        asked.append(
            AskedModel(
                model=policy.model,
                decision=decision,
                policy=policy,
                plan=plan,
                follows=has_more,
            )
        )
    return tuple(asked), stages


def refuse_untrained(
    setting: CiSetting, policies: Sequence[Policy], workflows: Sequence[str]
) -> None:
    """Refuse models of the commit that the event asks to train, and that no workflow names.

    A renamed model would else be trained by none, and the gate be green.

    Args:
        setting: The job.
        policies: Of the models that this job does not look at.
        workflows: Texts of all workflows of the commit; none where it has none of its own.

    Raises:
        CiError: There are such.
    """
    text = "\n".join(workflows)
    for policy in policies if workflows else ():
        name = policy.model
        if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])", text):
            continue
        if decide(setting, policy).do is not Do.NOTHING:
            raise CiError(
                f"{policy.source or 'branchline.yaml'}: no workflow trains the model {shown(name)}",
                todo="Type `branchline workflows write`, and commit what it writes.",
            )


def refuse_elsewhere(setting: CiSetting, models: Sequence[str], file: str) -> None:
    """Refuse a model that a person asks this workflow for, and that another one trains.

    It would train with the machine and the secrets of other models.

    Args:
        setting: The job; its event names a model.
        models: That its workflow trains.
        file: Of the workflow that trains the model, in this repository; "" for none: the workflow
            is called from another repository, which says what to train.

    Raises:
        CiError: It is so.
    """
    event = setting.event
    if file and event.kind is EventKind.PERSON and event.model not in models:
        raise CiError(
            f"this workflow trains {', '.join(models)}, and not {shown(event.model)}",
            todo=f"Type `gh workflow run {file}`, with `-f model={event.model}` where it trains"
            " several.",
        )


def _has_more(setting: CiSetting, project: Project, decision: Decision, plan: Plan) -> bool:
    """Whether a job is wanted although every result is there: to judge, or for what follows."""
    if follows(setting, decision):
        words = set(decision.rule.then if decision.rule else ()) & set(OUTWARD)
        return not (words <= _DONE_ONCE and is_registered(project, plan))
    return not is_settled(setting, project, plan)


def planned(project: Project, decision: Decision) -> Plan:
    """The plan of what a decision asks for, without the stages of the project's own search."""
    targets = targets_of(project)
    options = PlanOptions(
        targets=targets,
        single=bool(targets),
        force=decision.force,
        force_reason=decision.reason,
        with_tests=True,
    )
    return Planner(project, options).plan()


def targets_of(project: Project) -> tuple[str, ...]:
    """All but the stages of the project's own search; empty where it has none: all."""
    searching = own_search_stages(project)
    if not searching:
        return ()
    addresses = [stage.address for stage in project.pipeline.stages]
    tests = [test.address for test in project.policy.tests]
    return (*(address for address in addresses if address not in searching), *tests)


def follows(setting: CiSetting, decision: Decision) -> bool:
    """Whether effects follow a verdict on the default branch, as its rule says."""
    rule = decision.rule
    if rule is None or decision.do is Do.NOTHING or not setting.event.is_on_default_branch:
        return False
    return any(word in OUTWARD for word in rule.then)


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
