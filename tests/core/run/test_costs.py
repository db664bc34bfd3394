"""What recorded runs cost, and what was avoided: sums, unknown numbers, whole minutes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.plan.replay import Price
from branchline.core.run.costs import (
    By,
    ChanceCost,
    Costs,
    Did,
    RunCost,
    StageCost,
)

BOX = Price(name="box", usd_per_minute=1.60 / 60)
GITHUB = Price(name="github-linux", usd_per_minute=0.006, rounds_up=True, free_minutes=2000)


def run_of(
    *stages: StageCost,
    seconds: float | None = 10.0,
    branch: str = "main",
    model: str = "m",
    at: str = "2026-01-31T00:00:00Z",
) -> RunCost:
    return RunCost(run="r", model=model, branch=branch, at=at, seconds=seconds, stages=stages)


def stage_of(
    seconds: float | None = 10.0,
    *,
    ran: bool = False,
    is_changed: bool = False,
    is_cosmetic: bool = False,
) -> StageCost:
    return StageCost(
        stage="train", ran=ran, seconds=seconds, is_changed=is_changed, is_cosmetic=is_cosmetic
    )


@pytest.mark.parametrize(
    ("stages", "did"),
    [
        pytest.param([stage_of(ran=True), stage_of()], Did.TRAINED, id="one-stage-ran"),
        pytest.param(
            [stage_of(is_changed=True), stage_of(is_cosmetic=True)], Did.REUSED, id="a-revert"
        ),
        pytest.param(
            [stage_of(), stage_of(is_cosmetic=True)], Did.COSMETIC, id="a-comment-in-one-stage"
        ),
        pytest.param([stage_of(), stage_of()], Did.UNCHANGED, id="nothing-changed"),
        pytest.param([], Did.UNCHANGED, id="no-stage-at-all"),
    ],
)
def test_what_a_run_did(stages: list[StageCost], did: Did) -> None:
    assert run_of(*stages).did is did


def test_forty_seven_runs_of_which_nine_trained() -> None:
    runs = [
        run_of(stage_of(2700.0, ran=n < 9), seconds=2700.0 if n < 9 else 0.0) for n in range(47)
    ]

    told = Costs(runs=tuple(runs), price=BOX).total()

    assert (told.runs, told.trained, told.spared) == (47, 9, 38)
    assert told.without.seconds == 47 * 0.75 * 3600
    assert told.without.usd == pytest.approx(56.40)
    assert told.spent.usd == pytest.approx(10.80)
    assert told.avoided.usd == pytest.approx(45.60)


def test_what_is_not_known_is_counted_and_not_made_up() -> None:
    runs = (
        run_of(stage_of(60.0, ran=True), seconds=None),
        run_of(stage_of(None), stage_of(60.0), seconds=1.0),
        run_of(stage_of(120.0), seconds=2.0),
    )

    told = Costs(runs=runs, price=BOX).total()

    assert (told.spent.seconds, told.spent.unknown) == (3.0, 1)
    assert (told.avoided.seconds, told.avoided.unknown) == (120.0, 1)


def test_nothing_known_is_none_and_nothing_there_is_nought() -> None:
    unknown = Costs(runs=(run_of(stage_of(None), seconds=None),), price=BOX).total()
    empty = Costs(runs=(), price=BOX).total()
    priceless = Costs(runs=(run_of(stage_of()),)).total()

    assert (unknown.spent.seconds, unknown.avoided.usd, unknown.without.usd) == (None, None, None)
    assert (empty.spent.seconds, empty.spent.usd, empty.avoided.usd) == (0, 0, 0)
    assert (priceless.spent.seconds, priceless.spent.usd) == (10.0, None)


def test_each_run_is_a_job_that_is_billed_by_whole_minutes() -> None:
    runs = (
        run_of(stage_of(61.0, ran=True), seconds=61.0),  # two minutes
        run_of(stage_of(61.0), seconds=1.0),  # one minute instead of two: 62 s
        run_of(stage_of(30.0), seconds=1.0),  # one minute either way
    )

    told = Costs(runs=runs, price=GITHUB).total()

    assert told.billed_minutes == 4
    assert told.spent.usd == pytest.approx(4 * 0.006)
    assert told.avoided.usd == pytest.approx(0.006)


def test_trainings_for_chance_are_spent_within_jobs() -> None:
    chance = (ChanceCost(model="m", branch="main", at="2026-01-31T00:00:00Z", seconds=90.0),)

    told = Costs(runs=(), chance=chance, price=GITHUB).total()

    assert (told.chance, told.spent.seconds, told.billed_minutes) == (1, 90.0, 1.5)
    assert told.spent.usd == pytest.approx(1.5 * 0.006)


def test_the_free_minutes_of_one_month() -> None:
    runs = (
        run_of(seconds=600.0, at="2026-01-31T23:59:59Z"),
        run_of(seconds=601.0, at="2026-02-01T00:00:00Z"),
    )
    costs = Costs(runs=runs, price=GITHUB)

    budget = costs.budget("2026-02", free=20)
    over = costs.budget("2026-02", free=10)
    empty = costs.budget("2026-03", free=20)

    assert (budget.used, budget.left) == (11, 9)
    assert over.left == 0
    assert (empty.used, empty.left) == (0, 20)


def test_months_stand_in_their_order_and_branches_by_cost() -> None:
    runs = (
        run_of(seconds=1.0, branch="cheap", at="2026-02-01T00:00:00Z"),
        run_of(seconds=9.0, branch="", at=""),
        run_of(seconds=5.0, branch="dear", at="2026-01-01T00:00:00Z"),
    )
    costs = Costs(runs=runs)

    assert [one.name for one in costs.bills(By.BRANCH)] == ["(none)", "dear", "cheap"]
    assert [one.name for one in costs.bills(By.MONTH)] == ["(none)", "2026-01", "2026-02"]
    assert [(one.name, one.runs) for one in costs.bills(By.MODEL)] == [("m", 3)]


SECONDS = st.none() | st.floats(0.001, 1e6)
STAGES = st.builds(
    stage_of, SECONDS, ran=st.booleans(), is_changed=st.booleans(), is_cosmetic=st.booleans()
)
RUNS = st.lists(
    st.builds(
        lambda stages, seconds, branch, month: run_of(
            *stages, seconds=seconds, branch=branch, at=f"2026-0{month}-01T00:00:00Z"
        ),
        st.lists(STAGES, max_size=3),
        SECONDS,
        st.sampled_from(["", "main", "training/x"]),
        st.integers(1, 9),
    ),
    max_size=12,
)


@given(RUNS, st.sampled_from([None, BOX, GITHUB]), st.sampled_from(list(By)))
def test_the_rows_add_up_to_the_whole(runs: list[RunCost], price: Price | None, by: By) -> None:
    costs = Costs(runs=tuple(runs), price=price)

    total, rows = costs.total(), costs.bills(by)

    for name in ("runs", "trained", "reused", "cosmetic", "unchanged"):
        assert sum(getattr(row, name) for row in rows) == getattr(total, name)
    assert total.runs == total.trained + total.reused + total.cosmetic + total.unchanged
    for name in ("spent", "avoided"):
        parts, whole = [getattr(row, name) for row in rows], getattr(total, name)
        assert sum(part.unknown for part in parts) == whole.unknown
        assert math.isclose(
            sum(part.seconds or 0.0 for part in parts), whole.seconds or 0.0, abs_tol=1e-6
        )
        assert math.isclose(sum(part.usd or 0.0 for part in parts), whole.usd or 0.0, abs_tol=1e-6)
        assert whole.usd is None or whole.usd >= 0
