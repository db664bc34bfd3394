from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence import Evidence, Metric
from branchline.core.evidence.flatten import text_of
from branchline.core.policy import Gate, Goal, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.judge import judge, worst_of
from branchline.core.verdict.values import Baseline

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
BASELINE = Baseline(run="abc1234", via="alias `production`", commit="1" * 40)
NONE = Baseline(via="nothing holds `production`")


def evidence_of(data: str = "d1", /, **metrics: object) -> Evidence:
    return Evidence(
        metrics=tuple(
            Metric(
                name=name.replace("__", "."),
                value=value if type(value) in (int, float) else None,  # type: ignore[arg-type] # int and float, as just tested
                text=text_of(value),
                file="metrics.json",
            )
            for name, value in metrics.items()
        ),
        evaluation_data=data,
    )


def gate_of(*rules: MetricRule) -> Gate:
    return Gate(metrics=rules)


AUC_FELL = MetricRule(name="auc", max_regression=0.01)
LOSS_ROSE = MetricRule(name="loss", goal=Goal.MINIMIZE, max_regression=0.01)
RELATIVE = MetricRule(name="auc", max_relative_regression=0.1)


@pytest.mark.parametrize(
    ("value", "before", "rule", "outcome", "sentence"),
    [
        pytest.param(
            0.94, 0.95, AUC_FELL, PASSED,
            "`auc` is 0.94 and fell by 0.01 from 0.95; a loss of at most 0.01 is tolerated.",
            id="a-fall-of-exactly-max-regression-passes",
        ),
        pytest.param(
            0.9412, 0.9535, AUC_FELL, FAILED,
            "`auc` is 0.9412 and fell by 0.0123 from 0.9535; a loss of at most 0.01 is tolerated.",
            id="a-larger-fall-fails-with-its-numbers",
        ),
        pytest.param(
            0.9399999999999998, 0.95, AUC_FELL, FAILED,
            "`auc` is 0.94 and fell by 0.0100000000000002 from 0.95; a loss of at most 0.01 is "
            "tolerated.",
            id="a-fall-larger-by-the-last-digit-fails",
        ),
        pytest.param(
            0.96, 0.95, AUC_FELL, PASSED,
            "`auc` is 0.96 and rose by 0.01 from 0.95; a loss of at most 0.01 is tolerated.",
            id="a-rise-passes",
        ),
        pytest.param(
            0.95, 0.95, AUC_FELL, PASSED,
            "`auc` is 0.95, the same as in the baseline; a loss of at most 0.01 is tolerated.",
            id="no-change-passes",
        ),
        pytest.param(
            0.31, 0.3, LOSS_ROSE, PASSED,
            "`loss` is 0.31 and rose by 0.01 from 0.3; a loss of at most 0.01 is tolerated.",
            id="where-less-is-better-a-rise-of-exactly-the-bound-passes",
        ),
        pytest.param(
            0.32, 0.3, LOSS_ROSE, FAILED,
            "`loss` is 0.32 and rose by 0.02 from 0.3; a loss of at most 0.01 is tolerated.",
            id="where-less-is-better-a-larger-rise-fails",
        ),
        pytest.param(
            0.63, 0.7, RELATIVE, PASSED,
            "`auc` is 0.63 and fell by 0.07 (10.0 %) from 0.7; a loss of at most 10.0 % is "
            "tolerated.",
            id="a-relative-fall-of-exactly-the-bound-passes",
        ),
        pytest.param(
            0.62, 0.7, RELATIVE, FAILED,
            "`auc` is 0.62 and fell by 0.08 (11.4286 %) from 0.7; a loss of at most 10.0 % is "
            "tolerated.",
            id="a-larger-relative-fall-fails",
        ),
        pytest.param(
            -1.1, -1.0, RELATIVE, PASSED,
            "`auc` is -1.1 and fell by 0.1 (10.0 %) from -1.0; a loss of at most 10.0 % is "
            "tolerated.",
            id="shares-are-of-the-absolute-value",
        ),
        pytest.param(
            -0.1, 0, RELATIVE, FAILED,
            "`auc` is -0.1 and fell by 0.1 from 0; a loss of at most 10.0 % is tolerated.",
            id="no-share-of-nothing-is-tolerated",
        ),
        pytest.param(
            1e300, -1e300, AUC_FELL, PASSED,
            "`auc` is 1e+300 and rose by 2e+300 from -1e+300; a loss of at most 0.01 is tolerated.",
            id="large-numbers-do-not-overflow",
        ),
    ],
)  # fmt: skip
def test_regression(
    value: float, before: float, rule: MetricRule, outcome: Outcome, sentence: str
) -> None:
    verdict = judge(
        evidence_of(**{rule.name: value}),
        evidence_of(**{rule.name: before}),
        gate_of(rule),
        baseline=BASELINE,
    )

    (finding,) = verdict.findings
    assert finding.outcome is verdict.outcome is outcome
    assert finding.sentence == sentence
    assert (finding.value, finding.baseline) == (value, before)


