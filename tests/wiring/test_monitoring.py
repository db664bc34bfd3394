"""Which workflow trains a model: its own, or the one that it shares with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.generate.workflows.combinations import asked_of
from tests.generate.workflows.test_on_this_host import commit_files

from branchline.wiring.monitoring import workflow_of

if TYPE_CHECKING:
    from pathlib import Path

ONE = "model: churn\ntrain: python train.py\n"
ALIKE = "models:\n  churn: {train: python a.py}\n  fraud: {train: python b.py}\n"
TWO_KINDS = (
    f"{ALIKE}"
    "  price: {train: python c.py, github: {python: '3.11'}}\n"
    "  team/ltv: {train: python d.py, github: {python: '3.11'}}\n"
    "  spam: {train: python e.py, github: {matrix: false}}\n"
)


@pytest.mark.parametrize(
    ("settings", "model", "file"),
    [
        pytest.param(ONE, "churn", "branchline.yml", id="the-only-one"),
        pytest.param(ALIKE, "fraud", "branchline.yml", id="with-others"),
        pytest.param(
            TWO_KINDS, "team/ltv", "branchline-price-and-like.yml", id="with-others-of-another-kind"
        ),
        pytest.param(TWO_KINDS, "spam", "branchline-spam.yml", id="apart"),
        pytest.param(TWO_KINDS, "gone", "", id="none"),
    ],
)
def test_the_workflow_that_trains_a_model(
    tmp_path: Path, settings: str, model: str, file: str
) -> None:
    commit_files(tmp_path / "repository", asked_of(settings).files)

    assert workflow_of(str(tmp_path / "repository"), model) == file


def test_without_workflows_none_trains(tmp_path: Path) -> None:
    commit_files(tmp_path / "repository", {"README.md": "x\n"})

    assert workflow_of(str(tmp_path / "repository"), "churn") == ""
