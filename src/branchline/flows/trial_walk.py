"""One trial of a search: walks with other parameters, up to the evidence. Serves `trials`.

What a trial does not change is reused by key, and a trial whose result is known trains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from branchline.core.evidence.find import find_metric
from branchline.core.run.confirming import is_out_of_reach
from branchline.core.run.trials import Trial, TrialState
from branchline.core.secrecy import redacted
from branchline.errors import BadDataError, BranchlineError, ConfigError, ProgramKilledError
from branchline.flows.evidence import EvidenceReader
from branchline.flows.later import Later
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.stop_early import Judge
from branchline.flows.walked import EngineOptions
from branchline.ports.trials import TrialDone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.evidence.values import Evidence
    from branchline.core.run import StageState
    from branchline.core.trigger import Trigger
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.flows.run import RunOutcome
    from branchline.flows.search import Search
    from branchline.flows.stop_early import Watch
    from branchline.flows.tuned_params import TunedParams
    from branchline.ports.trials import TrialAsk


_MOST_BROKEN = 10
"""Broken rules that an error names."""


class StageLog(Protocol):
    """Where the output of a stage that failed goes."""

    def follow(self, stage: str, path: str) -> None:
        """Add what a stage's own log gained since the last call."""
        ...

    def finish(self, stage: str) -> None:
        """Add the rest of a stage's log."""
        ...


