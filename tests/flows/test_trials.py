"""The loop of a search, with every port a fake: what is asked, kept, known and when it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.core.policy import Goal
from branchline.core.run.pruning import Pruner, PrunerSettings
from branchline.core.run.stopping import Budget
from branchline.core.run.trials import Trial, TrialState
from branchline.errors import MissingExtraError, UsageError
from branchline.flows.search import Search, Seeds
from branchline.flows.stop_rules import StopRules
from branchline.flows.trials import Ending, Trials
from branchline.flows.tuned_params import TunedParams
from branchline.testing.sampler import FakeSampler
from branchline.testing.studies import FakeStudies, Shelf
from branchline.testing.trials import FakeTrials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.run.studies import Inherited
    from branchline.ports.trials import TrialAsk

    MakeBench = Callable[[Mapping[str, str]], Bench]

FILES = {
    "dvc.yaml": "stages:\n  train: {cmd: make m, params: [x, seed], metrics: [m.json]}\n",
    "params.yaml": "x: 100\nseed: 1\n",
}
ASKED = Search(metric="auc", space={"x": {"int": [0, 99]}}, sampler="random", trials=12)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Lab:
    """One search after another, in one clone."""

    bench: Bench
    runner: FakeTrials
    asked: Search = ASKED
    shelf: Shelf = field(default_factory=Shelf)
    said: list[str] = field(default_factory=list)
    samplers: list[FakeSampler] = field(default_factory=list)
    is_stopped: bool = False

    def trials(self, asked: Search | None = None) -> Trials:
        """A search that begins."""
        asked = asked or self.asked
        project = self.bench.project()
        names = [*asked.space, *([asked.seeds.name] if asked.seeds.name else [])]
        self.studies = FakeStudies(self.shelf)
        return Trials(
            project=project,
            asked=asked,
            params=TunedParams(project, asked, names),
            label="tune",
            runner=self.runner,
            studies=self.studies,
            sampler_of=self.sampler_of,
            say=self.said.append,
            is_stopped=lambda: self.is_stopped,
        )

    def sampler_of(self, asked: Search, taken: Inherited) -> FakeSampler:
        """Points in the order of their numbers."""
        self.samplers.append(FakeSampler([{"x": n} for n in range(asked.trials)]))
        return self.samplers[-1]

    def run(self, asked: Search | None = None) -> list[Trial]:
        """Search in a process that ends well."""
        made = self.trials(asked)
        found = made.run()
        self.studies.close()
        self.ending, self.confirmed = made.ending, made.confirmed
        return found

    def asked_for(self) -> list[int]:
        """Numbers of the trials that the runner was given."""
        return [ask.number for ask in self.runner.asks]


@pytest.fixture
def lab(make_bench: MakeBench) -> Lab:
    """A search whose objective is its point."""
    return Lab(make_bench(FILES), FakeTrials(value))


def value(point: Mapping[str, Any]) -> float:
    """The objective: 0.0 to 1.0, the best at 50."""
    return float(1 - abs(point["x"] - 50) / 50)


def test_each_number_is_made_once_and_told(lab: Lab) -> None:
    found = lab.run()

    assert [trial.number for trial in found] == list(range(13))
    assert lab.asked_for() == list(range(13))
    assert [trial.number for trial in lab.samplers[-1].told] == list(range(1, 13))
    assert lab.ending is Ending.DONE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(kills=st.lists(st.integers(1, 9), max_size=5), slots=st.integers(1, 4))
def test_killed_anywhere_nothing_is_lost_or_made_twice(
    make_bench: MakeBench, kills: list[int], slots: int
) -> None:
    shelf, ended = Shelf(), []
    for after in [*kills, 10**9]:
        runner = FakeTrials(value, slots=slots)
        lab = Lab(make_bench(FILES), runner, shelf=shelf)
        shelf.holders.clear()  # what a killed process held is free

        def die(ask: TrialAsk, after: int = after, runner: FakeTrials = runner) -> None:
            if len(runner.asks) > after:
                raise Killed
            ended.append(ask.number)

        runner.before = die
        try:
            found = lab.run()
        except Killed:
            continue

    assert [trial.number for trial in found] == list(range(13))
    assert sorted(number for number in ended if number) == list(range(1, 13))


def test_a_file_that_some_trials_read_makes_these_again(lab: Lab) -> None:
    def read(point: Mapping[str, Any]) -> dict[str, str]:
        digest = lab.bench.planner().inputs.reader.digest("sgd.txt")
        return {"sgd.txt": str(digest)} if point["x"] % 3 == 0 else {}

    lab.bench.write("sgd.txt", "1")
    lab.runner = FakeTrials(value, read_of=read)
    lab.run()
    lab.runner.asks.clear()
    lab.run()
    assert lab.asked_for() == [0], "nothing has changed"

    lab.runner.asks.clear()
    lab.bench.write("sgd.txt", "2")
    lab.run()

    assert lab.asked_for() == [0, 1, 4, 7, 10]
    assert "4 trials are made again: files that they read have changed" in lab.said


def test_two_of_one_search_are_one_after_the_other(lab: Lab) -> None:
    first = lab.trials()
    study = lab.studies
    first.run()
    lab.runner.asks.clear()
    looks = iter(range(3))

    def close() -> bool:
        if next(looks, None) is None:
            study.close()
        return False

    second = lab.trials()
    second.is_stopped = close
    found = second.run()

    assert lab.said.count("another process makes trials of the same search; waiting for its end")
    assert lab.asked_for() == [0]
    assert len(found) == 13


def test_stopped_while_another_works_it_ends(lab: Lab) -> None:
    lab.trials().run()
    second = lab.trials()
    looks = iter(range(2))
    second.is_stopped = lambda: next(looks, None) is None

    found = second.run()

    assert second.ending is Ending.STOPPED
    assert [trial.number for trial in found] == [0]


def test_what_cannot_be_searched_is_said_before_anything_is_trained(lab: Lab) -> None:
    def refuse(asked: Search, taken: Inherited) -> FakeSampler:
        raise MissingExtraError("tune.sampler is gp, which needs torch")

    lab.sampler_of = refuse  # type: ignore[method-assign] # of this test

    with pytest.raises(MissingExtraError):
        lab.run()
    assert lab.asked_for() == []


def test_a_choice_that_cannot_be_there_is_refused_before_anything_is_trained(lab: Lab) -> None:
    with pytest.raises(UsageError, match="trial 13 is not there, the search has at most 12"):
        lab.run(replace(ASKED, choose=13))
    assert lab.asked_for() == []

    lab.run(replace(ASKED, choose=12))
    lab.runner.asks.clear()
    with pytest.raises(UsageError, match="trial 15 is not there, the search has at most 14"):
        lab.run(replace(ASKED, choose=15, further=2))
    assert lab.asked_for() == []

    lab.run(replace(ASKED, choose=12, trials=3))
    assert lab.asked_for() == [0], "more are kept than are asked for now"


def test_a_choice_that_left_no_number_is_refused_before_more_are_made(lab: Lab) -> None:
    lab.runner.value_of = lambda point: None if point["x"] == 1 else value(point)
    lab.run(replace(ASKED, trials=4))
    lab.runner.asks.clear()
    lab.studies.close()

    with pytest.raises(UsageError, match="trial 2 left no number: it failed"):
        lab.run(replace(ASKED, choose=2))

    assert lab.asked_for() == [0]


@pytest.mark.parametrize("slots", [pytest.param(1, id="alone"), pytest.param(4, id="four")])
def test_no_more_is_spent_than_there_is(lab: Lab, slots: int) -> None:
    lab.runner.slots, lab.runner.duration_s = slots, 360.0
    asked = replace(ASKED, budget=Budget(cost=0.75, per_hour=1.0))

    lab.run(asked)
    lab.run(asked)

    assert len([number for number in lab.asked_for() if number]) == 6
    assert lab.ending is Ending.SPENT


def test_what_confirms_the_best_is_paid_from_the_same_money(lab: Lab) -> None:
    lab.runner.duration_s = 360.0  # 0.1 of money
    asked = replace(
        ASKED,
        trials=3,
        seeds=Seeds(name="seed", runs=1, top=1, fresh=2),
        budget=Budget(cost=1.0, per_hour=1.0, reserve=4),
    )

    lab.run(asked)
    assert len(lab.asked_for()) == 1 + 3 + 4, "0.8 of 1.0"

    lab.run(replace(asked, seed=2, budget=Budget()))
    remembered = [kept.trial.number for kept in lab.samplers[-1].remembered]
    assert sorted(remembered) == [1, 2, 3], "what confirms is no trial"

    lab.runner.asks.clear()
    lab.run(replace(asked, further=5))
    assert [n for n in lab.asked_for() if n > 3] == [], "what is set was trained again: 0.9"
    spent = "the budget is spent: 0.90 of 1, one more trial costs about 0.10"
    assert any(line.startswith(spent) for line in lab.said)


def test_a_confirmation_keeps_to_the_money(lab: Lab) -> None:
    lab.runner.duration_s = 360.0
    lab.runner.value_of = lambda point: -1.0 if point["x"] == 100 else value(point)
    seeds = Seeds(name="seed", runs=1, top=3, fresh=2)
    asked = replace(ASKED, trials=3, seeds=seeds, budget=Budget(cost=1.0, per_hour=1.0, reserve=8))

    lab.run(asked)
    assert len(lab.asked_for()) == 1 + 3 + 6
    assert "the budget (tune.budget.cost 1) has room to train 2 of the best 3 again" in lab.said
    assert lab.confirmed is not None
    first = lab.confirmed

    lab.runner.duration_s = 0.0
    lab.run(asked)
    assert lab.confirmed == first, "what is paid for once costs nothing again"

    lab.shelf.trials.clear()
    lab.runner.duration_s = 360.0
    lab.run(replace(asked, budget=replace(asked.budget, cost=0.55)))
    assert lab.confirmed.winner is None
    assert "the budget has no room to train the best again" in lab.confirmed.sentence


def test_a_deadline_in_the_last_round_leaves_it_unfinished(lab: Lab) -> None:
    seeds = Seeds(name="seed", runs=1, top=2, fresh=2)
    asked = replace(ASKED, trials=3, seeds=seeds, budget=Budget(deadline_s=60.0))

    def tick(_ask: TrialAsk) -> None:
        lab.bench.executor.now_s += 10.0

    lab.runner.before, lab.runner.duration_s = tick, 10.0
    lab.runner.value_of = lambda point: value(point) - 9

    lab.run(asked)

    assert lab.ending is Ending.DEADLINE
    assert len(lab.asked_for()) == 6, "none begins that would not end in time"
    assert lab.bench.executor.now_s <= 60.0


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([None] * 13, id="all-fail"),
        pytest.param([float("nan")] * 13, id="no-numbers"),
    ],
)
def test_where_nothing_has_a_value_there_is_no_best(lab: Lab, values: list[float | None]) -> None:
    left = iter(values)
    lab.runner.value_of = lambda _point: next(left)

    found = lab.trials().run()

    assert not any(trial.has_value for trial in found)


def test_of_equals_what_is_set_comes_first(lab: Lab) -> None:
    lab.runner.value_of = lambda _point: 0.5
    trials = lab.trials()

    best = trials.ranked(trials.run())

    assert (best[0].number, best[1].number) == (0, 1)


@pytest.mark.parametrize("goal", [pytest.param(g, id=g.value) for g in Goal])
def test_ends_after_a_plateau(lab: Lab, goal: Goal) -> None:
    lab.runner.value_of = lambda _point: 0.5
    asked = replace(ASKED, goal=goal, budget=Budget(plateau=4))

    assert len(lab.run(asked)) == 5
    assert lab.ending is Ending.SETTLED


def test_what_is_set_and_a_point_of_the_space_is_trained_once(lab: Lab) -> None:
    lab.bench.write("params.yaml", "x: 3\nseed: 1\n")

    found = lab.run()

    assert lab.asked_for() == [0, 1, 2, 3, *range(5, 13)]
    assert [trial.number for trial in found] == list(range(1, 13))
    assert found[3].duration_s == 0.0, "it took no time"


def test_trials_of_an_earlier_search_are_no_rivals_by_their_numbers(lab: Lab) -> None:
    class Reports(FakeTrials):
        def wait(self) -> Any:
            return [
                replace(done, trial=done.trial and replace(done.trial, steps=((1, 0.5),)))
                for done in super().wait()
            ]

    lab.runner = Reports(value)
    lab.run()
    rule = StopRules(pruner=PrunerSettings(kind=Pruner.MEDIAN), metric="auc")
    lab.sampler_of = lambda asked, _taken: FakeSampler([{"x": 20 + n} for n in range(12)])  # type: ignore[assignment,method-assign] # of this test

    lab.run(replace(ASKED, stop=rule))

    ask = lab.runner.asks[-1]
    numbers = [steps.number for steps in ask.others]
    assert len(set(numbers)) == len(numbers) == 13 + 11
    assert ask.number not in numbers


def test_a_trial_costs_the_same_after_thousands(lab: Lab) -> None:
    times: list[float] = []
    lab.runner.before = lambda _ask: times.append(time.perf_counter())
    rule = StopRules(pruner=PrunerSettings(kind=Pruner.MEDIAN), metric="auc")
    space = {"x": {"int": [0, 10**6]}}
    budget = Budget(time_s=1e9, cost=1e9, per_hour=1, plateau=10**6)

    lab.run(replace(ASKED, trials=6000, space=space, budget=budget, stop=rule))

    early, late = times[1500] - times[500], times[5500] - times[4500]
    assert late < 3 * early + 0.1, (early, late)


def test_a_trial_without_a_value_is_never_offered(lab: Lab) -> None:
    lab.runner.value_of = lambda point: None if point["x"] != 100 else 0.1
    trials = lab.trials()

    best = trials.ranked(trials.run())

    assert best[0].number == 0
    assert {trial.state for trial in best[1:]} == {TrialState.FAILED}
