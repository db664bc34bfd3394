"""The best of a search, trained again with fresh seeds beside what is set. Serves `trials`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.policy import Goal
from branchline.core.run.confirming import Confirmed, confirm
from branchline.core.run.stopping import trainings_left
from branchline.core.run.studies import KeptTrial, confirming
from branchline.core.run.trials import Trial, ranked
from branchline.flows.replicates import fresh_seeds
from branchline.ports.trials import TrialAsk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.values import JsonValue
    from branchline.flows.search import Search
    from branchline.ports.trials import TrialRunner

_NOW = 0


@dataclass(slots=True)
class Finalists:
    """The last round of a search.

    Args:
        asked: The search.
        current: Values that are set.
        label: Of what it makes.
        runner: Makes trials.
        say: Told what happens.
        is_stopped: Asked before each training; True ends it.
        spent_s: Wall time of all trainings that the search made. expected_s: Of one more.
        before: Trainings of an earlier such round, which cost nothing again.
        keep: Keeps each training, for what it cost.
    """

    asked: Search
    current: Mapping[str, JsonValue]
    label: str
    runner: TrialRunner
    say: Callable[[str], None]
    is_stopped: Callable[[], bool]
    spent_s: float = 0.0
    expected_s: float = 0.0
    before: Sequence[KeptTrial] = ()
    keep: Callable[[KeptTrial], object] = lambda _kept: None
    is_cut: bool = False
    """Whether it was ended before all were trained."""
    _values: dict[int, dict[int, float]] = field(default_factory=dict)
    _paid: set[str] = field(init=False)
    _last: int = field(init=False)

    def __post_init__(self) -> None:
        self._paid = {kept.token for kept in self.before}
        self._last = min((kept.trial.number for kept in self.before), default=0)

    def confirm(self, trials: Sequence[Trial]) -> Confirmed | None:
        """Train the best again.

        Returns:
            What came of it; None where there is nothing to compare: no trial is better than what is
            set, what is set leaves no number, there are several objectives, or no seed is named.
        """
        now = next((t for t in trials if t.params == self.current and t.has_value), None)
        finalists = [] if self.asked.more or now is None else self._better(trials, now)
        seeds = fresh_seeds(self.asked)
        if not finalists or not seeds:
            return None
        if not self.asked.seeds.name:
            self.say(
                "not confirmed: no seed is named (tune.replicates.seed), so that a gain cannot be"
                " told from luck"
            )
            return None
        best, finalists = len(finalists), self._payable(finalists, seeds)
        if not finalists:
            return _unknown("the budget has no room to train the best again", len(seeds))
        if len(finalists) < best:
            self.say(
                f"the budget (tune.budget.cost {self.asked.budget.cost:g}) has room to train"
                f" {len(finalists)} of the best {best} again"
            )
        count = f"{len(seeds)} fresh seeds" if len(seeds) > 1 else "a fresh seed"
        self.say(f"the best {len(finalists)} and what is set are trained again with {count}")
        points = {_NOW: self.current, **{trial.number: trial.params for trial in finalists}}
        if not self._train(points, seeds):
            self.is_cut = True
            return _unknown("it ended before all finalists were trained again", len(seeds))
        return self._compared(seeds)

    def _better(self, trials: Sequence[Trial], now: Trial) -> list[Trial]:
        """The best, of those that are better than what is set."""
        sign = 1.0 if self.asked.goal is Goal.MAXIMIZE else -1.0
        best = [t for t in ranked(trials, self.asked.goal) if t.has_value and t is not now]
        better = [t for t in best if sign * ((t.value or 0.0) - (now.value or 0.0)) > 0]
        return better[: self.asked.seeds.top]

    def _payable(self, finalists: list[Trial], seeds: Sequence[int]) -> list[Trial]:
        """So many of the best as the money reaches for, beside what is set."""
        left = trainings_left(self.asked.budget, self.spent_s, self.expected_s)
        for count in range(len(finalists), 0, -1):
            points = [self.current, *(trial.params for trial in finalists[:count])]
            new = sum(confirming(p, s) not in self._paid for p in points for s in seeds)
            if new <= left:
                return finalists[:count]
        return []

    def _train(self, points: Mapping[int, Mapping[str, JsonValue]], seeds: Sequence[int]) -> bool:
        """Train each point with each seed; False when it was stopped."""
        waiting = [(number, place) for place in range(len(seeds)) for number in points]
        running = 0
        is_whole = True
        while waiting or running:
            while waiting and running < self.runner.slots and is_whole:
                number, place = waiting.pop(0)
                if self.is_stopped():
                    is_whole = False
                    break
                self.runner.start(self._ask(number, points[number], place, seeds))
                running += 1
            if not running:
                break
            for done in self.runner.wait():
                running -= 1
                is_whole = is_whole and done.trial is not None
                if done.trial is not None:
                    self._note(done.ask, done.trial)
        return is_whole

    def _ask(
        self, number: int, point: Mapping[str, JsonValue], place: int, seeds: Sequence[int]
    ) -> TrialAsk:
        what = "what is set" if number == _NOW else f"trial {number}"
        return TrialAsk(
            number=number,
            title=f"{what}, seed {place + 1} of {len(seeds)}",
            label=f"{self.label}-again-{number}-{place}",
            point=point,
            seeds=(seeds[place],),
        )

    def _note(self, ask: TrialAsk, trial: Trial) -> None:
        shown = f"{self.asked.metric} {trial.value:.6g}" if trial.has_value else "no number"
        self.say(f"{ask.title}: {trial.detail or shown}")
        token = confirming(ask.point, ask.seeds[0])
        if token not in self._paid:
            self._paid.add(token)
            self._last -= 1
            self.keep(KeptTrial(trial=replace(trial, number=self._last), token=token))
        values = self._values.setdefault(ask.number, {})
        if trial.has_value and trial.value is not None:
            values[ask.seeds[0] or 0] = trial.value

    def _compared(self, seeds: Sequence[int]) -> Confirmed:
        whole = {
            number: [values[seed] for seed in seeds]
            for number, values in self._values.items()
            if len(values) == len(seeds)
        }
        current = whole.pop(_NOW, None)
        if current is None:
            return _unknown("what is set left no number with a fresh seed", len(seeds))
        if not whole:
            return _unknown("no finalist left a number with each fresh seed", len(seeds))
        said = confirm(current, whole, self.asked.goal)
        self.say(said.sentence)
        return said


def _unknown(why: str, seeds: int) -> Confirmed:
    return Confirmed(
        winner=None,
        gain=0.0,
        margin=float("inf"),
        seeds=seeds,
        sentence=f"keep the current parameters: {why}",
    )
