"""What each field of `cost --json` means, with a sample that has them all."""

from __future__ import annotations

from branchline.core.plan.replay import Price
from branchline.core.run.costs import ChanceCost, Costs, RunCost, StageCost

_BILL = {
    "name": "string: the branch, model or month (as `2026-01`); `(none)`: not recorded",
    "runs": "integer: recorded runs",
    "trained": "integer: runs in which at least one stage ran",
    "reused": "integer: runs whose inputs had changed, and whose results were there",
    "cosmetic": "integer: runs before which only comments or layout had changed",
    "unchanged": "integer: runs before which nothing had changed",
    "chance": "integer: trainings that were made only to learn how much chance does",
    "spent": "object: what ran, these trainings included",
    "spent.hours": "number or null: of those that are known; null: none is",
    "spent.usd": "number or null: US dollars of the same; null: no price, or nothing is known",
    "spent.not_known": "integer: runs that are left out, for their duration is not known",
    "avoided": "object: stages whose results were there, by what it took to make those",
    "avoided.hours": "number or null: as of `spent`",
    "avoided.usd": "number or null: as of `spent`",
    "avoided.not_known": "integer: as of `spent`",
    "billed_minutes": "number or null: of what was spent, each run rounded as the price says",
}

FIELDS = {
    "schema_version": "integer: version of this document",
    "total": "object: all runs",
    **{f"total.{name}": text for name, text in _BILL.items()},
    **{
        path: text
        for by, order in (
            ("branch", "dearest first"),
            ("model", "dearest first"),
            ("month", "oldest first"),
        )
        for path, text in {
            f"by_{by}": f"array: the same for each {by}, {order}",
            **{f"by_{by}[].{name}": said for name, said in _BILL.items()},
        }.items()
    },
    "price": "object or null: what money was counted with; null: none was given",
    "price.name": "string: in the price table, or as given",
    "price.usd_per_hour": "number: US dollars",
    "price.dated": "string: day on which it was read; empty: given by the user",
    "price.source": "string: whose list",
    "price.rounds_up": "boolean: each run is billed by whole minutes",
    "budget": "object or null: free minutes of this month; null: nobody told of any",
    "budget.month": "string: as `2026-01`, UTC",
    "budget.free_minutes": "number: of the month",
    "budget.used_minutes": "number or null: as far as the records know; null: not known",
    "budget.left_minutes": "number or null: 0 when more were used",
    "notes": "array of strings: what the figures rest on, and what they leave out",
    "runs": "array: oldest first",
    "runs[].run": "string: its id",
    "runs[].model": "string: its model",
    "runs[].branch": "string: empty: none",
    "runs[].started_at": "string: UTC, ISO 8601; empty: not recorded",
    "runs[].did": "string: `trained`, `reused`, `cosmetic` or `unchanged`",
    "runs[].spent_s": "number or null: wall time in seconds; null: not known",
    "runs[].avoided_s": "number or null: what the stages that did not run had taken, in seconds",
}

SAMPLE = Costs(
    runs=(
        RunCost(
            run="ccccccc",
            model="m",
            branch="main",
            at="2026-01-31T12:00:00.000Z",
            seconds=2700.0,
            stages=(StageCost(stage="train", ran=True, seconds=2700.0, is_changed=True),),
        ),
    ),
    chance=(ChanceCost(model="m", branch="main", at="2026-01-31T13:00:00.000Z", seconds=2700.0),),
    price=Price(
        name="github-linux",
        usd_per_minute=0.006,
        dated="2026-11-27",
        source="a list",
        rounds_up=True,
        free_minutes=2000,
    ),
)
