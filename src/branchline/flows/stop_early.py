"""Follows what trials report while they run, and ends those that are worse than others.

Serves the station `run`. What is worse, `core.run.pruning` says; here it is asked after each step
that comes in, the training is told, and it is given some time to end by itself. What was stopped
is never a result: the engine keeps nothing of a stage that was told to stop.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.evidence.steps import PRINTED_WORD, Form, form_of, member_of, tidy_name
from branchline.core.pipeline import OutKind
from branchline.core.run.pruning import Pruner, TrialSteps, recent, should_prune
from branchline.core.run.trials import Trial, TrialState
from branchline.flows.stage_files import StageFiles, stage_files
from branchline.flows.walked import Early
from branchline.ports.steps import StepLog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.evidence.steps import Step
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.flows.stop_rules import StopRules
    from branchline.flows.walked import Attempt
    from branchline.ports.steps import StepFollower

_FOLDERS = ("dvclive", "lightning_logs", "mlruns", "mlflow.db")
"""Where the usual loggers write when they are told nothing."""
_DEAF_GRACE_S = 0.5
"""For a script that has not asked `should_stop` so far."""
_MOST_STEPS = 1000
_MOST_NAMES = 20


class Judge:
    """What all trials of a search reported, as far as it is known here.

    Args:
        rules: When trials are stopped.
        known: What other trials reported.
    """

    def __init__(self, rules: StopRules, known: Iterable[TrialSteps] = ()) -> None:
        self.rules = rules
        self._trials = {steps.number: steps for steps in known}

    def note(
        self, number: int, steps: Sequence[tuple[int, float]], *, is_finished: bool = False
    ) -> None:
        """What a trial has reported up to now."""
        self._trials[number] = TrialSteps(
            number=number, steps=tuple(steps), is_finished=is_finished
        )

    def why_stop(self, me: TrialSteps) -> str:
        """Why a trial ends at its last step; "" when it goes on."""
        rules, history = self.rules, tuple(self._trials.values())
        return should_prune(history, me, rules.goal, rules.pruner, metric=rules.metric)

    def watch(self, project: Project, number: int, *, may_stop: bool = True) -> Watch:
        """Who follows one trial, for its `EngineOptions.early`.

        Args:
            project: In which the trial is walked.
            number: Of the trial.
            may_stop: False for what others are compared with, the values that are set.
        """
        return Watch(judge=self, project=project, number=number, may_stop=may_stop)


@dataclass(slots=True, kw_only=True)
class _Followed:
    """One running stage."""

    files: StageFiles
    followers: tuple[StepFollower, ...]
    is_told: bool = False
    ends_at_s: float | None = None


@dataclass(slots=True, kw_only=True)
class Watch(Early):
    """One trial, followed.

    Attributes:
        judge: Of the search. project: Of the trial. number: Of the trial.
        may_stop: Whether it may be ended at all.
        reason: Why it was stopped; "" while it was not.
        has_walked: Whether any stage ran.
    """

    judge: Judge
    project: Project
    number: int
    may_stop: bool = True
    reason: str = ""
    has_walked: bool = False
    _running: dict[str, _Followed] = field(default_factory=dict)
    _steps: list[tuple[int, float]] = field(default_factory=list)
    _recent: tuple[tuple[int, float], ...] = ()
    _source: tuple[str, int] | None = None
    _others: dict[str, None] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[tuple[int, float], ...]:
        """(step, value) of the metric, by step; of very many every so many-th, and the last."""
        stride = max(1, math.ceil(len(self._steps) / _MOST_STEPS))
        return tuple(self._steps[:-1:stride] + self._steps[-1:])

    def remark(self) -> str:
        """What is said of a whole trial that reported nothing to compare; else ""."""
        rules = self.judge.rules
        if rules.pruner.kind is Pruner.NONE or self._steps or not self.has_walked:
            return ""
        there = ", ".join(f"`{name}`" for name in self._others)
        said = f"; it reported {there}" if there else ""
        return f"no trial is stopped early: this one reported no `{rules.metric}`{said}"

    # What the engine calls

    def starting(self, attempt: Attempt) -> None:
        """See `Early`."""
        address = attempt.stage.address
        if self._source is not None and self._source[0] == address:
            self._source, self._recent = None, ()
            self._steps.clear()
        files = stage_files(attempt.task.log)
        logs = (
            StepLog(path=files.reports, form=Form.JSON_LINES),
            *logs_of(self.project, attempt, self.judge.rules.follow),
        )
        self.has_walked = True
        self._running[address] = _Followed(
            files=files, followers=tuple(self.project.steps.follow([log]) for log in logs)
        )

    def overdue(self) -> Sequence[str]:
        """See `Early`."""
        for address, followed in self._running.items():
            self._look(address, followed)
        now = self.project.machine.monotonic_s()
        late = []
        for address, followed in self._running.items():
            if followed.ends_at_s is not None and now >= followed.ends_at_s:
                followed.ends_at_s = None
                late.append(address)
        return late

    def ended(self, stage: str) -> str:
        """See `Early`."""
        followed = self._running.pop(stage, None)
        if followed is None:
            return ""
        self._look(stage, followed, has_ended=True)
        return self.reason if followed.is_told else ""

    # What the trials call

    def stopped(self, params: Mapping[str, JsonValue], *, metric: str, duration_s: float) -> Trial:
        """The trial that was stopped early.

        Args:
            params: Of the trial.
            metric: The objective; the last value is kept where it is what was reported.
            duration_s: Wall time.
        """
        steps = self.steps
        is_objective = metric == self.judge.rules.metric
        return Trial(
            number=self.number,
            params=dict(params),
            state=TrialState.PRUNED,
            value=steps[-1][1] if steps and is_objective else None,
            steps=steps,
            detail=self.reason,
            duration_s=round(duration_s, 3),
        )

    # Looking

    def _look(self, address: str, followed: _Followed, *, has_ended: bool = False) -> None:
        before = len(self._steps)
        for index, follower in enumerate(followed.followers):
            for step in follower.poll(is_last=has_ended):
                is_next = self._counts(step, (address, index)) and self._take(step)
                if is_next and self.may_stop and not has_ended:
                    self._judge(followed)
        if len(self._steps) != before:
            self.judge.note(self.number, self._steps)

    def _counts(self, step: Step, source: tuple[str, int]) -> bool:
        """Whether a number is of the metric, and from the log that was the first to have it.

        Two logs of one training may count steps differently: epochs here, batches there.
        """
        if step.name != tidy_name(self.judge.rules.metric.rpartition(":")[2]):
            if len(self._others) < _MOST_NAMES:
                self._others[step.name] = None
            return False
        self._source = self._source or source
        return self._source == source

    def _take(self, step: Step) -> bool:
        """Keep a number; says whether it is of a later step than all before."""
        item = (step.step, step.value)
        if not self._steps or step.step > self._steps[-1][0]:
            self._steps.append(item)
            rules = self.judge.rules
            self._recent = recent((*self._recent, item), rules.goal, rules.pruner)
            return True
        place = bisect_left(self._steps, (step.step, -math.inf))
        is_known = self._steps[place][0] == step.step
        self._steps[place : place + is_known] = [item]
        return False

    def _judge(self, followed: _Followed) -> None:
        if self.reason:
            return
        me = TrialSteps(number=self.number, steps=self._recent)
        self.reason = self.judge.why_stop(me)
        if not self.reason:
            return
        followed.files.tell_to_stop()
        followed.is_told = True
        grace_s = self.judge.rules.grace_s
        grace_s = grace_s if followed.files.asks else min(grace_s, _DEAF_GRACE_S)
        followed.ends_at_s = self.project.machine.monotonic_s() + grace_s


def logs_of(project: Project, attempt: Attempt, follow: Sequence[str]) -> list[StepLog]:
    """Which logs of a stage are followed besides its reports; those to be preferred first.

    Args:
        project: In which it runs.
        attempt: At the stage.
        follow: As told; empty: where the usual loggers write, and what it declares.
    """
    stage = attempt.stage
    if follow:
        told = [(path, form_of(path)) for path in follow if path != PRINTED_WORD]
        logs = [
            StepLog(path=os.path.join(project.root, path), form=form)
            for path, form in told
            if form is not None
        ]
        if PRINTED_WORD in follow:
            logs.append(StepLog(path=attempt.task.log, form=Form.PRINTED))
        return logs
    found: dict[str, Form] = {}
    for name in _FOLDERS:
        form = form_of(name)
        if form is not None:
            found[os.path.join(attempt.task.cwd, name)] = form
    for out in stage.outs:
        path = os.path.join(project.root, out.path)
        if out.kind not in (OutKind.METRIC, OutKind.PLOT) or out.is_external:
            continue
        member = member_of(out.path)
        is_inside = any(path.startswith(f"{folder}/") for folder in found)
        if form_of(out.path, is_told=False) is Form.FOLDER:
            found.setdefault(path, Form.FOLDER)
        elif member is not None and not is_inside:
            found.setdefault(path, member.form)
    return [StepLog(path=path, form=form) for path, form in found.items()]
