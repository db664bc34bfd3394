from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence import Evidence, Metric
from branchline.core.policy import Gate, Goal, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.noise.values import Difference
from branchline.core.verdict.values import Baseline, Verdict
from branchline.render.compare import (
    Direction,
    compare_runs,
    comparison_tables,
    metric_rows,
    outcome_word,
    said_of,
    signed,
)
from branchline.render.run_json import compare_to_json
from branchline.render.run_view import InputView, RunView
from branchline.render.table import Tone, table_to_text

GATE = Gate(metrics=(MetricRule(name="auc"), MetricRule(name="loss", goal=Goal.MINIMIZE)))


def evidence_of(*pairs: tuple[str, float | None], params: dict[str, str] | None = None) -> Evidence:
    return Evidence(
        metrics=tuple(Metric(name=n, value=v, text=str(v), file="m.json") for n, v in pairs),
        params=params or {},
    )


@pytest.mark.parametrize(
    ("name", "first", "second", "direction"),
    [
        pytest.param("auc", 0.9, 0.95, Direction.BETTER, id="more-of-a-maximized-metric"),
        pytest.param("auc", 0.95, 0.9, Direction.WORSE, id="less-of-a-maximized-metric"),
        pytest.param("loss", 0.9, 0.95, Direction.WORSE, id="more-of-a-minimized-metric"),
        pytest.param("loss", 0.95, 0.9, Direction.BETTER, id="less-of-a-minimized-metric"),
        pytest.param("auc", 0.9, 0.9, Direction.SAME, id="no-difference"),
        pytest.param("other", 1.0, 2.0, Direction.CHANGED, id="no-goal"),
        pytest.param("auc", 0.9, math.nan, Direction.UNKNOWN, id="nan"),
        pytest.param("auc", 0.9, None, Direction.UNKNOWN, id="no-number"),
    ],
)
def test_directions(name: str, first: float, second: float | None, direction: Direction) -> None:
    (row,) = metric_rows([evidence_of((name, first)), evidence_of((name, second))], GATE)

    assert row.directions[1] is direction


def test_metrics_of_the_gate_come_first_and_missing_ones_stay() -> None:
    first, second = evidence_of(("x", 1), ("loss", 2.0)), evidence_of(("auc", 0.9))

    rows = metric_rows([first, second], GATE)

    assert [row.name for row in rows] == ["auc", "loss", "x"]
    assert rows[0].metrics[0] is None
    assert rows[0].directions == (Direction.UNKNOWN, Direction.UNKNOWN)


def test_metrics_of_the_same_name_are_told_apart_by_file() -> None:
    metrics = tuple(Metric(name="auc", value=0.9, text="0.9", file=f) for f in ("a", "b"))

    rows = metric_rows([Evidence(metrics=metrics)], GATE)

    assert [row.name for row in rows] == ["a:auc", "b:auc"]


RUNS = [
    RunView(run="a", branch="main", evidence=evidence_of(("auc", 0.9), params={"p.yaml:lr": "1"})),
    RunView(run="b", evidence=evidence_of(("auc", 0.95), params={"p.yaml:lr": "2", "q": "x"})),
]
INPUTS = [
    [InputView(stage="train", kind="code", name="a.py", digest="1" * 64)],
    [InputView(stage="train", kind="code", name="a.py", digest="1" * 64)],
]


def test_the_tables_of_a_comparison() -> None:
    tables = comparison_tables(compare_runs(RUNS, GATE, INPUTS))

    assert [table_to_text(table) for table in tables[1:]] == [
        "metric    a             b\nauc     0.9  0.95 (+0.05)",
        "Parameters\nfile    name  a  b\np.yaml  lr    1  2\nq             -  x",
    ]
    assert tables[1].rows[0][2].tone is Tone.GOOD
    assert len(comparison_tables(compare_runs(RUNS, GATE, INPUTS), everything=True)) == 4


def test_the_json_of_a_comparison() -> None:
    value = compare_to_json(compare_runs(RUNS, GATE, INPUTS))

    text = json.dumps(value, allow_nan=False)
    parsed = json.loads(text)
    assert parsed["schema_version"] == 1
    assert [run["run"] for run in parsed["runs"]] == ["a", "b"]
    assert parsed["metrics"] == [
        {
            "name": "auc",
            "values": [0.9, 0.95],
            "differences": [0.0, 0.05],
            "directions": ["same", "better"],
        }
    ]
    assert parsed["params"][1] == {"file": "q", "name": "", "values": [None, "x"], "is_same": False}
    assert parsed["inputs"] == [
        {"stage": "train", "name": "code a.py", "values": ["1" * 12] * 2, "is_same": True}
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_difference_has_a_sign_or_is_nothing(step: float) -> None:
    assert signed(step)[0] in ("+-" if step else "0")


def test_a_run_without_bars_was_not_judged_which_is_not_unknown() -> None:
    verdict = Verdict(outcome=Outcome.UNKNOWN, findings=(), baseline=Baseline(), summary="")
    run = RunView(run="a", outcome="unknown", verdict=verdict)

    assert outcome_word(run) == "no gate"
    assert outcome_word(RunView(run="b", outcome="unknown")) == "unknown"
    assert outcome_word(RunView(run="c")) == "none"


def difference_of(low: float, high: float, *, goal: Goal = Goal.MAXIMIZE) -> Difference:
    middle = (low + high) / 2
    return Difference(
        metric="auc", goal=goal, candidate=0.9 + middle, champion=0.9, estimate=middle, low=low,
        high=high, confidence=0.95, p_worse=0.5, p_beyond=0.5, p_better=0.5, method="DeLong",
        examples=1234,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "goal", "words"),
    [
        pytest.param(0.001, 0.02, Goal.MAXIMIZE, "better", id="all-a-gain"),
        pytest.param(0.001, 0.02, Goal.MINIMIZE, "worse", id="all-a-loss"),
        pytest.param(-0.02, -0.001, Goal.MINIMIZE, "better", id="less-of-a-minimized-metric"),
        pytest.param(-0.01, 0.02, Goal.MAXIMIZE, "may be chance", id="zero-is-inside"),
        pytest.param(0.0, 0.02, Goal.MAXIMIZE, "may be chance", id="zero-is-an-end"),
        pytest.param(0.0, 0.0, Goal.MAXIMIZE, "the same", id="no-difference"),
        pytest.param(math.nan, math.nan, Goal.MAXIMIZE, "may be chance", id="not-known"),
    ],
)
def test_what_a_difference_says(low: float, high: float, goal: Goal, words: str) -> None:
    assert said_of(difference_of(low, high, goal=goal))[0] == words


def test_differences_have_a_table_of_their_own() -> None:
    comparison = compare_runs(RUNS, GATE, INPUTS, [("b", difference_of(-0.01, 0.02))])

    text = "\n".join(map(table_to_text, comparison_tables(comparison)))
    value = json.loads(json.dumps(compare_to_json(comparison)))

    assert "Differences to a on the same examples" in text
    assert re.search(r"auc +b +\+0.0050 +-0.0100 to \+0.0200 +1,234  may be chance", text)
    assert value["apart"][0]["says"] == "may be chance"
