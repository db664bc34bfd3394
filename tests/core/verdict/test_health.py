"""Whether a model in production is well, by what was seen over time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.effects.alarms import (
    AskForTraining,
    TellAlarm,
    TellRecovery,
    effects_of_look,
)
from branchline.core.evidence.watched import ColumnSeen, MetricSeen, Monitor, Retrain, Seen
from branchline.core.values import Outcome
from branchline.core.verdict.health import Health, Look, judge_look

ASKED = Monitor(schedule="17 */6 * * *", source="new.csv", retrain=Retrain())
START = datetime.fromisoformat("2026-11-01T00:17:05+00:00")
FAILED = MetricSeen(metric="auc", value=0.5, outcome=Outcome.FAILED, sentence="`auc` is 0.5.")
NAN = MetricSeen(metric="auc", value=None, outcome=Outcome.UNKNOWN, sentence="`auc` is NaN.")


def seen(
    number: int, *drifted: str, rows: int = 1000, run: str = "abc", window: str = "", **more: object
) -> Seen:
    """What the look of a period saw."""
    at = START + timedelta(hours=6 * number)
    columns = tuple(ColumnSeen(column=c, psi=0.3, limit=0.1, is_drifted=True) for c in drifted)
    made = Seen(
        model="demo", at=at.isoformat(), due=at.replace(second=0).isoformat(), run=run,
        window=window or f"window {number}", rows=rows, is_judged=rows >= 500, compared=3,
        columns=columns,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type] # fields of the case


def after(*several: Seen, asked: Monitor = ASKED) -> Look:
    """The last of looks that were made one after the other."""
    looks: list[Look] = []
    for one in several:
        looks.append(judge_look(one, looks, asked))
    return looks[-1]


@pytest.mark.parametrize(
    ("several", "health"),
    [
        pytest.param([seen(0)], Health.HEALTHY, id="nothing-drifts"),
        pytest.param([seen(0, "x")], Health.UNKNOWN, id="one-window-is-not-enough-to-say-so"),
        pytest.param([seen(0), seen(1, "x")], Health.HEALTHY, id="one-of-two-is-chance"),
        pytest.param([seen(0, "x"), seen(1, "x")], Health.DEGRADED, id="two-of-two"),
        pytest.param([seen(0, "x"), seen(1), seen(2, "x")], Health.DEGRADED, id="two-of-three"),
        pytest.param(
            [seen(0, "x"), seen(1), seen(2), seen(3, "x")], Health.HEALTHY, id="two-of-four"
        ),
        pytest.param([seen(0, "x"), seen(1, "y")], Health.HEALTHY, id="each-column-for-itself"),
        pytest.param(
            [seen(0), seen(1, "x", window="w"), seen(2, "x", window="w")], Health.HEALTHY,
            id="a-window-that-is-looked-at-twice-is-one",
        ),
        pytest.param(
            [seen(0, "x", window="w"), seen(1), seen(2), seen(3, "x"), seen(4, "x", window="w")],
            Health.DEGRADED,
            id="a-window-that-comes-back-is-the-newest",
        ),
        pytest.param(
            [seen(0, "x"), seen(1, "x"), seen(2, run="new")], Health.HEALTHY,
            id="windows-of-another-model-do-not-count",
        ),
        pytest.param(
            [seen(0, "x"), seen(1, rows=10), seen(2, "x")], Health.DEGRADED,
            id="a-window-with-few-rows-does-not-count",
        ),
        pytest.param([seen(0, rows=10)], Health.UNKNOWN, id="few-rows-alone-are-not-known"),
        pytest.param([seen(0), seen(1, rows=0)], Health.HEALTHY, id="few-rows-change-nothing"),
        pytest.param([seen(0), seen(1, metrics=(FAILED,))], Health.DEGRADED, id="metric-at-once"),
        pytest.param([seen(0), seen(1, metrics=(NAN,))], Health.UNKNOWN, id="nan-is-never-healthy"),
        pytest.param(
            [seen(0), seen(1, metrics=(NAN, FAILED))], Health.DEGRADED, id="bad-before-not-known"
        ),
        pytest.param(
            [seen(0), seen(1, problems=("Broken.",))], Health.UNKNOWN, id="a-failure-is-not-known"
        ),
    ],
)  # fmt: skip
def test_state(several: list[Seen], health: Health) -> None:
    look = after(*several)

    assert look.health is health, look.reasons
    assert look.reasons


def kinds(look: Look, asked: Monitor = ASKED) -> list[str]:
    return [type(effect).__name__ for effect in effects_of_look(look, asked)]


def test_an_alarm_is_one_from_its_begin_to_its_end() -> None:
    bad = [seen(0), seen(1, "x"), seen(2, "x"), seen(3, "x"), seen(4, rows=1)]

    begins, lasts, still = after(*bad[:3]), after(*bad[:4]), after(*bad)
    ends = after(*bad, seen(5), seen(6))

    assert begins.alarm == begins.seen.at == lasts.alarm == still.alarm
    assert (still.health, still.since) == (Health.DEGRADED, begins.since)
    assert ends.health is Health.HEALTHY
    assert (ends.alarm, ends.was_alarm) == ("", begins.alarm)
    keys = {e.key for look in (begins, lasts, still) for e in effects_of_look(look, ASKED)
            if isinstance(e, TellAlarm)}  # fmt: skip
    (over,) = effects_of_look(ends, ASKED)
    assert isinstance(over, TellRecovery)
    assert keys == {over.key}


def test_its_end_is_told_for_a_week_and_then_no_more() -> None:
    for lasts in (1, 40):  # looks, four a day
        bad = [seen(number, problems=("Broken.",)) for number in range(lasts)]
        well = [seen(number) for number in range(lasts, lasts + 60)]

        assert kinds(after(*bad, *well[:1])) == ["TellRecovery"]
        assert kinds(after(*bad, *well[:20])) == ["TellRecovery"]
        assert kinds(after(*bad, *well)) == []


def test_another_alarm_is_another_one_and_the_end_of_the_first_is_told_as_well() -> None:
    look = after(seen(0, problems=("Broken.",)), seen(1), seen(2, problems=("Broken.",)))

    assert kinds(look) == ["TellRecovery", "TellAlarm"]
    assert look.alarm != look.was_alarm


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        pytest.param([seen(0)], [], id="all-is-well"),
        pytest.param([seen(0, rows=3)], [], id="few-rows-are-no-alarm"),
        pytest.param([seen(0, waits=("Nothing in production.",))], [], id="nothing-there-yet"),
        pytest.param([seen(0, "x")], [], id="one-window-alone"),
        pytest.param([seen(0, problems=("Broken.",))], ["TellAlarm"], id="what-fails-is-told"),
        pytest.param(
            [seen(0, "x"), seen(1, "x")], ["TellAlarm", "AskForTraining"], id="drift-asks-to-train"
        ),
    ],
)
def test_what_follows(several: list[Seen], expected: list[str]) -> None:
    assert kinds(after(*several)) == expected


def test_what_nobody_asked_for_does_not_follow() -> None:
    bad = after(seen(0, "x"), seen(1, "x"))

    assert kinds(bad, replace(ASKED, retrain=None)) == ["TellAlarm"]
    only = effects_of_look(bad, replace(ASKED, opens_issue=False))
    assert [type(effect) for effect in only] == [AskForTraining]


def test_looks_that_the_schedule_asked_for_and_nobody_made_are_counted() -> None:
    assert after(seen(0)).missed == 0
    assert after(seen(0), seen(1)).missed == 0
    late = after(seen(0), seen(4))
    assert (late.missed, late.last) == (3, seen(0).at)
    assert after(seen(0), seen(4), asked=replace(ASKED, schedule="")).missed == 0


LOOKS = st.lists(
    st.tuples(st.sets(st.sampled_from("xyz")), st.booleans(), st.sampled_from([0, 1000])),
    min_size=1, max_size=8,
)  # fmt: skip


@given(LOOKS)
def test_not_known_is_never_healthy_and_an_alarm_ends_in_health_only(
    drawn: list[tuple[set[str], bool, int]],
) -> None:
    looks: list[Look] = []
    for number, (drifted, fails, rows) in enumerate(drawn):
        one = seen(number, *sorted(drifted) if rows else (), rows=rows,
                   problems=("Broken.",) if fails else ())  # fmt: skip
        looks.append(judge_look(one, looks, ASKED))
        assert judge_look(one, looks, ASKED) == looks[-1]

    for before, look in zip([None, *looks], looks, strict=False):
        if look.seen.problems:
            assert look.health is not Health.HEALTHY
        if before is not None and before.alarm and not look.alarm:
            assert look.health is Health.HEALTHY
        assert bool(look.alarm) or look.health is not Health.DEGRADED
