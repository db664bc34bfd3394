"""The walk of one job in its worktree: which commit, which rules, which environment, what follows.

Puts together what the flows need of a box; decides nothing that a flow or the core decides.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline import wiring
from branchline.config.governing import changed_rules
from branchline.core.plan.keys import run_key
from branchline.core.policy import MakeEnvironment, rules_with_default_branch
from branchline.core.run.jobs import DEPLOY, JobState
from branchline.core.run.queueing import supersedes
from branchline.errors import ConfigError, PullRequestError
from branchline.flows.effects_of import effects_of
from branchline.flows.environment import environment_of
from branchline.flows.intake import model_name
from branchline.flows.job import JobEnd, trigger_of, walk_job
from branchline.flows.job_settings import job_settings
from branchline.flows.law import CONFIG_FILE, law_files
from branchline.flows.leavings import keep_leavings
from branchline.flows.places import Places
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.search import own_search_stages, searches
from branchline.ports.branches import MergeMethod, Signature
from branchline.ports.forge import PullState
from branchline.ports.queue import QueueQuery
from branchline.render.job_log import job_line
from branchline.wiring import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.config.settings_files import SettingsFiles
    from branchline.core.effects.values import Effect
    from branchline.core.policy import BranchRule
    from branchline.core.run.jobs import NewJob, QueuedJob
    from branchline.flows.box import Box
    from branchline.flows.job import Grip, JobLog
    from branchline.flows.project import Project


def walk_in_worktree(
    box: Box, job: QueuedJob, log: JobLog, grip: Grip
) -> tuple[JobEnd, tuple[Effect, ...]]:
    """Walk a job in a fresh worktree.

    Returns:
        How it ended, and the effects that follow.
    """
    places = Places(box.path)
    grip.at("changes")
    commit, base = tested_commit(box, job)
    tree = places.tree(job.job)
    jobs.make_worktree(box.path, tree, commit)
    _look_at_submodules(box, tree, log)
    law = law_of(box, job.asked)
    with _opened(box, tree, commit, places.state(job.job), job.asked, law) as project:
        if law is not None:
            _say_changed_rules(box, tree, job.asked, law, log)
        use_environment(box, project, log, grip)
        if job.asked.kind == DEPLOY:
            from branchline.server.deploying import deploy_job

            return deploy_job(box, project, job, log, grip)
        if job.asked.kind == "tune":
            shared = _shared(box, commit, places.state(job.job), job.asked, law)
            return _tune(box, project, job, log, grip, shared)
        end = _train(project, job.asked, log, grip, base=base)
        if end.state is JobState.WAITING:
            return end, ()
        rule = rule_of(project, job.asked)
        effects, notes = effects_of(
            project,
            job,
            end,
            pulls=open_pulls(box, job.asked),
            rule=rule if _is_merged(box, job) else None,
            tags=rule is not None and "tag" in rule.then and job.asked.pull_request is None,
        )
        for note in notes:
            log.write(job_line("effects", note))
        keep_leavings(project, end, log)
        return end, effects


def _train(project: Project, asked: NewJob, log: JobLog, grip: Grip, *, base: str | None) -> JobEnd:
    """A walk without the search: what it found stands in the parameter files."""
    searching = own_search_stages(project)
    if searches(project):
        how = (
            f"rule `{asked.rule}` says {asked.kind}"
            if asked.rule
            else f"this job is to {asked.kind}"
        )
        log.write(job_line("plan", f"search: skipped, {how}"))
    targets = [s.address for s in project.pipeline.stages if s.address not in searching]
    return walk_job(
        project,
        asked,
        log,
        grip,
        targets=(*targets, *(t.address for t in project.policy.tests)) if searching else (),
        single=bool(searching),
        base=base,
    )


def _tune(
    box: Box,
    project: Project,
    job: QueuedJob,
    log: JobLog,
    grip: Grip,
    shared: wiring.Shared,
) -> tuple[JobEnd, tuple[Effect, ...]]:
    from branchline.flows.searched import Setting
    from branchline.flows.tune_job import search
    from branchline.wiring.searches import open_studies, sampler_of
    from branchline.wiring.workers import workers_of

    places = Places(box.path)
    folder = os.path.join(places.job(job.job), "workers")
    rule = rule_of(project, job.asked)
    try:
        with open_studies(places.studies) as studies:
            setting = Setting(
                label=f"job-{job.job}",
                trigger=trigger_of(job.asked),
                studies=studies,
                sampler_of=sampler_of,
                say=lambda text: log.write(job_line("run", text)),
                show=log,
                is_stopped=grip.is_stopped,
                runner_of=workers_of(box.path, folder, shared, model=job.asked.model or None),
            )
            return search(project, job, log, grip, setting, rule=rule)
    finally:
        jobs.remove_folder(folder)


def rule_of(project: Project, asked: NewJob) -> BranchRule | None:
    """The branch rule by which a job was decided."""
    from branchline.core.trigger.rules import rule_for

    rules = rules_with_default_branch(project.policy.branches, project.repo.default_branch())
    return rule_for(asked.branch, rules)


def _is_merged(box: Box, job: QueuedJob) -> bool:
    """Whether a job is of the default branch, whose rule's `then` counts."""
    return job.asked.pull_request is None and job.asked.branch == box.repo.default_branch()


