"""Several models in a CI job: the matrix has those that a change concerns, and no other."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import CiScene, pushed
from tests.cli.test_several_models import FOLDERS, files

from branchline.errors import ConfigError
from branchline.wiring import Shared, open_worktree

LINES = {"churn": 4, "fraud": 7}
"""Of each `train:` in branchline.yaml."""


@pytest.fixture
def scene(tmp_path: Path) -> CiScene:
    """A forge with two models that are trained, and share a module."""
    scene = CiScene(tmp_path)
    commit = scene.commit(files(), message="first")
    ran = scene.job("run", pushed("refs/heads/main", commit), ref="refs/heads/main")
    assert ran.code == 0, ran.out + ran.err
    return scene


@pytest.mark.parametrize(
    ("edited", "wants"),
    [
        pytest.param("shared.py", ["churn", "fraud"], id="what-both-import"),
        pytest.param("fraud/train.py", ["fraud"], id="one-models-own-code"),
        pytest.param("alone.py", [], id="what-none-imports"),
    ],
)
def test_the_matrix_has_the_models_that_import_what_changed(
    scene: CiScene, edited: str, wants: list[str]
) -> None:
    text = (scene.author / edited).read_text()
    ref = "refs/heads/training/x"
    commit = scene.commit({edited: f"{text}\nADDED = len('x')\n"}, branch="training/x")

    plan = scene.job("plan", pushed(ref, commit), ref=ref)

    assert plan.code == 0, plan.err
    assert [row["model"] for row in json.loads(plan.outputs["matrix"])["include"]] == wants
    for model in wants:
        # Both stages are called `train`; each remark stands at its own.
        assert f"file=branchline.yaml,line={LINES[model]}::" in plan.out


def test_a_job_refuses_models_of_folders_rather_than_train_something_else(tmp_path: Path) -> None:
    scene = CiScene(tmp_path)
    commit = scene.commit(FOLDERS, message="first")

    plan = scene.job("plan", pushed("refs/heads/main", commit), ref="refs/heads/main")

    assert plan.code == 1
    assert "a CI job reads the models of branchline.yaml in the root" in plan.err
    assert "matrix" not in plan.outputs


def test_a_box_refuses_models_of_folders_rather_than_train_something_else(tmp_path: Path) -> None:
    scene = CiScene(tmp_path)
    commit = scene.commit(FOLDERS, message="first")
    shared = Shared(
        box=str(scene.bare),
        name="forge",
        state_dir=str(tmp_path / "state"),
        store_dir=str(tmp_path / "store"),
        meanings=str(tmp_path / "cache.db"),
        branch="main",
        default_branch="main",
        commit=commit,
    )

    with (
        pytest.raises(ConfigError, match=r"a box reads the models of branchline\.yaml in the root"),
        open_worktree(str(scene.author), shared) as project,
    ):
        _ = project.policy
