from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence import Evidence
from branchline.core.evidence.evidence_json import evidence_from_json, evidence_to_json
from branchline.core.evidence.measured import Measured
from branchline.core.evidence.model_tests import (
    CASES_AT_MOST,
    CaseState,
    Examined,
    examined,
)
from branchline.core.evidence.model_tests_json import (
    BYTES_AT_MOST,
    examined_from_json,
    examined_to_json,
    reported_of,
)
from branchline.core.run.values import Ended, Failure
from branchline.core.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
OK = Ended(stage="tests@t", exit_code=0)


def ended(code: int | None, failure: Failure | None = Failure.EXIT_CODE) -> Ended:
    return Ended(stage="tests@t", exit_code=code, failure=failure, detail=f"exit code {code}")


def lines(*events: Mapping[str, object]) -> bytes:
    return b"\n".join(json.dumps(event).encode() for event in events)


def session(exit_code: int | None, *states: str) -> bytes:
    cases = [{"event": "case", "name": f"t.py::c{i}", "state": s} for i, s in enumerate(states)]
    end = [] if exit_code is None else [{"event": "end", "exit": exit_code}]
    return lines({"event": "start"}, *cases, *end)


@pytest.mark.parametrize(
    ("how", "report", "outcome", "part"),
    [
        pytest.param(OK, session(0, "passed", "passed"), PASSED, "2 cases passed", id="all-pass"),
        pytest.param(OK, b"", PASSED, "exit code 0", id="a-command-that-is-not-pytest"),
        pytest.param(ended(1), b"", FAILED, "exit code 1", id="a-command-that-failed"),
        pytest.param(
            ended(1), session(1, "passed", "failed"), FAILED, "1 of 2 cases failed: `c1`",
            id="a-case-failed",
        ),
        pytest.param(
            OK, session(1, "passed", "failed"), FAILED, "1 of 2 cases failed",
            id="a-failure-that-the-command-hides",
        ),
        pytest.param(
            OK, session(5) + b"\n" + session(0, "passed"), UNKNOWN, "collected no test",
            id="one-of-two-sessions-collected-nothing",
        ),
        pytest.param(
            ended(5), session(5), UNKNOWN, "collected no test (exit code 5)",
            id="nothing-collected",
        ),
        pytest.param(ended(2), session(2), UNKNOWN, "could not be collected", id="not-collected"),
        pytest.param(ended(4), session(4), UNKNOWN, "does not understand", id="usage"),
        pytest.param(OK, session(None, "passed"), UNKNOWN, "did not end", id="cut-off"),
        pytest.param(
            OK, session(0, "skipped"), UNKNOWN, "no case ran: 1 skipped", id="all-skipped"
        ),
        pytest.param(
            OK, session(0, "no champion"), PASSED, "there is no champion yet",
            id="only-comparisons-before-there-is-a-champion",
        ),
        pytest.param(
            OK, session(0, "no champion", "skipped"), UNKNOWN, "no case ran",
            id="a-comparison-and-another-skip",
        ),
        pytest.param(OK, session(0), UNKNOWN, "ran no case", id="exit-code-0-without-a-case"),
        pytest.param(ended(127), b"", UNKNOWN, "cannot be run", id="command-not-found"),
        pytest.param(ended(126), b"", UNKNOWN, "cannot be run", id="command-not-executable"),
        pytest.param(
            ended(None, Failure.TIMEOUT), session(None, "passed"), UNKNOWN, "was stopped",
            id="stopped-by-the-clock",
        ),
        pytest.param(
            ended(None, Failure.SIGNAL), b"", UNKNOWN, "tells nothing", id="killed"
        ),
        pytest.param(
            ended(None, Failure.TIMEOUT), session(None, "failed"), FAILED, "1 case failed",
            id="failed-before-the-clock-stopped-it",
        ),
        pytest.param(OK, b'{"event": "case"}', UNKNOWN, "cannot be read", id="half-a-line"),
        pytest.param(
            OK, session(0, "passed") + b"\nnot json", UNKNOWN, "line 4", id="a-line-of-others"
        ),
        pytest.param(
            OK, session(0, "passed") + b"\n" + b" " * BYTES_AT_MOST, UNKNOWN, "longer",
            id="longer-than-may-be-read",
        ),
    ],
)  # fmt: skip
def test_only_what_says_so_has_passed(
    how: Ended, report: bytes, outcome: Outcome, part: str
) -> None:
    found = examined("t", how, reported_of(report))

    assert found.outcome is outcome
    assert part in found.sentence


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_report_of_strangers_is_an_error_or_a_pass(data: bytes) -> None:
    found = examined("t", OK, reported_of(b"\n" + data + b"\n{"))

    assert found.outcome is not PASSED


def test_of_many_cases_the_failed_ones_are_kept() -> None:
    many = session(1, *["passed"] * 300, "failed")

    found = examined("t", ended(1), reported_of(many))

    assert len(found.reported.cases) == CASES_AT_MOST
    assert found.reported.cases[0].state is CaseState.FAILED
    assert "1 of 301 cases failed" in found.sentence


def test_numbers_come_to_their_case_and_to_the_gate() -> None:
    report = lines(
        {"event": "start"},
        {"event": "case", "name": "a", "state": "passed", "text": "x" * 5000},
        {"event": "measured", "name": "latency.p95_ms", "value": 1.5, "baseline": "inf"},
        {"event": "numbers", "name": "a", "numbers": {"p95_ms": 1.5}},
        {"event": "end", "exit": 0},
    )

    reported = reported_of(report, source="t")

    assert reported.cases[0].numbers == {"p95_ms": 1.5}
    assert len(reported.cases[0].text) == 2000
    assert reported.measured == (
        Measured(name="latency.p95_ms", value=1.5, baseline=math.inf, source="t"),
    )


def test_a_name_with_backquotes_stays_one_code_span() -> None:
    report = lines(
        {"event": "start"}, {"event": "case", "name": "a::[`x` @all]", "state": "failed"}
    )

    assert examined("t", ended(1), reported_of(report)).sentence.endswith("`[x @all]`")


def test_evidence_keeps_tests_and_measures() -> None:
    test = examined("t", ended(1), reported_of(session(1, "failed")))
    size = Measured(name="model.size_bytes", value=12.0)
    evidence = Evidence(tests=(test,), measured=(size,))

    read = evidence_from_json(json.loads(json.dumps(evidence_to_json(evidence))))

    assert read.measured == (size,)
    assert read.tests[0].outcome is FAILED
    assert read.tests[0].reported.cases == test.reported.cases
    assert evidence_from_json({"schema_version": 1, "metrics": [], "params": {}, "outs": {},
                               "stages": []}).tests == ()  # fmt: skip


@pytest.mark.parametrize("value", [None, [], {"name": "t"}, {"name": 1, "outcome": "passed"}])
def test_what_is_no_test_is_refused(value: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        examined_from_json(value)


def test_a_test_survives_its_record() -> None:
    test = Examined(name="t", outcome=PASSED, sentence="s", duration_s=1.5, run="abc")

    assert examined_from_json(examined_to_json(test)) == test
