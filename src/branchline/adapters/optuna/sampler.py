"""Adapter `optuna`: Optuna's samplers, asked and told in memory.

The truth about trials is kept elsewhere (port `studies`). Here a study is put together anew from
what was kept, in the order of the trials' numbers. Each trial is drawn from a seed of its own, made
of the search's seed and the trial's number: after a restart the next point is the one that an
undisturbed search would have tried. Nothing that Optuna pickles is kept: the state of CMA-ES is
made again by asking for the same trials again.

TPE looks at every trial for each that it proposes: 2 ms at 100 trials, 12 at 1,000, 50 at 5,000. So
of a long search it is shown the best and a fair part of the others, which is all that it models.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from branchline.core.policy import Goal
from branchline.core.run.studies import KeptTrial
from branchline.core.run.trials import Trial, TrialState, ranked
from branchline.errors import MissingExtraError
from branchline.ports.sampler import Proposal, Sampler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import optuna

    from branchline.adapters.optuna.space import Axis
    from branchline.core.values import JsonValue

_MOST_SHOWN = 400
"""Of the trials, to a sampler that looks at all of them; from here on a choice is shown."""
_CHOSEN = 200
_CHOSEN_BEST = 50
_OWN_ATTEMPTS = 5
"""So often a sampler may propose what was tried before; then chance proposes something else."""
_MOST_ASKED_AGAIN = 200
"""So many proposals in a row that were tried before: the sampler has no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptunaSettings:
    """How a search chooses.

    Attributes:
        sampler: tpe, gp, cmaes or nsgaii.
        seed: Of the search.
        goals: Of each objective.
        candidates: Points that are tried first, in this order.
        constraint: Metric -> (least, most) that a trial must keep; None where there is no bound.
    """

    sampler: str
    seed: int
    goals: tuple[Goal, ...]
    candidates: Sequence[Mapping[str, JsonValue]] = ()
    constraint: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


