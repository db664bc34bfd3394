"""The first sentence of a report, for whoever reads no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.render.report.sample import (
    ACCURACY,
    AUC,
    FLOOR,
    GATE,
    LATENCY,
    NOISE,
    SLICES,
    finding,
    run_of,
    verdict_of,
)

from branchline.core.policy import Gate
from branchline.core.values import Outcome
from branchline.core.verdict.values import Answer, Baseline, Finding, Verdict
from branchline.render.report.opening import needed_words, opening

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
WORSE = replace(AUC, outcome=FAILED, answer=Answer.WORSE, value=0.88)
NO_NOISE = replace(AUC, answer=None, noise=None)


@pytest.mark.parametrize(
    ("outcome", "findings", "said"),
    [
        pytest.param(
            PASSED, [FLOOR, AUC],
            "This change makes the model slightly better: `roc_auc` rises from 0.9213 to 0.9251.",
            id="slightly-better",
        ),
        pytest.param(
            PASSED, [replace(AUC, value=0.95)],
            "This change makes the model better: `roc_auc` rises from 0.9213 to 0.95.",
            id="better",
        ),
        pytest.param(
            PASSED, [replace(AUC, answer=Answer.NO_WORSE, value=0.92)],
            "This change keeps the model as good as it was: `roc_auc` falls from 0.9213 to 0.92.",
            id="no-worse",
        ),
        pytest.param(
            PASSED, [replace(AUC, answer=Answer.NO_WORSE, value=0.9213)],
            "This change leaves the model as good as it was: `roc_auc` is 0.9213, as it was.",
            id="the-same",
        ),
        pytest.param(
            PASSED, [NO_NOISE],
            "The model meets what is asked of it: `roc_auc` rises from 0.9213 to 0.9251. Chance "
            "was not measured, so that this says little.",
            id="chance-not-measured",
        ),
        pytest.param(
            PASSED, [LATENCY],
            "This model is good enough: `latency_ms` is 12.4; at most 20 is wanted.",
            id="only-bounds",
        ),
        pytest.param(
            FAILED, [FLOOR, WORSE, replace(WORSE, metric="f1")],
            "This change makes the model worse: `roc_auc` falls from 0.9213 to 0.88, and a loss of "
            "at most 0.01 is tolerated. 1 more bar does not hold.",
            id="worse",
        ),
        pytest.param(
            FAILED, [AUC, *SLICES],
            "This change makes the model worse for `site=Linz`, although not on the whole: "
            "`roc_auc` falls from 0.92 to 0.84, and a loss of at most 0.01 is tolerated.",
            id="worse-in-one-part",
        ),
        pytest.param(
            FAILED, [replace(LATENCY, outcome=FAILED)],
            "This model is not good enough: `latency_ms` is 12.4; at most 20 is wanted.",
            id="a-bound-broken",
        ),
        pytest.param(
            FAILED, [replace(NO_NOISE, outcome=FAILED, value=0.9)],
            "This change makes the model worse: `roc_auc` falls from 0.9213 to 0.9, and a loss of "
            "at most 0.01 is tolerated.",
            id="worse-without-noise",
        ),
        pytest.param(
            FAILED, [finding("data/a.csv", "data: range", FAILED, "`data/a.csv`: 12 rows."), AUC],
            "Nothing was trained on these data, for they are bad: `data/a.csv`: 12 rows.",
            id="bad-data",
        ),
        pytest.param(
            FAILED, [AUC, finding("test_flip", "test", FAILED, "`test_flip` failed.")],
            "This model fails a test: `test_flip` failed.",
            id="a-test-of-the-model",
        ),
        pytest.param(
            UNKNOWN, [AUC, ACCURACY],
            "It cannot be told yet whether this change makes the model better or worse: `accuracy` "
            "falls from 0.882 to 0.88, which may be chance. About 3,711 examples or 2 more "
            "trainings (25 m 0 s) would tell.",
            id="cannot-tell",
        ),
        pytest.param(
            UNKNOWN, [finding("f1", "min", UNKNOWN, "`f1` is nan, which is not finite.")],
            "It is not known whether this model is good enough: `f1` is nan, which is not finite.",
            id="unknown",
        ),
    ],
)  # fmt: skip
def test_the_first_sentence(outcome: Outcome, findings: list[Finding], said: str) -> None:
    assert opening(run_of(verdict_of(*findings, outcome=outcome)), GATE) == said


def test_a_minimized_metric_that_falls_is_no_loss() -> None:
    worse = finding("latency_ms", "max_regression", FAILED, "Too slow.", value=15.0, baseline=12.0,
                    bound=1.0)  # fmt: skip

    assert "makes the model worse: `latency_ms` rises" in opening(
        run_of(verdict_of(worse, outcome=FAILED)), GATE
    )


def test_what_was_not_judged_says_so() -> None:
    run = run_of()
    nothing = Verdict(outcome=UNKNOWN, findings=(), baseline=Baseline(), summary="No gate.")

    assert opening(replace(run, verdict=None), Gate()) == "This run was not judged."
    assert opening(replace(run, verdict=nothing), Gate()) == "No gate."


def test_a_first_model_says_that_there_is_none_to_compare_with() -> None:
    verdict = Verdict(outcome=PASSED, findings=(FLOOR,), baseline=Baseline(), summary="")

    assert "there is none yet to compare it with" in opening(run_of(verdict), GATE)


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        ((None, None, None), ""),
        ((0, 0, 1.0), ""),
        ((3711, None, None), "3,711 examples"),
        ((None, 1, None), "1 more training"),
        ((10, 2, 60.0), "10 examples or 2 more trainings (1 m 0 s)"),
    ],
)
def test_what_would_tell(needed: tuple[int | None, int | None, float | None], said: str) -> None:
    assert needed_words(*needed) == said


def test_numbers_that_look_alike_get_their_digits() -> None:
    close = replace(AUC, value=0.92131, baseline=0.92129, noise=NOISE)

    assert "from 0.92129 to 0.92131" in opening(run_of(verdict_of(close)), GATE)