@pytest.mark.parametrize(
    ("value", "rule", "outcome", "sentence"),
    [
        pytest.param(
            0.9, MetricRule(name="auc", min=0.9), PASSED,
            "`auc` is 0.9; at least 0.9 is wanted.", id="the-least-passes",
        ),
        pytest.param(
            0.89, MetricRule(name="auc", min=0.9), FAILED,
            "`auc` is 0.89; at least 0.9 is wanted.", id="less-fails",
        ),
        pytest.param(
            0.8999999999, MetricRule(name="auc", min=0.9), FAILED,
            "`auc` is 0.8999999999; at least 0.9 is wanted.",
            id="what-rounds-to-the-bound-is-shown-in-full",
        ),
        pytest.param(
            20, MetricRule(name="auc", max=20.0), PASSED,
            "`auc` is 20; at most 20.0 is wanted.", id="the-most-passes",
        ),
        pytest.param(
            12345.678, MetricRule(name="auc", max=20.0), FAILED,
            "`auc` is 12,345.68; at most 20.0 is wanted.", id="more-fails",
        ),
        pytest.param(
            math.nan, MetricRule(name="auc", min=0.9), UNKNOWN,
            "`auc` is nan, which is not finite.", id="nan-never-passes",
        ),
        pytest.param(
            math.inf, MetricRule(name="auc", min=0.9), UNKNOWN,
            "`auc` is inf, which is not finite.", id="infinity-never-passes",
        ),
        pytest.param(
            "0.95", MetricRule(name="auc", min=0.9), UNKNOWN,
            "`auc` is 0.95, which is no number.", id="a-text-never-passes",
        ),
        pytest.param(
            True, MetricRule(name="auc", min=0.9), UNKNOWN,
            "`auc` is true, which is no number.", id="a-truth-value-never-passes",
        ),
        pytest.param(
            0.95, MetricRule(name="acu", min=0.9), UNKNOWN,
            "`acu` is not among the metrics; the nearest name is `auc`.",
            id="a-missing-metric-names-the-nearest",
        ),
        pytest.param(
            0.95, MetricRule(name="auc"), UNKNOWN,
            "`auc` has no bound, so it cannot be judged.", id="no-bound-is-no-gate",
        ),
        pytest.param(
            0.95, MetricRule(name="auc", min=math.nan), UNKNOWN,
            "`auc` cannot be judged: its `min` is nan.", id="a-bound-of-nan-never-passes",
        ),
    ],
)  # fmt: skip
def test_absolute(value: object, rule: MetricRule, outcome: Outcome, sentence: str) -> None:
    verdict = judge(evidence_of(auc=value), None, gate_of(rule), baseline=NONE)

    (finding,) = verdict.findings
    assert (finding.outcome, finding.sentence) == (outcome, sentence)
    assert verdict.outcome is outcome


BOTH = gate_of(MetricRule(name="auc", min=0.9, max_regression=0.01))


def test_without_a_baseline_only_absolute_bounds_apply() -> None:
    verdict = judge(evidence_of(auc=0.95), None, BOTH, baseline=NONE)

    assert verdict.outcome is PASSED
    assert "there is no baseline yet" in verdict.findings[1].sentence
    assert verdict.summary == (
        "Passed: all 2 bars held. There is no baseline (nothing holds `production`): only absolute "
        "bounds were judged."
    )
    assert judge(evidence_of(auc=0.89), None, BOTH, baseline=NONE).outcome is FAILED
    assert judge(evidence_of(auc=math.nan), None, BOTH, baseline=NONE).outcome is UNKNOWN


