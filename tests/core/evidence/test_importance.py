"""Which parameter explains what, on functions whose answer is known."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from branchline.core.evidence.importance import FEWEST_TRIALS, importance_of
from branchline.core.run.trials import Trial, TrialState

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.values import JsonValue

Point = dict[str, "JsonValue"]


def uniform(dice: random.Random) -> Point:
    """A point with three numbers."""
    return {name: dice.random() for name in ("a", "b", "c")}


def trials_of(
    count: int,
    value: Callable[[Point, random.Random], float],
    point: Callable[[random.Random], Point] = uniform,
    *,
    seed: int = 1,
) -> list[Trial]:
    """Trials of a constructed function."""
    dice = random.Random(seed)
    found = []
    for number in range(1, count + 1):
        params = point(dice)
        state = TrialState.SUCCEEDED
        found.append(Trial(number=number, params=params, state=state, value=value(params, dice)))
    return found


def real(point: Point, name: str) -> float:
    """A number of a point."""
    value = point[name]
    assert isinstance(value, float)
    return value


def shares(trials: list[Trial]) -> dict[str, float]:
    """Parameter -> share, the largest first."""
    return {share.parameter: share.share for share in importance_of(trials).shares}


def test_what_alone_moves_the_objective_explains_it() -> None:
    found = shares(trials_of(60, lambda point, _: real(point, "a")))

    assert list(found) == ["a"]
    assert found["a"] > 0.9


def test_an_optimum_in_the_middle_is_seen() -> None:
    found = shares(trials_of(60, lambda point, _: -((real(point, "a") - 0.5) ** 2)))

    assert list(found) == ["a"]
    assert found["a"] > 0.85


def test_two_that_explain_four_to_one_are_told_so() -> None:
    trials = trials_of(500, lambda point, _: 2 * real(point, "a") + real(point, "b"))

    made = importance_of(trials)

    assert [share.parameter for share in made.shares] == ["a", "b"]
    assert made.shares[0].share == pytest.approx(0.8, abs=0.03)
    assert made.shares[1].share == pytest.approx(0.2, abs=0.04)
    assert made.rest < 0.06


def test_noise_explains_nothing_in_nineteen_of_twenty_searches() -> None:
    told = sum(
        bool(shares(trials_of(40, lambda _, dice: dice.gauss(0, 1), seed=seed)))
        for seed in range(100)
    )

    assert told <= 10


@pytest.mark.parametrize(
    ("count", "problem"),
    [
        pytest.param(0, "cannot be told from 0 trials", id="no-trials"),
        pytest.param(1, "cannot be told from 1 trial", id="one-trial"),
        pytest.param(FEWEST_TRIALS - 1, "cannot be told from 9 trials", id="one-too-few"),
        pytest.param(FEWEST_TRIALS, "", id="just-enough"),
    ],
)
def test_few_trials_tell_nothing(count: int, problem: str) -> None:
    made = importance_of(trials_of(count, lambda point, _: real(point, "a")))

    assert made.problem == problem
    assert bool(made.shares) == (not problem)


def test_trials_without_a_number_do_not_count() -> None:
    trials = trials_of(12, lambda point, _: real(point, "a"))
    lost = [
        Trial(number=1, params={"a": 0.1}, state=TrialState.FAILED),
        Trial(number=2, params={"a": 0.1}, state=TrialState.SUCCEEDED, value=math.nan),
        Trial(number=3, params={"a": 0.1}, state=TrialState.PRUNED, value=0.3),
    ]

    assert importance_of([*trials[:9], *lost]).problem == "cannot be told from 9 trials"


def test_an_objective_that_never_changes_tells_nothing() -> None:
    made = importance_of(trials_of(50, lambda _point, _: 0.5))

    assert made.problem.startswith("cannot be told from 50 trials: none explains more")


def test_what_two_only_do_together_is_left_in_the_rest() -> None:
    made = importance_of(trials_of(200, lambda p, _: (real(p, "a") - 0.5) * (real(p, "b") - 0.5)))

    assert made.rest > 0.9


def test_a_logarithmic_scale_and_one_outlier_change_nothing() -> None:
    plain = trials_of(80, lambda point, _: real(point, "a") + 0.2 * real(point, "b"))
    bent = [
        Trial(
            number=trial.number,
            params={name: 10 ** (-4 * real(dict(trial.params), name)) for name in trial.params},
            state=trial.state,
            value=math.exp(40 * (trial.value or 0.0)),
        )
        for trial in plain
    ]

    assert shares(bent)["a"] == pytest.approx(shares(plain)["a"], abs=0.03)


def test_a_choice_is_read_by_its_values() -> None:
    def point(dice: random.Random) -> Point:
        return {"kind": dice.choice(["adam", "sgd", True, None, [1, 2]]), "b": dice.random()}

    found = shares(trials_of(60, lambda p, dice: (p["kind"] == "sgd") + 0.1 * dice.random(), point))

    assert list(found) == ["kind"]


def test_what_is_conditional_explains_only_where_it_is() -> None:
    def point(dice: random.Random) -> Point:
        kind = dice.choice(["adam", "sgd"])
        more: Point = {"momentum": dice.random()} if kind == "sgd" else {}
        return {"kind": kind, "lr": dice.random(), **more}

    def value(p: Point, _dice: random.Random) -> float:
        return real(p, "momentum") if "momentum" in p else 2.0 + 0.5 * real(p, "lr")

    found = shares(trials_of(300, value, point))

    assert next(iter(found)) == "kind"
    assert 0.05 < found["momentum"] < 0.3


def test_what_only_moved_along_is_not_counted_twice() -> None:
    def point(dice: random.Random) -> Point:
        place = dice.random()
        return {"a": place, "b": place + 0.2 * dice.random(), "c": dice.random()}

    found = shares(trials_of(200, lambda p, _: real(p, "a"), point))

    assert found["a"] > 0.9
    assert found.get("b", 0.0) < 0.03


def test_the_order_of_the_trials_does_not_matter() -> None:
    trials = trials_of(700, lambda point, dice: real(point, "a") + dice.random())

    assert importance_of(trials) == importance_of(trials[::-1])


def test_many_choices_are_not_credited_with_what_chance_explains() -> None:
    def point(dice: random.Random) -> Point:
        return {"kind": f"k{dice.randrange(20)}"}

    def value(p: Point, dice: random.Random) -> float:
        return float(str(p["kind"])[1:]) / 20 + dice.random()

    found = [shares(trials_of(80, value, point, seed=seed)).get("kind", 0.0) for seed in range(10)]

    assert sum(found) / len(found) == pytest.approx(0.5, abs=0.08)


def test_a_choice_of_many_trials_is_one_of_all() -> None:
    trials = trials_of(1000, lambda p, _: real(p, "a"))
    drifted = [
        Trial(number=t.number, params=t.params, state=t.state, value=real(dict(t.params), "b"))
        for t in trials[500:]
    ]

    found = shares([*trials[:500], *drifted])

    assert found["a"] == pytest.approx(found["b"], rel=0.5)
