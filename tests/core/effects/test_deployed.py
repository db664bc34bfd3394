from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from branchline.core.effects.deployed import (
    Attempt,
    AttemptState,
    StepDone,
    attempt_from_text,
    attempt_to_text,
    attempts_of,
    is_held,
    new_id,
    standing,
    stands,
)
from branchline.errors import RecordError

BEGUN, DEPLOYED = AttemptState.BEGUN, AttemptState.DEPLOYED
ROLLED_BACK, FAILED = AttemptState.ROLLED_BACK, AttemptState.FAILED


def made(*rows: tuple[str, AttemptState]) -> tuple[Attempt, ...]:
    """Attempts of versions whose files are called as they are, one after the other."""
    return tuple(
        Attempt(
            attempt=f"2026010{number}", model="m", environment="staging", version=version,
            digest=version, state=state,
        )
        for number, (version, state) in enumerate(rows, 1)
    )  # fmt: skip


def test_a_record_comes_back_equal() -> None:
    step = StepDone(step="smoke", command="./x ü", exit_code=None, duration_s=1.5, detail="d")
    (attempt,) = made(("v1", ROLLED_BACK))
    whole = replace(attempt, steps=(step,), previous="v0", by="b")

    assert attempt_from_text(attempt_to_text(whole), "x/ended") == whole


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"schema_version": 1}', id="without-fields"),
        pytest.param(b'{"schema_version": 99}', id="of-a-newer-version"),
        pytest.param(b"[" * 100_000, id="endlessly-deep"),
        pytest.param(
            json.dumps(
                {**json.loads(attempt_to_text(made(("v1", DEPLOYED))[0])), "state": "launched"}
            ).encode(),
            id="of-a-state-that-is-none",
        ),
    ],
)
def test_a_record_that_is_none_is_an_error_and_no_hold(text: bytes) -> None:
    with pytest.raises(RecordError, match="x/ended"):
        attempt_from_text(text, "x/ended")


def test_the_end_of_an_attempt_goes_before_its_begin() -> None:
    begun, ended = made(("v1", BEGUN)) + made(("v1", DEPLOYED))
    later = made(("v1", DEPLOYED), ("v2", BEGUN))[1]

    found = attempts_of(
        {
            "20260102/begun": attempt_to_text(later),
            "20260101/ended": attempt_to_text(ended),
            "20260101/begun": attempt_to_text(begun),
        }
    )

    assert [(a.version, a.state) for a in found] == [("v1", DEPLOYED), ("v2", BEGUN)]


def test_ids_sort_as_they_are_made_whatever_a_clock_says() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC)
    ids = [new_id((), at, "z")]

    for number in range(3):
        last = Attempt(attempt=ids[-1], model="m", environment="e", version="v", digest="d")
        ids.append(new_id((last,), at.replace(hour=3 - number), "a"))

    assert ids == sorted(set(ids))
    assert ids[0] == "20260102T030405999999-z"


@pytest.mark.parametrize(
    ("rows", "held"),
    [
        pytest.param([], False, id="never-tried"),
        pytest.param([("v2", ROLLED_BACK)], True, id="rolled-back"),
        pytest.param([("v2", FAILED)], True, id="nor-did-the-rollback"),
        pytest.param([("v2", BEGUN)], False, id="killed"),
        pytest.param([("v2", ROLLED_BACK), ("v2", DEPLOYED)], False, id="retried-and-held"),
        pytest.param([("v2", ROLLED_BACK), ("v2", BEGUN)], True, id="retried-and-killed"),
        pytest.param([("v1", ROLLED_BACK)], False, id="other-files"),
    ],
)
def test_held(rows: list[tuple[str, AttemptState]], held: bool) -> None:
    assert is_held(made(*rows), "v2") is held


@pytest.mark.parametrize(
    ("rows", "reason", "is_so"),
    [
        pytest.param([], "registered", False, id="a-person-or-a-registration-gave-it"),
        pytest.param([], "deployed, attempt x", True, id="records-of-another-machine"),
        pytest.param([("v2", DEPLOYED)], "", True, id="promoted-before-it-was-deployed"),
        pytest.param([("v2", DEPLOYED), ("v3", ROLLED_BACK)], "", True, id="another-rolled-back"),
        pytest.param([("v2", DEPLOYED), ("v3", FAILED)], "", False, id="nor-did-the-rollback"),
        pytest.param([("v2", DEPLOYED), ("v3", BEGUN)], "", False, id="another-was-begun"),
        pytest.param(
            [("v2", BEGUN)], "deployed, attempt 20260101", True, id="killed-after-the-tag"
        ),
        pytest.param([("v2", BEGUN)], "deployed, attempt 2025", False, id="killed-before-the-tag"),
        pytest.param([("v1", DEPLOYED)], "rollback of v1", False, id="promoted-by-hand"),
    ],
)
def test_stands(rows: list[tuple[str, AttemptState]], reason: str, is_so: bool) -> None:
    assert stands(made(*rows), "v2", reason) is is_so
    assert not stands(made(*rows), "", reason)


@pytest.mark.parametrize(
    ("rows", "holder", "version"),
    [
        pytest.param([], "", "", id="nothing"),
        pytest.param([], "v9", "v9", id="no-record-but-the-registry's"),
        pytest.param([("v1", DEPLOYED), ("v2", ROLLED_BACK)], "v1", "v1", id="rolled-back-to"),
        pytest.param([("v1", DEPLOYED)], "v9", "v1", id="another-was-promoted-by-hand"),
        pytest.param([("v1", DEPLOYED), ("v2", BEGUN)], "v1", "v1", id="another-was-begun"),
    ],
)
def test_what_stands_there_and_a_rollback_goes_back_to(
    rows: list[tuple[str, AttemptState]], holder: str, version: str
) -> None:
    assert standing(made(*rows), holder, "") == version
