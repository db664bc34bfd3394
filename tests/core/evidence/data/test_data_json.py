"""Reports and profiles survive their JSON; what is none is refused."""

from __future__ import annotations

import json

import pytest

from branchline.core.evidence import Evidence
from branchline.core.evidence.data.data_json import (
    profile_from_json,
    profile_to_json,
    report_from_json,
    report_to_json,
)
from branchline.core.evidence.data.schema import ColumnType, Severity
from branchline.core.evidence.data.values import (
    ColumnDrift,
    ColumnProfile,
    DataFinding,
    DataReport,
    Examples,
    TableProfile,
)
from branchline.core.evidence.evidence_json import evidence_from_json, evidence_to_json
from branchline.core.values import Outcome

REPORT = DataReport(
    check="schema",
    path="d.csv",
    against="s.yaml",
    key="k",
    rows=3,
    rules=2,
    findings=(
        DataFinding(
            rule="in",
            column="c",
            sentence="s",
            severity=Severity.WARN,
            broken=1,
            total=3,
            examples=Examples(columns=("c", "id"), rows=(("x", None),)),
        ),
        DataFinding(rule="freshness", sentence="s", outcome=Outcome.UNKNOWN),
    ),
    drift=(ColumnDrift(column="c", psi=0.5, chance=0.1, is_drifted=True, why="w"),),
)
PROFILE = TableProfile(
    path="d.csv",
    rows=3,
    columns=(
        ColumnProfile(name="n", type=ColumnType.NUMBER, edges=(1.0, 2.0), counts=(1, 1, 1)),
        ColumnProfile(name="c", type=ColumnType.TEXT, categories=(("a", 2),), other=1),
        ColumnProfile(name="t", type=ColumnType.DATE, dates=("2026-01-01", "2026-01-02")),
    ),
)


def test_a_report_survives_within_its_evidence() -> None:
    evidence = Evidence(data_checks=(REPORT,))

    assert report_from_json(json.loads(json.dumps(report_to_json(REPORT)))) == REPORT
    assert evidence_from_json(json.loads(json.dumps(evidence_to_json(evidence)))) == evidence


def test_a_profile_survives() -> None:
    assert profile_from_json(json.loads(json.dumps(profile_to_json(PROFILE)))) == PROFILE


def test_outcomes_count_rules_that_stop() -> None:
    failed = DataReport(check="schema", path="p", against="s", findings=REPORT.findings[:1])

    assert failed.outcome is Outcome.PASSED
    assert REPORT.outcome is Outcome.UNKNOWN
    assert [f.rule for f in REPORT.warnings] == ["in"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"rows": "many"}, id="rows-are-a-text"),
        pytest.param({"profile_version": 99}, id="a-newer-version"),
        pytest.param(
            {"columns": [{"name": "n", "type": "number", "edges": [2, 1], "counts": [1, 1, 1]}]},
            id="edges-fall",
        ),
        pytest.param(
            {"columns": [{"name": "n", "type": "number", "edges": [1], "counts": [1]}]},
            id="too-few-counts",
        ),
        pytest.param(
            {"columns": [{"name": "n", "type": "number", "edges": [1e999], "counts": [1, 1]}]},
            id="infinite-edges",
        ),
        pytest.param({"columns": [{"name": "n", "type": "colour"}]}, id="an-unknown-type"),
    ],
)
def test_what_is_no_profile_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        profile_from_json({**profile_to_json(PROFILE), **change})
