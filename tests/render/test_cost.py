"""Costs as people read them."""

from __future__ import annotations

from branchline.core.plan.replay import Price
from branchline.core.run.costs import Budget, By, ChanceCost, Costs, RunCost, StageCost
from branchline.render.cost import (
    budget_line,
    cost_table,
    cost_to_json,
    heading,
    notes,
    summary,
)

BOX = Price(name="$1.6 an hour", usd_per_minute=1.60 / 60)
GITHUB = Price(
    name="github-linux",
    usd_per_minute=0.006,
    dated="2026-11-27",
    source="a list",
    rounds_up=True,
    free_minutes=2000,
)


def run_of(number: int, *, ran: bool, took: float | None = 2700.0, branch: str = "main") -> RunCost:
    return RunCost(
        run=f"run-{number}",
        model="m",
        branch=branch,
        at=f"2026-01-{number % 28 + 1:02}T00:00:00Z",
        seconds=took if ran else 0.001,
        stages=(StageCost(stage="train", ran=ran, seconds=took, is_changed=True),),
    )


C41 = Costs(runs=tuple(run_of(number, ran=number < 9) for number in range(47)), price=BOX)


def texts(costs: Costs, by: By = By.BRANCH) -> list[list[str]]:
    return [[one.text for one in row] for row in cost_table(costs, by).rows]


def test_forty_seven_runs_in_one_sentence() -> None:
    assert heading(C41) == "47 recorded runs, 2026-01-01 to 2026-01-28"
    assert summary(C41) == (
        "9 of 47 runs trained: 6.75 h ($10.80) spent. Training every stage of every run would have"
        " taken 35.25 h ($56.40): 28.50 h ($45.60) avoided."
    )
    assert texts(C41) == [
        ["main", "47", "9", "38", "0", "0", "6.75 h", "28.50 h", "$10.80", "$45.60"]
    ]


def test_money_is_left_out_without_a_price() -> None:
    costs = Costs(runs=C41.runs)

    assert texts(costs) == [["main", "47", "9", "38", "0", "0", "6.75 h", "28.50 h"]]
    assert "$" not in summary(costs)
    assert any(note.startswith("money: no price is known") for note in notes(costs))


def test_several_rows_end_with_all() -> None:
    runs = (run_of(1, ran=True), run_of(2, ran=True, branch="training/x"))

    rows = texts(Costs(runs=runs))

    assert [row[0] for row in rows] == ["main", "training/x", "all"]
    assert [row[1] for row in rows] == ["1", "1", "2"]


def test_what_is_not_known_is_said() -> None:
    runs = (run_of(1, ran=True, took=None), run_of(2, ran=True), run_of(3, ran=False, took=None))

    costs = Costs(runs=runs, price=BOX, unreadable=1, undated=2)

    assert texts(costs)[0][6:] == ["≥ 0.75 h", "not known", "≥ $1.20", "not known"]
    assert summary(costs) == (
        "2 of 3 runs trained: at least 0.75 h (≥ $1.20) spent. What the others would have taken is"
        " not known."
    )
    said = " ".join(notes(costs))
    assert "left out of what was spent: 1 run of unknown duration" in said
    assert "left out of what was avoided: 1 run that took up results" in said
    assert "1 run whose records cannot be read" in said
    assert "2 runs whose day is not recorded" in said


def test_nothing_avoided() -> None:
    assert summary(Costs(runs=(run_of(1, ran=True),))) == (
        "1 of 1 runs trained: 0.75 h spent. Nothing was avoided."
    )


def test_the_price_says_where_it_is_from() -> None:
    (said,) = [note for note in notes(Costs(runs=(), price=GITHUB)) if note.startswith("money")]
    (own,) = [note for note in notes(C41) if note.startswith("money")]

    assert said == (
        "money: `github-linux`, $0.36 an hour, each run by whole minutes, free minutes not taken"
        " off (a list, read 2026-11-27)"
    )
    assert own == "money: $1.60 an hour"


def test_trainings_for_chance_are_told_apart() -> None:
    chance = (ChanceCost(model="m", branch="main", at="", seconds=1.0),)

    assert any(
        "includes 1 training made to learn about chance" in note
        for note in notes(Costs(runs=C41.runs, chance=chance))
    )


def test_free_minutes() -> None:
    def said(used: float | None) -> str:
        line = budget_line(Budget(month="2026-01", free=2000, used=used))
        return "".join(piece.text for piece in line.pieces)

    assert said(312) == "2026-01: 312 of 2,000 free minutes used, 1,688 left"
    assert said(2100) == "2026-01: 2,100 of 2,000 free minutes used, 100 beyond them"
    assert said(None) == "2026-01: how many of the 2,000 free minutes are used is not known"


def test_json_has_every_kind_of_row() -> None:
    document = cost_to_json(C41, None)

    names = ("by_branch", "by_model", "by_month")
    rows = [document[name] for name in names]
    assert [[row["name"] for row in found] for found in rows] == [["main"], ["m"], ["2026-01"]]  # type: ignore[index, union-attr, call-overload] # JSON of a known shape
    total = document["total"]
    assert isinstance(total, dict)
    assert total["spent"] == {"hours": 6.750011, "usd": 10.800017, "not_known": 0}
    assert document["budget"] is None
    runs = document["runs"]
    assert isinstance(runs, list)
    assert len(runs) == 47
