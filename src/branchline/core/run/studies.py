"""Station `run`: which searches are the same, and what one may take from another. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from branchline.core.run.spaces import fits, without_unmet
from branchline.core.run.trials import Trial, TrialState, ranked
from branchline.core.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Goal
    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What makes a search the one that it is.

    Attributes:
        base: Digest of all that a trial depends on besides what is searched: code, data, the
            other parameters, and the files that the training was seen to read.
        objective: What is searched for, with goals and constraints, as text.
        space: Parameter -> values or a range, as written.
        sampler, seed: How points are chosen.
        replicates: How a trial is repeated, as text.
        pruner: By which rule trials are stopped early, as text; "" for none.
    """

    base: str
    objective: str
    space: Mapping[str, Any] = field(default_factory=dict)
    sampler: str = "tpe"
    seed: int = 1
    replicates: str = ""
    pruner: str = ""

    @property
    def identity(self) -> str:
        """The same for the same search, wherever it runs; how many trials it makes is no part."""
        return digest_of(
            [
                self.base,
                self.objective,
                [[name, written] for name, written in self.space.items()],
                self.sampler,
                self.seed,
                self.replicates,
                self.pruner,
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTrial:
    """A trial as it is kept.

    Attributes:
        trial: The trial. A number below 0: no trial, but one training that confirmed a finalist
            or what is set, kept for what it cost.
        token: What its sampler needs to go on after it, the sampler's own; of a confirmation
            which one it is (`confirming`).
        read: Files that it was seen to read, undeclared, and that are no part of the search's own
            `base` -> digest. Where one holds something else, the trial counts no longer.
    """

    trial: Trial
    token: str = ""
    read: Mapping[str, str] = field(default_factory=dict)


def confirming(params: Mapping[str, JsonValue], seed: int | None) -> str:
    """Which training confirms these values: the same text for the same one."""
    return digest_of([dict(sorted(params.items())), seed])


def kept_to_json(kept: KeptTrial) -> dict[str, JsonValue]:
    """A kept trial as JSON."""
    return {**trial_to_json(kept.trial), "token": kept.token, "read": dict(kept.read)}


def kept_from_json(value: Mapping[str, Any]) -> KeptTrial:
    """A kept trial of its JSON.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    return KeptTrial(
        trial=trial_from_json(value),
        token=str(value.get("token", "")),
        read={str(path): str(digest) for path, digest in value.get("read", {}).items()},
    )


def trial_to_json(trial: Trial) -> dict[str, JsonValue]:
    """A trial as JSON; a number that is none (NaN) is text."""
    return {
        "number": trial.number,
        "params": dict(trial.params),
        "state": trial.state.value,
        "value": None if trial.value is None else _plain(trial.value),
        "values": [_plain(value) for value in trial.values],
        "objectives": [_plain(value) for value in trial.objectives],
        "steps": [[step, _plain(value)] for step, value in trial.steps],
        "metrics": {name: _plain(value) for name, value in trial.metrics.items()},
        "detail": trial.detail,
        "duration_s": trial.duration_s,
    }


def trial_from_json(value: Mapping[str, Any]) -> Trial:
    """A trial of its JSON.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    return Trial(
        number=int(value["number"]),
        params=dict(value["params"]),
        state=TrialState(value["state"]),
        value=None if value["value"] is None else float(value["value"]),
        values=tuple(float(item) for item in value.get("values", ())),
        objectives=tuple(float(item) for item in value.get("objectives", ())),
        steps=tuple((int(step), float(item)) for step, item in value.get("steps", ())),
        metrics={str(k): _number(v) for k, v in value["metrics"].items()},
        detail=str(value["detail"]),
        duration_s=float(value["duration_s"]),
    )


def _plain(value: float) -> JsonValue:
    """A number as JSON has it; NaN and the infinities as text."""
    return value if value - value == 0 else str(value)


def _number(value: Any) -> float | int:
    return float(value) if isinstance(value, str) else value


_WHOLE = (TrialState.SUCCEEDED, TrialState.REFUSED)
"""What another rule would not have stopped earlier, or later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What a new search takes from those of before.

    Attributes:
        known: Trials whose values count: the same code, data and objective made them.
        candidates: Points worth trying first; what they gave then is not known now.
        note: Says so; "" when there is nothing.
    """

    known: tuple[Trial, ...] = ()
    candidates: tuple[Mapping[str, JsonValue], ...] = ()
    note: str = ""


def inherited(
    study: Study,
    past: Sequence[tuple[Study, Sequence[Trial]]],
    *,
    current: Mapping[str, JsonValue],
    goal: Goal,
    most: int = 5,
) -> Inherited:
    """What still fits of earlier searches.

    Values are taken only where nothing but the space, the sampler or the seed differs. Of a search
    of other code or data the best points are tried again: copied values would mislead.

    Args:
        study: The new search.
        past: Others for the same objective, the last first.
        current: Values that are set now; they stand in for parameters that a candidate lacks.
        goal: Which way is better.
        most: Candidates at most.
    """
    others = [(other, trials) for other, trials in past if other.identity != study.identity]
    same = [
        trial
        for other, trials in others
        if other.base == study.base and other.replicates == study.replicates
        for trial in trials
        if trial.state in _WHOLE and fits(study.space, trial.params)
    ]
    known = {digest_of(dict(sorted(t.params.items()))): t for t in reversed(same)}
    for other, trials in others:
        if other.base == study.base or known:
            continue
        best = [trial for trial in ranked(trials, goal) if trial.has_value][:most]
        points = [_completed(study.space, trial.params, current) for trial in best]
        fitting = [point for point in points if fits(study.space, point)]
        if fitting:
            points_are = f"{len(fitting)} points" if len(fitting) > 1 else "1 point"
            is_tried = "are" if len(fitting) > 1 else "is"
            note = f"{points_are} of an earlier search {is_tried} tried first"
            dropped = len(points) - len(fitting)
            note += f"; {dropped} are outside the space now" if dropped else ""
            return Inherited(candidates=tuple(fitting), note=note)
    count = len(known)
    words = f"{count} trials of an earlier search with the same code and data count"
    if count == 1:
        words = "1 trial of an earlier search with the same code and data counts"
    note = words if count else ""
    return Inherited(known=tuple(known.values()), note=note)


def _completed(
    space: Mapping[str, Any], params: Mapping[str, JsonValue], current: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """A point of another space as one of this: parameters that it lacks are as they are set."""
    return without_unmet(space, {name: params.get(name, current.get(name)) for name in space})
