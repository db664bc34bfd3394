"""From the trials of a search to the pull request with its best values, as an effect.

Serves the station `effects`; `flows.apply_forge` opens it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.values import OpenPullRequest
from branchline.core.policy import DEFAULT_BRANCH
from branchline.core.run.jobs import JobState
from branchline.core.run.trials import TrialState
from branchline.flows.best_values import edited
from branchline.flows.job import JobEnd
from branchline.flows.search_report import searched_of
from branchline.render.job_log import job_line
from branchline.render.safe_markdown import code
from branchline.render.search.markdown import MOST_CHARACTERS, search_markdown
from branchline.render.trials import change_table, change_words, number_text, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.effects.values import Effect
    from branchline.core.policy import BranchRule
    from branchline.core.run.confirming import Confirmed
    from branchline.core.run.jobs import QueuedJob
    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue
    from branchline.flows.job import JobLog
    from branchline.flows.project import Project
    from branchline.flows.search import Search


def pull_of(
    project: Project,
    asked: Search,
    job: QueuedJob,
    best: Sequence[Trial],
    rule: BranchRule | None,
    log: JobLog,
    *,
    confirmed: Confirmed | None = None,
) -> tuple[JobEnd, tuple[Effect, ...]]:
    """The pull request with the best values; none where they hold already, or no rule asks for it.

    Args:
        project: The job's worktree, with its files as they were pushed.
        asked: The search.
        job: The job.
        best: Its trials, best first.
        rule: The branch rule; its `open_pull_request` says where they go.
        log: What the pusher sees.
        confirmed: What training the best again with fresh seeds told.
    """
    params = best[0].params
    before, files = edited(project, asked, params)
    count = sum(trial.state is not TrialState.FAILED for trial in best if trial.number)
    found = f"best of {count} trials: {asked.metric} {number_text(best[0].value)}"
    changes = change_words(before, params)
    if not changes:
        detail = f"unchanged: {found} with the values that are set already"
        if confirmed is not None:
            detail = f"{confirmed.sentence}; {count} trials"
        log.write(job_line("effects", detail))
        return JobEnd(state=JobState.SUCCEEDED, detail=detail), ()
    detail = f"{found}: {changes}"
    options = rule.open_pull_request if rule else None
    if not options:
        log.write(job_line("effects", "no pull request: the rule has no `open_pull_request`"))
        return JobEnd(state=JobState.SUCCEEDED, detail=detail), ()
    names = {
        "commit": job.asked.commit[:7],
        "branch": job.asked.branch,
        "model": job.asked.model,
        "default": project.repo.default_branch(),
    }
    branch = _filled(str(options.get("branch", "training/{commit}")), names)
    title = str(options.get("title") or "Train {model} with {changes}")
    head = (
        f"The {code(asked.metric)} of the best of {count} trials is"
        f" {code(number_text(best[0].value))}. Searched by job {job.job} on"
        f" {code(job.asked.branch)} at {code(names['commit'])}; the search is skipped here."
    )
    if confirmed is not None:
        head += f"\n\n{sentence(confirmed.sentence)}"
    effect = OpenPullRequest(
        branch=branch,
        into=_filled(str(options.get("into", DEFAULT_BRANCH)), names),
        base_commit=job.asked.commit,
        files={path: data.decode("utf-8") for path, data in files.items()},
        title=_filled(title, {**names, "changes": changes})[:200],
        body=_body(f"{head}\n\n{change_table(before, params)}", asked, best, before),
        message=f"Train with the best of {count} trials\n\n{changes}\n",
        mode=str(options.get("mode", "approve")),
        author=str(options.get("author") or ""),
        labels=tuple(str(label) for label in options.get("labels") or ()),  # type: ignore[union-attr] # a list, the grammar says
        is_draft=bool(options.get("draft", False)),
    )
    log.write(job_line("effects", f"pull request from `{branch}` into `{effect.into}`: {changes}"))
    log.write(job_line("effects", "look at it: `branchline pr list`, then `branchline pr show N`"))
    return JobEnd(state=JobState.SUCCEEDED, detail=detail), (effect,)


def _body(head: str, asked: Search, best: Sequence[Trial], before: Mapping[str, JsonValue]) -> str:
    """What changes, then the report of the search; short enough for any forge."""
    current = next((trial.params for trial in best if not trial.number), before)
    searched = searched_of(asked, best, current)
    return f"{head}\n{search_markdown(searched, most=MOST_CHARACTERS - len(head))}"


def _filled(template: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        template = template.replace(f"{{{name}}}", value)
    return template
