"""How far a metric may move by chance when a run is made again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.core.evidence import Evidence, Metric, StageFacts
from branchline.core.verdict.noise.trainings import Training, training_of
from branchline.flows.reproduced_noise import within_trainings


def evidence_of(value: float) -> Evidence:
    return Evidence(
        metrics=(Metric(name="auc", value=value, text=str(value), file="m.json"),),
        outs={"model": "d1", "m.json": "d2"},
        stages=(StageFacts(stage="train", action="run", key="k", run="r"),),
    )


OWN = training_of(evidence_of(0.90), model="m")


def seeds(*values: float) -> list[Training]:
    return [
        replace(OWN, metrics=evidence_of(value).metrics, param="seed", seed=n, outputs=f"o{n}")
        for n, value in enumerate(values, 1)
    ]


def repeats(*values: float, outputs: str = "other") -> list[Training]:
    return [
        replace(OWN, metrics=evidence_of(value).metrics, again=n, outputs=outputs)
        for n, value in enumerate(values, 1)
    ]


def within(value: float, trainings: list[Training], *, recorded: float = 0.90) -> str | None:
    return within_trainings(
        evidence_of(0.90),
        evidence_of(value).metrics[0],
        recorded=recorded,
        trainings=trainings,
        model="m",
        confidence=0.95,
    )


@pytest.mark.parametrize(
    ("value", "trainings", "said"),
    [
        pytest.param(
            # sd 0.01 of three: t(2) x sqrt(2) x sd = 0.0608
            0.95,
            seeds(0.92, 0.91),
            "0.05 apart; another `seed` moves it by up to 0.0608 (95 %)",
            id="another-seed-moves-it-as-far",
        ),
        pytest.param(0.97, seeds(0.92, 0.91), "", id="another-seed-does-not"),
        pytest.param(
            0.91,
            [*seeds(0.92, 0.91), *repeats(0.92, 0.91)],
            "0.01 apart; the very same, trained again, moves it by up to 0.0608 (95 %)",
            id="the-very-same-again-counts-first",
        ),
        pytest.param(
            0.91,
            [*seeds(0.92, 0.91), *repeats(0.90, outputs=OWN.outputs)],
            "",
            id="what-stood-still-is-no-chance-whatever-another-seed-does",
        ),
        pytest.param(0.91, [], None, id="nothing-is-known"),
        pytest.param(float("nan"), seeds(0.92, 0.91), "", id="nan-is-never-within"),
        pytest.param(
            0.91,
            [replace(one, model="other") for one in seeds(0.92, 0.91)],
            None,
            id="the-noise-of-another-model-is-none",
        ),
    ],
)
def test_within_the_noise(value: float, trainings: list[Training], said: str | None) -> None:
    assert within(value, trainings) == said


def test_what_was_not_a_number_is_never_within() -> None:
    assert within(0.9, seeds(0.92, 0.91), recorded=float("nan")) == ""