def tested_commit(box: Box, job: QueuedJob) -> tuple[str, str | None]:
    """What is checked out, and for a pull request the commit that it is compared with.

    A pull request is judged by what merging it would give, so that the result is that of the merge.

    Raises:
        PullRequestError: It cannot be merged.
    """
    asked = job.asked
    pull = box.forge.pull(asked.pull_request) if asked.pull_request is not None else None
    base = box.branches.head(pull.asked.base) if pull else None
    if pull is None or base is None:
        return asked.commit, None
    if box.branches.merge_base(base, asked.commit) == base:
        return asked.commit, base
    by = Signature(name="Branchline", email="branchline@localhost", at=float(int(job.queued_at)))
    message = f"Merge `{pull.asked.head}` into `{pull.asked.base}`"
    merge = box.branches.merge(base, asked.commit, MergeMethod.MERGE, message=message, by=by)
    if not merge.commit:
        paths = ", ".join(merge.conflicts[:10]) or merge.reason
        raise PullRequestError(
            f"pull request #{pull.number} cannot be merged into `{pull.asked.base}`: {paths}",
            todo=f"Resolve the conflicts: merge `{pull.asked.base}` into `{pull.asked.head}`"
            " and push.",
        )
    return merge.commit, base


def law_of(box: Box, asked: NewJob) -> SettingsFiles | None:
    """The settings that govern: the default branch's; None where it is the tree's own."""
    if asked.branch == box.repo.default_branch() and asked.pull_request is None:
        return None
    return law_files(box.repo)


def open_pulls(box: Box, asked: NewJob) -> tuple[int, ...]:
    """Numbers of the open pull requests whose head a job was made for."""
    return tuple(
        pull.number
        for pull in box.forge.pulls(state=PullState.OPEN, head=asked.branch)
        if pull.commit == asked.commit
    )


def use_environment(box: Box, project: Project, log: JobLog, grip: Grip) -> None:
    """Put the environment of the lock file first on PATH, for this process and all it starts."""
    if job_settings(box.settings.more).environments == "off":
        rules = replace(project.policy.environment, make=MakeEnvironment.NEVER)
        project.policy = replace(project.policy, environment=rules)
        return
    environments = jobs.open_environments(Places(box.path).environments, python=box.settings.python)
    made = environment_of(project, environments, log, grip)
    if made is not None:
        os.environ["PATH"] = f"{made.programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        os.environ["VIRTUAL_ENV"] = made.folder


def would_make(path: str, number: int, key: str) -> int:
    """The newer job of the same branch that asks for what a key stands for; 0 when none does."""
    places = Places(path)
    with wiring.open_box(path) as box:
        job = box.queue.job(number)
        if job is None:
            return 0
        found = box.queue.jobs(QueueQuery(branch=job.asked.branch))
        newer = [j for j in found if j.job > number and supersedes(j.asked, job.asked)]
        if not newer or newer[0].asked.force:
            return 0
        commit, _ = tested_commit(box, newer[0])
        tree = os.path.join(places.job(number), "newer")
        jobs.make_worktree(path, tree, commit)
        try:
            law = law_of(box, newer[0].asked)
            state = os.path.join(places.job(number), "newer-state")
            with _opened(box, tree, commit, state, newer[0].asked, law) as project:
                project.only_looks = True
                plan = Planner(project, PlanOptions(trust_elsewhere=False, with_tests=True)).plan()
                stages = project.pipeline.stages
                made = tuple(out.path for stage in stages for out in stage.outs)
                return newer[0].job if run_key(plan, made) == key else 0
        finally:
            jobs.remove_worktree(tree)


@contextmanager
def _opened(
    box: Box, tree: str, commit: str, state_dir: str, asked: NewJob, law: SettingsFiles | None
) -> Iterator[Project]:
    shared = _shared(box, commit, state_dir, asked, law)
    os.makedirs(state_dir, exist_ok=True)
    with wiring.open_worktree(tree, shared, model=asked.model or None) as project:
        yield project


def _shared(
    box: Box, commit: str, state_dir: str, asked: NewJob, law: SettingsFiles | None
) -> wiring.Shared:
    """What a working tree of a job shares with its box."""
    places = Places(box.path)
    return wiring.Shared(
        box=box.path,
        name=model_name(box.path),
        state_dir=state_dir,
        store_dir=places.store,
        meanings=places.meanings,
        branch=asked.branch,
        default_branch=box.repo.default_branch(),
        commit=commit,
        law=law,
        searches=asked.kind == "tune",
    )


def _look_at_submodules(box: Box, tree: str, log: JobLog) -> None:
    """Refuse, or say, that folders of a commit are empty here.

    Raises:
        ConfigError: The box does not take commits with submodules.
    """
    paths = jobs.submodules(tree)
    if not paths:
        return
    names = ", ".join(f"`{path}`" for path in paths[:5])
    said = f"a box fetches no submodules: {names} would be empty here"
    if job_settings(box.settings.more).submodules == "refuse":
        raise ConfigError(
            said,
            todo="Keep that code in the repository, or install it as a package; where training"
            ' does without it: "submodules": "empty" in box.json.',
        )
    log.write(job_line("plan", f"note: {said}"))


def _say_changed_rules(box: Box, tree: str, asked: NewJob, law: SettingsFiles, log: JobLog) -> None:
    """Say which rules of the tree do not count yet."""
    config, _ = wiring.load_config(tree, asked.model or None, name=model_name(box.path))
    changed = changed_rules(config.policy, law)
    if changed:
        names, source = ", ".join(changed), config.policy.source or CONFIG_FILE
        log.write(
            job_line(
                "plan",
                f"note: {source} changes {names}; takes effect after the merge",
            )
        )
