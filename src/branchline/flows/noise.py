"""Verb: noise. How much each metric moves when nothing changed: the same commit, trained again.

Nothing of the repository moves but its records, which later verdicts read. A training that ended is
not made again, however the one before this ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.directions import goal_of
from branchline.core.plan.values import Action
from branchline.core.verdict.noise.moves import moves_of
from branchline.core.verdict.noise.trainings import content_in
from branchline.errors import BranchlineError, ConfigError, StageFailedError
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.replicated import seeds_from
from branchline.flows.retraining import (
    Retrainer,
    StoppedError,
    TrainingFailedError,
    record,
    recorded,
)
from branchline.render.noise import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.verdict.noise.moves import Moves
    from branchline.core.verdict.noise.trainings import Training
    from branchline.flows.project import Project
    from branchline.flows.retraining import Watching

_AGAIN = 1
"""How often the very same is trained where a seed is named: enough to see that it moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseAsked:
    """What was asked for.

    Attributes:
        runs: Trainings besides the one with the commit's own seed.
        seed: Parameter that holds the seed; "" takes the one of the settings, if any.
    """

    runs: int = 5
    seed: str = ""


def measure(project: Project, asked: NoiseAsked, watching: Watching) -> Measured:
    """Train the current commit again and again.

    Raises:
        ConfigError: The seed stands nowhere, or no stage leaves a number.
        StageFailedError: A stage failed.
    """
    seed = asked.seed or seed_in(project)
    made: list[Training] = []
    again: list[Training] = []
    measuring = _Measuring(project, seed, watching, setting="--seed" if asked.seed else "")
    try:
        own = measuring.own()
        made.append(own)
        measuring.make(asked.runs, made, again)
    except StoppedError:
        return _measured(project, seed, made, again, is_stopped=True)
    except TrainingFailedError as error:
        done = len(made) + len(again) - 1
        raise StageFailedError(
            f"it could not be trained again: {error}",
            todo=f"{done} that ended are kept; once it is mended, type the same again."
            if done > 0
            else "See that `branchline run` works first.",
        ) from error
    return _measured(project, seed, made, again, is_stopped=False)


def seed_setting(project: Project) -> str:
    """The setting that names the seed."""
    is_of_gate = project.policy.gate.replicates is not None
    return "gate.replicates.seed" if is_of_gate else "tune.replicates.seed"


def seed_in(project: Project) -> str:
    """The seed that the settings name; "" for none."""
    replicates = project.policy.gate.replicates
    if replicates is not None:
        return replicates.seed
    section = project.policy.sections.get("tune")
    own = section.get("replicates") if isinstance(section, dict) else None
    return str(own.get("seed") or "") if isinstance(own, dict) else ""


class _Measuring:
    """The trainings of one call."""

    def __init__(self, project: Project, seed: str, watching: Watching, *, setting: str) -> None:
        self._project = project
        self._watching = watching
        self._evidence: Evidence | None = None
        self._targets = self._all_targets()
        self._trainer = Retrainer(
            project=project,
            seed=seed,
            setting=setting or seed_setting(project),
            commit=None,
            content="",
            targets=self._targets,
            watching=watching,
        )

    def _all_targets(self) -> tuple[str, ...]:
        from branchline.flows.search import own_search_stages

        searching = own_search_stages(self._project)
        stages = self._project.pipeline.stages
        return tuple(stage.address for stage in stages if stage.address not in searching)

    def own(self) -> Training:
        """The training with the commit's own seed, made if it is not known; says what it takes."""
        with self._project.scratch(None) as scratch:
            options = PlanOptions(targets=self._targets, trust_elsewhere=False)
            plan = Planner(scratch, options).plan()
        missing = [s.stage for s in plan.stages if s.action in (Action.RUN, Action.MAY_RUN)]
        if missing:
            self._watching.say("this commit is trained with its own seed first")
        if self._trainer.seed:
            self._trainer.refuse_seed()
        training, evidence = self._trainer.walk_own()
        if not training.metrics:
            raise ConfigError(
                "no stage leaves a metric, so there is nothing to measure",
                todo="Declare the file under `metrics` of the stage that writes it.",
            )
        content = content_in(evidence)
        training = replace(training, content=content)
        self._trainer = replace(self._trainer, content=content)
        self._evidence = evidence
        record(self._project, training)
        return training

    def make(self, runs: int, made: list[Training], again: list[Training]) -> None:
        """All trainings that were asked for, the recorded ones without a stage."""
        content = self._trainer.content
        known = {t.place: t for t in recorded(self._project) if t.content == content}
        seeds = seeds_from(content, runs) if self._trainer.seed else []
        repeats = _AGAIN if seeds else runs
        asks: list[tuple[int | None, int]] = [(seed, 0) for seed in seeds]
        asks += [(None, number) for number in range(1, repeats + 1)]
        for place, (seed, number) in enumerate(asks, start=1):
            param = self._trainer.seed if seed is not None else ""
            ask = replace(made[0], param=param, seed=seed, again=number)
            training = known.get(ask.place)
            what = f"seed {seed}" if seed is not None else "the same once more"
            if training is None:
                self._watching.say(f"training {place} of {len(asks)}: {what}{self._takes()}")
                compare = self._predictions_moved if number else None
                training = self._trainer.train(seed, again=number, compare=compare)
            else:
                self._watching.say(f"training {place} of {len(asks)}: {what}, known already")
            (again if number else made).append(training)

    def _takes(self) -> str:
        seconds = self._trainer.expected_s()
        return f" (about {seconds:.0f} s)" if seconds and seconds >= 1 else ""

    def _predictions_moved(self, evidence: Evidence) -> float | None:
        """How far the predictions of the very same moved; None where there are none to compare."""
        if self._evidence is None:
            return None
        from branchline.flows.predictions_moved import predictions_moved

        try:
            return predictions_moved(self._project, self._evidence, evidence)
        except BranchlineError:
            return None


def _measured(
    project: Project,
    seed: str,
    made: Sequence[Training],
    again: Sequence[Training],
    *,
    is_stopped: bool,
) -> Measured:
    gate = project.policy.gate
    return Measured(
        model=project.policy.model,
        commit=made[0].commit if made else "",
        seed=seed,
        confidence=gate.confidence,
        trainings=tuple(made),
        again=tuple(again),
        metrics=_metrics(project, made, again) if made else (),
        has_replicates=gate.replicates is not None,
        is_stopped=is_stopped,
    )


def _metrics(
    project: Project, made: Sequence[Training], again: Sequence[Training]
) -> tuple[Moves, ...]:
    """Each metric that is a number in every training; those of the gate first."""
    rules = {rule.name: rule for rule in project.policy.gate.metrics}
    names = dict.fromkeys([*rules, *(metric.name for metric in made[0].metrics)])
    found = []
    # Without a seed the very same is all that there is to learn from.
    varied = made if len(made) > 1 else (*made, *again)
    for name in names:
        values = [training.value(name) for training in varied]
        repeats = [training.value(name) for training in again]
        if None in values or None in repeats:
            continue
        rule = rules.get(name)
        found.append(
            moves_of(
                name,
                [value for value in values if value is not None],
                confidence=project.policy.gate.confidence,
                goal=rule.goal if rule else goal_of(name),
                rule=rule,
                again=[value for value in repeats if value is not None],
            )
        )
    return tuple(found)