@dataclass(slots=True)
class TrialWalk:
    """Makes trials in one working tree, which the caller holds, one after the other.

    Args:
        project: Its working tree, whose parameters are set.
        asked: The search.
        params: The parameters of the search, and its seed, in this tree.
        trigger: What woke the search.
        say: Told a line where a stage fails.
        show: Shows the output of a stage that failed.
        is_stopped: Asked often; True ends the trial.
        jobs: Stages side by side; 0 takes all processors.
    """

    project: Project
    asked: Search
    params: TunedParams
    trigger: Trigger
    say: Callable[[str], None]
    show: StageLog
    is_stopped: Callable[[], bool]
    jobs: int = 0
    later: Later = field(init=False)
    _has_remarked: bool = False
    _missing: str = ""

    def __post_init__(self) -> None:
        self.later = Later(self.say)

    def make(self, ask: TrialAsk) -> TrialDone:
        """Make a trial: one training for each of its seeds, and no more than are worth it.

        Its results may wait in `later` to be recorded: until the next trial trains, or the caller
        has them recorded.

        Raises:
            ConfigError: What is set leaves no metric of a name that the search needs.
            BadDataError: The data are bad, whatever values are tried.
        """
        made: list[Trial] = []
        read: dict[str, str] = {}
        for place, seed in enumerate(ask.seeds):
            suffix = f"-seed-{place}" if place else ""
            point = ask.point if seed is None else {**ask.point, self.asked.seeds.name: seed}
            trial = self._attempts(ask, point, f"{ask.label}{suffix}", read)
            if trial is None:
                return TrialDone(ask=ask, trial=None)
            made.append(trial)
            values = [t.value for t in made if t.has_value and t.value is not None]
            if len(values) < len(made) or is_out_of_reach(
                values, ask.best, ask.pooled, self.asked.goal
            ):
                break
        if self._missing and ask.number == 0:
            raise ConfigError(
                f"{self._missing}, so that no trial could be compared",
                todo="Name in tune.objective a metric that the stages leave.",
            )
        return TrialDone(ask=ask, trial=joined(ask, made), read=read)

    def _attempts(
        self,
        ask: TrialAsk,
        point: Mapping[str, JsonValue],
        label: str,
        read: dict[str, str],
    ) -> Trial | None:
        """One training; again when it crashed, as often as the search says."""
        self._missing = ""
        trial = self._training(ask, point, label, read)
        spent_s = 0.0
        for _ in range(self.asked.retry):
            if trial is None or trial.state is not TrialState.FAILED:
                break
            spent_s += trial.duration_s
            self.say(f"{ask.title}: {trial.detail}; once more")
            trial = self._training(ask, point, label, read)
        if trial is None:
            return None
        return replace(trial, duration_s=round(spent_s + trial.duration_s, 3))

    def _training(
        self,
        ask: TrialAsk,
        point: Mapping[str, JsonValue],
        label: str,
        read: dict[str, str],
    ) -> Trial | None:
        """One walk; None when it was stopped."""
        try:
            self.params.set(point)
            watch = Judge(self.asked.stop, ask.others).watch(
                self.project, ask.number, may_stop=ask.may_stop
            )
            outcome = self._walk(label, watch)
            if outcome.walked.stopped_early:
                metric = self.asked.metric
                return watch.stopped(ask.point, metric=metric, duration_s=outcome.duration_s)
            if outcome.walked.is_cancelled:
                return None
            self._refuse_bad_data(outcome)
            for result in outcome.walked.results.values():
                read.update({seen.path: seen.digest for seen in result.observed})
            self._remark(watch)
            return replace(self._trial(ask, outcome), steps=watch.steps)
        except (ProgramKilledError, BadDataError):
            raise  # says nothing of these values
        except BranchlineError as error:
            return Trial(
                number=ask.number,
                params=dict(ask.point),
                state=TrialState.FAILED,
                detail=error.message,
            )

    def _refuse_bad_data(self, outcome: RunOutcome) -> None:
        """End the search where bad data keep it from training; not where its values made them so.

        Raises:
            BadDataError: They do.
        """
        walked = outcome.walked
        if not walked.blocked or any(map(self.params.are_read_by, walked.results.values())):
            return
        more = len(walked.broken) - _MOST_BROKEN
        raise BadDataError(
            f"no trial can train: {walked.broken[0] if walked.broken else walked.blocked}",
            todo="Mend the data, or the rules: `branchline data check` shows the rows.",
            details=(
                *walked.broken[1:_MOST_BROKEN],
                *((f"and {more} more broken rules",) if more > 0 else ()),
            ),
        )

    def _remark(self, watch: Watch) -> None:
        """Say once that a trial reported nothing by which others can be stopped."""
        remark = "" if self._has_remarked else watch.remark()
        if remark:
            self._has_remarked = True
            self.say(remark)

    def _walk(self, label: str, watch: Watch) -> RunOutcome:
        return run(
            self.project,
            RunOptions(
                plan=PlanOptions(targets=self.asked.stages, trust_elsewhere=False),
                engine=EngineOptions(
                    jobs=self.jobs or self.project.machine.cpus(),
                    edited=self.params.edited,
                    limits_memory=True,
                    early=watch,
                    later=self.later,
                    starts_afresh=True,
                ),
                trigger=self.trigger,
                judges=False,
                label=label,
                is_held=True,
            ),
            _Quiet(self.show, self.project, self.say),
            is_stopped=self.is_stopped,
            on_plan=lambda _plan: None,
        )

    def _trial(self, ask: TrialAsk, outcome: RunOutcome) -> Trial:
        """What a walk left, as a trial."""
        if outcome.walked.failures:
            stage, ended = next(iter(outcome.walked.failures.items()))
            why = ": ".join(text for text in (ended.detail, redacted(ended.said)) if text)
            return Trial(
                number=ask.number,
                params=dict(ask.point),
                state=TrialState.FAILED,
                detail=f"`{stage}`: {why}",
                duration_s=round(outcome.duration_s, 3),
            )
        reader = EvidenceReader(self.project, outcome.planner, outcome.plan, outcome.walked)
        # A trial edits parameters in place: its tree is never that of a commit.
        evidence = reader.gather(
            duration_s=outcome.duration_s, dirty=self.params.edited, with_unmade=False
        )
        self._missing = missing_metric(self.asked, evidence)
        return trial_of(self.asked, ask, evidence, outcome.duration_s)


