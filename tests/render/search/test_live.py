"""The line that says where a search is."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from branchline.core.policy import Goal
from branchline.core.run.trial_events import SearchResumed, TrialBegun, TrialEnded
from branchline.core.run.trials import Trial, TrialState
from branchline.render.search.live import Best, Standing, heard, live_line

HERE = Standing(
    metric="auc",
    goal=Goal.MAXIMIZE,
    done=12,
    total=60,
    best=Best(number=9, value=0.934, params="lr 0.01, depth 5"),
)


@pytest.mark.parametrize(
    ("standing", "now_s", "words"),
    [
        pytest.param(Standing(metric="auc", goal=Goal.MAXIMIZE), 0, "0 trials", id="nothing-yet"),
        pytest.param(replace(HERE, done=0, best=None), 9, "0/60 trials", id="first-at-work"),
        pytest.param(
            replace(HERE, best=None),
            720,
            "12/60 trials · 1.0 trials/min · 48 min left",
            id="no-best",
        ),
        pytest.param(
            replace(HERE, best=None, done=2),
            7200,
            "2/60 trials · 1.0 trials/h · 2 d 10 h left",
            id="slow",
        ),
        pytest.param(
            replace(HERE, best=None, before=12), 60, "12/60 trials", id="all-from-an-earlier-call"
        ),
        pytest.param(
            replace(HERE, best=None, done=61),
            61,
            "61/61 trials · 60.0 trials/min",
            id="what-was-set-too",
        ),
        pytest.param(replace(HERE, best=None), 0, "12/60 trials", id="no-time-passed"),
    ],
)
def test_live_line(standing: Standing, now_s: float, words: str) -> None:
    assert live_line(standing, began_s=0, now_s=now_s) == words


@pytest.mark.parametrize("width", range(1, 120))
def test_it_keeps_to_the_width(width: int) -> None:
    assert len(live_line(HERE, began_s=0, now_s=232, width=width)) <= width


def test_it_drives_no_terminal() -> None:
    best = Best(number=1, value=0.5, params="a \x1b[2J\n")

    line = live_line(replace(HERE, best=best, metric="m\r"), began_s=0, now_s=1)

    assert line.isprintable()


def begun(number: int, lr: float) -> TrialBegun:
    return TrialBegun(number=number, total=6, params={"lr": lr, "depth": 2})


def ended(number: int, value: float | None, state: TrialState = TrialState.SUCCEEDED) -> TrialEnded:
    trial = Trial(number=number, params={}, state=state, value=value, values=(0.1, 0.2))
    return TrialEnded(trial=trial, total=6)


@pytest.mark.parametrize(
    ("goal", "best"), [(Goal.MAXIMIZE, 2), (Goal.MINIMIZE, 1)], ids=["larger", "smaller"]
)
def test_it_hears_what_a_search_tells(goal: Goal, best: int) -> None:
    here = Standing(metric="auc", goal=goal)
    for event in (
        begun(0, 0.2),
        ended(0, math.nan),
        SearchResumed(made=2, total=6, best=None),
        begun(1, 0.1),
        begun(2, 0.3),
        ended(2, 0.8),
        ended(1, 0.7),
        begun(3, 0.5),
        ended(3, None, TrialState.FAILED),
        begun(4, 0.5),
        ended(4, 0.9 if goal is Goal.MAXIMIZE else 0.1, TrialState.PRUNED),
    ):
        here = heard(here, event)

    assert (here.done, here.total, here.before) == (6, 6, 2)
    assert here.best is not None
    assert here.best.number == best
    assert here.best.params == f"lr 0.{2 * best - 1}, depth 2"
    assert here.running == {}


def test_the_best_of_before_counts() -> None:
    best = Trial(number=5, params={"lr": 0.5}, state=TrialState.SUCCEEDED, value=0.9)
    here = heard(
        Standing(metric="auc", goal=Goal.MAXIMIZE), SearchResumed(made=5, total=6, best=best)
    )

    here = heard(heard(here, begun(6, 0.1)), ended(6, 0.8))

    assert here.best == Best(number=5, value=0.9, params="lr 0.5")


def test_a_value_that_is_none_is_never_the_best() -> None:
    here = replace(HERE, best=None).ended(1, math.nan, "").ended(2, None, "")

    assert here.best is None
