"""Verdicts where the noise is known: sentences, outcomes, and what a run may do after them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.verdict.test_answer import difference, spread
from tests.core.verdict.test_judge import BASELINE, NONE, evidence_of

from branchline.core.policy import Gate, Goal, MetricRule, OnInconclusive
from branchline.core.values import Outcome
from branchline.core.verdict.judge import judge
from branchline.core.verdict.parts import Part, parts_judged
from branchline.core.verdict.standing import Standing, standing_of
from branchline.core.verdict.values import Answer, Verdict
from branchline.core.verdict.verdict_json import verdict_from_json, verdict_to_json

if TYPE_CHECKING:
    from branchline.core.verdict.noise.values import Difference

RULE = MetricRule(name="m", max_regression=0.01)
OPEN = difference(-0.03, -0.005, 0.02, needed=4000)
WORSE = difference(-0.05, -0.04, -0.03)
FINE = difference(-0.005, -0.001, 0.003)


def judged(found: Difference | None, rule: MetricRule = RULE, **more: Any) -> Verdict:
    gate = more.pop("gate", Gate(metrics=(rule,)))
    value = 0.9 + (found.estimate if found and found.estimate == found.estimate else 0.0)
    return judge(
        evidence_of(m=round(value, 6)),
        evidence_of(m=0.9),
        gate,
        baseline=BASELINE,
        comparisons={"m": found} if found else {},
        **more,
    )


@pytest.mark.parametrize(
    ("found", "outcome", "sentence"),
    [
        pytest.param(
            WORSE, Outcome.FAILED,
            "`m` is worse: 0.86 after 0.9 (-0.040); chance taken into account, the change lies "
            "between -0.050 and -0.030 (each end 95 % sure; 1,000 examples, DeLong). A loss of at "
            "most 0.01 is tolerated.",
            id="worse",
        ),
        pytest.param(
            FINE, Outcome.PASSED,
            "`m` is no worse: 0.899 after 0.9 (-0.0010); chance taken into account, the change "
            "lies between -0.0050 and +0.0030 (each end 95 % sure; 1,000 examples, DeLong). A loss "
            "of at most 0.01 is tolerated.",
            id="no-worse",
        ),
        pytest.param(
            OPEN, Outcome.UNKNOWN,
            "It cannot be told yet whether `m` is worse: 0.895 after 0.9 (-0.005); chance taken "
            "into account, the change lies between -0.030 and +0.020 (each end 95 % sure; 1,000 "
            "examples, DeLong). A loss of at most 0.01 is tolerated. About 4,000 examples would "
            "tell (here are 1,000).",
            id="cannot-tell",
        ),
        pytest.param(
            replace(difference(0.0, 0.0, 0.0), method="the same predictions"), Outcome.PASSED,
            "`m` is no worse: 0.9, as in the baseline; every prediction is the same. A loss of at "
            "most 0.01 is tolerated.",
            id="the-same-model",
        ),
    ],
)  # fmt: skip
def test_a_finding_says_what_chance_leaves_open(
    found: Difference, outcome: Outcome, sentence: str
) -> None:
    (finding,) = judged(found).findings

    assert finding.sentence == sentence
    assert finding.outcome is outcome
    assert finding.noise is not None
    assert (finding.noise.low, finding.noise.high) == (found.low, found.high)


def test_where_less_is_better_a_rise_is_worse() -> None:
    rule = replace(RULE, goal=Goal.MINIMIZE)
    rose = difference(0.03, 0.04, 0.05, goal=Goal.MINIMIZE)

    (finding,) = judged(rose, rule).findings

    assert finding.outcome is Outcome.FAILED
    assert "where less is better" in finding.sentence


def test_the_same_examples_are_compared_although_other_data_changed() -> None:
    verdict = judge(
        evidence_of("d1", m=0.899), evidence_of("d2", m=0.9), Gate(metrics=(RULE,)),
        baseline=BASELINE, comparisons={"m": FINE},
    )  # fmt: skip

    assert verdict.outcome is Outcome.PASSED


def test_a_recorded_number_that_the_predictions_do_not_make_is_said() -> None:
    verdict = judge(
        evidence_of(m=0.95), evidence_of(m=0.9), Gate(metrics=(RULE,)), baseline=BASELINE,
        comparisons={"m": FINE},
    )  # fmt: skip

    assert verdict.findings[0].sentence.endswith(
        " `metrics.json` says 0.95, the predictions make it 0.899: the predictions count."
    )
    assert verdict.findings[0].value == FINE.candidate


@pytest.mark.parametrize(
    ("min_gain", "found", "outcome"),
    [
        pytest.param(0.0, difference(0.001, 0.01, 0.02), Outcome.PASSED, id="a-proven-gain"),
        pytest.param(0.0, difference(-0.001, 0.01, 0.02), Outcome.UNKNOWN, id="perhaps-none"),
        pytest.param(0.0, difference(-0.02, -0.01, 0.0), Outcome.FAILED, id="none-at-all"),
        pytest.param(0.0, difference(0.0, 0.0, 0.0), Outcome.FAILED, id="the-same-model"),
        pytest.param(0.05, difference(0.001, 0.01, 0.02), Outcome.FAILED, id="surely-too-small"),
        pytest.param(0.02, difference(0.001, 0.01, 0.02), Outcome.UNKNOWN, id="just-possible"),
    ],
)
def test_a_wanted_gain(min_gain: float, found: Difference, outcome: Outcome) -> None:
    rule = MetricRule(name="m", min_gain=min_gain)

    assert judged(found, rule).outcome is outcome


@pytest.mark.parametrize(
    ("value", "min_gain", "outcome"),
    [(0.91, 0.01, Outcome.PASSED), (0.9, 0.0, Outcome.FAILED), (0.901, 0.0, Outcome.PASSED)],
)
def test_a_wanted_gain_of_plain_numbers(value: float, min_gain: float, outcome: Outcome) -> None:
    gate = Gate(metrics=(MetricRule(name="m", min_gain=min_gain),))

    verdict = judge(evidence_of(m=value), evidence_of(m=0.9), gate, baseline=BASELINE)

    assert verdict.outcome is outcome


def test_absolute_bars_are_put_on_the_number_itself() -> None:
    rule = MetricRule(name="m", min=0.9, max_regression=0.01)

    first, second = judged(FINE, rule).findings

    assert (first.rule, first.outcome, first.noise) == ("min", Outcome.FAILED, None)
    assert second.outcome is Outcome.PASSED


def test_predictions_that_had_to_be_compared_and_could_not_be_are_unknown() -> None:
    verdict = judged(None, uncompared={"m": "it cannot be compared example by example: 3 are NaN."})

    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict.is_inconclusive
    assert verdict.findings[0].sentence.endswith(": 3 are NaN.")


def test_a_comparison_with_a_problem_never_passes() -> None:
    verdict = judged(replace(FINE, problem="one class only"))

    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict.is_inconclusive


def test_guards_are_corrected_for_how_many_they_are_and_the_primary_is_not() -> None:
    near = replace(difference(-0.05, -0.02, -0.001), p_worse=0.04)
    names = ("a", "b", "c")
    rules = tuple(MetricRule(name=name, max_regression=0.01) for name in names)
    numbers = dict.fromkeys(names, 0.88)
    asked = {
        "evidence": evidence_of(**numbers),
        "baseline_evidence": evidence_of(**dict.fromkeys(names, 0.9)),
        "baseline": BASELINE,
        "comparisons": {name: replace(near, metric=name) for name in names},
    }

    together = judge(gate=Gate(metrics=rules), **asked)  # type: ignore[arg-type] # as named above
    primary = judge(gate=Gate(metrics=(replace(rules[0], primary=True), *rules[1:])), **asked)  # type: ignore[arg-type] # as named above

    assert [f.answer for f in together.findings] == [Answer.CANNOT_TELL] * 3
    assert "Among 3 metrics" in together.findings[0].sentence
    assert [f.answer for f in primary.findings] == [Answer.WORSE, *[Answer.CANNOT_TELL] * 2]


def test_seeds_widen_what_the_examples_leave() -> None:
    verdict = judged(FINE, spreads={"m": spread(0.02, run_s=30.0)})

    (finding,) = verdict.findings
    assert finding.answer is Answer.CANNOT_TELL
    assert "the examples alone leave ±0.004, the seeds alone ±" in finding.sentence
    assert "more trainings would tell" in finding.sentence


def test_seeds_alone_judge_where_there_are_no_predictions() -> None:
    verdict = judge(
        evidence_of(m=0.8), evidence_of(m=0.9), Gate(metrics=(RULE,)), baseline=BASELINE,
        spreads={"m": spread(0.001, seeds=2)},
    )  # fmt: skip

    assert verdict.findings[0].noise is not None
    assert "4 trainings" in verdict.findings[0].sentence


PART = Part(rule=RULE, where="site=B", count=400, difference=WORSE)
SMALL = Part(rule=RULE, where="site=C", count=57, problem="not judged (57 rows)")


def test_a_loss_in_one_part_fails_and_is_named() -> None:
    parts = parts_judged([PART, SMALL], Gate())

    verdict = judged(FINE, parts=parts)

    assert verdict.outcome is Outcome.FAILED
    assert verdict.findings[1].where == "site=B"
    assert verdict.findings[1].sentence.startswith("`m` is worse where `site` is `B`: 0.86 after")


def test_a_small_part_is_shown_and_changes_no_verdict() -> None:
    verdict = judged(FINE, parts=parts_judged([SMALL], Gate()))

    assert verdict.outcome is Outcome.PASSED
    assert not verdict.is_inconclusive
    (_, small) = verdict.findings
    assert (small.outcome, small.counts) == (Outcome.UNKNOWN, False)
    assert small.sentence == "`m` where `site` is `C`: not judged (57 rows)."


def test_many_parts_need_a_stronger_proof() -> None:
    near = replace(WORSE, p_worse=0.02)
    many = [replace(PART, where=f"site={n}", difference=near) for n in range(10)]

    assert {f.outcome for f in parts_judged(many, Gate())} == {Outcome.UNKNOWN}
    assert parts_judged(many[:1], Gate())[0].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("policy", "outcome", "standing", "approved"),
    [
        (OnInconclusive.WARN, Outcome.UNKNOWN, Standing.WARNED, Standing.WARNED),
        (OnInconclusive.FAIL, Outcome.FAILED, Standing.STOPS, Standing.STOPS),
        (OnInconclusive.APPROVE, Outcome.UNKNOWN, Standing.WAITS, Standing.APPROVED),
    ],
)
def test_what_an_open_verdict_lets_happen(
    policy: OnInconclusive, outcome: Outcome, standing: Standing, approved: Standing
) -> None:
    gate = Gate(metrics=(RULE,), on_inconclusive=policy)

    verdict = judged(OPEN, gate=gate)

    assert verdict.outcome is outcome
    assert verdict.is_inconclusive
    assert verdict.summary.startswith("Cannot tell yet: 1 of 1 bar, on `m`")
    assert f"`on_inconclusive: {policy.value}`" in verdict.summary
    assert standing_of(verdict, gate) is standing
    assert standing_of(verdict, gate, is_approved=True) is approved


@pytest.mark.parametrize("policy", OnInconclusive, ids=lambda policy: policy.value)
def test_what_is_not_known_for_another_reason_never_goes_on(policy: OnInconclusive) -> None:
    rules = (RULE, MetricRule(name="absent", min=0.5))
    gate = Gate(metrics=rules, on_inconclusive=policy)

    verdict = judged(OPEN, gate=gate)

    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict.is_inconclusive
    assert standing_of(verdict, gate, is_approved=True) is Standing.STOPS


def test_a_failed_bar_beside_an_open_one_is_a_failure() -> None:
    gate = Gate(metrics=(replace(RULE, min=0.99),))

    verdict = judged(OPEN, gate=gate)

    assert verdict.outcome is Outcome.FAILED
    assert not verdict.is_inconclusive


def test_it_comes_back_from_json_as_it_was() -> None:
    verdict = judged(OPEN, parts=parts_judged([PART, SMALL], Gate()), remarks=("a remark.",))

    assert verdict_from_json(json.loads(json.dumps(verdict_to_json(verdict)))) == verdict


def test_a_record_of_an_earlier_version_still_reads() -> None:
    written: Any = verdict_to_json(
        judge(evidence_of(m=1.0), None, Gate(metrics=(RULE,)), baseline=NONE)
    )
    for finding in written["findings"]:
        for name in ("answer", "noise", "where", "counts"):
            del finding[name]
    del written["remarks"], written["is_inconclusive"]

    found = verdict_from_json(written)

    assert found.findings[0].counts
    assert found.remarks == ()


def test_the_summary_names_the_part_that_lost_where_the_whole_did_not() -> None:
    summary = judged(FINE, parts=parts_judged([PART, SMALL], Gate())).summary

    assert summary.startswith(
        "Failed: 1 bar held for the whole evaluation set, but `m` is worse where `site` is `B`, "
    )


def test_the_summary_counts_bars_and_no_parts() -> None:
    summary = judged(WORSE, parts=parts_judged([PART, SMALL], Gate())).summary

    assert summary.startswith("Failed: 1 of 1 bar, on `m`, against")


def test_a_proven_loss_within_the_margin_is_called_a_loss() -> None:
    (finding,) = judged(difference(-0.009, -0.005, -0.001)).findings

    assert finding.outcome is Outcome.PASSED
    assert finding.answer is Answer.NO_WORSE
    assert finding.sentence.startswith("`m` lost, surely less than is tolerated: 0.895 after 0.9")