def test_a_baseline_that_cannot_be_read_is_unknown() -> None:
    verdict = judge(evidence_of(auc=0.95), None, BOTH, baseline=replace(BASELINE, via="gone"))

    assert [finding.outcome for finding in verdict.findings] == [PASSED, UNKNOWN]
    assert "The baseline is not known: gone." in verdict.summary


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        pytest.param("a" * 64, "b" * 64, UNKNOWN, id="other-data-are-unknown"),
        pytest.param("a" * 64, "", UNKNOWN, id="data-known-on-one-side-only-are-unknown"),
        pytest.param("a" * 64, "a" * 63 + "b", UNKNOWN, id="digests-that-begin-alike-differ"),
        pytest.param("", "", PASSED, id="where-neither-names-data-numbers-are-compared"),
        pytest.param("a" * 64, "a" * 64, PASSED, id="the-same-data-are-compared"),
    ],
)
def test_evaluation_data(ours: str, theirs: str, outcome: Outcome) -> None:
    verdict = judge(
        evidence_of(ours, auc=0.95), evidence_of(theirs, auc=0.95), BOTH, baseline=BASELINE
    )

    absolute, regression = verdict.findings
    assert absolute.outcome is PASSED
    assert regression.outcome is verdict.outcome is outcome
    if outcome is UNKNOWN:
        assert ours[-12:] in regression.sentence
        assert (theirs[-12:] or "unknown") in regression.sentence


@pytest.mark.parametrize(
    ("before", "said"),
    [
        pytest.param({"val__auc": 0.9}, "the nearest name is `val.auc`", id="missing-there"),
        pytest.param({"auc": math.nan}, "it is nan, no finite number", id="nan-there"),
        pytest.param({"auc": "x"}, "it is x, no finite number", id="a-text-there"),
        pytest.param({}, "this run has no metrics", id="nothing-there"),
    ],
)
def test_a_baseline_without_the_metric_is_unknown(before: dict[str, object], said: str) -> None:
    verdict = judge(evidence_of(auc=0.95), evidence_of(**before), BOTH, baseline=BASELINE)

    assert [finding.outcome for finding in verdict.findings] == [PASSED, UNKNOWN]
    assert said in verdict.findings[1].sentence
    assert "abc1234" in verdict.findings[1].sentence


def test_a_metric_of_two_files_that_disagree_is_unknown() -> None:
    one = Metric(name="auc", value=0.95, text="0.95", file="a.json")
    evidence = Evidence(metrics=(one, replace(one, value=0.5, text="0.5", file="b.json")))
    rules = [MetricRule(name=name, min=0.9) for name in ("auc", "a.json:auc", "b.json:auc")]

    verdict = judge(evidence, None, gate_of(*rules), baseline=NONE)

    assert [finding.outcome for finding in verdict.findings] == [UNKNOWN, PASSED, FAILED]
    assert "`b.json:auc` = 0.5" in verdict.findings[0].sentence


def test_no_gate_judges_nothing() -> None:
    verdict = judge(evidence_of(auc=0.95), None, Gate())

    assert (verdict.outcome, verdict.findings) == (UNKNOWN, ())
    assert "No gate is declared" in verdict.summary


def test_the_summary_names_what_failed_and_against_what() -> None:
    rules = [MetricRule(name="auc", min=0.99), MetricRule(name="loss", max=1, max_regression=0.1)]
    here = evidence_of(auc=0.9, loss=2.0)

    verdict = judge(here, evidence_of(auc=0.9, loss=2.0), gate_of(*rules), baseline=BASELINE)

    assert verdict.summary == (
        "Failed: 2 of 3 bars, on `auc`, `loss`, against run abc1234 (alias `production`)."
    )


numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**6), 10**6))
bounds = st.floats(0, 1e6)
goals = st.sampled_from(Goal)
ORDER = {FAILED: 0, PASSED: 1}


@given(low=numbers, high=numbers, before=numbers, bound=bounds, goal=goals, relative=st.booleans())
def test_a_better_metric_is_never_judged_worse(
    low: float, high: float, before: float, bound: float, goal: Goal, relative: bool
) -> None:
    low, high = sorted((low, high))
    worse, better = (low, high) if goal is Goal.MAXIMIZE else (high, low)
    rule = MetricRule(
        name="m",
        goal=goal,
        min=before if goal is Goal.MAXIMIZE else None,
        max=before if goal is Goal.MINIMIZE else None,
        max_regression=None if relative else bound,
        max_relative_regression=bound if relative else None,
    )

    outcomes = [
        judge(evidence_of(m=value), evidence_of(m=before), gate_of(rule), baseline=BASELINE).outcome
        for value in (worse, better)
    ]

    assert ORDER[outcomes[0]] <= ORDER[outcomes[1]]


@given(value=numbers, before=numbers, bound=bounds, relative=st.booleans())
def test_minimizing_is_maximizing_the_negated_metric(
    value: float, before: float, bound: float, relative: bool
) -> None:
    rule = MetricRule(
        name="m",
        max_regression=None if relative else bound,
        max_relative_regression=bound if relative else None,
    )
    outcomes = [
        judge(
            evidence_of(m=sign * value),
            evidence_of(m=sign * before),
            gate_of(replace(rule, goal=goal)),
            baseline=BASELINE,
        ).outcome
        for sign, goal in ((1, Goal.MAXIMIZE), (-1, Goal.MINIMIZE))
    ]

    assert outcomes[0] is outcomes[1]


