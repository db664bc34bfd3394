"""Verb: tune, as a job of a box. Trials over `tune.space`, or the user's own search.

What follows is an effect, a pull request with the best values; nothing is opened here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.evidence.front import front_of
from branchline.core.run.jobs import JobState
from branchline.core.run.trials import TrialState
from branchline.flows.job import JobEnd
from branchline.flows.own_search import own_search
from branchline.flows.search import own_search_stages, search_of
from branchline.flows.searched import Setting, searched
from branchline.flows.training_pull import pull_of
from branchline.flows.trials import Ending
from branchline.render.job_log import job_line
from branchline.render.trials import choice_words, trial_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.values import Effect
    from branchline.core.policy import BranchRule
    from branchline.core.run.jobs import QueuedJob
    from branchline.core.run.trials import Trial
    from branchline.flows.job import Grip, JobLog
    from branchline.flows.project import Project
    from branchline.flows.search import Search


def search(
    project: Project,
    job: QueuedJob,
    log: JobLog,
    grip: Grip,
    setting: Setting,
    *,
    rule: BranchRule | None,
    deadline_s: float | None = None,
) -> tuple[JobEnd, tuple[Effect, ...]]:
    """Search, and say which pull request follows.

    Args:
        project: The job's worktree.
        job: The job.
        log: What the pusher sees.
        grip: What holds the job.
        setting: What surrounds the trials.
        rule: The branch rule; its `open_pull_request` says where the best values go.
        deadline_s: Seconds within which it has to end; another job goes on where trials are left.

    Raises:
        BranchlineError: The search cannot begin: settings, parameters, code.
    """
    asked = search_of(project)
    grip.at("run")
    asked = replace(asked, budget=replace(asked.budget, deadline_s=deadline_s))
    confirmed, is_unfinished = None, False
    if asked.command or own_search_stages(project):
        best = own_search(project, asked, job, log, grip)
    else:
        found = searched(project, asked, setting)
        best, confirmed = list(found.trials), found.confirmed
        is_unfinished = found.ending is Ending.DEADLINE
    if grip.is_stopped():
        return JobEnd(state=JobState.CANCELLED, detail="stopped"), ()
    if is_unfinished:
        made = sum(trial.number > 0 for trial in best)
        detail = f"{made} of {asked.trials} trials are made; the next run goes on"
        return JobEnd(state=JobState.CANCELLED, detail=detail, is_unfinished=True), ()
    if not best or not (best[0].has_value or best[0].state is TrialState.GIVEN):
        why = f"no trial left a number for `{asked.metric}`"
        return JobEnd(state=JobState.FAILED, detail=why), ()
    for line in trial_words(best, asked.metric):
        log.write(job_line("evidence", line))
    grip.at("effects")
    front = front_of(best, asked.goals) if asked.more else ()
    if front:
        if len(front) > 1:
            return _to_choose(front, asked, log), ()
        best = [front[0], *(trial for trial in best if trial is not front[0])]
    return pull_of(project, asked, job, best, rule, log, confirmed=confirmed)


def _to_choose(front: Sequence[Trial], asked: Search, log: JobLog) -> JobEnd:
    """Say that a person must choose: several are best, each in its way."""
    head, *rows = choice_words(front, (asked.metric, *(one.metric for one in asked.more)))
    for line in (head, *rows):
        log.write(job_line("effects", line))
    log.write(job_line("effects", "no pull request: set the values of one, and push them"))
    return JobEnd(state=JobState.SUCCEEDED, detail=f"to choose: {head.rstrip(':')}")
