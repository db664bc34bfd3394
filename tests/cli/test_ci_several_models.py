"""Several models in a CI job: the matrix has those that a change concerns, and no other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import REPOSITORY, CiScene, pushed
from tests.cli.test_several_models import FOLDERS, files

LINES = {"churn": 4, "fraud": 7}
"""Of each `train:` in branchline.yaml."""


def trained(folder: Path, given: dict[str, str]) -> CiScene:
    """A forge whose `main` has these files, and a run of each of its models."""
    scene = CiScene(folder)
    commit = scene.commit(given, message="first")
    ran = scene.job("run", pushed("refs/heads/main", commit), ref="refs/heads/main")
    assert ran.code == 0, ran.out + ran.err
    return scene


@pytest.fixture
def scene(tmp_path: Path) -> CiScene:
    """A forge with two models that are trained, and share a module."""
    return trained(tmp_path, files())


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


@pytest.fixture
def folders(tmp_path: Path) -> CiScene:
    """The same with a branchline.yaml a folder."""
    return trained(tmp_path, FOLDERS)


@pytest.mark.parametrize(
    ("edited", "wants"),
    [
        pytest.param("shared.py", ["churn", "fraud"], id="what-both-import"),
        pytest.param("services/fraud/train.py", ["fraud"], id="one-models-own-code"),
        pytest.param("README.md", [], id="a-document"),
    ],
)
def test_models_of_folders_are_trained_by_what_they_read(
    folders: CiScene, edited: str, wants: list[str]
) -> None:
    ref = "refs/heads/training/x"
    text = FOLDERS.get(edited, "")
    commit = folders.commit({edited: f"{text}\nADDED = len('x')\n"}, branch="training/x")

    plan = folders.job("plan", pushed(ref, commit), ref=ref)

    assert plan.code == 0, plan.err
    assert [row["model"] for row in json.loads(plan.outputs["matrix"])["include"]] == wants
    if "churn" in wants:
        # A remark stands at the stage's line of its own file.
        assert "file=services/churn/branchline.yaml,line=2::" in plan.out


def test_rules_of_folders_come_from_the_default_branch(folders: CiScene) -> None:
    path, ref = "services/churn/branchline.yaml", "refs/heads/training/x"
    changed = {
        path: FOLDERS[path].replace("0.5", "0.95"),
        "shared.py": "def score():\n    return 0.8\n",
    }
    commit = folders.commit(changed, branch="training/x")

    ran = folders.job("run", pushed(ref, commit), "--model", "churn", ref=ref)
    plan = folders.job("plan", pushed(ref, commit), "--models", "churn,fraud", ref=ref)

    assert ran.code == 0, ran.out + ran.err  # 0.8 is below the branch's own bar
    assert "at least 0.5 is wanted" in ran.summary
    said = f"{path} changes `gate` of `churn`: that takes effect after the merge"
    for job in (ran, plan):
        assert said in job.summary
        assert said in job.err
        assert job.err.count("takes effect after the merge") == 1


def test_a_result_made_in_ci_is_reused_in_a_clone(folders: CiScene, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    folders.git(tmp_path, "clone", "-q", str(folders.bare), str(clone))
    folders.git(clone, "fetch", "-q", "origin", "+refs/branchline/*:refs/branchline/*")

    said = subprocess.run(
        [sys.executable, "-m", "branchline", "plan", "--json"],
        cwd=clone, env=folders.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip

    stages = [one["plan"]["stages"][0] for one in json.loads(said.stdout)["models"]]
    # The model's file is on the runner that is gone: the key is known, and the result is.
    made = {ref.split("/")[4] for ref in folders.records() if "/results/" in ref}
    assert {stage["key"] for stage in stages} == made


def test_two_folders_of_one_name_are_refused_with_both_lines(tmp_path: Path) -> None:
    scene = CiScene(tmp_path)
    files_ = FOLDERS | {"services/fraud/branchline.yaml": "# ours\nmodel: churn\n"}
    commit = scene.commit(files_, message="first")

    plan = scene.job("plan", pushed("refs/heads/main", commit), ref="refs/heads/main")

    assert plan.code == 1
    first, second = "services/churn/branchline.yaml:1", "services/fraud/branchline.yaml:2"
    assert f"{second}: model is `churn`, and so it is in {first}" in plan.err
    assert "matrix" not in plan.outputs


def leg(scene: CiScene, model: str, commit: str, place: Path, name: str) -> None:
    """What the leg of a model leaves, under a name."""
    ref = "refs/heads/main"
    ran = scene.job("run", pushed(ref, commit), "--model", model, "--no-push", ref=ref)
    assert ran.code == 0, ran.err
    shutil.copytree(ran.folder, place / name)


def test_each_leg_is_applied_and_believed_about_its_own_model_only(tmp_path: Path) -> None:
    scene, place, ref = CiScene(tmp_path), tmp_path / "legs", "refs/heads/main"
    commit = scene.commit(files(), message="first")
    leg(scene, "churn", commit, place, "results-churn-1")
    leg(scene, "fraud", commit, place, "results-fraud-1")
    words = ("--folders", "--folder", str(place), "--dry-run")

    both = scene.job("apply", pushed(ref, commit), *words, ref=ref)
    shutil.copytree(place / "results-churn-1", place / "results-fraud-2")
    lied = scene.job("apply", pushed(ref, commit), *words, ref=ref)
    shutil.rmtree(place)
    none = scene.job("apply", pushed(ref, commit), *words, ref=ref)

    assert both.code == 0, both.out + both.err
    for model in ("churn", "fraud"):
        assert f"would set check branchline/{model}" in both.out
    assert lied.code == 1
    assert "would set check branchline/churn" in lied.out
    assert "the results name `churn`, which is no model of this event" in lied.out + lied.err
    assert "branchline/fraud" not in lied.out
    assert (none.code, "no training left results" in none.err) == (0, True)


def test_runs_of_two_legs_have_names_of_their_own(tmp_path: Path) -> None:
    scene, ref = CiScene(tmp_path), "refs/heads/main"
    commit = scene.commit(files(), message="first")

    for model in ("churn", "fraud"):
        ran = scene.job("run", pushed(ref, commit), "--model", model, ref=ref)
        assert ran.code == 0, ran.err

    runs = sorted(name.rpartition("/")[2] for name in scene.records() if "/runs/" in name)
    assert runs == [f"{commit[:7]}-churn", f"{commit[:7]}-fraud"]


def test_the_results_of_a_single_leg_stand_in_the_folder_itself(tmp_path: Path) -> None:
    # actions/download-artifact makes no folder where its pattern finds a single artifact.
    scene, place, ref = CiScene(tmp_path), tmp_path / "legs", "refs/heads/main"
    commit = scene.commit(files(), message="first")
    leg(scene, "fraud", commit, tmp_path, "legs")
    words = ("--folders", "--folder", str(place), "--dry-run")
    matrices = [json.dumps({"include": [{"model": name}]}) for name in ("fraud", "churn")]

    one, lied = (
        scene.job("apply", pushed(ref, commit), *words, "--matrix", matrix, ref=ref)
        for matrix in matrices
    )

    assert one.code == 0, one.out + one.err
    assert "would set check branchline/fraud of" in one.out
    assert "branchline/churn" not in one.out
    assert lied.code == 1
    assert "are of the models `fraud`" in lied.err
    assert "would" not in lied.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("--matrix", '{"include":[{"model":"fraud"}]}'), "fraud", id="who-had-to"),
        pytest.param(("--models", "churn"), "churn", id="whoever-is-asked-for-where-none-decided"),
        pytest.param(
            ("--models", "churn", "--matrix", '{"include":[{"model":"fraud"}]}'), "",
            id="none-that-another-workflow-trains",
        ),
    ],
)  # fmt: skip
def test_a_training_that_did_not_begin_is_told(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    scene, ref = CiScene(tmp_path), "refs/heads/training/x"
    scene.commit(files(), message="first")
    commit = scene.commit({"shared.py": "def score():\n    return 0.8\n"}, branch="training/x")
    words = (*words, "--folders", "--folder", str(tmp_path / "none"), "--only", "report")

    ended = scene.job("apply", pushed(ref, commit), *words, "--absent-fails", "--dry-run", ref=ref)

    assert ended.code == 0, ended.out + ended.err
    checks = [line for line in ended.out.splitlines() if "set check" in line]
    assert [line.split()[3] for line in checks] == ([f"branchline/{told}"] if told else [])
    assert all("failed" in line for line in checks)


def test_what_is_no_matrix_is_refused(tmp_path: Path) -> None:
    scene, ref = CiScene(tmp_path), "refs/heads/main"
    commit = scene.commit(files(), message="first")

    ended = scene.job(
        "apply", pushed(ref, commit), "--folders", "--matrix", '{"include":["churn"]}', ref=ref
    )

    assert ended.code == 1
    assert "--matrix is no matrix of models" in ended.err


@pytest.mark.parametrize(
    ("workflow", "code"),
    [
        pytest.param('MODELS: "churn,fraud"', 1, id="named-by-none"),
        pytest.param('MODELS: "churn,fraud,scoring"', 0, id="named-by-one"),
        pytest.param("", 0, id="no-workflow-here"),
    ],
)
def test_a_renamed_model_is_not_left_untrained_in_silence(
    folders: CiScene, workflow: str, code: int
) -> None:
    path, ref = "services/fraud/branchline.yaml", "refs/heads/training/x"
    changed = {path: FOLDERS[path].replace("model: fraud", "model: scoring")}
    if workflow:
        changed[".github/workflows/branchline.yml"] = workflow
    commit = folders.commit(changed, branch="training/x")

    plan = folders.job("plan", pushed(ref, commit), "--models", "churn,fraud", ref=ref)

    assert plan.code == code, plan.out + plan.err
    said = "services/fraud/branchline.yaml: no workflow trains the model `scoring`"
    assert (said in plan.err) == bool(code)
    assert ("branchline workflows write" in plan.err) == bool(code)


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        pytest.param("branchline-churn-and-like.yml", 1, id="that-another-trains"),
        pytest.param("branchline.yml", 0, id="called-from-another-repository"),
    ],
)
def test_by_hand_a_workflow_trains_its_own_models_only(
    tmp_path: Path, runs: str, code: int
) -> None:
    scene, ref = CiScene(tmp_path), "refs/heads/main"
    scene.commit({**files(), ".github/workflows/branchline.yml": "name: the one of fraud\n"})
    by_hand = (
        "workflow_dispatch",
        {
            "ref": ref,
            "inputs": {"model": "fraud"},
            "repository": REPOSITORY,
            "sender": {"login": "ada"},
        },
    )
    at = f"o/r/.github/workflows/{runs}@{ref}"

    plan = scene.job(
        "plan", by_hand, "--model", "fraud", "--models", "churn,price", ref=ref,
        GITHUB_WORKFLOW_REF=at,
    )  # fmt: skip

    assert plan.code == code, plan.out + plan.err
    said = "this workflow trains churn, price, and not `fraud`"
    assert (said in plan.err) == bool(code)
    assert ("gh workflow run branchline.yml" in plan.err) == bool(code)
