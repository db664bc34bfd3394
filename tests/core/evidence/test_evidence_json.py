from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence import Evidence, Metric, Plot, StageFacts
from branchline.core.evidence.evidence_json import evidence_from_json, evidence_to_json
from branchline.core.pipeline import Content
from branchline.errors import RecordError

texts = st.text(max_size=12)
numbers = st.integers() | st.floats(allow_nan=False)
names = texts | st.sampled_from(["!float", "!mapping"])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
evidences = st.builds(
    Evidence,
    metrics=st.lists(
        st.builds(
            Metric, name=texts, value=st.none() | numbers, text=texts, file=texts, stage=texts
        ),
        max_size=3,
    ).map(tuple),
    params=st.dictionaries(texts, values, max_size=3),
    outs=st.dictionaries(texts, texts, max_size=3),
    plots=st.lists(
        st.builds(
            Plot,
            path=texts,
            content=st.builds(Content, md5=st.none() | texts, size_bytes=st.none() | st.integers()),
            stage=texts,
            options=st.dictionaries(texts, values, max_size=2),
        ),
        max_size=2,
    ).map(tuple),
    stages=st.lists(
        st.builds(
            StageFacts,
            stage=texts,
            action=texts,
            key=texts,
            run=texts,
            duration_s=st.floats(0, 1e9),
            cpu_s=st.floats(0, 1e9),
            peak_memory_bytes=st.integers(0, 2**50),
            attempts=st.integers(1, 9),
        ),
        max_size=2,
    ).map(tuple),
    data=st.dictionaries(texts, texts, max_size=2),
    evaluation_data=texts,
    commit=st.none() | texts,
    branch=st.none() | texts,
    is_dirty=st.booleans(),
    versions=st.dictionaries(texts, texts, max_size=2),
    duration_s=st.floats(0, 1e9),
)


@given(evidences)
def test_evidence_comes_back_equal(evidence: Evidence) -> None:
    text = json.dumps(evidence_to_json(evidence), allow_nan=False)

    assert evidence_from_json(json.loads(text)) == evidence


def test_nan_comes_back_as_nan() -> None:
    metric = Metric(name="m", value=math.nan, text="nan", file="m.json")
    evidence = Evidence(metrics=(metric,), params={"p": math.nan, "q": [math.inf]})

    back = evidence_from_json(json.loads(json.dumps(evidence_to_json(evidence), allow_nan=False)))

    assert math.isnan(back.metrics[0].value or 0.0)
    assert back.params["q"] == [math.inf]
    assert repr(back.params["p"]) == "nan"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param({"schema_version": 2}, "schema 2", id="a-newer-schema"),
        pytest.param({"schema_version": 1}, "`metrics` is missing", id="a-missing-field"),
        pytest.param("x", "no mapping", id="no-mapping"),
        pytest.param(
            {"schema_version": 1, "metrics": [{"name": "m", "value": True}]},
            "no number",
            id="a-truth",
        ),
        pytest.param({"schema_version": 1, "metrics": {}}, "no list", id="a-wrong-type"),
    ],
)
def test_what_cannot_be_read_is_an_error(value: object, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        evidence_from_json(value)
