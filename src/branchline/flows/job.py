"""Verb: walk one job of a box, from the plan in its worktree to its verdict and record.

Who makes the worktree, renews the lease and ends the job is `server`'s; nothing here knows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from branchline.core.plan.keys import run_key
from branchline.core.run import StageState
from branchline.core.run.jobs import JobState
from branchline.core.trigger import Trigger, TriggerKind
from branchline.core.verdict.standing import Standing, standing_of
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.sending import Sender
from branchline.flows.walked import EngineOptions
from branchline.render.job_log import data_lines, job_line, plan_lines, verdict_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.plan.values import Plan
    from branchline.core.policy import Gate
    from branchline.core.run.jobs import NewJob
    from branchline.flows.project import Project
    from branchline.flows.run import RunOutcome
    from branchline.flows.walked import Watcher

_STAGE_WORDS = {
    StageState.SUCCEEDED: "done",
    StageState.FAILED: "failed",
    StageState.CANCELLED: "stopped",
    StageState.SKIPPED: "skipped",
}


class JobLog(Protocol):
    """Where the lines of a job go."""

    def write(self, line: str) -> None:
        """Add a line."""
        ...

    def follow(self, stage: str, path: str) -> None:
        """Add what a stage's own log gained since the last call."""
        ...

    def finish(self, stage: str) -> None:
        """Add the rest of a stage's log."""
        ...


class Grip(Protocol):
    """What holds a job while it is walked."""

    def is_stopped(self) -> bool:
        """Whether it shall stop: somebody cancelled it, a newer one came, the lease is gone."""
        ...

    def hold_key(self, key: str) -> int | None:
        """Claim to make what a key stands for; else the number of the job that does."""
        ...

    def at(self, station: str) -> None:
        """Say which station the job is at."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """How a job ended.

    Attributes:
        state: WAITING when it does not end here: another job makes its result.
        outcome: What the run did; None when it never came to that.
        leader: The job that makes the result already.
        standing: What its verdict lets happen; None where there is none.
        is_unfinished: A search had to end before its trials did.
    """

    state: JobState
    outcome: RunOutcome | None = None
    run: str = ""
    verdict: str = ""
    detail: str = ""
    leader: int | None = None
    standing: Standing | None = None
    is_unfinished: bool = False


@dataclass(slots=True)
class _Shown:
    """`flows.walked.Watcher` that writes plain lines."""

    project: Project
    log: JobLog
    grip: Grip
    paths: dict[str, str] = field(default_factory=dict)

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        """A stage changed its state; its output stands before the line that it ended."""
        if state is StageState.RUNNING:
            logs = self.project.ledger.logs(stage=stage)
            self.paths[stage] = logs[0][1] if logs else ""
            self.log.write(job_line("run", f"{stage}: started"))
            return
        path = self.paths.pop(stage, "")
        if path:
            self.log.follow(stage, path)
            self.log.finish(stage)
        if state in _STAGE_WORDS:
            took = f" in {elapsed_s:.1f} s" if elapsed_s else ""
            why = f": {text}" if text not in ("", _STAGE_WORDS[state]) else ""
            self.log.write(job_line("run", f"{stage}: {_STAGE_WORDS[state]}{took}{why}"))

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Pass on what the stages printed."""
        for stage, (_, path) in running.items():
            self.log.follow(stage, path)

    def say(self, text: str) -> None:
        """A remark."""
        self.log.write(job_line("run", text))


def show_of(project: Project, log: JobLog, grip: Grip) -> Watcher:
    """What shows a walk in the log of its job."""
    return _Shown(project, log, grip)


def walk_job(
    project: Project,
    asked: NewJob,
    log: JobLog,
    grip: Grip,
    *,
    targets: Sequence[str] = (),
    single: bool = False,
    base: str | None = None,
) -> JobEnd:
    """Walk a job to its verdict.

    Args:
        project: Its worktree.
        asked: What was asked.
        log: What the pusher sees.
        grip: What holds the job.
        targets: Stages to look at; all when empty.
        single: Only these, not what they need.
        base: Commit that a pull request is compared with.

    Raises:
        BranchlineError: Nothing was started: a missing input, unusable code or settings.
    """
    leader: list[int] = []

    def show(plan: Plan) -> None:
        for line in plan_lines(plan):
            log.write(line)

    def may_start(plan: Plan) -> bool:
        stages = project.pipeline.stages
        made = tuple(out.path for stage in stages for out in stage.outs)
        key = "" if asked.force else run_key(plan, made)
        other = grip.hold_key(key) if key else None
        if other is not None:
            leader.append(other)
        grip.at("run")
        return other is None

    grip.at("plan")
    sender = Sender(project, is_stopped=grip.is_stopped)
    outcome = run(
        project,
        RunOptions(
            plan=PlanOptions(
                targets=tuple(targets),
                force=asked.force,
                force_reason=_why_forced(asked),
                single=single,
                trust_elsewhere=False,
                with_tests=True,
            ),
            engine=EngineOptions(jobs=project.machine.cpus(), on_result=sender.offer),
            reason=asked.note or asked.reason,
            trigger=trigger_of(asked, base=base),
        ),
        _Shown(project, log, grip),
        is_stopped=grip.is_stopped,
        on_plan=show,
        may_start=may_start,
    )
    if leader:
        log.write(job_line("run", f"job {leader[0]} makes this already; waiting for it"))
        return JobEnd(state=JobState.WAITING, leader=leader[0])
    sent = sender.finish(outcome.walked.results.values())
    if sent.said:
        log.write(job_line("run", sent.said))
    return _ended(outcome, log, project.policy.gate)


def _why_forced(asked: NewJob) -> str:
    """Why a job runs what has a result, as its pusher asked for it."""
    option = "-o train=force"
    return f"asked for with `{option}`" if option in asked.reason else asked.reason or "forced"


def _ended(outcome: RunOutcome, log: JobLog, gate: Gate) -> JobEnd:
    """The end of a walk that was this job's own."""
    for note in outcome.walked.notes:
        log.write(job_line("run", f"note: {note}"))
    if outcome.walked.failures:
        stage, ended = next(iter(outcome.walked.failures.items()))
        detail = f"`{stage}` failed: {ended.detail}"
        return JobEnd(state=JobState.FAILED, outcome=outcome, detail=detail)
    if outcome.walked.is_cancelled or outcome.finished is None:
        return JobEnd(state=JobState.CANCELLED, outcome=outcome, detail="stopped")
    verdict = outcome.finished.verdict
    for line in data_lines(outcome.finished.evidence.data_checks):
        log.write(line)
    for line in verdict_lines(verdict):
        log.write(line)
    return JobEnd(
        state=JobState.SUCCEEDED,
        outcome=outcome,
        run=outcome.finished.record,
        verdict=verdict.outcome.value if verdict.findings else "",
        detail=verdict.summary if verdict.findings else "nothing was judged: there is no gate",
        standing=standing_of(verdict, gate, is_approved=outcome.finished.is_approved),
    )


def trigger_of(asked: NewJob, *, base: str | None = None) -> Trigger:
    """Why the walk of a job is entered, for its record."""
    kinds = {kind.value: kind for kind in TriggerKind}
    return Trigger(
        kind=kinds.get(asked.trigger, TriggerKind.PUSH),
        actor=asked.pusher,
        branch=asked.branch or None,
        commit=asked.commit,
        base=base,
        force=asked.force,
        reason=asked.note or asked.reason,
    )
