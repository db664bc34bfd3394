"""When a failed stage is tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run import Failure, is_worth_retrying, retry_delay_s


@given(st.integers(1, 10_000), st.text(max_size=5))
def test_the_delay_lies_between_half_and_whole_of_a_doubling(attempt: int, seed: str) -> None:
    whole = min(60.0, 2.0 ** min(attempt - 1, 20))

    assert whole / 2 <= retry_delay_s(attempt, seed) <= whole
    assert retry_delay_s(attempt, seed) == retry_delay_s(attempt, seed)


def test_stages_that_failed_together_do_not_come_back_together() -> None:
    delays = {retry_delay_s(1, f"run-1/train@{index}") for index in range(50)}

    assert len(delays) == 50


def test_an_attempt_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="attempt is 0"):
        retry_delay_s(0, "x")


@pytest.mark.parametrize(
    ("failure", "attempt", "retries", "again"),
    [
        pytest.param(Failure.EXIT_CODE, 1, 1, True, id="first-of-two-attempts"),
        pytest.param(Failure.EXIT_CODE, 2, 1, False, id="no-attempt-left"),
        pytest.param(Failure.TIMEOUT, 1, 0, False, id="no-retries-wanted"),
        pytest.param(Failure.NOT_STARTED, 1, 5, False, id="cannot-start-at-all"),
        pytest.param(None, 1, 5, False, id="succeeded"),
    ],
)
def test_is_worth_retrying(
    failure: Failure | None, attempt: int, retries: int, again: bool
) -> None:
    assert is_worth_retrying(failure, attempt, retries) is again