def missing_metric(asked: Search, evidence: Evidence) -> str:
    """Why a metric that the search needs is not there at all; "" where each is."""
    names = (asked.metric, *(one.metric for one in asked.more), *asked.bounds())
    for name in names:
        found = find_metric(evidence, name)
        if found.metric is None:
            return f"`{name}` {found.problem}"
    return ""


def trial_of(asked: Search, ask: TrialAsk, evidence: Evidence, duration_s: float) -> Trial:
    """A trial by its evidence."""
    numbers = {m.name: m.value for m in evidence.metrics if m.value is not None}
    values: list[float] = []
    problems: list[str] = []
    for name in (asked.metric, *(one.metric for one in asked.more)):
        found = find_metric(evidence, name)
        value = None if found.metric is None else found.metric.value
        if found.problem:
            problems.append(f"`{name}` {found.problem}")
        elif found.metric is None or value is None:
            text = "" if found.metric is None else found.metric.text
            problems.append(f"`{name}` is {text or 'empty'}, which is no number")
        elif value - value != 0:
            problems.append(f"`{name}` is {found.metric.text}")
        else:
            values.append(float(value))
    broken = _broken(asked, numbers)
    is_whole = not problems
    state = TrialState.REFUSED if broken else TrialState.SUCCEEDED
    return Trial(
        number=ask.number,
        params=dict(ask.point),
        state=state if is_whole else TrialState.FAILED,
        value=values[0] if is_whole else None,
        objectives=tuple(values) if is_whole and asked.more else (),
        metrics=numbers,
        detail=problems[0] if problems else broken,
        duration_s=round(duration_s, 3),
    )


def joined(ask: TrialAsk, made: Sequence[Trial]) -> Trial:
    """The trainings of a trial as one: the mean of each number; one that failed fails it."""
    last = made[-1]
    duration_s = round(sum(trial.duration_s for trial in made), 3)
    values = tuple(t.value for t in made if t.value is not None)
    if len(made) == 1 or last.state in (TrialState.FAILED, TrialState.PRUNED):
        return Trial(
            number=ask.number,
            params=last.params,
            state=last.state,
            value=last.value,
            objectives=last.objectives,
            steps=last.steps,
            metrics=last.metrics,
            detail=last.detail,
            duration_s=duration_s,
        )
    refused = next((t for t in made if t.state is not TrialState.SUCCEEDED), None)
    names = set.intersection(*(set(trial.metrics) for trial in made))
    return Trial(
        number=ask.number,
        params=last.params,
        state=TrialState.SUCCEEDED if refused is None else refused.state,
        value=sum(values) / len(values),
        values=values,
        objectives=tuple(
            sum(column) / len(made) for column in zip(*(t.objectives for t in made), strict=True)
        ),
        steps=last.steps,
        metrics={name: sum(t.metrics[name] for t in made) / len(made) for name in sorted(names)},
        detail="" if refused is None else refused.detail,
        duration_s=duration_s,
    )


def _broken(asked: Search, numbers: Mapping[str, float | int]) -> str:
    """Which constraint a trial does not keep; "" when it keeps all."""
    for name, (low, high) in asked.bounds().items():
        value = numbers.get(name)
        if value is None or value != value:
            return f"`{name}` of the constraint is no number"
        if (low is not None and value < low) or (high is not None and value > high):
            return f"`{name}` is {value}, outside the constraint"
    return ""


@dataclass(slots=True)
class _Quiet:
    """`flows.walked.Watcher` of a trial: its output is shown when it fails."""

    log: StageLog
    project: Project
    say: Callable[[str], None]

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        """Show the log of a stage that failed."""
        del text, elapsed_s  # why it failed is said with the trial
        if state.value != "failed":
            return
        logs = self.project.ledger.logs(stage=stage)
        if logs:
            self.log.follow(stage, logs[0][1])
            self.log.finish(stage)

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Show nothing."""
