"""One job that decides and walks, and what is told where nothing could be trained."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES, REPOSITORY, CiScene, Ended, pulled, pushed

MAIN, PULL = "refs/heads/main", "refs/pull/7/merge"


@pytest.fixture
def scene(tmp_path: Path) -> CiScene:
    """A forge with a project on its default branch."""
    scene = CiScene(tmp_path)
    scene.commit(FILES, message="first")
    return scene


def decided(scene: CiScene) -> Ended:
    head = scene.git(scene.bare, "rev-parse", MAIN)
    return scene.job("run", pushed(MAIN, head), "--decide", ref=MAIN)


def test_what_is_to_be_trained_is_trained_and_said_as_by_plan(scene: CiScene) -> None:
    head = scene.git(scene.bare, "rev-parse", MAIN)
    plan = scene.job("plan", pushed(MAIN, head), ref=MAIN)

    run = decided(scene)

    assert run.code == 0, run.err
    assert run.outputs == plan.outputs
    assert run.outputs["should-train"] == "true"
    assert (run.folder / "results.json").exists()
    assert "Branchline: " in run.summary
    assert "Verdict: passed" in run.summary


def test_where_nothing_is_to_be_done_nothing_is_left(scene: CiScene) -> None:
    decided(scene)
    scene.git(scene.bare, "tag", "-a", "-m", "Register", "demo@v1.0.0", "main")
    scene.commit({"README.md": "words\n"})

    again = decided(scene)

    assert again.code == 0, again.err
    assert again.outputs["should-train"] == "false"
    assert not (again.folder / "results.json").exists()


@pytest.mark.parametrize(
    ("files", "code", "withheld"),
    [
        pytest.param({"params.yaml": "lr: 0.3\n"}, 1, "true", id="another-rate"),
        pytest.param({"README.md": "words\n"}, 0, "false", id="words-alone"),
    ],
)
def test_a_fork_is_not_trained_and_fails_where_it_would_be(
    scene: CiScene, files: dict[str, str], code: int, withheld: str
) -> None:
    decided(scene)
    head = scene.commit(files, branch="work")
    scene.merged(7, head)
    fork = {"full_name": "eve/r", "default_branch": "main"}

    run = scene.job("run", pulled(head, repo=fork), "--decide", ref=PULL)

    assert run.code == code, run.err
    assert (run.outputs["should-train"], run.outputs["withheld"]) == ("false", withheld)
    assert ("push its branch to this repository" in run.err) is bool(code)
    assert "Traceback" not in run.err
    assert not (run.folder / "results.json").exists()


def dispatched(scene: CiScene, *words: str, ref: str = "refs/heads/training/x") -> Ended:
    """The report of a training that was asked for by hand, and did not begin."""
    commit = scene.git(scene.bare, "rev-parse", ref)
    payload = {"inputs": {"pr": "7"}, "ref": ref, "repository": REPOSITORY}
    return scene.job(
        "apply", ("workflow_dispatch", payload), "--dry-run", *words, ref=MAIN,
        GITHUB_SHA=commit, GITHUB_REF=ref,
    )  # fmt: skip


def test_a_training_that_did_not_begin_fails_the_status_of_its_head(scene: CiScene) -> None:
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="training/x")

    done = dispatched(scene, "--only", "report", "--absent-fails")

    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if line.startswith("would")] == [
        f"would set check branchline/demo of commit {head[:7]} to failed",
        f"would put the report of run {head[:7]} on pull request 7",
    ]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--only", "report"), id="not-asked-for"),
        pytest.param(("--only", "register", "--absent-fails"), id="nothing-is-registered-of-it"),
    ],
)
def test_else_missing_results_are_an_error(scene: CiScene, words: tuple[str, ...]) -> None:
    scene.commit({"params.yaml": "lr: 0.2\n"}, branch="training/x")

    done = dispatched(scene, *words)

    assert done.code == 1
    assert "there are no results in" in done.err


def test_a_branch_that_trains_nothing_owes_no_status(scene: CiScene) -> None:
    scene.commit({"params.yaml": "lr: 0.2\n"}, branch="feature")
    head = scene.git(scene.bare, "rev-parse", "feature")

    done = scene.job(
        "apply", pushed("refs/heads/feature", head), "--dry-run", "--only", "report",
        "--absent-fails", ref=MAIN, GITHUB_SHA=head, GITHUB_REF="refs/heads/feature",
    )  # fmt: skip

    assert "would" not in done.out
    assert "Traceback" not in done.err
