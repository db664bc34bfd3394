"""Whether a verdict is known of what a commit would reuse. Serves the verb plan, in a CI job.

A job that reuses every result has nothing to train; it may still have a verdict to give. Without
this, running a failed check again would make it pass. Judges nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.verdict.believed import doubts
from branchline.core.verdict.standing import standing_of
from branchline.flows.history import History

if TYPE_CHECKING:
    from branchline.core.plan.values import Plan
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project
    from branchline.render.run_view import RunView


def is_settled(setting: CiSetting, project: Project, plan: Plan) -> bool:
    """Whether the verdict of these results is known, and lets on.

    What the base branch's own run came to is not asked again of a change that makes no other
    model: who mends a text does not answer for it.

    Args:
        setting: The job.
        project: With the policy of the default branch.
        plan: Of the commit; it reuses everything.
    """
    views = _views_of(project, plan)
    event = setting.event
    if not event.is_on_default_branch and any(
        view.branch == setting.default_branch for view in views
    ):
        return True
    return bool(views) and _lets_on(project, views[0])


def is_registered(project: Project, plan: Plan) -> bool:
    """Whether the model of these results is in the registry, and their verdict lets on.

    What a later commit leaves as it is need not be judged, nor made again for that.

    Args:
        project: With the policy of the default branch.
        plan: Of the commit; it reuses everything.
    """
    views = _views_of(project, plan)
    if not views or not _lets_on(project, views[0]):
        return False
    versions = {tag.commit for tag in project.repo.tags(f"{project.policy.model}@*")}
    return any(view.commit in versions for view in views)


def _views_of(project: Project, plan: Plan) -> list[RunView]:
    """Recorded runs of this model that had these results, newest first."""
    keys = {entry.stage: entry.key for entry in plan.stages if entry.action is Action.REUSE}
    return [
        view
        for view in History(project.records, project.repo).newest()
        if view.model == project.policy.model and _is_of(view, keys)
    ]


def _is_of(view: RunView, keys: dict[str, str | None]) -> bool:
    """Whether a run had these results, all of them."""
    facts = {facts.stage: facts.key for facts in view.evidence.stages}
    return not view.problems and bool(keys) and facts == keys


def _lets_on(project: Project, view: RunView) -> bool:
    """Whether its verdict fits the bars of today, and effects would follow."""
    gate, verdict = project.policy.gate, view.verdict
    if verdict is None or doubts(verdict, view.evidence, gate):
        return False
    approved = project.records.approval(view.run) is not None
    return standing_of(verdict, gate, is_approved=approved).lets_on