class OptunaSampler(Sampler):
    """A sampler that learns from the trials that it is told.

    Args:
        axes: The parameters, in the order of the space.
        settings: How it chooses.
        note: What is said of the choice.

    Raises:
        MissingExtraError: Optuna, or what the sampler needs of it, is not installed.
    """

    def __init__(self, axes: Sequence[Axis], settings: OptunaSettings, *, note: str = "") -> None:
        self.note = note
        self.most: int | None = None
        self._axes = tuple(axes)
        self._settings = settings
        self._optuna = _imported(settings.sampler)
        self._distributions = {axis.name: axis.distribution() for axis in self._axes}
        self._seen: set[str] = set()
        self._open: dict[int, tuple[optuna.Study, optuna.Trial]] = {}
        self._told: list[KeptTrial] = []
        self._study = self._new_study()

    def _new_study(self) -> optuna.Study:
        directions = [
            "maximize" if goal is Goal.MAXIMIZE else "minimize" for goal in self._settings.goals
        ]
        sampler = self._optuna.samplers.RandomSampler(seed=0)
        study: optuna.Study = self._optuna.create_study(sampler=sampler, directions=directions)
        return study

    def remember(self, kept: Sequence[KeptTrial]) -> None:
        """See the port."""
        for one in kept:
            self._seen.add(_identity(one.trial.params))
            self._told.append(one)
        shown, rest = list(kept), []
        if self._shows_a_choice and len(kept) >= _MOST_SHOWN:
            last = len(kept) - (len(kept) - _MOST_SHOWN) % _CHOSEN
            shown, rest = self._chosen(kept[:last]), list(kept[last:])
        for one in [*shown, *rest]:
            if self._settings.sampler == "cmaes" and one.token:
                self._replay(one)
            else:
                self._add(one.trial, json.loads(one.token) if one.token else {})

    def ask(self, number: int) -> Proposal | None:
        """See the port."""
        for candidate in self._settings.candidates:
            drawn = self._drawn(candidate)
            if drawn is not None and _identity(candidate) not in self._seen:
                self._seen.add(_identity(candidate))
                self._study.enqueue_trial(drawn)
                return self._propose(number)
        for attempt in range(_MOST_ASKED_AGAIN):
            proposal = self._propose(number, attempt)
            if _identity(proposal.point) not in self._seen:
                self._seen.add(_identity(proposal.point))
                return proposal
            self._study.tell(self._open.pop(number)[1], state=self._optuna.trial.TrialState.FAIL)
        return None

    def tell(self, proposal: Proposal, trial: Trial) -> None:
        """See the port."""
        study, asked = self._open.pop(proposal.number)
        kept = KeptTrial(trial=trial, token=proposal.token)
        self._told.append(kept)
        if study is self._study:
            self._tell(asked, trial)
        else:  # it was asked for before the choice was made
            self._add(trial, json.loads(kept.token))
        count = len(self._told)
        if self._shows_a_choice and count >= _MOST_SHOWN and not (count - _MOST_SHOWN) % _CHOSEN:
            self._study = self._new_study()
            for one in self._chosen(self._told):
                self._add(one.trial, json.loads(one.token) if one.token else {})

    @property
    def _shows_a_choice(self) -> bool:
        return self._settings.sampler in ("tpe", "gp") and len(self._settings.goals) == 1

    def _chosen(self, kept: Sequence[KeptTrial]) -> list[KeptTrial]:
        """The best, and of the others those that chance would take; in their order."""
        best = ranked([one.trial for one in kept], self._settings.goals[0])[:_CHOSEN_BEST]
        numbers = {id(trial) for trial in best}
        others = [one for one in kept if id(one.trial) not in numbers]
        others.sort(key=lambda one: _seed(self._settings.seed, one.trial.number, -1))
        numbers |= {id(one.trial) for one in others[: _CHOSEN - len(best)]}
        return [one for one in kept if id(one.trial) in numbers]

    def _tell(self, asked: optuna.Trial, trial: Trial) -> None:
        states = self._optuna.trial.TrialState
        for step, value in self._steps(trial):
            asked.report(value, step)
        values = self._values(trial)
        for name, excess in self._excess(trial).items():
            asked.set_constraint(name, excess)
        if self._is_pruned(trial):
            self._study.tell(asked, state=states.PRUNED)
        elif values is None:
            self._study.tell(asked, state=states.FAIL)
        else:
            self._study.tell(asked, values)

    def _propose(self, number: int, attempt: int = 0) -> Proposal:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._study.sampler = self._sampler(number, attempt)
            trial = self._study.ask()
            point: dict[str, JsonValue] = {}
            for axis in self._axes:
                if axis.is_met(point):
                    point[axis.name] = axis.value(axis.suggested(trial))
        self._open[number] = (self._study, trial)
        return Proposal(number=number, point=point, token=self._token(trial))

    def _token(self, trial: optuna.Trial) -> str:
        """What a later process needs: the numbers as drawn, and the sampler's marks."""
        attrs = self._study.get_trials(deepcopy=False)[trial.number].system_attrs
        plain = {
            name: value
            for name, value in attrs.items()
            if isinstance(value, int | float) and not name.startswith("cma:optimizer")
        }
        return json.dumps({"drawn": trial.params, "marks": plain}, separators=(",", ":"))

    def _replay(self, kept: KeptTrial) -> None:
        """Ask for a trial of before again, so that the sampler's own state is what it was."""
        number = kept.trial.number
        proposal = self._propose(number)
        _, asked = self._open.pop(number)
        if _identity(proposal.point) == _identity(kept.trial.params):
            self._tell(asked, kept.trial)
            return
        states = self._optuna.trial.TrialState
        self._study.tell(asked, state=states.FAIL)
        self._add(kept.trial, json.loads(kept.token))

    def _add(self, trial: Trial, token: Mapping[str, Any]) -> None:
        """Put a trial into the study that was not asked for here."""
        drawn = token.get("drawn") or self._drawn(trial.params)
        values = self._values(trial)
        is_pruned = self._is_pruned(trial)
        if drawn is None or (values is None and not is_pruned):
            return
        states = self._optuna.trial.TrialState
        self._study.add_trial(
            self._optuna.trial.create_trial(
                state=states.PRUNED if is_pruned else states.COMPLETE,
                values=None if is_pruned and values is None else values,
                intermediate_values=dict(self._steps(trial)),
                params=drawn,
                distributions={name: self._distributions[name] for name in drawn},
                system_attrs=dict(token.get("marks") or {}),
                constraints=self._excess(trial) or None,
            )
        )

    def _drawn(self, params: Mapping[str, JsonValue]) -> dict[str, float | int] | None:
        """The numbers that stand for a point; None when the space does not have it."""
        axes = {axis.name: axis for axis in self._axes}
        if not set(params) <= set(axes):
            return None
        found = {name: axes[name].drawn(value) for name, value in params.items()}
        whole = {name: number for name, number in found.items() if number is not None}
        expected = {name for name, axis in axes.items() if axis.is_met(params)}
        return whole if set(whole) == expected == set(params) else None

    def _steps(self, trial: Trial) -> Sequence[tuple[int, float]]:
        """What is told of the steps of a trial; of several objectives Optuna takes none."""
        return trial.steps if len(self._settings.goals) == 1 else ()

    def _is_pruned(self, trial: Trial) -> bool:
        return trial.state is TrialState.PRUNED and bool(self._steps(trial))

    def _values(self, trial: Trial) -> list[float] | None:
        """Of the objectives; None when one is missing or no number."""
        if trial.state is TrialState.PRUNED:
            last = trial.value  # what it was stopped by may be another metric
            return None if last is None or last != last else [last]
        if trial.state is TrialState.FAILED or trial.value is None:
            return None
        values = list(trial.objectives) or [trial.value]
        is_fine = all(value == value for value in values)
        return values if is_fine and len(values) == len(self._settings.goals) else None

    def _excess(self, trial: Trial) -> dict[str, float]:
        """How far a trial breaks each constraint; Optuna counts what is above 0."""
        found: dict[str, float] = {}
        for name, (low, high) in self._settings.constraint.items():
            value = trial.metrics.get(name)
            if value is None or value != value:
                continue
            below = 0.0 if low is None else low - value
            above = 0.0 if high is None else value - high
            found[name] = max(0.0, below, above)
        return found

    def _sampler(self, number: int, attempt: int) -> Any:
        """A sampler for one trial; what it learned stands in the study."""
        samplers, kind = self._optuna.samplers, self._settings.sampler
        seed = _seed(self._settings.seed, number, attempt)
        if attempt >= _OWN_ATTEMPTS:
            return samplers.RandomSampler(seed=seed)
        if kind == "gp":
            return samplers.GPSampler(seed=seed)
        if kind == "cmaes":
            return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
        if kind == "nsgaii":
            return _nsgaii(samplers.NSGAIISampler)(seed=seed, population_size=_POPULATION)
        is_conditional = any(axis.when for axis in self._axes)
        return samplers.TPESampler(
            seed=seed,
            multivariate=True,
            group=is_conditional,
            constant_liar=True,
            warn_independent_sampling=False,
        )


