"""One commit trained again with another seed, in a working tree besides. Serves `verdict`, `noise`.

What the seed does not change is reused by key; a training whose results are known trains nothing.
Each training is recorded as soon as it ends, so that a kill costs at most the one that ran.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.plain_text import plain
from branchline.core.plan.values import Action
from branchline.core.secrecy import redacted
from branchline.core.verdict.noise.trainings import (
    Training,
    content_in,
    content_of,
    training_of,
    training_to_json,
)
from branchline.errors import BranchlineError, ConfigError
from branchline.flows.evidence import EvidenceReader
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.recorded_trainings import recorded_trainings
from branchline.flows.search import Search, Seeds
from branchline.flows.tuned_params import TunedParams
from branchline.flows.walked import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from branchline.core.evidence import Evidence
    from branchline.core.plan.values import Plan
    from branchline.core.run import StageState
    from branchline.flows.project import Project
    from branchline.flows.walked import Walked, Watcher

_SETTING = "gate.replicates.seed"


class TrainingFailedError(Exception):
    """A training with another seed gave nothing; says why. Never leaves `flows`."""


class StoppedError(Exception):
    """Whoever asked for the trainings wants no more. Never leaves `flows`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A walk in a working tree besides, up to its results."""

    planner: Planner
    plan: Plan
    walked: Walked
    duration_s: float


if TYPE_CHECKING:
    WalkAgain: TypeAlias = Callable[[Project, PlanOptions, EngineOptions, Watcher], Again]
    """Walks the stages of another working tree, with neither verdict nor record of a run."""


def no_tick(_running: Mapping[str, tuple[float, str]]) -> None:
    """Show nothing while a training runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who looks on while trainings are made.

    Attributes:
        say: Told a line when something happens.
        walk: Walks; ends as soon as whoever asked for it wants no more.
        tick: Told of the stages that run, as `flows.walked.Watcher`.
    """

    say: Callable[[str], None]
    walk: WalkAgain
    tick: Callable[[Mapping[str, tuple[float, str]]], None] = no_tick


@dataclass(slots=True, kw_only=True)
class Retrainer:
    """Makes trainings of one content.

    Args:
        project: The project; its records keep what is made.
        seed: Parameter that holds the seed; "" where there is none.
        commit: Full hash; None for what the working tree holds now.
        content: What the trainings are of; see `core.verdict.noise.trainings`.
        targets: Stages that are walked.
        watching: Who looks on.
        made_for: Content of the candidate whose verdict asks.
        setting: What names the seed, for messages.
    """

    project: Project
    seed: str
    commit: str | None
    content: str
    targets: Sequence[str]
    watching: Watching
    made_for: str = ""
    setting: str = _SETTING
    _has_checked: bool = False
    _expected_s: float | None = None

    def expected_s(self) -> float | None:
        """Seconds that one training takes, as far as its stages were timed; None: not known."""
        return self._expected_s

    def look(self, value: int) -> float | None:
        """See that the commit can be trained again, and what one training takes.

        Args:
            value: A seed.

        Returns:
            Seconds, by recorded durations of the stages that depend on the seed; None: not known.

        Raises:
            ConfigError: The seed stands nowhere, or is no whole number.
            TrainingFailedError: The same commit would not give the same content here.
        """
        with self.project.scratch(self.commit) as scratch:
            self._check(scratch)
            params = self._params(scratch)
            params.set({self.seed: value})
            plan = self._planned(scratch)
        moving = [s for s in plan.stages if s.action in (Action.RUN, Action.MAY_RUN)]
        known = [stage.estimate_s for stage in moving if stage.estimate_s is not None]
        self._expected_s = sum(known) if len(known) == len(moving) else None
        return self._expected_s

    def refuse_seed(self) -> None:
        """See that the seed can be set.

        Raises:
            ConfigError: It stands nowhere, or is no whole number.
        """
        with self.project.scratch(self.commit) as scratch:
            self._params(scratch)

    def walk_own(self) -> tuple[Training, Evidence]:
        """What the commit gives with its own seed; trains where that is not known. Not recorded.

        Raises:
            TrainingFailedError, StoppedError: See `train`.
        """
        with self.project.scratch(self.commit) as scratch:
            _, evidence = self._walk(scratch, (), is_forced=False)
        return own_training(self.project, evidence), evidence

    def train(
        self,
        value: int | None,
        *,
        again: int = 0,
        compare: Callable[[Evidence], float | None] | None = None,
    ) -> Training:
        """Train with a seed, and record it.

        Args:
            value: The seed; None leaves the one of the commit.
            again: Above 0 every stage is run, whatever is known.
            compare: Says how far the predictions are from the first ones.

        Raises:
            ConfigError: The seed stands nowhere, or is no whole number.
            TrainingFailedError: A stage failed, or the same commit gives another content here.
            StoppedError: It was stopped.
        """
        machine = self.project.machine
        began = machine.monotonic_s()
        # What is forced leaves results under keys that have one: they must serve no other run.
        with self.project.scratch(self.commit, has_own_records=again > 0) as scratch:
            if not again:
                self._check(scratch)
            edited: tuple[str, ...] = ()
            if value is not None:
                params = self._params(scratch)
                params.set({self.seed: value})
                edited = params.edited
            walked, evidence = self._walk(scratch, edited, is_forced=again > 0)
        training = replace(
            training_of(
                evidence,
                model=self.project.policy.model,
                content=self.content,
                at=machine.now(),
                duration_s=round(machine.monotonic_s() - began, 3),
            ),
            param=self.seed if value is not None else "",
            seed=value,
            again=again,
            made_for=self.made_for,
            predictions_delta=compare(evidence) if compare is not None else None,
        )
        if walked.ran:
            self._expected_s = training.duration_s
        record(self.project, training)
        return training

    def _params(self, scratch: Project) -> TunedParams:
        asked = Search(metric="", stages=tuple(self.targets), seeds=Seeds(name=self.seed))
        try:
            params = TunedParams(scratch, asked, [self.seed])
        except ConfigError as error:
            said = error.message.replace("tune.space", self.setting)
            raise ConfigError(said, todo=error.todo, details=error.details) from error
        params.check_seed(self.seed, f"{self.setting} names")
        return params

    def _planned(self, scratch: Project) -> Plan:
        options = PlanOptions(targets=tuple(self.targets), trust_elsewhere=False)
        return Planner(scratch, options).plan()

    def _check(self, scratch: Project) -> None:
        """See that the tree holds what the numbers are of: once, what is checked out stays so."""
        if self._has_checked:
            return
        plan = self._planned(scratch)
        results = {s.stage: s.result for s in plan.stages if s.result is not None}
        keys = {stage: result.key for stage, result in results.items()}
        outs = {o.path: o.content.md5 or "" for r in results.values() for o in r.outs}
        if len(results) < len(plan.stages) or content_of(keys, outs) != self.content:
            moved = next((s for s in plan.stages if s.result is None), None)
            why = f": {moved.reason}" if moved else ""
            commit = self.commit[:10] if self.commit else "this commit"
            raise TrainingFailedError(f"{commit} would not train the same here{why}")
        self._has_checked = True

    def _walk(
        self, scratch: Project, edited: tuple[str, ...], *, is_forced: bool
    ) -> tuple[Walked, Evidence]:
        plan = PlanOptions(
            targets=() if is_forced else tuple(self.targets),
            force=is_forced,
            force_reason="what chance does is measured",
            trust_elsewhere=False,
        )
        engine = EngineOptions(
            jobs=scratch.machine.cpus(), edited=edited, limits_memory=True, starts_afresh=True
        )
        made = self.watching.walk(scratch, plan, engine, _Quiet(self.watching))
        if made.walked.is_cancelled:
            raise StoppedError
        if made.walked.failures:
            stage, ended = next(iter(made.walked.failures.items()))
            said = redacted(plain(ended.said))
            why = ": ".join(text for text in (ended.detail, said) if text)
            raise TrainingFailedError(f"`{stage}` failed: {why}")
        reader = EvidenceReader(scratch, made.planner, made.plan, made.walked)
        try:
            evidence = reader.gather(duration_s=made.duration_s, dirty=edited, with_unmade=False)
        except BranchlineError as error:
            raise TrainingFailedError(error.message) from error
        return made.walked, evidence


@dataclass(slots=True)
class _Quiet:
    """`flows.walked.Watcher` of a training: only what runs is passed on."""

    watching: Watching

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        """Show nothing: why a stage failed is said with the training."""

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Time passed."""
        self.watching.tick(running)

    def say(self, text: str) -> None:
        """Show nothing: the run itself said it already."""


def record(project: Project, training: Training) -> None:
    """Keep a training in the records; the first of a place stays."""
    text = json.dumps(training_to_json(training), separators=(",", ":"))
    project.records.add_noise(training.place, text.encode())


def recorded(project: Project) -> tuple[Training, ...]:
    """The trainings of this model in the records; what cannot be read is left out."""
    model = project.policy.model
    return tuple(one for one in recorded_trainings(project.records) if one.model == model)


def own_training(project: Project, evidence: Evidence) -> Training:
    """The training that a run was, with the seed of its commit."""
    return training_of(
        evidence,
        model=project.policy.model,
        content=content_in(evidence),
        at=project.machine.now(),
        duration_s=round(sum(facts.duration_s for facts in evidence.stages), 3),
    )
