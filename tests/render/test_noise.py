"""`render.noise`: what was measured, in words and lines to write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.core.documents.yaml import read_yaml
from branchline.core.policy import Goal, MetricRule
from branchline.core.verdict.noise.moves import moves_of
from branchline.core.verdict.noise.trainings import Training
from branchline.render.noise import Measured, noise_lines, noise_table, settings_text

OWN = Training(model="m", content="c", commit="a" * 40, outputs="o")
OTHERS = tuple(replace(OWN, seed=seed, outputs=f"o{seed}", duration_s=10.0) for seed in (1, 2))
MEASURED = Measured(
    model="m",
    commit="a" * 40,
    seed="train.seed",
    confidence=0.95,
    trainings=(OWN, *OTHERS),
    again=(replace(OWN, again=1),),
    metrics=(
        moves_of(
            "auc",
            [0.90, 0.91, 0.92],
            confidence=0.95,
            goal=Goal.MAXIMIZE,
            rule=MetricRule(name="auc", max_regression=0.01),
            again=[0.90],
        ),
    ),
)


def said(measured: Measured) -> str:
    """All sentences."""
    return "\n".join(one.text for one in noise_lines(measured))


def test_the_lines_to_write_are_what_was_found() -> None:
    """They can be read back, with a budget for five trainings and a half more."""
    written = read_yaml(settings_text(MEASURED).encode(), file="x").value

    assert written == {
        "gate": {
            "metrics": {"auc": {"max_regression": 0.042}},
            "replicates": {"seed": "train.seed", "max": 5, "budget": "2m"},
        }
    }


@pytest.mark.parametrize("name", ["a: b", "x\n  evil: 1", "{", "1e3", "- a", "#", "\x1b[31m", "ü"])
def test_a_name_cannot_break_the_lines(name: str) -> None:
    """Whoever writes the metrics file chooses it."""
    moved = replace(MEASURED.metrics[0], metric=name)

    written = read_yaml(settings_text(replace(MEASURED, metrics=(moved,))).encode(), file="x").value

    assert isinstance(written, dict)
    assert list(written["gate"]["metrics"]) == [name]


def test_a_seed_that_is_not_all_chance_is_warned_of() -> None:
    """With the largest difference."""
    moved = replace(MEASURED.metrics[0], same_seed=0.0123)

    text = said(replace(MEASURED, metrics=(moved,)))

    assert "Warning, nondeterminism: trained again with the same seed" in text
    assert "`auc` moved by up to 0.0123" in text


def test_other_bytes_alone_are_no_warning() -> None:
    """Many formats of models hold a time."""
    text = said(replace(MEASURED, again=(replace(OWN, again=1, outputs="other"),)))

    assert "the same numbers, but outputs of other bytes" in text
    assert "Warning" not in text


def test_without_metrics_there_is_nothing_to_write() -> None:
    """And that is said."""
    measured = replace(MEASURED, metrics=())

    assert settings_text(measured) == ""
    assert "No metric is a finite number" in said(measured)
    assert noise_table(measured).rows == ()
