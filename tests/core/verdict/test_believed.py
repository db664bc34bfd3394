from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence import Evidence, Metric
from branchline.core.evidence.data.values import DataFinding, DataReport
from branchline.core.evidence.measured import Measured
from branchline.core.policy import Gate, Goal, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.believed import Grounds, doubts
from branchline.core.verdict.data import with_data
from branchline.core.verdict.judge import judge
from branchline.core.verdict.noise.values import Difference
from branchline.core.verdict.standing import standing_of
from branchline.core.verdict.values import Answer, Baseline, Finding, Noise

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
        pytest.param(GOOD, 0.4, GATE, "by the numbers", id="passed-below-the-bar"),
        pytest.param(GOOD, float("nan"), GATE, "by the numbers", id="passed-with-nan"),
        pytest.param(
            replace(BAD, outcome=Outcome.PASSED), 0.9, GATE, "by its findings it is failed",
            id="passed-with-a-failed-finding",
        ),
        pytest.param(
            replace(GOOD, findings=()), 0.9, GATE,
            "no finding says anything of the bar `min` of `auc`",
            id="without-the-bar",
        ),
        pytest.param(
            GOOD, 0.9, Gate(metrics=(*GATE.metrics, MetricRule(name="f1", max_regression=0.1))),
            "`f1`", id="with-a-gate-that-knew-fewer-bars",
        ),
        pytest.param(
            GOOD, 0.9, Gate(metrics=(MetricRule(name="auc", min=0.95),)),
            "`min` of `auc` is 0.95 on the default branch, and 0.5 was judged by",
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


CHAMPION = Baseline(run="aaaaaaa", via="alias `production`", commit="a" * 40)
HIS = evidence(0.9)
KNOWN = Grounds(baseline=CHAMPION, champion=HIS)


def judged(auc: float, *, gate: Gate = GATE, champion: Evidence | None = HIS) -> Verdict:
    baseline = CHAMPION if champion is not None else Baseline()
    return judge(evidence(auc), champion, gate, baseline=baseline)


def as_passed(verdict: Verdict) -> Verdict:
    """What somebody would write who wants it to pass."""
    findings = tuple(replace(f, outcome=Outcome.PASSED) for f in verdict.findings)
    return replace(verdict, outcome=Outcome.PASSED, findings=findings)


@pytest.mark.parametrize(
    ("verdict", "auc", "grounds", "words"),
    [
        pytest.param(judged(0.895), 0.895, KNOWN, "", id="within-the-loss"),
        pytest.param(judged(0.5), 0.5, KNOWN, "", id="a-loss-that-is-said-to-be-one"),
        pytest.param(
            as_passed(judged(0.85)), 0.85, KNOWN, "`auc` is 0.85 and fell by 0.05 from 0.9",
            id="a-loss-that-is-said-to-be-none",
        ),
        pytest.param(
            judged(0.6, champion=None), 0.6, KNOWN,
            "measured against nothing, and the champion is run aaaaaaa (alias `production`)",
            id="as-if-there-were-no-champion",
        ),
        pytest.param(
            judge(evidence(0.6), evidence(0.55), GATE, baseline=replace(CHAMPION, run="eeeeeee")),
            0.6, KNOWN, "measured against run eeeeeee", id="against-a-weaker-one",
        ),
        pytest.param(
            judge(evidence(0.6), evidence(0.55), GATE, baseline=CHAMPION), 0.6, KNOWN,
            "fell by 0.3 from 0.9", id="against-invented-numbers-of-the-champion",
        ),
        pytest.param(
            judged(0.895), 0.895, replace(KNOWN, champion=None), "metrics are not known",
            id="whose-record-is-not-here",
        ),
        pytest.param(
            judged(0.895), 0.895, replace(KNOWN, why_unknown="git refused"),
            "cannot be told whom it has to be measured against: git refused",
            id="where-the-records-are-not-here",
        ),
        pytest.param(
            judged(0.895), 0.895, replace(KNOWN, baseline=None), "",
            id="that-was-looked-at-before",
        ),
        pytest.param(
            judge(
                evidence(0.6), evidence(0.55), GATE, baseline=replace(CHAMPION, is_rescored=True)
            ),
            0.6, replace(KNOWN, rescored=evidence(0.55)), "", id="whose-champion-was-scored-again",
        ),
        pytest.param(
            judge(
                evidence(0.6), evidence(0.55), GATE, baseline=replace(CHAMPION, is_rescored=True)
            ),
            0.6, KNOWN, "metrics are not known", id="scored-again-without-numbers",
        ),
        pytest.param(
            judged(0.895), 0.895, replace(KNOWN, tests=("smoke",)), "the test `smoke`",
            id="without-a-test",
        ),
    ],
)  # fmt: skip
def test_a_comparison_is_made_again_from_the_records(
    verdict: Verdict, auc: float, grounds: Grounds, words: str
) -> None:
    found = doubts(verdict, evidence(auc), GATE, grounds)

    assert bool(found) is bool(words), found
    assert words in " ".join(found)


NOISY = Gate(metrics=(MetricRule(name="auc", max_regression=0.01, primary=True),))


def compared(low: float, high: float, *, confidence: float = 0.95, **more: object) -> Verdict:
    """A verdict on an interval; with `more` as somebody may write it."""
    difference = Difference(
        metric="auc", goal=Goal.MAXIMIZE, method="paired", estimate=(low + high) / 2, low=low,
        high=high, confidence=0.95, candidate=0.9 + (low + high) / 2, champion=0.9, examples=1000,
        p_worse=0.5, p_beyond=0.5, p_better=0.5,
    )  # fmt: skip
    verdict = judge(evidence(0.9), HIS, NOISY, baseline=CHAMPION, comparisons={"auc": difference})
    (found,) = verdict.findings
    assert found.noise is not None
    noise = replace(found.noise, confidence=confidence)
    changed = replace(found, **{"noise": noise, **more})  # type: ignore[arg-type] # its fields
    outcome = verdict.outcome if changed.outcome is found.outcome else changed.outcome
    return replace(verdict, findings=(changed,), outcome=outcome)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        pytest.param(compared(-0.005, 0.02), "", id="surely-no-worse"),
        pytest.param(compared(-0.05, 0.02), "", id="open"),
        pytest.param(compared(-0.05, -0.02), "", id="worse"),
        pytest.param(
            compared(-0.05, 0.02, outcome=Outcome.PASSED), "its own interval says otherwise",
            id="open-and-said-to-pass",
        ),
        pytest.param(
            compared(-0.05, -0.02, outcome=Outcome.UNKNOWN, answer=Answer.CANNOT_TELL),
            "its own interval says otherwise", id="worse-and-said-to-be-open",
        ),
        pytest.param(
            compared(
                -0.005, 0.02, noise=Noise(low=float("nan"), high=0.02, confidence=0.95)
            ),
            "its own interval says otherwise", id="an-interval-that-is-none",
        ),
        pytest.param(
            compared(-0.005, 0.02, confidence=0.6), "with confidence 0.6, and the gate asks",
            id="less-sure-than-the-gate-asks",
        ),
        pytest.param(
            compared(-0.005, 0.02, bound=0.5), "0.5 was judged by", id="by-another-margin"
        ),
    ],
)  # fmt: skip
def test_an_interval_gives_its_answer_and_no_other(verdict: Verdict, words: str) -> None:
    found = doubts(verdict, evidence(0.9), NOISY, KNOWN)

    assert bool(found) is bool(words), found
    assert words in " ".join(found)