@given(
    value=st.sampled_from([math.nan, math.inf, -math.inf, "x", None, True]),
    before=numbers,
    rule=st.builds(
        MetricRule,
        name=st.just("m"),
        goal=goals,
        min=st.none() | numbers,
        max=st.none() | numbers,
        max_regression=st.none() | bounds,
        max_relative_regression=st.none() | bounds,
    ),
    baseline=st.booleans(),
)
def test_what_is_no_finite_number_never_passes(
    value: object, before: float, rule: MetricRule, baseline: bool
) -> None:
    verdict = judge(
        evidence_of(m=value),
        evidence_of(m=before) if baseline else None,
        gate_of(rule),
        baseline=BASELINE if baseline else NONE,
    )

    assert verdict.outcome is UNKNOWN
    assert verdict.findings


@given(st.lists(st.sampled_from(Outcome)))
def test_failed_stands_before_unknown_before_passed(outcomes: list[Outcome]) -> None:
    expected = FAILED if FAILED in outcomes else UNKNOWN
    if outcomes and set(outcomes) == {PASSED}:
        expected = PASSED

    assert worst_of(outcomes) is expected


@given(cents=st.integers(0, 10**9), loss=st.integers(0, 10**6))
def test_a_loss_of_exactly_the_bound_always_passes(cents: int, loss: int) -> None:
    before, value, bound = cents / 100, (cents - loss) / 100, loss / 100

    verdict = judge(
        evidence_of(m=value),
        evidence_of(m=before),
        gate_of(MetricRule(name="m", max_regression=bound)),
        baseline=BASELINE,
    )

    assert verdict.outcome is PASSED


def test_a_metric_like_no_other_gets_the_names_that_there_are() -> None:
    evidence = Evidence(
        metrics=tuple(Metric(name=n, value=1.0, text="1.0", file="m.json") for n in "abcde")
    )
    gate = Gate(metrics=(MetricRule(name="throughput", min=1.0),))

    (finding,) = judge(evidence, None, gate).findings

    assert finding.sentence == (
        "`throughput` is not among the metrics; there are `a`, `b`, `c` and 2 more."
    )


def percent(value: float, unit: str = "%") -> Evidence:
    metric = Metric(
        name="auc", value=value, text=str(value), file="train.log", unit=unit, place="line 3"
    )
    return Evidence(metrics=(metric,), evaluation_data="d1")


@pytest.mark.parametrize(
    ("value", "bound", "outcome"),
    [
        pytest.param(12.0, 0.5, UNKNOWN, id="twelve-percent-does-not-pass-a-half"),
        pytest.param(1.0, 1.0, UNKNOWN, id="one-percent-does-not-pass-one"),
        pytest.param(0.3, 0.5, FAILED, id="less-than-the-bar-either-way"),
        pytest.param(93.2, 50, PASSED, id="a-bar-in-percent"),
        pytest.param(49.0, 50, FAILED, id="below-a-bar-in-percent"),
        pytest.param(3.0, 0, PASSED, id="nought-is-the-same-in-both"),
    ],
)
def test_a_number_in_percent_and_a_bar_that_may_be_a_share(
    value: float, bound: float, outcome: Outcome
) -> None:
    verdict = judge(percent(value), None, gate_of(MetricRule(name="auc", min=bound)), baseline=NONE)

    (finding,) = verdict.findings
    assert finding.outcome is outcome
    assert ("write `min: " in finding.sentence) is (outcome is UNKNOWN)


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        pytest.param(percent(93.2), percent(0.94, ""), UNKNOWN, id="percent-after-a-share"),
        pytest.param(percent(0.94, ""), percent(93.2), UNKNOWN, id="a-share-after-percent"),
        pytest.param(percent(93.2), percent(93.2), PASSED, id="percent-after-percent"),
        pytest.param(percent(9.0, "ms"), percent(9.0, ""), PASSED, id="a-record-without-units"),
    ],
)
def test_percent_and_other_numbers_are_not_compared(
    ours: Evidence, theirs: Evidence, outcome: Outcome
) -> None:
    verdict = judge(ours, theirs, gate_of(AUC_FELL), baseline=BASELINE)

    (finding,) = verdict.findings
    assert finding.outcome is outcome
