"""Station `plan`: what policies would have trained over a history, and what each would have cost.

Pure; `flows.replay` asks the plan of each push and fills these values in. A number that is not
known stays None: no duration and no price is made up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.trigger.filters import Started

ALWAYS, BRANCHLINE = "always", "branchline"


class Answer(Enum):
    """What Branchline does for one model at one push.

    Attributes:
        TRAIN: A stage runs, for its key has no result yet, or because somebody asked for it.
        UNKNOWN: A key cannot be known, so it trains.
        REUSE: Inputs changed, and results for exactly these exist already.
        SKIP: Nothing that matters to the model changed since the push before.
    """

    TRAIN = "train"
    UNKNOWN = "unknown"
    REUSE = "reuse"
    SKIP = "skip"

    @property
    def trains(self) -> bool:
        """Whether something runs."""
        return self in (Answer.TRAIN, Answer.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageAnswer:
    """One stage at one push.

    Attributes:
        stage: Its address.
        answer: What happens to it.
        reason: As `branchline plan` says it.
        key: None where it cannot be known.
        changed: Inputs that changed and count, by name.
        is_change: It runs for a key that has no result: something that counts did change.
    """

    stage: str
    answer: Answer
    reason: str
    key: str | None = None
    changed: tuple[str, ...] = ()
    is_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """One model at one push.

    Attributes:
        model: Its name.
        answer: The gravest of its stages'.
        reason: Of the first stage that decides it, or of the branch rule.
        stages: In the order of the plan; empty where the declarations cannot be used.
        notes: What was assumed.
    """

    model: str
    answer: Answer
    reason: str
    stages: tuple[StageAnswer, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether something that counts is known to have changed."""
        return any(stage.is_change for stage in self.stages)

    @property
    def changed(self) -> tuple[str, ...]:
        """Inputs that changed and count, by name, once each."""
        return tuple(dict.fromkeys(name for stage in self.stages for name in stage.changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAnswer:
    """One push.

    Attributes:
        commit: Full hash. short, subject, author: For people. pushed_at: UTC, ISO 8601.
        is_merge: Whether its tip is a merge.
        files: Paths that it changed.
        models: What Branchline does, one entry a model.
        started: Name of each other policy -> whether it trains.
    """

    commit: str
    short: str
    subject: str
    author: str
    pushed_at: str
    is_merge: bool
    files: tuple[str, ...]
    models: tuple[ModelAnswer, ...]
    started: Mapping[str, Started] = field(default_factory=dict)

    @property
    def trains(self) -> bool:
        """Whether Branchline trains a model."""
        return any(model.answer.trains for model in self.models)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a minute of a machine costs.

    Attributes:
        name: By which `--price` knows it. usd_per_minute: US dollars, before taxes.
        dated: Day on which it was read, ISO 8601; "" where the user gave it.
        source: Whose list.
        rounds_up: Whether each job is billed by whole minutes.
        free_minutes: Minutes of a month that cost nothing with the plainest account; None: none
            are told of.
    """

    name: str
    usd_per_minute: float
    dated: str = ""
    source: str = ""
    rounds_up: bool = False
    free_minutes: float | None = None

    def minutes(self, seconds: float) -> float:
        """Minutes that one job is billed for."""
        minutes = seconds / 60
        return math.ceil(minutes - 1e-9) if self.rounds_up else minutes

    def of(self, seconds: float) -> float:
        """US dollars of one job, free minutes not taken off."""
        return self.minutes(seconds) * self.usd_per_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How long trainings take.

    Attributes:
        minutes: Of one training of one model where the records do not tell, as the user said.
        stages: (model, address of a stage) -> recorded seconds.
    """

    minutes: float | None = None
    stages: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def of(self, model: ModelAnswer, *, everything: bool) -> float | None:
        """Seconds of one training; None when not known.

        Args:
            model: What is trained.
            everything: All stages run, as without Branchline; else those that its plan runs.
        """
        ran = [s.stage for s in model.stages if everything or s.answer.trains]
        if not model.stages:  # the declarations could not be read: a training as it is today
            ran = [stage for name, stage in self.stages if name == model.model]
        known = [self.stages.get((model.model, stage)) for stage in ran]
        if None not in known and known:
            return sum(seconds for seconds in known if seconds is not None)
        return None if self.minutes is None else self.minutes * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A push that a policy would not have trained although a model changed."""

    push: PushAnswer
    model: ModelAnswer
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What one policy comes to.

    Attributes:
        policy: Its name.
        pushes: Pushes that train a model.
        trainings: Trainings, one a model.
        seconds: Of all trainings; None when not known. usd: US dollars; None when not known.
        unknown: Of the trainings, those for keys that cannot be known.
        reused: Results that were there already, one a model and push.
        wasted: Trainings of inputs that had their result.
        missed: Changes of a model that would not have been trained.
    """

    policy: str
    pushes: int
    trainings: int
    seconds: float | None
    usd: float | None
    unknown: int = 0
    reused: int = 0
    wasted: int = 0
    missed: tuple[Missed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A history, replayed.

    Attributes:
        branch: Whose pushes. since, until: Days of the first and last; "" without pushes.
        pushes: Oldest first.
        policies: Names, in the order in which they are shown.
        durations, price: What minutes and money are counted with; price None when not known.
        concerns: Policy -> the models that it trains, where that is known; the others train all.
        notes: What was assumed, a sentence each.
    """

    branch: str
    pushes: tuple[PushAnswer, ...]
    policies: tuple[str, ...]
    durations: Durations = field(default_factory=Durations)
    price: Price | None = None
    concerns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def trains(self, policy: str, push: PushAnswer, model: ModelAnswer) -> bool:
        """Whether a policy trains a model at a push."""
        if policy == BRANCHLINE:
            return model.answer.trains
        if not self.is_about(policy, model.model):
            return False
        return policy == ALWAYS or push.started[policy].is_started

    def is_about(self, policy: str, model: str) -> bool:
        """Whether a policy would train a model at all."""
        return model in self.concerns.get(policy, (model,))

    @property
    def since(self) -> str:
        """Day of the first push; "" when there is none."""
        return self.pushes[0].pushed_at[:10] if self.pushes else ""

    @property
    def until(self) -> str:
        """Day of the last push; "" when there is none."""
        return self.pushes[-1].pushed_at[:10] if self.pushes else ""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of all models that it met."""
        return tuple(dict.fromkeys(m.model for push in self.pushes for m in push.models))

    def totals(self, policy: str, *, model: str = "") -> Totals:
        """What a policy comes to.

        Args:
            policy: One of `policies`, or `always`.
            model: Only of this model; "" counts all.
        """
        jobs = [
            (push, one)
            for push in self.pushes
            for one in push.models
            if (not model or one.model == model) and self.trains(policy, push, one)
        ]
        own = policy == BRANCHLINE
        seconds = [self.durations.of(one, everything=not own) for _, one in jobs]
        return Totals(
            policy=policy,
            pushes=len({push.commit for push, _ in jobs}),
            trainings=len(jobs),
            seconds=_total(seconds),
            usd=_money(seconds, self.price),
            unknown=sum(one.answer is Answer.UNKNOWN for _, one in jobs),
            reused=self._reused(model) if own else 0,
            wasted=sum(not one.answer.trains for _, one in jobs),
            missed=() if own else self._missed(policy, model),
        )

    def _reused(self, model: str) -> int:
        answers = (m for push in self.pushes for m in push.models if not model or m.model == model)
        return sum(answer.answer is Answer.REUSE for answer in answers)

    def _missed(self, policy: str, model: str) -> tuple[Missed, ...]:
        """Only what is known to have changed: a key that cannot be known accuses nobody."""
        if policy == ALWAYS:
            return ()
        return tuple(
            Missed(push=push, model=one, why_not=push.started[policy].reason)
            for push in self.pushes
            if not push.started[policy].is_started
            for one in push.models
            if one.is_change and (not model or one.model == model)
            if self.is_about(policy, one.model)
        )


def _total(seconds: Sequence[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return sum(known) if len(known) == len(seconds) else None


def _money(seconds: Sequence[float | None], price: Price | None) -> float | None:
    known = [value for value in seconds if value is not None]
    if price is None or len(known) != len(seconds):
        return None
    return sum(price.of(value) for value in known)