def test_a_share_of_the_champion_is_a_share_of_its_recorded_number() -> None:
    gate = Gate(metrics=(MetricRule(name="auc", max_relative_regression=0.01),))
    noise = Noise(low=-0.2, high=0.1, confidence=0.95, method="paired", examples=9)
    finding = Finding(
        metric="auc", outcome=Outcome.PASSED, sentence="x", rule="max_relative_regression",
        value=0.7, baseline=90.0, bound=0.01, answer=Answer.NO_WORSE, noise=noise,
    )  # fmt: skip
    verdict = replace(judged(0.9), findings=(finding,), outcome=Outcome.PASSED)

    assert "its own interval" in " ".join(doubts(verdict, evidence(0.7), gate, KNOWN))


def test_an_absolute_bar_is_never_open_for_noise() -> None:
    bad = judged(0.4)
    findings = tuple(
        replace(f, outcome=Outcome.UNKNOWN, answer=Answer.CANNOT_TELL) for f in bad.findings
    )
    verdict = replace(bad, outcome=Outcome.UNKNOWN, findings=findings)

    assert standing_of(verdict, GATE).lets_on, "which is why somebody would write it"
    assert "nothing of it is compared" in " ".join(doubts(verdict, evidence(0.4), GATE, KNOWN))


def test_a_metric_does_not_become_one_that_is_measured_side_by_side() -> None:
    faked = replace(
        evidence(0.9),
        metrics=(),
        measured=(Measured(name="auc", value=0.6, baseline=0.5, source="smoke"),),
    )
    verdict = judge(faked, HIS, GATE, baseline=CHAMPION)
    assert verdict.outcome is Outcome.PASSED

    assert doubts(verdict, faked, GATE, KNOWN)


def test_bad_data_stop_what_follows_and_are_believed() -> None:
    broken = DataFinding(rule="missing", outcome=Outcome.FAILED, sentence="x is missing.", broken=1)
    report = DataReport(
        check="schema", path="data.csv", against="schema.yaml", findings=(broken,)
    )  # fmt: skip
    found = replace(evidence(0.9), data_checks=(report,))
    stopped = with_data(judged(0.9), found.data_checks)

    assert doubts(stopped, found, GATE, KNOWN) == ()
    assert doubts(judged(0.9), found, GATE, KNOWN), "a verdict that does not tell of them"
    assert doubts(replace(stopped, outcome=Outcome.PASSED), found, GATE, KNOWN)


NUMBERS = st.floats(-2, 2) | st.just(float("nan"))
BOUNDS = st.none() | st.floats(0, 1)
RULES = st.builds(
    MetricRule,
    name=st.just("auc"),
    goal=st.sampled_from(Goal),
    min=BOUNDS,
    max=BOUNDS,
    max_regression=BOUNDS,
    max_relative_regression=BOUNDS,
    min_gain=BOUNDS,
)


@given(auc=NUMBERS, his=st.none() | NUMBERS, rule=RULES)
def test_what_was_judged_honestly_is_believed_and_nothing_better(
    auc: float, his: float | None, rule: MetricRule
) -> None:
    gate = Gate(metrics=(rule,))
    champion = None if his is None else evidence(his)
    baseline = Baseline() if champion is None else CHAMPION
    honest = judge(evidence(auc), champion, gate, baseline=baseline)
    grounds = Grounds(baseline=baseline, champion=champion)

    assert doubts(honest, evidence(auc), gate, grounds) == ()
    if honest.outcome is not Outcome.PASSED:
        assert doubts(as_passed(honest), evidence(auc), gate, grounds)
        assert doubts(replace(honest, outcome=Outcome.PASSED), evidence(auc), gate, grounds), (
            "by its findings alone"
        )
