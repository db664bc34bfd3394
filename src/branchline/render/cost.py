"""What recorded runs cost, as a table, sentences and JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.figures import duration
from branchline.core.run.costs import By
from branchline.core.values import SCHEMA_VERSION
from branchline.render.replay import money_text
from branchline.render.table import Align, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from branchline.core.run.costs import Amount, Bill, Budget, Costs
    from branchline.core.values import JsonValue

_HOUR = 3600
_TOTAL = "all"


def heading(costs: Costs) -> str:
    """How many runs, and of which days."""
    count = len(costs.runs)
    days = sorted(run.at[:10] for run in costs.runs if run.at)
    span = f", {' to '.join(dict.fromkeys((days[0], days[-1])))}" if days else ""
    return f"{count:,} recorded run{'' if count == 1 else 's'}{span}"


def cost_table(costs: Costs, by: By) -> Table:
    """One row for each branch, model or month, and one for all."""
    has_money = costs.price is not None
    columns = (
        Column(heading=by.value),
        *(
            Column(heading=name, align=Align.RIGHT)
            for name in ("runs", "trained", "reused", "cosmetic", "unchanged", "took", "avoided")
        ),
        *(
            Column(heading=name, align=Align.RIGHT)
            for name in ("cost", "cost avoided")
            if has_money
        ),
    )
    bills = [*costs.bills(by)]
    if len(bills) > 1:
        bills.append(costs.total())
    rows = tuple(
        (
            cell(one.name or _TOTAL, Tone.PLAIN if one.name else Tone.STRONG),
            *(
                cell(f"{count:,}")
                for count in (one.runs, one.trained, one.reused, one.cosmetic, one.unchanged)
            ),
            cell(_hours(one.spent)),
            cell(_hours(one.avoided)),
            *((cell(_money(one.spent)), cell(_money(one.avoided))) if has_money else ()),
        )
        for one in bills
    )
    return Table(columns=columns, rows=rows)


def summary(costs: Costs) -> str:
    """The whole in two sentences: what ran and what did not have to."""
    told = costs.total()
    trained = f"{told.trained:,} of {told.runs:,} runs trained"
    said = f"{trained}: {_in_words(told.spent)} spent."
    if not told.avoided.seconds and not told.avoided.unknown:
        return f"{said} Nothing was avoided."
    if told.avoided.seconds is None:
        return f"{said} What the others would have taken is not known."
    return (
        f"{said} Training every stage of every run would have taken {_in_words(told.without)}:"
        f" {_in_words(told.avoided)} avoided."
    )


def budget_line(budget: Budget) -> Line:
    """The free minutes of a month: used and left."""
    if budget.used is None:
        said = f"{budget.month}: how many of the {budget.free:,.0f} free minutes are used"
        return line(cell(f"{said} is not known", Tone.UNSURE))
    said = f"{budget.month}: {budget.used:,.0f} of {budget.free:,.0f} free minutes used"
    if budget.used > budget.free:
        return line(cell(f"{said}, {budget.used - budget.free:,.0f} beyond them", Tone.BAD))
    return line(f"{said}, {budget.left or 0.0:,.0f} left")


def note_lines(costs: Costs) -> list[Line]:
    """What the figures rest on, and what they leave out."""
    return [line(cell(f"- {text}", Tone.DIM)) for text in notes(costs)]


def notes(costs: Costs) -> list[str]:
    """The same as sentences."""
    told = costs.total()
    found = [
        "took: each run as recorded; avoided: stages whose result was there, by what that took",
        "reused: inputs had changed, and the result was there; cosmetic: only comments or layout",
        _price_note(costs),
    ]
    if told.chance:
        times = "training" if told.chance == 1 else "trainings"
        found.append(f"what was spent includes {told.chance:,} {times} made to learn about chance")
    if told.spent.unknown:
        found.append(f"left out of what was spent: {_runs(told.spent.unknown)} of unknown duration")
    if told.avoided.unknown:
        found.append(
            f"left out of what was avoided: {_runs(told.avoided.unknown)} that took up results of"
            " unknown duration (from dvc.lock or DVC's run cache)"
        )
    if costs.unreadable:
        found.append(f"left out: {_runs(costs.unreadable)} whose records cannot be read")
    if costs.undated:
        found.append(f"left out: {_runs(costs.undated)} whose day is not recorded")
    found.append(
        "no record is left by searches (`tune`), by runs that failed or were stopped, and by pushes"
        " that started no run: they are not in these figures"
    )
    return found


def _price_note(costs: Costs) -> str:
    price = costs.price
    if price is None:
        return "money: no price is known; give one with --price (a machine, or US dollars an hour)"
    dated = f", read {price.dated}" if price.dated else ""
    source = f" ({price.source}{dated})" if price.source else ""
    rounded = ", each run by whole minutes" if price.rounds_up else ""
    free = ", free minutes not taken off" if price.free_minutes is not None else ""
    hourly = f"${price.usd_per_minute * 60:.2f} an hour"
    name = hourly if price.name == f"${price.usd_per_minute * 60:g} an hour" else ""
    return f"money: {name or f'`{price.name}`, {hourly}'}{rounded}{free}{source}"


def _runs(count: int) -> str:
    return f"{count:,} run{'' if count == 1 else 's'}"


def _in_words(amount: Amount) -> str:
    if amount.seconds is None:
        return "unknown hours"
    money = f" ({_money(amount)})" if amount.usd is not None else ""
    least = "at least " if amount.unknown else ""
    return f"{least}{took_text(amount.seconds)}{money}"


def _hours(amount: Amount) -> str:
    if amount.seconds is None:
        return "not known"
    return f"{'≥ ' if amount.unknown else ''}{took_text(amount.seconds)}"


def _money(amount: Amount) -> str:
    return f"{'≥ ' if amount.unknown and amount.usd is not None else ''}{money_text(amount.usd)}"


def took_text(seconds: float) -> str:
    """Hours, in which machines are paid for; less than a tenth of one as any duration.

    >>> took_text(126_900), took_text(3_600_000), took_text(272), took_text(0)
    ('35.25 h', '1,000 h', '4 m 32 s', '0')
    """
    hours = seconds / _HOUR
    if hours < 0.1:
        return duration(seconds) if seconds else "0"
    return f"{hours:,.0f} h" if hours >= 100 else f"{hours:.2f} h"


def cost_to_json(costs: Costs, budget: Budget | None) -> dict[str, JsonValue]:
    """`cost --json`."""
    price = costs.price
    return {
        "schema_version": SCHEMA_VERSION,
        "total": _bill(costs.total()),
        **{f"by_{by.value}": [_bill(one) for one in costs.bills(by)] for by in By},
        "price": None
        if price is None
        else {
            "name": price.name,
            "usd_per_hour": round(price.usd_per_minute * 60, 6),
            "dated": price.dated,
            "source": price.source,
            "rounds_up": price.rounds_up,
        },
        "budget": None
        if budget is None
        else {
            "month": budget.month,
            "free_minutes": budget.free,
            "used_minutes": _round(budget.used),
            "left_minutes": _round(budget.left),
        },
        "notes": list(notes(costs)),
        "runs": [
            {
                "run": run.run,
                "model": run.model,
                "branch": run.branch,
                "started_at": run.at,
                "did": run.did.value,
                "spent_s": _round(run.seconds),
                "avoided_s": _round(run.avoided_s),
            }
            for run in costs.runs
        ],
    }


def _bill(one: Bill) -> dict[str, JsonValue]:
    return {
        "name": one.name,
        "runs": one.runs,
        "trained": one.trained,
        "reused": one.reused,
        "cosmetic": one.cosmetic,
        "unchanged": one.unchanged,
        "chance": one.chance,
        "spent": _amount(one.spent),
        "avoided": _amount(one.avoided),
        "billed_minutes": _round(one.billed_minutes),
    }


def _amount(amount: Amount) -> dict[str, JsonValue]:
    hours = None if amount.seconds is None else amount.seconds / _HOUR
    return {"hours": _round(hours), "usd": _round(amount.usd), "not_known": amount.unknown}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
