"""What is counted of trials is what all of them together would say."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence.front import front_of
from branchline.core.policy import Goal
from branchline.core.run.trials import Trial, TrialState, ranked
from branchline.flows.tally import MOST_COMPARED, Tally

STATES = st.sampled_from([s for s in TrialState if s is not TrialState.GIVEN])
VALUES = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 0.75, math.nan]), st.floats(-1, 1))


@st.composite
def trials(draw: st.DrawFn) -> list[Trial]:
    """Trials as they end."""
    return [
        Trial(
            number=number,
            params={"x": number},
            state=draw(STATES),
            value=value,
            values=tuple(draw(st.lists(st.floats(-1, 1), max_size=3))),
            objectives=() if value is None else (value, draw(st.sampled_from([0.0, 0.5, 1.0]))),
            duration_s=draw(st.floats(0, 9)),
        )
        for number, value in enumerate(draw(st.lists(VALUES, max_size=12)))
    ]


def tally_of(made: list[Trial], *goals: Goal, min_gain: float = 0.0) -> Tally:
    """The tally after trials."""
    tally = Tally(goals=goals, min_gain=min_gain)
    for trial in made:
        tally.add(trial)
    return tally


@given(trials(), st.sampled_from(Goal))
def test_the_best_is_the_first_of_all(made: list[Trial], goal: Goal) -> None:
    best = tally_of(made, goal).best

    expected = next((t for t in ranked(made, goal) if t.has_value), None)
    assert best is expected


@given(trials())
def test_spread_and_time_are_those_of_all(made: list[Trial]) -> None:
    tally = tally_of(made, Goal.MAXIMIZE)

    groups = [t.values for t in made if t.has_value and len(t.values) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    if not groups:
        assert tally.pooled is None
    else:
        squares = sum(statistics.variance(group) * (len(group) - 1) for group in groups)
        assert tally.pooled == pytest.approx(math.sqrt(squares / freedom), abs=1e-9)
    assert tally.spent_s == pytest.approx(sum(t.duration_s for t in made))


@given(trials())
def test_of_two_objectives_a_gain_is_what_no_other_betters(made: list[Trial]) -> None:
    goals = (Goal.MAXIMIZE, Goal.MINIMIZE)

    for count in range(1, len(made) + 1):
        before, now = front_of(made[: count - 1], goals), front_of(made[:count], goals)
        known = {t.objectives for t in before}
        is_gain = {t.objectives for t in now} - known != set()
        assert (tally_of(made[:count], *goals).since == 0) or not is_gain


def trial(number: int, value: float | None, state: TrialState = TrialState.SUCCEEDED) -> Trial:
    """One trial."""
    return Trial(number=number, params={}, state=state, value=value, steps=((1, 0.5),))


@pytest.mark.parametrize(
    ("values", "goal", "since"),
    [
        pytest.param((0.5, 0.6, 0.6, 0.5), Goal.MAXIMIZE, 2, id="equal-is-no-gain"),
        pytest.param((0.5, 0.6, 0.6, 0.4), Goal.MINIMIZE, 0, id="less-is-a-gain"),
        pytest.param((math.nan, math.nan), Goal.MAXIMIZE, 0, id="nan-is-no-best"),
        pytest.param((), Goal.MAXIMIZE, 0, id="nothing-yet"),
    ],
)
def test_trials_since_a_gain(values: tuple[float, ...], goal: Goal, since: int) -> None:
    made = [trial(number, value) for number, value in enumerate(values)]

    assert tally_of(made, goal).since == since


def test_what_failed_is_no_trial_without_a_gain_and_what_was_stopped_is() -> None:
    made = [trial(0, 0.5), trial(1, None, TrialState.FAILED), trial(2, 0.9, TrialState.PRUNED),
            trial(3, 0.9, TrialState.REFUSED)]  # fmt: skip

    assert tally_of(made, Goal.MAXIMIZE).since == 2


def test_small_gains_add_up() -> None:
    made = [trial(number, 0.5 + number * 0.004) for number in range(4)]

    assert tally_of(made, Goal.MAXIMIZE, min_gain=0.01).since == 0
    assert tally_of(made[:3], Goal.MAXIMIZE, min_gain=0.01).since == 2


def test_reports_are_of_the_last_trials() -> None:
    tally = Tally(goals=(Goal.MAXIMIZE,))

    for number in range(MOST_COMPARED + 5):
        tally.report(trial(number, 0.5), number)

    assert [steps.number for steps in tally.reports] == list(range(5, MOST_COMPARED + 5))


def test_failures_count_while_they_are_all_there_is_and_alike() -> None:
    def failed(detail: str) -> Trial:
        return Trial(number=1, params={}, state=TrialState.FAILED, detail=detail)

    alike, mixed, later = (Tally([Goal.MAXIMIZE]) for _ in range(3))
    for _ in range(4):
        alike.add(failed("exit code 1"))
        mixed.add(failed("exit code 1"))
    mixed.add(failed("timed out"))
    later.add(Trial(number=1, params={}, state=TrialState.SUCCEEDED, value=0.5))
    later.add(failed("exit code 1"))

    assert (alike.fruitless, mixed.fruitless, later.fruitless) == (4, 0, 0)
