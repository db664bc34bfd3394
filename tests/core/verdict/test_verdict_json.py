from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.values import Outcome
from branchline.core.verdict.values import Baseline, Finding, Verdict
from branchline.core.verdict.verdict_json import verdict_from_json, verdict_to_json
from branchline.errors import RecordError

numbers = st.none() | st.integers() | st.floats(allow_nan=False)
texts = st.text(max_size=20)
verdicts = st.builds(
    Verdict,
    outcome=st.sampled_from(Outcome),
    findings=st.lists(
        st.builds(
            Finding,
            metric=texts,
            outcome=st.sampled_from(Outcome),
            sentence=texts,
            rule=texts,
            value=numbers,
            baseline=numbers,
            bound=numbers,
        ),
        max_size=3,
    ).map(tuple),
    baseline=st.builds(
        Baseline,
        run=texts,
        via=texts,
        commit=st.none() | texts,
        is_rescored=st.booleans(),
        recorded_data=texts,
        evaluation_data=texts,
        problem=texts,
    ),
    summary=texts,
)


@given(verdicts)
def test_a_verdict_comes_back_equal(verdict: Verdict) -> None:
    text = json.dumps(verdict_to_json(verdict), allow_nan=False)

    assert verdict_from_json(json.loads(text)) == verdict


def test_nan_is_written_as_text() -> None:
    finding = Finding(metric="m", outcome=Outcome.UNKNOWN, sentence="", rule="min", value=math.nan)
    verdict = Verdict(outcome=Outcome.UNKNOWN, findings=(finding,), baseline=Baseline(), summary="")

    text = json.dumps(verdict_to_json(verdict), allow_nan=False)

    assert '"value": "nan"' in text
    assert math.isnan(verdict_from_json(json.loads(text)).findings[0].value or 0.0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param({"schema_version": 99}, "schema 99", id="a-newer-schema"),
        pytest.param({"schema_version": 1}, "is missing", id="a-missing-field"),
        pytest.param([], "no mapping", id="no-mapping"),
        pytest.param({"outcome": "passed"}, "`schema_version` is missing", id="no-schema"),
        pytest.param(
            {"schema_version": 1, "outcome": "yes", "findings": [], "baseline": {}},
            "yes",
            id="no-outcome",
        ),
    ],
)
def test_what_cannot_be_read_is_an_error(value: object, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        verdict_from_json(value)
