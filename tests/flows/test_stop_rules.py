"""`tune.pruner` and `tune.follow`: from what is written to values."""

from __future__ import annotations

from typing import Any

import pytest

from branchline.config import load_policy
from branchline.core.policy import Goal
from branchline.core.run.pruning import Patience, Pruner, PrunerSettings
from branchline.errors import ConfigError
from branchline.flows.stop_rules import StopRules, stop_rules_of


def rules(written: str, *, objective: str = "{metric: auc}") -> StopRules:
    text = f"model: m\ntune:\n  objective: {objective}\n  space: {{lr: [1]}}\n  {written}\n"
    section: Any = load_policy(text.encode()).of().policy.sections["tune"]
    return stop_rules_of(section)


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        pytest.param("trials: 5", PrunerSettings(), id="nothing"),
        pytest.param("pruner: none", PrunerSettings(), id="none"),
        pytest.param("pruner: median", PrunerSettings(kind=Pruner.MEDIAN), id="a-name"),
        pytest.param(
            "pruner: {startup: 2, warmup_steps: 3, every: 4}",
            PrunerSettings(kind=Pruner.MEDIAN, startup=2, warmup_steps=3, every=4),
            id="median-is-the-kind-when-not-said",
        ),
        pytest.param(
            "pruner: {kind: percentile, percentile: 25}",
            PrunerSettings(kind=Pruner.PERCENTILE, percentile=25.0),
            id="percentile",
        ),
        pytest.param(
            "pruner: {kind: hyperband, min_steps: 2, max_steps: 50, factor: 4}",
            PrunerSettings(kind=Pruner.HYPERBAND, min_steps=2, max_steps=50, factor=4),
            id="hyperband",
        ),
        pytest.param(
            "pruner: {kind: asha, patience: {steps: 3, min_delta: 0.01}}",
            PrunerSettings(kind=Pruner.ASHA, patience=Patience(steps=3, min_delta=0.01)),
            id="patience",
        ),
    ],
)
def test_the_pruner(written: str, settings: PrunerSettings) -> None:
    assert rules(written).pruner == settings


def test_what_is_compared() -> None:
    plain = rules("pruner: median", objective="{metric: loss, goal: minimize}")
    other = rules("pruner: {metric: val.auc, goal: maximize, grace: 1m}", objective="{metric: f1}")
    known = rules("pruner: {metric: rmse}")
    silent = rules("pruner: {metric: epoch_x}", objective="{metric: mse}")

    assert (plain.metric, plain.goal, plain.grace_s) == ("loss", Goal.MINIMIZE, 10.0)
    assert (known.metric, known.goal) == ("rmse", Goal.MINIMIZE)
    assert (silent.metric, silent.goal) == ("epoch_x", Goal.MINIMIZE)
    assert (other.metric, other.goal, other.grace_s) == ("val.auc", Goal.MAXIMIZE, 60.0)


def test_what_is_followed() -> None:
    assert rules("trials: 3").follow == ()
    assert rules("follow: logs/metrics.jsonl").follow == ("logs/metrics.jsonl",)
    assert rules("follow: [a.csv, printed]").follow == ("a.csv", "printed")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        pytest.param("pruner: wilcoxon", "must be one of `none`, `median`", id="not-there"),
        pytest.param("pruner: {kind: median, factor: 3}", "is for asha and hyperband", id="factor"),
        pytest.param("pruner: {kind: asha, every: 3}", "is for median and percentile", id="every"),
        pytest.param(
            "pruner: {kind: none, patience: {steps: 3}}", "the kind is none", id="nothing-to-wait"
        ),
        pytest.param(
            "pruner: {kind: hyperband, min_steps: 9, max_steps: 3}", "below min_steps", id="swapped"
        ),
        pytest.param("pruner: {kind: asha, factor: 1}", "must be a whole number >= 2", id="one"),
        pytest.param("pruner: {patience: 3}", "must be a mapping", id="patience-as-a-number"),
        pytest.param("follow: [a.csv, model.pt]", "that of no log of steps", id="no-log"),
        pytest.param("follow: []", "at least 1", id="nothing-to-follow"),
    ],
)
def test_what_makes_no_sense_says_why(written: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules(written)

    assert words in "\n".join([caught.value.message, *caught.value.details])


def test_several_objectives_are_not_stopped_by_one() -> None:
    both = "[{metric: auc}, {metric: size, goal: minimize}]"

    assert rules("pruner: none", objective=both).metric == "auc"
    with pytest.raises(ConfigError, match="names 2 metrics"):
        rules("pruner: median", objective=both)
