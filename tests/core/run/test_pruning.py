"""Whether a trial is stopped early: rules, their properties, and Optuna's answers to the same."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.policy import Goal
from branchline.core.run.pruning import (
    Patience,
    Pruner,
    PrunerSettings,
    TrialSteps,
    bracket_of,
    recent,
    should_prune,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UP, DOWN = Goal.MAXIMIZE, Goal.MINIMIZE
MEDIAN = PrunerSettings(kind=Pruner.MEDIAN, startup=3)
ASHA = PrunerSettings(kind=Pruner.ASHA, startup=0)
RULES = [Pruner.MEDIAN, Pruner.PERCENTILE, Pruner.ASHA, Pruner.HYPERBAND]


def trial(number: int, *values: float, is_finished: bool = True) -> TrialSteps:
    """One that reported from step 0 on."""
    return TrialSteps(number=number, steps=tuple(enumerate(values)), is_finished=is_finished)


def flat(*values: float) -> list[TrialSteps]:
    """Finished trials that reported the same at each of ten steps."""
    return [trial(number, *[value] * 10) for number, value in enumerate(values)]


# Median and percentile


@pytest.mark.parametrize(
    ("mine", "goal", "reason"),
    [
        pytest.param(0.1, UP, "at step 0: auc 0.1 is below the median 0.5 of 3 trials", id="below"),
        pytest.param(0.5, UP, "", id="equal-goes-on"),
        pytest.param(0.6, UP, "", id="above-goes-on"),
        pytest.param(
            0.9, DOWN, "at step 0: auc 0.9 is above the median 0.5 of 3 trials", id="above-a-loss"
        ),
        pytest.param(
            0.499999999,
            UP,
            "at step 0: auc 0.499999999 is below the median 0.5 of 3 trials",
            id="just-below-says-all-digits",
        ),
        pytest.param(
            -math.inf,
            UP,
            "at step 0: auc -inf is below the median 0.5 of 3 trials",
            id="infinite",
        ),
    ],
)
def test_median(mine: float, goal: Goal, reason: str) -> None:
    others = flat(0.2, 0.5, 0.8)

    assert should_prune(others, trial(9, mine), goal, MEDIAN, metric="auc") == reason


def test_the_best_so_far_counts() -> None:
    me = trial(9, 0.9, 0.1)

    assert should_prune(flat(0.2, 0.5, 0.8), me, UP, MEDIAN) == ""


def test_only_finished_trials_are_compared_with() -> None:
    others = [replace(other, is_finished=False) for other in flat(0.2, 0.5, 0.8)]

    assert should_prune(others, trial(9, 0.1), UP, MEDIAN) == ""


def test_its_own_earlier_reports_count_for_nothing() -> None:
    me = trial(0, 0.1)

    assert should_prune(flat(0.2, 0.5, 0.8), me, UP, MEDIAN) == ""


def test_of_others_the_last_value_before_the_step_counts() -> None:
    others = [
        TrialSteps(number=n, steps=((0, 0.0), (4, 0.5), (8, 0.9)), is_finished=True)
        for n in range(3)
    ]
    me = TrialSteps(number=9, steps=((6, 0.4),))

    assert should_prune(others, me, UP, MEDIAN).startswith("at step 6: value 0.4 is below the")
    assert should_prune(others, replace(me, steps=((3, 0.4),)), UP, MEDIAN) == ""


def test_between_two_values_the_worse_is_the_median() -> None:
    settings = replace(MEDIAN, startup=1)

    assert should_prune(flat(0.2, 0.8), trial(9, 0.2), UP, settings) == ""
    assert should_prune(flat(0.2, 0.8), trial(9, 0.1), UP, settings) != ""


def test_a_percentile_says_what_the_best_have() -> None:
    settings = PrunerSettings(kind=Pruner.PERCENTILE, percentile=25, startup=5)
    others = flat(0.1, 0.2, 0.3, 0.4, 0.5)

    found = should_prune(others, trial(9, 0.35), UP, settings, metric="auc")

    assert found == "at step 0: auc 0.35 is below the 0.4 that the best 25 % of 5 trials have"
    assert should_prune(others, trial(9, 0.4), UP, settings) == ""


@pytest.mark.parametrize(
    ("warmup", "every", "judged"),
    [
        pytest.param(0, 1, [0, 1, 2, 3, 4, 5], id="all"),
        pytest.param(2, 1, [2, 3, 4, 5], id="after-the-warm-up"),
        pytest.param(0, 3, [0, 3], id="each-third"),
        pytest.param(1, 2, [1, 3, 5], id="each-second-after-the-warm-up"),
    ],
)
def test_which_steps_are_judged(warmup: int, every: int, judged: list[int]) -> None:
    settings = replace(MEDIAN, warmup_steps=warmup, every=every)

    found = [
        step
        for step in range(6)
        if should_prune(flat(1, 2, 3), trial(9, *[0.0] * (step + 1)), UP, settings)
    ]

    assert found == judged


def test_a_stretch_without_a_report_is_judged_late() -> None:
    settings = replace(MEDIAN, every=5)
    me = TrialSteps(number=9, steps=((4, 0.0), (7, 0.0)))

    assert should_prune(flat(1, 2, 3), me, UP, settings) != ""


# NaN


@pytest.mark.parametrize("kind", RULES)
def test_nan_is_stopped(kind: Pruner) -> None:
    settings = PrunerSettings(kind=kind)

    found = should_prune([], trial(1, 0.9, math.nan), UP, settings, metric="loss")

    assert found == "at step 1: loss is NaN"


def test_nan_in_the_warm_up_is_not_judged() -> None:
    settings = replace(MEDIAN, warmup_steps=2)

    assert should_prune([], trial(1, math.nan), UP, settings) == ""


def test_nan_of_others_is_no_value() -> None:
    others = [trial(number, math.nan, math.nan) for number in range(5)]

    assert should_prune(others, trial(9, -5.0), UP, MEDIAN) == ""
    assert should_prune(others, trial(9, -5.0, -5.0), UP, ASHA) == ""


# Successive halving


def test_a_rung_keeps_one_of_three() -> None:
    others = flat(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)

    found = should_prune(others, trial(9, 0, 0.55), UP, ASHA, metric="auc")

    assert (
        found == "at step 1: auc 0.55 is below the 0.6 that the best 3 of 9 trials have at step 1"
    )
    assert should_prune(others, trial(9, 0, 0.65), UP, ASHA) == ""


def test_between_rungs_nothing_is_judged() -> None:
    settings = replace(ASHA, min_steps=2)
    bad = [0.0] * 20

    judged = [
        step
        for step in range(20)
        if should_prune(flat(1, 2, 3), trial(9, *bad[: step + 1]), UP, settings)
    ]

    assert judged == [2, 6], "at 18 nobody else has been"


def test_trials_that_still_run_count_at_a_rung() -> None:
    others = [replace(other, is_finished=False) for other in flat(0.5, 0.6, 0.7)]

    assert should_prune(others, trial(9, 0, 0.1), UP, ASHA) != ""


def test_a_rung_waits_for_enough_to_compare() -> None:
    settings = replace(ASHA, startup=4)

    assert should_prune(flat(0.5, 0.6, 0.7), trial(9, 0, 0.1), UP, settings) == ""


# Hyperband


def test_brackets_get_trials_in_the_proportions_of_hyperband() -> None:
    found = Counter(bracket_of(number, 3, 3) for number in range(17_000))

    assert {b: round(n / 1000, 1) for b, n in found.items()} == pytest.approx(
        {0: 9, 1: 5, 2: 3}, rel=0.05
    )


def test_a_bracket_compares_with_its_own() -> None:
    settings = PrunerSettings(kind=Pruner.HYPERBAND, max_steps=9, startup=1)
    numbers = {bracket_of(number, 3, 3): number for number in range(20)}
    others = [trial(n, *[1.0] * 10) for n in range(20, 60)]
    rungs = {
        bracket: [
            step
            for step in range(10)
            if should_prune(others, trial(number, *[0.0] * (step + 1)), UP, settings)
        ]
        for bracket, number in numbers.items()
    }

    assert rungs == {0: [1, 3, 9], 1: [3, 9], 2: [9]}


def test_hyperband_learns_how_long_a_training_is() -> None:
    settings = PrunerSettings(kind=Pruner.HYPERBAND, startup=1)
    others = [trial(n, *[1.0] * 10) for n in range(20, 60)]
    running = [replace(other, is_finished=False) for other in others]

    assert should_prune(others, trial(1, 0.0, 0.0), UP, settings) != ""
    assert should_prune(running, trial(1, 0.0, 0.0), UP, settings) == ""


# Patience


@pytest.mark.parametrize(
    ("values", "is_stopped"),
    [
        pytest.param([0.0, 0.1, 0.2, 0.3], False, id="improves"),
        pytest.param([0.3, 0.2, 0.3, 0.3], True, id="improves-no-more"),
        pytest.param([0.3, 0.3], False, id="too-short-to-tell"),
        pytest.param([0.3, 0.3, 0.305], True, id="improves-by-less-than-asked"),
    ],
)
def test_what_improves_goes_on(values: list[float], is_stopped: bool) -> None:
    settings = replace(MEDIAN, patience=Patience(steps=2, min_delta=0.01))

    assert bool(should_prune(flat(1, 2, 3), trial(9, *values), UP, settings)) == is_stopped


def test_none_stops_nothing() -> None:
    assert should_prune(flat(1, 2, 3), trial(9, math.nan), UP, PrunerSettings()) == ""
    assert should_prune(flat(1, 2, 3), trial(9), UP, MEDIAN) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"startup": -1}, {"every": 0}, {"min_steps": 0}, {"factor": 1}, {"percentile": 100},
        {"min_steps": 5, "max_steps": 4},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_make_no_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        PrunerSettings(**wrong)  # type: ignore[arg-type] # whole numbers only
    with pytest.raises(ValueError, match="patience"):
        Patience(steps=0)


# Properties

VALUES = st.floats(min_value=-100, max_value=100, allow_nan=False).map(lambda x: round(x, 3))
HISTORIES = st.lists(
    st.tuples(st.lists(VALUES, min_size=1, max_size=8), st.booleans()), max_size=8
).map(
    lambda rows: [
        trial(number, *values, is_finished=is_finished)
        for number, (values, is_finished) in enumerate(rows)
    ]
)
MINE = st.lists(VALUES, min_size=1, max_size=8).map(lambda values: trial(99, *values))
SETTINGS = st.builds(
    PrunerSettings,
    kind=st.sampled_from(RULES),
    startup=st.integers(0, 3),
    every=st.integers(1, 3),
    warmup_steps=st.integers(0, 2),
    percentile=st.floats(1, 99),
    factor=st.integers(2, 4),
    patience=st.none() | st.builds(Patience, steps=st.integers(1, 3)),
)


@given(HISTORIES, MINE, SETTINGS, st.sampled_from(Goal))
def test_the_best_at_each_step_is_never_stopped(
    history: list[TrialSteps], me: TrialSteps, settings: PrunerSettings, goal: Goal
) -> None:
    everything = [value for other in [*history, me] for _, value in other.steps]
    best = max(everything) if goal is UP else min(everything)
    steps = tuple((step, best) for step, _ in me.steps)

    assert should_prune(history, replace(me, steps=steps), goal, settings) == ""


@given(HISTORIES, MINE, SETTINGS, st.sampled_from(Goal))
def test_with_too_few_to_compare_nothing_is_stopped(
    history: list[TrialSteps], me: TrialSteps, settings: PrunerSettings, goal: Goal
) -> None:
    more = replace(settings, startup=len(history) + 1)

    assert should_prune(history, me, goal, more) == ""


@given(HISTORIES, MINE, SETTINGS, st.sampled_from(Goal))
def test_a_monotone_scale_changes_no_decision(
    history: list[TrialSteps], me: TrialSteps, settings: PrunerSettings, goal: Goal
) -> None:
    def scaled(one: TrialSteps, scale: Callable[[float], float]) -> TrialSteps:
        return replace(one, steps=tuple((step, scale(value)) for step, value in one.steps))

    before = should_prune(history, me, goal, settings)
    after = should_prune(
        [scaled(one, lambda x: x**3 + x) for one in history],
        scaled(me, lambda x: x**3 + x),
        goal,
        settings,
    )
    mirrored = should_prune(
        [scaled(one, lambda x: -x) for one in history],
        scaled(me, lambda x: -x),
        DOWN if goal is UP else UP,
        settings,
    )

    assert bool(before) == bool(after) == bool(mirrored)


@given(HISTORIES, MINE, SETTINGS, st.sampled_from(Goal), st.randoms())
def test_the_order_of_the_others_does_not_matter(
    history: list[TrialSteps],
    me: TrialSteps,
    settings: PrunerSettings,
    goal: Goal,
    chance: random.Random,
) -> None:
    mixed = list(history)
    chance.shuffle(mixed)

    assert should_prune(history, me, goal, settings) == should_prune(mixed, me, goal, settings)


@given(HISTORIES, SETTINGS, st.sampled_from(Goal), st.data())
def test_the_recent_steps_are_enough(
    history: list[TrialSteps], settings: PrunerSettings, goal: Goal, data: st.DataObject
) -> None:
    values = data.draw(st.lists(VALUES | st.just(math.nan), min_size=1, max_size=20))
    kept: tuple[tuple[int, float], ...] = ()

    for step, value in enumerate(values):
        kept = recent((*kept, (step, value)), goal, settings)
        whole = should_prune(history, trial(99, *values[: step + 1]), goal, settings)

        assert should_prune(history, TrialSteps(number=99, steps=kept), goal, settings) == whole
    assert len(kept) <= 6


# Optuna

optuna = pytest.importorskip("optuna")


def ours(
    curves: Sequence[Sequence[float]], goal: Goal, settings: PrunerSettings
) -> list[int | None]:
    """The step at which each of the curves is stopped, one trial after the other."""
    history: list[TrialSteps] = []
    found: list[int | None] = []
    for number, curve in enumerate(curves):
        stopped = None
        for step in range(len(curve)):
            me = trial(number, *curve[: step + 1], is_finished=False)
            if should_prune(history, me, goal, settings):
                stopped = step
                break
        ran = curve if stopped is None else curve[: stopped + 1]
        history.append(trial(number, *ran, is_finished=stopped is None))
        found.append(stopped)
    return found


def theirs(curves: Sequence[Sequence[float]], goal: Goal, pruner: object) -> list[int | None]:
    """The same of Optuna."""
    study = optuna.create_study(direction=goal.value, pruner=pruner)
    found: list[int | None] = []
    for curve in curves:
        asked = study.ask()
        stopped = None
        for step, value in enumerate(curve):
            asked.report(value, step)
            if asked.should_prune():
                stopped = step
                break
        state = optuna.trial.TrialState
        if stopped is None:
            study.tell(asked, curve[-1])
        else:
            study.tell(asked, state=state.PRUNED)
        found.append(stopped)
    return found


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Optuna logs every trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def curves_of(seed: int, count: int = 25) -> list[list[float]]:
    chance = random.Random(seed)
    return [
        [round(chance.gauss(quality, 0.2) + step * 0.1, 2) for step in range(12)]
        for quality in (chance.gauss(0, 1) for _ in range(count))
    ]


@pytest.mark.parametrize("goal", Goal)
@pytest.mark.parametrize("seed", range(4))
def test_asha_decides_as_optuna_does(seed: int, goal: Goal) -> None:
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    curves = curves_of(seed)

    found = ours(curves, goal, ASHA)

    assert found == theirs(curves, goal, pruner)
    assert len(set(found)) > 2, "it stops some, and not all at the same rung"


@pytest.mark.parametrize("goal", Goal)
@pytest.mark.parametrize(
    ("warmup", "every"), [pytest.param(0, 1, id="plain"), pytest.param(2, 3, id="now-and-then")]
)
@pytest.mark.parametrize("seed", range(4))
def test_the_median_decides_as_optuna_does(seed: int, warmup: int, every: int, goal: Goal) -> None:
    # Optuna means the two in the middle, and we take the worse: with an odd number they agree.
    curves = curves_of(seed, count=6)
    decided = []
    for last in curves_of(seed + 100, count=20):
        history = [trial(number, *curve) for number, curve in enumerate(curves[:5])]
        settings = replace(MEDIAN, startup=5, warmup_steps=warmup, every=every)
        steps = [step for step in range(12) if should_prune(
            history, trial(9, *last[: step + 1], is_finished=False), goal, settings)]  # fmt: skip
        pruner = optuna.pruners.MedianPruner(5, warmup, every)
        study = optuna.create_study(direction=goal.value, pruner=pruner)
        for curve in curves[:5]:
            study.add_trial(
                optuna.trial.create_trial(
                    value=curve[-1], intermediate_values=dict(enumerate(curve))
                )
            )
        asked = study.ask()
        said = []
        for step, value in enumerate(last):
            asked.report(value, step)
            if asked.should_prune():
                said.append(step)
        assert steps == said
        decided.append(bool(steps))

    assert any(decided)
