"""A search from its settings to its best, whoever asked for it. Serves `tune` and `tune_job`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from branchline.core.pipeline import OutKind
from branchline.errors import ConfigError
from branchline.flows.fixed import without_set
from branchline.flows.in_tree import InTree
from branchline.flows.search import refuse_misfits
from branchline.flows.tasks import expect_trials
from branchline.flows.trial_needs import slots_of, stages_of
from branchline.flows.trial_walk import TrialWalk
from branchline.flows.trials import Ending, Trials
from branchline.flows.tuned_params import TunedParams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.run.confirming import Confirmed
    from branchline.core.run.studies import Inherited
    from branchline.core.run.trial_events import TrialEvent
    from branchline.core.run.trials import Trial
    from branchline.core.trigger import Trigger
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.flows.search import Search
    from branchline.flows.trial_walk import StageLog
    from branchline.ports.sampler import Sampler
    from branchline.ports.studies import Studies
    from branchline.ports.trials import TrialRunner

_WAIT_S = 3600.0
"""How long a search waits for another run in its tree, as a run does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What surrounds a search.

    Attributes:
        label: Of what the trials are, in the results that they make: `job-7`.
        trigger: What woke the search.
        studies: Keeps its trials.
        sampler_of: Makes its sampler, given what earlier searches left.
        say: Told a line for each trial that begins and ends.
        show: Shows the output of a stage that failed.
        is_stopped: Asked often; True ends the search.
        runner_of: Makes what makes the trials, side by side, of what would make them one by one and
            how many; None: one after the other.
        hear: Told of each trial that begins and ends, as values, before it is said.
    """

    label: str
    trigger: Trigger
    studies: Studies
    sampler_of: Callable[[Search, Inherited], Sampler]
    say: Callable[[str], None]
    show: StageLog
    is_stopped: Callable[[], bool]
    runner_of: Callable[[TrialWalk, int], TrialRunner] | None = None
    hear: Callable[[TrialEvent], None] = lambda _event: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found.

    Attributes:
        trials: Best first; after a confirmation its winner comes first, or what is set.
        current: Values that were set when it began.
        ending: Why it made no further trial.
        confirmed: What training the best again with fresh seeds told; None where it was not done.
    """

    trials: tuple[Trial, ...]
    current: Mapping[str, JsonValue]
    ending: Ending
    confirmed: Confirmed | None = None


def searched(project: Project, asked: Search, setting: Setting) -> Found:
    """Make the trials of a search.

    Args:
        project: A working tree of its own; its parameters are as they were afterwards.
        asked: The search.
        setting: What surrounds it.

    Raises:
        BranchlineError: The search cannot begin: settings, parameters, code.
    """
    refuse_misfits(asked)
    expect_trials(project, asked)
    params = TunedParams(project, asked, names_of(project, asked))
    refuse_without_metrics(project, asked)
    for remark in kind_remarks(asked.space, params.current):
        setting.say(remark)
    asked = replace(asked, space=without_set(asked.space, params.current))
    stop = _Interrupt(setting.is_stopped, project.machine.monotonic_s, _limit(asked))
    walk = TrialWalk(
        project=project,
        asked=asked,
        params=params,
        trigger=setting.trigger,
        say=setting.say,
        show=setting.show,
        is_stopped=stop.is_wanted,
    )
    runner = _runner(walk, setting)
    trials = Trials(
        project=project,
        asked=asked,
        params=params,
        label=setting.label,
        runner=runner,
        studies=setting.studies,
        sampler_of=setting.sampler_of,
        say=setting.say,
        is_stopped=setting.is_stopped,
        hear=setting.hear,
    )
    try:
        # Held once for all of them: taking DVC's locks costs more than planning a trial.
        with project.workspace_lock.hold(wait_s=_WAIT_S):
            found = trials.ranked(trials.run())
    finally:
        runner.close()
        params.put_back()
    return Found(
        trials=tuple(found),
        current=trials.current,
        ending=trials.ending,
        confirmed=trials.confirmed,
    )


