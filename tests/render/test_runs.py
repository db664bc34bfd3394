from __future__ import annotations

import doctest
import json
import math

from branchline.core.evidence import Evidence, Metric, StageFacts
from branchline.core.policy import Gate, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.values import Baseline, Finding, Verdict
from branchline.render import runs
from branchline.render.run_json import runs_to_json, show_to_json
from branchline.render.run_view import RunView, StageView
from branchline.render.runs import headline_names, run_lines, run_tables, runs_table
from branchline.render.table import Tone, table_to_text

EVIDENCE = Evidence(
    metrics=(
        Metric(name="auc", value=0.9412345, text="0.9412345", file="m.json"),
        Metric(name="note", value=None, text="x", file="m.json"),
        Metric(name="loss", value=math.nan, text="nan", file="m.json"),
    ),
    params={"p.yaml:lr": 0.1, "p.yaml:n": 100000},
    stages=(
        StageFacts(stage="a", action="reuse", key="1", run="old"),
        StageFacts(stage="b", action="run", key="2", run="new", duration_s=5.25, cpu_s=4.0),
    ),
)
FINDING = Finding(
    metric="auc", outcome=Outcome.FAILED, sentence="`auc` is too small.", rule="min", value=0.94
)
VERDICT = Verdict(
    outcome=Outcome.FAILED, findings=(FINDING,), baseline=Baseline(), summary="Failed: 1 of 1."
)
RUN = RunView(
    run="new",
    branch="main\x1b[2J",
    commit="1" * 40,
    is_dirty=True,
    started_at="2026-01-02T03:04:05Z",
    duration_s=61.0,
    outcome="failed",
    subject="Subject",
    stages=(StageView(stage="a", action="reuse", reason="nothing changed"),),
    evidence=EVIDENCE,
    verdict=VERDICT,
    problems=("plan.json cannot be read",),
)


def test_the_table_of_runs() -> None:
    table = runs_table([RUN, RunView(run="old")], Gate(metrics=(MetricRule(name="auc"),)))

    assert table_to_text(table) == (
        "run  branch         when (UTC)        verdict     auc     took\n"
        "new  main\\x1b[2J *  2026-01-02 03:04  failed   0.9412  1 m 1 s\n"
        "old  (none)         unknown           none          -     0 ms"
    )
    assert table.rows[0][3].tone is Tone.BAD


def test_without_a_gate_the_first_numbers_are_the_headline() -> None:
    assert headline_names([Evidence(), EVIDENCE], Gate()) == ["auc", "loss"]
    assert headline_names([], Gate()) == []


def test_a_run_is_shown_with_all_that_is_known() -> None:
    lines = "\n".join(line.text for line in run_lines(RUN))
    tables = "\n".join(table_to_text(table) for table in run_tables(RUN))

    assert "run new on main\\x1b[2J  Subject" in lines
    assert "with uncommitted changes: not promotable" in lines
    assert "failed  `auc` is too small." in lines
    assert "plan.json cannot be read" in lines
    assert "\x1b" not in lines + tables
    assert "a      reused      -          -       -  old       nothing changed" in tables
    assert "100000" in tables


def test_runs_without_a_gate_say_so() -> None:
    verdict = Verdict(outcome=Outcome.UNKNOWN, findings=(), baseline=Baseline(), summary="")
    table = runs_table([RunView(run="a", outcome="unknown", verdict=verdict)], Gate())

    assert table.rows[0][3].text == "no gate"


def test_the_json_of_runs() -> None:
    parsed = json.loads(json.dumps(runs_to_json([RUN]), allow_nan=False))
    shown = json.loads(json.dumps(show_to_json(RUN), allow_nan=False))

    assert parsed["schema_version"] == shown["schema_version"] == 1
    assert parsed["runs"][0]["metrics"][2] == {
        "name": "loss", "file": "m.json", "value": "nan", "text": "nan",
    }  # fmt: skip
    assert shown["verdict"]["outcome"] == "failed"
    assert set(parsed["runs"][0]) < set(shown)


def test_examples_hold() -> None:
    assert doctest.testmod(runs).failed == 0
