"""A replayed history at a terminal and as a page: sums, words, and texts from outside."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.plan.test_replay import FOUR, history, model, push

from branchline.core.plan.replay import BRANCHLINE, Durations, Price, Replay
from branchline.render.replay import (
    heading,
    minutes_text,
    missed_table,
    money_text,
    notes,
    pushes_table,
    summary,
    totals_table,
)
from branchline.render.replay_json import replay_to_json
from branchline.render.replay_page import replay_page
from branchline.render.table import table_to_text

EVIL = "<script>alert(1)</script>\x1b[31m & \"'`x`"


def test_a_history_without_pushes_says_so() -> None:
    nothing = history()

    assert heading(nothing) == "`main` has no push in this time."
    assert summary(nothing) == ""
    assert "<h1>" in replay_page(nothing)
    assert replay_to_json(nothing)["pushes"] == []


def test_the_sentence_about_all() -> None:
    said = summary(history(*FOUR, durations=Durations(minutes=60), price=_price()))

    assert said == (
        "Branchline would have trained twice where every push trains 4 times: 50% of it, $4.00"
        " saved. `train.yml` trains twice, 2 of them needless, and misses 1 change of a model. What"
        " one of them depends on cannot be known from git."
    )


def _price() -> Price:
    return Price(name="p", usd_per_minute=2 / 60)


def test_the_tables() -> None:
    found = history(*FOUR)

    totals, missed = table_to_text(totals_table(found)), table_to_text(missed_table(found))

    assert [line.split()[0] for line in totals.splitlines()[1:]] == [
        "always", "train.yml", "branchline",
    ]  # fmt: skip
    # What nobody knows takes no room; it is said below the table.
    assert totals.splitlines()[0].split() == [
        *("policy", "trains", "on", "trainings", "share", "saved", "needless", "missed"),
    ]
    priced = history(*FOUR, durations=Durations(minutes=60), price=_price())
    assert {"minutes", "money"} < set(table_to_text(totals_table(priced)).split())
    assert "said so" in missed
    assert len(pushes_table(found, most=2).rows) == 2
    assert len(pushes_table(found, most=0).rows) == 4


def test_where_the_figures_come_from_is_said() -> None:
    unknown = notes(history(*FOUR))
    given = notes(history(*FOUR, durations=Durations(minutes=3), price=_price()))

    assert any("no run is recorded here" in note for note in unknown)
    assert any("give one with --price" in note for note in unknown)
    assert any("3 for a training" in note for note in given)
    assert any("$2.00 an hour" in note for note in given)


@pytest.mark.parametrize(
    ("usd", "text"), [(None, "not known"), (0.0, "$0.00"), (1234.5, "$1,234.50"), (-3.0, "-$3.00")]
)
def test_money(usd: float | None, text: str) -> None:
    assert money_text(usd) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "not known"), (0.0, "0"), (90.0, "1.5"), (6_000_000.0, "100,000")]
)
def test_minutes(seconds: float | None, text: str) -> None:
    assert minutes_text(seconds) == text


def hostile() -> Replay:
    evil = replace(model(FOUR[0].models[0].answer, name=EVIL), reason=EVIL)
    pushed = replace(push(1, evil, is_started=False), subject=EVIL, author=EVIL)
    return replace(history(pushed), branch=EVIL, notes=(EVIL,))


def test_texts_from_outside_stay_text() -> None:
    page, text = replay_page(hostile()), table_to_text(pushes_table(hostile(), most=0))

    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in text


def test_the_page_of_a_long_history_is_cut_and_says_so() -> None:
    pushes = [push(n % 60, FOUR[0].models[0], is_started=False) for n in range(700)]
    pushes = [replace(p, commit=f"{n:040x}") for n, p in enumerate(pushes)]

    page = replay_page(history(*pushes))

    assert "the newest 500 pushes" in page
    assert "500 older ones" in page
    assert len(page) < 1_000_000


def test_branchline_stands_last() -> None:
    assert history(*FOUR).policies[-1] == BRANCHLINE
