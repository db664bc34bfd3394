"""When a schedule was due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.trigger.cron import (
    MOST_COUNTED,
    cron_of,
    due_before,
    due_between,
    is_never_due,
)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "at", "due"),
    [
        pytest.param("17 */6 * * *", "2026-11-28 06:17", "2026-11-28 06:17", id="due-this-minute"),
        pytest.param("17 */6 * * *", "2026-11-28 06:16", "2026-11-28 00:17", id="a-minute-before"),
        pytest.param("17 2 * * 1", "2026-11-28 00:00", "2026-11-23 02:17", id="last-monday"),
        pytest.param("5 4 29 2 *", "2026-11-28 00:00", "2024-02-29 04:05", id="a-leap-day"),
        pytest.param("0 0 13 * 5", "2026-11-28 00:00", "2026-11-27 00:00", id="a-day-or-a-weekday"),
        pytest.param("*/20 8-9 * JAN mon", "2026-11-28 00:00", "2026-01-26 09:40", id="names"),
        pytest.param("30 1/6 * * *", "2026-11-28 20:00", "2026-11-28 19:30", id="from-one-on"),
    ],
)
def test_due_before(cron: str, at: str, due: str) -> None:
    assert due_before(cron_of(cron), moment(at)) == moment(due)


def test_what_is_never_due_has_no_time() -> None:
    assert due_before(cron_of("0 0 31 2 *"), moment("2026-11-28 00:00")) is None


@pytest.mark.parametrize(
    ("cron", "is_never"),
    [
        pytest.param("0 0 30 2 *", True, id="30-february"),
        pytest.param("0 0 31 2,4,6,9,11 *", True, id="31-of-short-months"),
        pytest.param("0 0 29 2 *", False, id="a-leap-day"),
        pytest.param("0 0 30 2,3 *", False, id="one-month-has-it"),
        pytest.param("0 0 30 2 1", False, id="mondays-of-february"),
        pytest.param("0 0 */31 2 *", False, id="the-first"),
        pytest.param("0 0 28,31 2 */7", False, id="a-sunday-the-28th"),
    ],
)
def test_what_never_comes_is_known(cron: str, *, is_never: bool) -> None:
    assert is_never_due(cron_of(cron)) is is_never


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7",
     "*/0 * * * *", "5-1 * * * *", "x * * * *", "1,,2 * * * *", "-1 * * * *"],
)  # fmt: skip
def test_what_is_no_schedule_says_so(cron: str) -> None:
    with pytest.raises(ValueError, match=r"instead of 5|is not in|means nothing"):
        cron_of(cron)


def test_looks_between_are_counted_without_the_ends() -> None:
    every = cron_of("17 */6 * * *")

    assert due_between(every, moment("2026-11-28 00:17"), moment("2026-11-28 06:17")) == 0
    assert due_between(every, moment("2026-11-28 00:17"), moment("2026-11-29 06:17")) == 4
    assert due_between(every, moment("2026-11-29 00:17"), moment("2026-11-28 06:17")) == 0
    assert due_between(cron_of("* * * * *"), moment("2000-01-01"), moment("2026-01-01")) == (
        MOST_COUNTED
    )


_FROM, _UNTIL = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2030-01-01")


@given(
    st.sampled_from(["17 */6 * * *", "3,41 5 * * 1-5", "*/15 * 1 */2 *", "0 0 * * 0"]),
    st.datetimes(min_value=_FROM, max_value=_UNTIL),
)
def test_nothing_is_due_between_the_last_time_and_now(cron: str, at: datetime) -> None:
    due = due_before(cron_of(cron), at)

    assert due is not None
    assert due <= at
    assert due_before(cron_of(cron), due) == due
    assert due_between(cron_of(cron), due, at.replace(second=0, microsecond=0)) == 0
    assert at - due < timedelta(days=63)