def _runner(walk: TrialWalk, setting: Setting) -> TrialRunner:
    """What makes the trials: one after the other here, side by side, or elsewhere."""
    asked = walk.asked
    # What a cluster has room for is known there.
    is_here = asked.executor == "local"
    slots, note = slots_of(walk.project, asked) if is_here else (asked.parallel, "")
    if note:
        setting.say(note)
    if setting.runner_of is None or (is_here and slots == 1):
        return InTree(walk)
    return setting.runner_of(walk, slots)


def refuse_without_metrics(project: Project, asked: Search) -> None:
    """See that the stages of a trial can leave a number.

    Raises:
        UnknownNameError: There is no stage of a name that is asked for.
        ConfigError: None of them declares metrics. A file that no stage makes does not tell whose
            numbers it holds: it may have been committed, or left by another trial.
    """
    stages = stages_of(project, asked)
    outs = [out for stage in stages for out in stage.outs]
    if any(out.kind is OutKind.METRIC for out in outs):
        return
    if project.pipeline.metrics_of(out.path for out in outs):
        return
    names = ", ".join(f"`{stage.address}`" for stage in stages[:5])
    files = ", ".join(f"`{path}`" for path in project.pipeline.metrics)
    listed = f"; that {files} is listed does not say who makes it" if files else ""
    raise ConfigError(
        f"no stage of a trial ({names}) declares metrics, so there is no `{asked.metric}` to"
        f" compare{listed}",
        todo="Declare the file under `metrics` of the stage that writes it, e.g."
        " metrics: [metrics.json: {cache: false}], and name that stage in tune.stages.",
    )


def kind_remarks(space: Mapping[str, Any], current: Mapping[str, JsonValue]) -> list[str]:
    """Ranges of another kind than the value that is set: perhaps right, perhaps a slip.

    >>> kind_remarks({"depth": {"float": [1, 9]}}, {"depth": 3})
    ['`depth` is 3, a whole number, and is searched in real ones; else write {int: [1, 9]}']
    >>> kind_remarks({"lr": {"float": [0, 1]}, "n": {"int": [1, 2]}}, {"lr": 0.5, "n": 1})
    []
    """
    found = []
    for name, written in space.items():
        kind = next((k for k in ("float", "int") if isinstance(written, dict) and k in written), "")
        value = current.get(name)
        if not kind or value is None:
            continue
        low, high = written[kind]
        if not isinstance(value, int | float) or isinstance(value, bool):
            found.append(f"`{name}` is {json.dumps(value)}, and is searched from {low} to {high}")
        elif kind == "float" and isinstance(value, int) and _are_whole(low, high):
            found.append(
                f"`{name}` is {value}, a whole number, and is searched in real ones; else write"
                f" {{int: [{low:g}, {high:g}]}}"
            )
    return found


def _are_whole(low: float, high: float) -> bool:
    """Whether bounds look like those of whole numbers; from 0 to 1 they look like a share."""
    return float(low).is_integer() and float(high).is_integer() and high > 1


def names_of(project: Project, asked: Search) -> Sequence[str]:
    """The parameters that are set: those of the space, and the seed.

    Raises:
        ConfigError: The seed is searched, too, or stands nowhere, or is no whole number.
    """
    seed = asked.seeds.name
    if not seed:
        return tuple(asked.space)
    if seed in asked.space:
        raise ConfigError(
            f"tune.space names `{seed}`, which is the seed of the replicates",
            todo="Take it out of the space: a seed that is chosen for its number is luck.",
        )
    TunedParams(project, asked, [seed]).check_seed(seed, "the setting `replicates` names")
    return (*asked.space, seed)


def _limit(asked: Search) -> float | None:
    """Seconds after which even a trial in the middle is ended."""
    limits = (asked.budget.time_s, asked.budget.deadline_s)
    return min((limit for limit in limits if limit is not None), default=None)


class _Interrupt:
    """Whether what runs is ended: whoever started it says so, or its time is over."""

    def __init__(
        self, is_stopped: Callable[[], bool], now: Callable[[], float], limit_s: float | None
    ) -> None:
        self._is_stopped = is_stopped
        self._now = now
        self._until = None if limit_s is None else now() + limit_s

    def is_wanted(self) -> bool:
        return self._is_stopped() or (self._until is not None and self._now() > self._until)
