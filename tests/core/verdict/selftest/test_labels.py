"""The gate asked about chance, about itself and about perfection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from branchline.core.policy import Goal, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.noise.compare import compare
from branchline.core.verdict.noise.values import PairedExamples, Predicted
from branchline.core.verdict.selftest.labels import (
    champion_against_itself,
    constant_metric,
    shuffled_labels,
    too_good,
)
from branchline.core.verdict.selftest.values import Probe, stops
from branchline.core.verdict.values import Answer, Baseline, Finding, Verdict

if TYPE_CHECKING:
    from branchline.core.verdict.selftest.labels import Judged


def examples(count: int, accuracy: float, *, rare: float = 0.5, seed: int = 1) -> PairedExamples:
    """A binary task in which a model is right so often."""
    random = np.random.default_rng(seed)
    truth = (random.random(count) < rare).astype(np.int64)
    said = np.where(random.random(count) < accuracy, truth, 1 - truth)
    scores = np.clip(said * 0.6 + 0.2 + random.normal(0, 0.05, count), 0, 1)
    predicted = Predicted(scores=scores, decisions=said)
    return PairedExamples(truth=truth, candidate=predicted, champion=predicted, classes=("0", "1"))


def gate(metric: str, *, floor: float | None = None, margin: float | None = None) -> Judged:
    """A gate with one metric: a floor, or a tolerated loss."""

    def judge(examples: PairedExamples) -> Verdict:
        difference = compare(
            metric, examples, goal=Goal.MAXIMIZE, margin=margin, confidence=0.95, seed=1
        )
        findings = []
        if floor is not None:
            good = difference.candidate >= floor
            findings.append(
                Finding(
                    metric=metric, rule="min", sentence=f"{difference.candidate:.3f}",
                    outcome=Outcome.PASSED if good else Outcome.FAILED,
                )
            )  # fmt: skip
        if margin is not None:
            answer = Answer.CANNOT_TELL
            if difference.low > -margin:
                answer = Answer.NO_WORSE
            elif difference.high < 0 and difference.estimate < -margin:
                answer = Answer.WORSE
            outcome = {Answer.WORSE: Outcome.FAILED, Answer.NO_WORSE: Outcome.PASSED}
            findings.append(
                Finding(
                    metric=metric, rule="max_regression", answer=answer,
                    outcome=outcome.get(answer, Outcome.UNKNOWN),
                    sentence=f"{difference.estimate:+.3f}",
                )
            )  # fmt: skip
        worst = [f.outcome for f in findings]
        outcome_ = next(
            (o for o in (Outcome.FAILED, Outcome.UNKNOWN) if o in worst), Outcome.PASSED
        )
        return Verdict(outcome=outcome_, findings=tuple(findings), baseline=Baseline(), summary="")

    return judge


@pytest.mark.parametrize(
    ("judge", "outcome"),
    [
        pytest.param(gate("accuracy", floor=0.85), Outcome.PASSED, id="a-floor-above-chance"),
        pytest.param(gate("accuracy", margin=0.05), Outcome.PASSED, id="a-tolerated-loss"),
        pytest.param(gate("accuracy", floor=0.3), Outcome.FAILED, id="a-floor-that-chance-reaches"),
    ],
)
def test_a_gate_must_refuse_shuffled_predictions(judge: Judged, outcome: Outcome) -> None:
    proof = shuffled_labels(examples(500, 0.95), judge, seed=1)

    assert proof.outcome is outcome, proof.sentence
    assert proof.numbers["shuffles"] == 20


def test_accuracy_with_a_rare_class_does_not_tell_chance() -> None:
    proof = shuffled_labels(examples(500, 0.995, rare=0.01), gate("accuracy", floor=0.95), seed=1)

    assert proof.outcome is Outcome.FAILED
    assert "passed 20" in proof.sentence
    assert "balanced_accuracy" in proof.todo


def test_a_gate_that_cannot_tell_shuffled_predictions_is_refused() -> None:
    proof = shuffled_labels(examples(6, 1.0), gate("accuracy", margin=0.5), seed=1)

    assert proof.outcome is Outcome.FAILED
    assert "unknown" in proof.sentence


def test_the_same_seed_gives_the_same_proof() -> None:
    judge = gate("accuracy", floor=0.5)

    one, other = (shuffled_labels(examples(60, 0.9), judge, seed=7) for _ in range(2))

    assert one == other


def test_the_champion_against_itself_is_no_different() -> None:
    proof = champion_against_itself(examples(300, 0.9), gate("accuracy", margin=0.01))

    assert proof.outcome is Outcome.PASSED, proof.sentence


def test_without_a_comparison_the_champion_is_not_asked_about_itself() -> None:
    proof = champion_against_itself(examples(300, 0.9), gate("accuracy", floor=0.5))

    assert proof.outcome is Outcome.UNKNOWN
    assert "max_regression" in proof.todo


def rule(name: str, **given: float) -> MetricRule:
    return MetricRule(name=name, **given)  # type: ignore[arg-type] # bounds only


def test_a_metric_that_moves_with_the_predictions_is_fine() -> None:
    proof = constant_metric(examples(100, 0.9), [rule("accuracy", min=0.5)], {}, seed=1)

    assert proof.outcome is Outcome.PASSED


def test_a_model_that_says_the_same_of_everything_makes_a_constant_metric() -> None:
    one_word = examples(100, 0.9)
    same = Predicted(scores=np.full(100, 0.4), decisions=np.zeros(100, dtype=np.int64))
    one_word = PairedExamples(
        truth=one_word.truth, candidate=same, champion=same, classes=one_word.classes
    )

    proof = constant_metric(one_word, [rule("accuracy", min=0.1)], {}, seed=1)

    assert proof.outcome is Outcome.FAILED
    assert "`accuracy` is" in proof.sentence


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        pytest.param([0.5] * 5, Outcome.UNKNOWN, id="five-models-one-number-is-suspicious"),
        pytest.param([0.5] * 4 + [0.6], Outcome.PASSED, id="it-moved-once"),
        pytest.param([0.5, 0.5], Outcome.UNKNOWN, id="two-models-prove-nothing"),
    ],
)
def test_a_metric_nobody_can_compute_is_known_by_its_records(
    values: list[float], outcome: Outcome
) -> None:
    history = {"business_value": {str(place): value for place, value in enumerate(values)}}

    proof = constant_metric(None, [rule("business_value", min=0.1)], history, seed=1)

    assert proof.outcome is outcome


@pytest.mark.parametrize(
    ("count", "accuracy", "outcome"),
    [
        pytest.param(500, 1.0, Outcome.FAILED, id="perfect"),
        pytest.param(500, 0.97, Outcome.PASSED, id="good"),
        pytest.param(20, 1.0, Outcome.UNKNOWN, id="perfect-on-a-handful"),
    ],
)
def test_a_perfect_score_is_doubted(count: int, accuracy: float, outcome: Outcome) -> None:
    proof = too_good(examples(count, accuracy), [rule("accuracy", min=0.5)])

    assert proof.outcome is outcome, proof.sentence


def test_what_is_accepted_stops_nothing() -> None:
    from dataclasses import replace

    proof = too_good(examples(500, 1.0), [rule("accuracy", min=0.5)])

    assert [found.probe for found in stops((proof,))] == [Probe.TOO_GOOD]
    assert not stops((replace(proof, is_accepted=True),))
