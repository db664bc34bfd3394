"""The effects of one recorded run, for a person who applies them in a clone. Applies nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.deploying import deployment_of, not_deployed
from branchline.core.effects.mirroring import mirror_of
from branchline.core.effects.model_outputs import registration_of
from branchline.core.effects.registering import stage_for
from branchline.core.effects.words_of_then import left_undone
from branchline.core.policy import rules_with_default_branch
from branchline.core.trigger.rules import rule_for
from branchline.core.verdict.standing import Standing, standing_of
from branchline.errors import RecordError, RegistryError
from branchline.flows.approve import approval_of

if TYPE_CHECKING:
    from branchline.core.effects.values import Effect
    from branchline.core.plan.values import Result
    from branchline.core.policy import BranchRule
    from branchline.flows.project import Project
    from branchline.render.run_view import RunView


def effects_of_run(project: Project, view: RunView) -> tuple[tuple[Effect, ...], tuple[str, ...]]:
    """The effects that follow from a recorded verdict, and remarks on those that do not.

    A model is registered from the default branch only, as its rule says; before the merge its run
    may be mirrored, nothing more.

    Raises:
        RecordError: The record cannot be read, or its results are not here.
    """
    if view.problems or view.verdict is None:
        what = view.problems[0] if view.problems else f"run {view.run} was not judged"
        raise RecordError(what, todo="Run again; what is up to date is reused.")
    policy = project.policy
    notes: list[str] = []
    registration = None
    standing = standing_of(
        view.verdict, policy.gate, is_approved=approval_of(project, view.run) is not None
    )
    rule = _rule_of_default_branch(project)
    stands_apart = _why_apart(project, view, rule)
    if rule is None or stands_apart:
        notes.append(f"not registered: {stands_apart}")
    else:
        try:
            registration = registration_of(
                results_of_run(project, view),
                view.evidence,
                policy,
                run=view.run,
                outcome=view.verdict.outcome,
                by=project.repo.actor(),
                stage=stage_for(policy, rule.then, view.verdict.outcome, lets_on=standing.lets_on),
                lets_on=standing.lets_on,
            )
        except RegistryError as error:
            waits = f"; it {standing.value}: `branchline approve {view.run}`"
            end = waits if standing is Standing.WAITS else ""
            notes.append(f"not registered: {error.message}{end}")
    if rule is not None and not stands_apart and standing.lets_on:
        stage = stage_for(policy, rule.then, view.verdict.outcome, lets_on=standing.lets_on)
        notes += left_undone(rule.then, policy, stage=stage)
    mirror = mirror_of(
        view.evidence,
        policy,
        run=view.run,
        outcome=view.verdict.outcome,
        registration=registration,
        started_at=view.started_at,
    )
    deployment = None
    if registration is not None and rule is not None:
        deployment = deployment_of(policy, rule.then, registration, view.verdict.outcome)
        notes += not_deployed(policy, rule.then, view.verdict.outcome)
    found: list[Effect | None] = [registration, mirror, deployment]
    return tuple(effect for effect in found if effect is not None), tuple(notes)


def results_of_run(project: Project, view: RunView) -> tuple[Result, ...]:
    """The results that a run made or reused.

    Raises:
        RecordError: One is not recorded here.
    """
    keys = [facts.key for facts in view.evidence.stages]
    known = project.records.results(keys)
    found = []
    for facts in view.evidence.stages:
        results = known.get(facts.key, ())
        result = next((r for r in results if r.run == facts.run), next(iter(results), None))
        if result is None:
            raise RecordError(
                f"the result of stage `{facts.stage}` in run {view.run} is not recorded here",
                todo="`branchline records fetch` may bring it.",
            )
        found.append(result)
    return tuple(found)


def _rule_of_default_branch(project: Project) -> BranchRule | None:
    branch = project.repo.default_branch()
    return rule_for(branch, rules_with_default_branch(project.policy.branches, branch))


def _why_apart(project: Project, view: RunView, rule: BranchRule | None) -> str:
    """Why a run registers nothing; "" when it stands on a branch whose rule registers."""
    branch = project.repo.default_branch()
    if rule is None or "register" not in rule.then:
        return f"no rule of branchline.yaml registers what is on `{branch}`"
    if view.branch == branch:
        return ""
    is_merged = view.commit is not None and project.repo.is_ancestor(view.commit, branch)
    return "" if is_merged else f"run {view.run} is of `{view.branch}`, not merged into `{branch}`"