_POPULATION = 20
"""Of NSGA-II; Optuna's 50 would draw all of a usual search at random."""


def _nsgaii(base: Any) -> Any:
    """NSGA-II whose parents are in the order of their numbers.

    Optuna has them by rank for the first child of a generation and by number for the others, so
    that a search that goes on in the middle of a generation would have other children.
    """

    class InOrder(base):  # type: ignore[misc] # Optuna is imported late
        def select_parent(self, study: Any, generation: int) -> Any:
            return sorted(super().select_parent(study, generation), key=lambda one: one.number)

    return InOrder


def _seed(seed: int, number: int, attempt: int) -> int:
    digest = hashlib.sha256(f"{seed}:{number}:{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def _identity(point: Mapping[str, JsonValue]) -> str:
    return json.dumps(point, sort_keys=True)


def _imported(sampler: str) -> Any:
    """Optuna, quiet.

    Raises:
        MissingExtraError: Something is not installed; says what to type.
    """
    try:
        import optuna

        if sampler == "cmaes":
            import cmaes  # noqa: F401 # Optuna imports it in the middle of a search
        if sampler == "gp":
            import torch  # noqa: F401 # as above
    except ImportError as error:
        what = error.name or "optuna"
        raise MissingExtraError(
            f"tune.sampler is {sampler}, which needs {what}, and it is not installed",
            todo="Type: pip install torch scipy."
            if what == "torch"
            else "Type: pip install 'branchline[tune]'; or search with sampler: random.",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
