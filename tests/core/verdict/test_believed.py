from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.core.evidence import Evidence, Metric
from branchline.core.policy import Gate, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.believed import doubts
from branchline.core.verdict.judge import judge

if TYPE_CHECKING:
    from branchline.core.verdict.values import Verdict

GATE = Gate(metrics=(MetricRule(name="auc", min=0.5, max_regression=0.01),))


def evidence(auc: float) -> Evidence:
    return Evidence(metrics=(Metric(name="auc", file="metrics.json", value=auc, text=str(auc)),))


GOOD = judge(evidence(0.9), None, GATE)
BAD = judge(evidence(0.4), None, GATE)


@pytest.mark.parametrize(
    ("verdict", "auc", "gate", "words"),
    [
        pytest.param(GOOD, 0.9, GATE, "", id="a-verdict-that-fits"),
        pytest.param(BAD, 0.4, GATE, "", id="a-failed-one-that-fits"),
        pytest.param(GOOD, 0.4, GATE, "by its own numbers", id="passed-below-the-bar"),
        pytest.param(GOOD, float("nan"), GATE, "by its own numbers", id="passed-with-nan"),
        pytest.param(
            replace(BAD, outcome=Outcome.PASSED), 0.9, GATE, "a finding of it says failed",
            id="passed-with-a-failed-finding",
        ),
        pytest.param(
            replace(GOOD, findings=()), 0.9, GATE, "no finding says anything of the bar of `auc`",
            id="without-the-bar",
        ),
        pytest.param(
            GOOD, 0.9, Gate(metrics=(*GATE.metrics, MetricRule(name="f1", max_regression=0.1))),
            "`f1`", id="with-a-gate-that-knew-fewer-bars",
        ),
        pytest.param(
            GOOD, 0.9, Gate(metrics=(MetricRule(name="auc", min=0.95),)), "by its own numbers",
            id="of-a-lower-bar",
        ),
    ],
)  # fmt: skip
def test_a_verdict_is_believed_where_it_fits(
    verdict: Verdict, auc: float, gate: Gate, words: str
) -> None:
    found = doubts(verdict, evidence(auc), gate)

    assert bool(found) is bool(words)
    assert words in " ".join(found)
