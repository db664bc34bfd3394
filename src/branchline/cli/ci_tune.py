"""What `branchline ci run` does where a branch's rule says `tune`: the search, and what follows."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from branchline.core.effects.handed_on import HandedModel, HandedState
from branchline.core.effects.values import OpenPullRequest
from branchline.core.plain_text import plain
from branchline.core.policy import Do
from branchline.core.run.jobs import JobState, NewJob, QueuedJob

if TYPE_CHECKING:
    from branchline.cli.console import Console
    from branchline.cli.run import Stop
    from branchline.core.policy import Policy
    from branchline.core.trigger.rules import Decision
    from branchline.flows.ci_run import CiEnd
    from branchline.flows.ci_setting import CiSetting

_STATES = {
    JobState.SUCCEEDED: HandedState.SEARCHED,
    JobState.CANCELLED: HandedState.CANCELLED,
}


def tune(
    setting: CiSetting,
    policy: Policy,
    decision: Decision,
    console: Console,
    stop: Stop,
    *,
    deadline_s: float | None = None,
) -> tuple[CiEnd, str]:
    """Search in a place of its own.

    Returns:
        How it ended, with the pull request that is to be opened; and Markdown that says so.

    Raises:
        BranchlineError: The search cannot begin: settings, parameters, code.
    """
    from branchline.flows.ci_run import CiEnd
    from branchline.flows.searched import Setting
    from branchline.flows.tune_job import search
    from branchline.render.ci import nothing_markdown
    from branchline.wiring.again import open_again, runner_again
    from branchline.wiring.searches import open_studies, sampler_of

    with setting.project(policy.model) as project:
        root, state_dir, commit = project.root, project.state_dir, project.repo.head().commit or ""
    log = _Log(console)
    with (
        open_studies(state_dir) as studies,
        open_again(root, commit, model=policy.model, has_own_records=False, searches=True) as again,
    ):
        stop.defer()
        around = Setting(
            label=f"run-{setting.job.number}",
            trigger=setting.trigger(decision),
            studies=studies,
            sampler_of=sampler_of,
            say=console.write,
            show=log,
            is_stopped=stop.is_wanted,
            runner_of=runner_again(root, commit, model=policy.model),
        )
        job = _job(setting, policy, decision, commit)
        end, effects = search(
            again, job, log, _Grip(stop), around, rule=decision.rule, deadline_s=deadline_s
        )
    opens = next((effect for effect in effects if isinstance(effect, OpenPullRequest)), None)
    handed = HandedModel(
        model=policy.model,
        do=Do.TUNE,
        state=HandedState.UNFINISHED
        if end.is_unfinished
        else _STATES.get(end.state, HandedState.FAILED),
        detail=end.detail,
        opens=opens,
    )
    report = opens.body if opens else nothing_markdown(policy.model, end.detail)
    return CiEnd(handed=handed), report


def _job(setting: CiSetting, policy: Policy, decision: Decision, commit: str) -> QueuedJob:
    """The search as a box would have it in its queue."""
    asked = NewJob(
        kind=Do.TUNE.value,
        trigger=decision.kind.value,
        branch=setting.event.branch,
        commit=commit,
        model=policy.model,
        pusher=setting.event.actor,
        rule=decision.pattern,
        reason=decision.reason,
    )
    return QueuedJob(
        job=setting.job.number or 1, asked=asked, state=JobState.RUNNING, queued_at=time.time()
    )


class _Log:
    """`flows.job.JobLog` on the console; the output of a stage that failed, too."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._paths: dict[str, str] = {}

    def write(self, line: str) -> None:
        """Add a line."""
        self._console.write(plain(line))

    def follow(self, stage: str, path: str) -> None:
        """Where a stage has its log."""
        self._paths[stage] = path

    def finish(self, stage: str) -> None:
        """Show the end of that log."""
        from branchline.cli.log_text import log_tail

        path = self._paths.pop(stage, "")
        for line in log_tail(path) if path and os.path.exists(path) else []:
            self._console.write(f"  {stage} | {line}")


class _Grip:
    """`flows.job.Grip` of a job that nobody else can hold."""

    def __init__(self, stop: Stop) -> None:
        self.is_stopped = stop.is_wanted

    def hold_key(self, _key: str) -> int | None:
        """Nobody else makes it."""
        return None

    def at(self, _station: str) -> None:
        """Nobody asks."""
