"""A verdict that failed stays failed, however often its check is run again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES, YAML, CiScene, Ended, pulled, pushed

PULL = "refs/pull/7/merge"
OWN_TEST = """\
tests:
  - {name: own, run: python3 own.py, deps: [own.py]}
"""


@pytest.fixture
def scene(tmp_path: Path) -> CiScene:
    """A forge with a project whose bar is out of reach: 0.9 is what it comes to."""
    scene = CiScene(tmp_path)
    scene.commit({**FILES, "branchline.yaml": YAML.replace("min: 0.5", "min: 0.95")})
    return scene


def pull(scene: CiScene, files: dict[str, str]) -> str:
    """Push a branch, and make its merge; the head."""
    head = scene.commit(files, branch="work")
    scene.git(scene.bare, "update-ref", "-d", PULL)
    scene.merged(7, head)
    return head


def planned(scene: CiScene, head: str) -> Ended:
    return scene.job("plan", pulled(head), ref=PULL)


def test_a_failed_verdict_is_asked_again_and_fails_again(scene: CiScene) -> None:
    head = pull(scene, {"params.yaml": "lr: 0.2\n"})
    first = scene.job("run", pulled(head), ref=PULL)

    again = planned(scene, head)
    scene.git(scene.author, "checkout", "-q", "work")
    newer = pull(scene, {"README.md": "words\n"})
    docs = planned(scene, newer)
    run = scene.job("run", pulled(newer), ref=PULL)

    assert first.code == 3
    assert [again.outputs[name] for name in ("should-train", "training-changed")] == [
        "true",
        "false",
    ]
    assert "what is reused is judged again" in again.outputs["reason"]
    assert docs.outputs["should-train"] == "true"
    assert run.code == 3, run.err


def test_a_passed_verdict_is_not_asked_again_until_the_bar_is_another(scene: CiScene) -> None:
    scene.commit({"branchline.yaml": YAML})
    head = pull(scene, {"params.yaml": "lr: 0.2\n"})
    first = scene.job("run", pulled(head), ref=PULL)

    again = planned(scene, head)
    scene.git(scene.author, "checkout", "-q", "main")
    scene.commit({"branchline.yaml": YAML.replace("min: 0.5", "min: 0.95")})
    stricter = planned(scene, head)

    assert first.code == 0, first.err
    assert again.outputs["should-train"] == "false"
    assert stricter.outputs["should-train"] == "true"


def test_who_mends_a_text_does_not_answer_for_the_model_of_main(scene: CiScene) -> None:
    main = scene.git(scene.bare, "rev-parse", "refs/heads/main")
    run = scene.job("run", pushed("refs/heads/main", main), ref="refs/heads/main")

    docs = planned(scene, pull(scene, {"README.md": "words\n"}))

    assert run.code == 3
    assert docs.outputs["should-train"] == "false"


def test_what_is_registered_is_not_made_again_for_a_text(scene: CiScene) -> None:
    ref = "refs/heads/main"
    commit = scene.commit({"branchline.yaml": YAML})
    run = scene.job("run", pushed(ref, commit), ref=ref)
    words = scene.commit({"README.md": "words\n"})

    before = scene.job("plan", pushed(ref, words), ref=ref)
    scene.git(scene.bare, "tag", "-a", "-m", "Register", "demo@v1.0.0", commit)
    after = scene.job("plan", pushed(ref, words), ref=ref)

    assert run.code == 0, run.err
    assert [job.outputs["should-train"] for job in (before, after)] == ["true", "false"]


def test_tests_of_the_model_are_run_and_can_fail_the_verdict(scene: CiScene) -> None:
    scene.commit({"branchline.yaml": YAML + OWN_TEST, "own.py": "raise SystemExit(1)\n"})
    main = scene.git(scene.bare, "rev-parse", "refs/heads/main")

    run = scene.job("run", pushed("refs/heads/main", main), ref="refs/heads/main")
    head = pull(scene, {"own.py": "print('fine')\n"})
    changed = planned(scene, head)
    mended = scene.job("run", pulled(head), ref=PULL)
    again = planned(scene, head)

    assert run.code == 3, run.err
    assert "own" in run.summary
    # Another test is another question, of the same model.
    assert changed.outputs["should-train"] == "true"
    assert mended.code == 0, mended.err
    assert again.outputs["should-train"] == "false"
