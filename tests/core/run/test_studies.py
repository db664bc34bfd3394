"""Which searches are the same, and what one takes from another."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from branchline.core.policy import Goal
from branchline.core.run.spaces import fits, without_unmet
from branchline.core.run.studies import (
    KeptTrial,
    Study,
    inherited,
    kept_from_json,
    kept_to_json,
)
from branchline.core.run.trials import Trial, TrialState
from branchline.flows.fixed import as_choice
from branchline.flows.sampling import unit, value_at

SPACE: dict[str, Any] = {"lr": {"float": [0.1, 1.0]}, "depth": {"int": [1, 4]}}


def study(base: str = "b", space: dict[str, Any] | None = None, **more: Any) -> Study:
    """A search."""
    return Study(base=base, objective="auc", space=space or SPACE, **more)


def trial(number: int, lr: float, value: float | None = 0.5, **more: Any) -> Trial:
    """A trial."""
    state = TrialState.FAILED if value is None else TrialState.SUCCEEDED
    params = {"lr": lr, "depth": 2, **more}
    return Trial(number=number, params=params, state=state, value=value)


def test_a_search_is_known_by_what_matters() -> None:
    assert study().identity == study().identity
    others = [
        study("c"),
        study(space={"depth": SPACE["depth"], "lr": SPACE["lr"]}),
        study(seed=2),
        study(sampler="gp"),
        study(replicates="x"),
        study(pruner="median"),
    ]
    assert len({study().identity, *(other.identity for other in others)}) == 7


@given(
    st.floats(allow_nan=True),
    st.lists(st.tuples(st.integers(0, 99), st.floats(allow_nan=True)), max_size=3),
    st.text(),
)
def test_a_trial_comes_back_from_json(
    value: float, steps: list[tuple[int, float]], text: str
) -> None:
    made = Trial(
        number=3, params={"a": [1, "x"], "b": None}, state=TrialState.SUCCEEDED, value=value,
        values=(value, 1.0), steps=tuple(steps), metrics={"m": value, "n": 3}, detail=text,
    )  # fmt: skip

    again = kept_from_json(json.loads(json.dumps(kept_to_json(KeptTrial(trial=made, token=text)))))

    assert repr(again) == repr(KeptTrial(trial=made, token=text))


def test_values_count_where_only_the_space_differs() -> None:
    narrow = study(space={"lr": {"float": [0.1, 0.5]}, "depth": {"int": [1, 4]}})
    past = [(study(), [trial(1, 0.3), trial(2, 0.9), trial(3, 0.4, None), trial(4, 0.2)])]

    taken = inherited(narrow, past, current={}, goal=Goal.MAXIMIZE)

    assert sorted(t.number for t in taken.known) == [1, 4]
    assert taken.candidates == ()
    assert "2 trials of an earlier search with the same code and data count" in taken.note


def test_what_was_stopped_early_counts_for_its_own_rule_only() -> None:
    cut = Trial(number=1, params={"lr": 0.3, "depth": 2}, state=TrialState.PRUNED, value=0.5)

    taken = inherited(
        study(), [(study(pruner="median"), [cut, trial(2, 0.4)])], current={}, goal=Goal.MAXIMIZE
    )

    assert [t.number for t in taken.known] == [2]


def test_of_other_data_only_the_best_points_are_taken() -> None:
    made = [trial(n, 0.1 * n, 0.1 * n) for n in range(1, 9)] + [trial(9, 0.1, math.nan)]

    taken = inherited(study("new"), [(study("old"), made)], current={}, goal=Goal.MAXIMIZE, most=3)

    assert taken.known == ()
    assert [round(float(str(p["lr"])), 1) for p in taken.candidates] == [0.8, 0.7, 0.6]
    assert taken.note == "3 points of an earlier search are tried first"


def test_candidates_are_of_the_space_and_complete() -> None:
    space = {"lr": {"float": [0.1, 0.5]}, "depth": {"int": [1, 4]}, "kind": ["a", "b"]}
    made = [trial(1, 0.9, 0.9), trial(2, 0.4, 0.8)]

    taken = inherited(
        study("new", space), [(study("old"), made)], current={"kind": "b"}, goal=Goal.MAXIMIZE
    )

    assert taken.candidates == ({"lr": 0.4, "depth": 2, "kind": "b"},)
    assert "1 are outside the space now" in taken.note


def test_a_search_takes_nothing_from_itself() -> None:
    taken = inherited(study(), [(study(), [trial(1, 0.3)])], current={}, goal=Goal.MAXIMIZE)

    assert (taken.known, taken.candidates, taken.note) == ((), (), "")


NUMBERS = st.floats(0.001, 100).map(lambda x: float(f"{x:.3g}"))


@st.composite
def spaces(draw: st.DrawFn) -> dict[str, Any]:
    """Spaces with choices, ranges, steps and conditions."""
    low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
    whole = sorted((draw(st.integers(-5, 5)), draw(st.integers(-5, 5))))
    step = draw(st.sampled_from([None, 0.1, 0.25, 3]))
    real = {"float": [low, high + 1], "log": draw(st.booleans())}
    return {
        "kind": draw(st.lists(st.sampled_from(["a", True, 1.5, None]), min_size=1, unique=True)),
        "real": real if step is None else {"float": [low, high + 1], "step": step},
        "whole": {"int": whole, "when": {"kind": draw(st.sampled_from(["a", [True, None]]))}},
        "fixed": {"fixed": 7},
    }


def drawn(space: dict[str, Any], number: int) -> dict[str, Any]:
    """A point of a space."""
    choice = {name: as_choice(written) for name, written in space.items()}
    whole = {n: value_at(n, w, unit(1, number, n)) for n, w in choice.items()}
    return without_unmet(choice, whole)


@given(spaces(), st.integers(0, 99))
def test_a_space_has_every_point_that_is_drawn_of_it(space: dict[str, Any], number: int) -> None:
    point = drawn(space, number)

    assert fits(space, point)
    assert fits(space, json.loads(json.dumps(point)))
    assert not fits(space, {**point, "more": 1})
    assert not fits(space, {**point, "real": space["real"]["float"][1] * 2})


@given(st.lists(spaces(), min_size=2, max_size=3), st.data())
def test_what_is_taken_is_of_the_space_and_whole(made: list[dict[str, Any]], data: Any) -> None:
    space, *others = made
    states, values = st.sampled_from(TrialState), st.one_of(st.none(), st.floats(allow_nan=True))
    past = [
        (
            study(data.draw(st.sampled_from("bc")), other, seed=place),
            [
                Trial(number=n, params=drawn(other, n), state=data.draw(states),
                      value=data.draw(values))
                for n in range(data.draw(st.integers(0, 6)))
            ],
        )
        for place, other in enumerate([space, *others], start=2)
    ]  # fmt: skip
    current = drawn(space, 99)

    taken = inherited(study("b", space), past, current=current, goal=Goal.MINIMIZE)

    of_the_same = [id(t) for other, trials in past if other.base == "b" for t in trials]
    assert all(fits(space, t.params) and id(t) in of_the_same for t in taken.known)
    assert all(t.state in (TrialState.SUCCEEDED, TrialState.REFUSED) for t in taken.known)
    assert all(fits(space, point) for point in taken.candidates)
    assert len(taken.candidates) <= 5
    assert not (taken.known and taken.candidates)
    points = [json.dumps(t.params, sort_keys=True) for t in taken.known]
    assert len(set(points)) == len(points)


def test_a_range_with_steps_has_its_steps() -> None:
    space = {"lr": {"float": [0.1, 0.4], "step": 0.1}}

    assert fits(space, {"lr": 0.3})
    assert not fits(space, {"lr": 0.15})


def test_a_yes_is_no_number() -> None:
    assert not fits({"on": [True, False]}, {"on": 1})
    assert not fits({"on": [0, 1]}, {"on": True})
    assert fits({"on": [0, 1]}, {"on": 1.0})


def test_what_a_space_has() -> None:
    space = {"kind": ["rf", "svm"], "trees": {"int": [1, 9], "when": {"kind": ["rf"]}}}

    assert fits(space, {"kind": "rf", "trees": 3})
    assert fits(space, {"kind": "svm"})
    assert not fits(space, {"kind": "rf"})
    assert not fits(space, {"kind": "svm", "trees": 3})
    assert not fits(space, {"kind": "rf", "trees": 3.5})
    assert not fits(space, {"kind": "rf", "trees": True})
    assert not fits(space, {"kind": "rf", "trees": 3, "other": 1})
