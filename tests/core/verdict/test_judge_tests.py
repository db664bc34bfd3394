"""Tests of the model and what was measured, in the verdict."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from branchline.core.effects.model_outputs import registers
from branchline.core.evidence import Evidence, Metric
from branchline.core.evidence.measured import Measured
from branchline.core.evidence.model_tests import Examined
from branchline.core.policy import Gate, Goal, MetricRule, ModelTest, Policy
from branchline.core.values import Outcome
from branchline.core.verdict.bars import moved_by_chance
from branchline.core.verdict.judge import judge
from branchline.core.verdict.values import TEST_RULE, Baseline

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
CHAMPION = Baseline(run="abc1234", via="alias `production`", commit="1" * 40)
SIZE = MetricRule(name="model.size_bytes", goal=Goal.MINIMIZE, max_relative_regression=0.1)
SPEED = MetricRule(name="latency.p95_ms", goal=Goal.MINIMIZE, max_relative_regression=0.1)


def a_test(outcome: Outcome, name: str = "t") -> Examined:
    return Examined(name=name, outcome=outcome, sentence=f"test `{name}`: said")


def measured(name: str, value: float, baseline: float | None = None, source: str = "") -> Evidence:
    item = Measured(name=name, value=value, baseline=baseline, source=source)
    return Evidence(measured=(item,), evaluation_data="d1")


@pytest.mark.parametrize(
    ("outcomes", "outcome", "summary"),
    [
        pytest.param([PASSED], PASSED, "Passed: 1 test passed.", id="one-passed"),
        pytest.param([PASSED, FAILED], FAILED, "Failed: 1 of 2 tests, `t1`.", id="one-failed"),
        pytest.param([UNKNOWN, PASSED], UNKNOWN, "Unknown: 1 of 2 tests, `t0`.", id="unknown"),
        pytest.param([FAILED], FAILED, "Failed: test `t0`.", id="the-only-one-failed"),
    ],
)
def test_tests_alone_are_a_verdict(outcomes: list[Outcome], outcome: Outcome, summary: str) -> None:
    tests = tuple(a_test(o, f"t{i}") for i, o in enumerate(outcomes))

    verdict = judge(Evidence(tests=tests), None, Gate())

    assert verdict.outcome is outcome
    assert verdict.summary == summary
    assert [f.rule for f in verdict.findings] == [TEST_RULE] * len(tests)


def test_a_good_metric_does_not_save_a_failed_test() -> None:
    metric = Metric(name="auc", value=1, text="1", file="m.json")
    evidence = Evidence(metrics=(metric,), tests=(a_test(FAILED),))

    verdict = judge(evidence, None, Gate(metrics=(MetricRule(name="auc", min=0.5),)))

    assert verdict.outcome is FAILED
    assert verdict.summary.startswith("Failed: test `t`.")


@pytest.mark.parametrize(
    ("now", "before", "outcome"),
    [
        pytest.param(1100.0, 1000.0, PASSED, id="grew-by-exactly-what-is-tolerated"),
        pytest.param(1101.0, 1000.0, FAILED, id="grew-by-more"),
        pytest.param(10.0, 1000.0, PASSED, id="shrank"),
    ],
)
def test_size_needs_no_evaluation_data(now: float, before: float, outcome: Outcome) -> None:
    ours = replace(measured("model.size_bytes", now), evaluation_data="d2")

    verdict = judge(
        ours, measured("model.size_bytes", before), Gate(metrics=(SIZE,)), baseline=CHAMPION
    )

    assert verdict.outcome is outcome


@pytest.mark.parametrize(
    ("ours", "outcome", "part"),
    [
        pytest.param(
            measured("latency.p95_ms", 11.0, 10.0, "t"), PASSED, "rose by 1", id="within"
        ),
        pytest.param(measured("latency.p95_ms", 11.2, 10.0, "t"), FAILED, "rose", id="slower"),
        pytest.param(
            measured("latency.p95_ms", 1.0, None, "t"), UNKNOWN, "was not timed beside it",
            id="not-beside-the-champion",
        ),
        pytest.param(
            measured("latency.p95_ms", 1.0, math.nan, "t"), UNKNOWN, "no finite number",
            id="nan-of-the-champion",
        ),
        pytest.param(
            measured("latency.p95_ms", math.nan, 1.0, "t"), UNKNOWN, "not finite", id="nan"
        ),
        pytest.param(Evidence(), UNKNOWN, "measured by no test", id="not-measured"),
    ],
)  # fmt: skip
def test_times_are_compared_side_by_side_only(ours: Evidence, outcome: Outcome, part: str) -> None:
    # The champion's own record says 1 ms: on another day, or another machine.
    before = measured("latency.p95_ms", 1.0, None, "t")

    verdict = judge(ours, before, Gate(metrics=(SPEED,)), baseline=CHAMPION)

    assert verdict.outcome is outcome
    assert part in verdict.findings[0].sentence


def test_a_metric_of_the_project_comes_before_what_was_measured() -> None:
    own = Metric(name="latency.p95_ms", value=3, text="3", file="m.json")
    evidence = replace(measured("latency.p95_ms", 50.0, None, "t"), metrics=(own,))

    verdict = judge(evidence, None, Gate(metrics=(MetricRule(name="latency.p95_ms", max=5),)))

    assert verdict.outcome is PASSED


def test_noise_says_nothing_of_what_was_measured() -> None:
    gate = Gate(metrics=(SIZE, MetricRule(name="auc", max_regression=0.1)))
    ours, before = measured("model.size_bytes", 900.0), measured("model.size_bytes", 1000.0)
    unknown = {"model.size_bytes": "what another seed does to it is not known."}

    verdict = judge(ours, before, gate, baseline=CHAMPION, uncompared=unknown)

    assert verdict.findings[0].outcome is PASSED
    assert [rule.name for rule in moved_by_chance(gate, ours)] == ["auc"]


def test_an_open_test_is_no_matter_of_chance() -> None:
    gate = Gate(metrics=(MetricRule(name="auc", min=0.5),))
    metric = Metric(name="auc", value=1, text="1", file="m.json")

    verdict = judge(Evidence(metrics=(metric,), tests=(a_test(UNKNOWN),)), None, gate)

    assert verdict.outcome is UNKNOWN
    assert not verdict.is_inconclusive
    assert verdict.summary.startswith("Unknown: test `t`.")


def test_an_open_test_registers_nothing() -> None:
    policy = Policy(model="m", tests=(ModelTest(name="t", run="pytest"),))

    assert not registers(UNKNOWN, policy)
    assert registers(UNKNOWN, replace(policy, tests=()))
    assert registers(PASSED, policy)
