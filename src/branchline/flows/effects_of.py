"""From the end of a job to the effects that follow, as data. Serves the station `effects`.

Nothing is applied here: `flows.apply` is the only place of effects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.deploying import deployment_of, not_deployed
from branchline.core.effects.mirroring import mirror_of
from branchline.core.effects.model_outputs import registration_of
from branchline.core.effects.registering import stage_for
from branchline.core.effects.report_marker import report_marker
from branchline.core.effects.values import SetCheck, StickyComment, TagRun
from branchline.core.effects.words_of_then import left_undone
from branchline.core.values import Outcome
from branchline.errors import BranchlineError, RegistryError
from branchline.flows.checks import ended_check
from branchline.flows.history import History
from branchline.flows.report import report_markdown
from branchline.render.safe_markdown import code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.values import Deploy, Effect, Mirror, Register, SetCheck
    from branchline.core.policy import BranchRule
    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.job import JobEnd
    from branchline.flows.project import Project


def check_of(job: QueuedJob, end: JobEnd) -> SetCheck:
    """What the end of a job that was walked says of its commit."""
    return ended_check(
        job, end.state, verdict=end.verdict, summary=end.detail, standing=end.standing
    )


def effects_of(
    project: Project,
    job: QueuedJob,
    end: JobEnd,
    *,
    pulls: Sequence[int] = (),
    rule: BranchRule | None = None,
    tags: bool = False,
) -> tuple[tuple[Effect, ...], tuple[str, ...]]:
    """The effects of a job that was walked to its end.

    Args:
        project: Its worktree.
        job: The job.
        end: How it ended.
        pulls: Numbers of the open pull requests from its branch.
        rule: The branch rule that counts, on the default branch; None elsewhere: what a rule says
            under `then` happens after the merge only.
        tags: Whether the rule of its branch says `then: [tag]`, which may stand on any branch.

    Returns:
        The effects, and remarks on those that do not follow.
    """
    effects: list[Effect] = [check_of(job, end)]
    marker = report_marker(job.asked.model)
    if end.run:
        body = _report(project, end.run)
        effects += [
            StickyComment(pull_request=number, marker=marker, body=body, run=end.run)
            for number in pulls
        ]
    else:
        text = f"Job {job.job} {end.state.value}: {code(end.detail)}\n"
        effects += [
            StickyComment(pull_request=number, marker=marker, body=text, run=f"job {job.job}")
            for number in pulls
        ]
    registration: Register | None = None
    notes: list[str] = []
    if rule is not None and end.verdict == Outcome.PASSED.value:
        stage = stage_for(project.policy, rule.then, Outcome.PASSED)
        notes += left_undone(rule.then, project.policy, stage=stage)
    if rule is not None and end.run and "register" in rule.then:
        try:
            registration = _registration(project, job, end, rule)
        except RegistryError as error:
            notes.append(f"not registered: {error.message}")
        else:
            stage = f", with `{registration.stage}`" if registration.stage else ""
            notes.append(
                f"registers {registration.model}{stage}, unless it is the newest version already"
            )
            effects.append(registration)
            following = _deployment(project, end, rule, registration)
            if following is not None:
                names = ", then ".join(f"`{name}`" for name in following.environments)
                notes.append(f"a job of its own deploys it to {names}: `branchline queue`")
                effects.append(following)
            notes += not_deployed(project.policy, rule.then, _outcome(end))
    if tags and end.run and end.verdict == Outcome.PASSED.value:
        tag = TagRun(run=end.run, commit=job.asked.commit, message=end.detail)
        effects.append(tag)
    mirror = _mirror(project, end, registration)
    if mirror is not None:
        effects.append(mirror)
    return tuple(effects), tuple(notes)


def _mirror(project: Project, end: JobEnd, registration: Register | None) -> Mirror | None:
    """The copy for a tracker, where the default branch's rules name one."""
    finished = end.outcome.finished if end.outcome else None
    if finished is None:
        return None
    return mirror_of(
        finished.evidence,
        project.policy,
        run=end.run,
        outcome=finished.verdict.outcome,
        registration=registration,
    )


def _registration(project: Project, job: QueuedJob, end: JobEnd, rule: BranchRule) -> Register:
    """The version that follows, by the rules of `branchline apply`."""
    finished = end.outcome.finished if end.outcome else None
    if end.outcome is None or finished is None:
        raise RegistryError(f"job {job.job} did not come to a verdict")
    outcome = finished.verdict.outcome
    lets_on = end.standing is not None and end.standing.lets_on
    return registration_of(
        tuple(end.outcome.walked.results.values()),
        finished.evidence,
        project.policy,
        run=end.run,
        outcome=outcome,
        by=job.asked.pusher,
        stage=stage_for(project.policy, rule.then, outcome, lets_on=lets_on),
        lets_on=lets_on,
    )


def _outcome(end: JobEnd) -> Outcome:
    finished = end.outcome.finished if end.outcome else None
    return finished.verdict.outcome if finished else Outcome.UNKNOWN


def _deployment(
    project: Project, end: JobEnd, rule: BranchRule, registration: Register
) -> Deploy | None:
    """The deployment that follows, by the rules of `branchline apply`."""
    finished = end.outcome.finished if end.outcome else None
    if finished is None:
        return None
    return deployment_of(project.policy, rule.then, registration, finished.verdict.outcome)


def _report(project: Project, run: str) -> str:
    history = History(project.records, project.repo)
    try:
        return report_markdown(history, history.find(run), project.policy.gate)
    except BranchlineError as error:
        return f"The report of run {code(run)} cannot be made: {code(error.message)}\n"
