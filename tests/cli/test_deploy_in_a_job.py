"""`branchline deploy` in a job of GitHub Actions: whose event, which token, what is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.ci_scene import STORED_FILES, CiScene, pulled, pushed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

COMMAND = """\
echo "token: ${GITHUB_TOKEN:-none} output: ${GITHUB_OUTPUT:-none}"
echo '::set-output name=a::b'
echo '##[error]not one'
cp "$BRANCHLINE_MODEL_PATH/model.pkl" "$HOME/site-$BRANCHLINE_ENVIRONMENT"
"""
FILES = STORED_FILES | {
    "branchline.yaml": STORED_FILES["branchline.yaml"] + "deploy: {staging: {run: sh deploy.sh}}\n",
    "deploy.sh": COMMAND,
}


@pytest.fixture
def scene(tmp_path: Path) -> CiScene:
    """A version that somebody trained and registered, and a command that came later."""
    scene = CiScene(tmp_path)
    scene.commit(STORED_FILES)
    called(scene, "run")
    called(scene, "apply", "--remote", ".")
    called(scene, "store", "push")
    scene.git(scene.author, "tag", "-d", "demo#staging#1")
    scene.git(scene.author, "push", "-q", str(scene.bare), "--tags")
    called(scene, "records", "push", str(scene.bare))
    scene.commit(FILES)
    return scene


def called(scene: CiScene, *words: str) -> None:
    """A person's command in their clone."""
    done = subprocess.run(
        [sys.executable, "-m", "branchline", *words], cwd=scene.author, env=scene.environ,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def deployed(
    scene: CiScene, event: tuple[str, dict[str, Any]], *words: str, ref: str
) -> tuple[subprocess.CompletedProcess[str], str]:
    """A job that deploys; how it ended, and its summary."""
    tree = scene.checkout(ref)
    place = tree.with_suffix(".temp")
    place.mkdir()
    (place / "event.json").write_text(json.dumps(event[1]))
    done = subprocess.run(
        [sys.executable, "-m", "branchline", "deploy", *words],
        cwd=tree, capture_output=True, text=True, check=False,
        env={
            **scene.environ, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event[0],
            "GITHUB_EVENT_PATH": str(place / "event.json"), "GITHUB_REF": ref,
            "GITHUB_SHA": scene.git(tree, "rev-parse", "HEAD"), "GITHUB_TOKEN": "ghs-of-the-job",
            "GITHUB_OUTPUT": str(place / "output"),
            "GITHUB_STEP_SUMMARY": str(place / "summary"), "RUNNER_TEMP": str(place),
        },
    )  # fmt: skip
    summary = place / "summary"
    return done, summary.read_text() if summary.exists() else ""


def main_of(scene: CiScene) -> tuple[str, dict[str, Any]]:
    return pushed("refs/heads/main", scene.git(scene.bare, "rev-parse", "main"))


def test_the_command_has_no_token_and_says_nothing_to_the_runner(scene: CiScene) -> None:
    done, summary = deployed(scene, main_of(scene), "staging", ref="refs/heads/main")

    assert done.returncode == 0, done.stderr
    assert "| token: none output: none" in done.stdout
    begun = done.stdout.index("::stop-commands::")
    word = done.stdout[begun:].splitlines()[0].rpartition("::")[2]
    assert begun < done.stdout.index("::set-output") < done.stdout.index(f"::{word}::")
    assert (scene.home / "site-staging").read_text() == "m"
    assert "v1.0.0 stands in `staging`" in summary
    tags = scene.git(scene.bare, "tag").splitlines()
    assert tags == ["demo#staging#1", "demo@v1.0.0"]
    tag = scene.git(scene.bare, "cat-file", "tag", "demo#staging#1")
    assert "ada" in tag
    assert len([name for name in scene.records() if "/deployments/demo/staging/" in name]) == 2

    # Another machine knows it.
    again, _ = deployed(scene, main_of(scene), "--json", ref="refs/heads/main")
    start = again.stdout.index("{")
    assert json.JSONDecoder().raw_decode(again.stdout[start:])[0]["environments"][0]["state"] == (
        "stands"
    )
    assert scene.git(scene.bare, "tag").splitlines() == tags


def test_a_job_that_is_killed_leaves_word_that_it_began(scene: CiScene) -> None:
    # The command ends the whole job, as a machine that is lost does.
    scene.commit({"deploy.sh": "kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)\nsleep 1\n"})

    killed, _ = deployed(scene, main_of(scene), "staging", ref="refs/heads/main")

    assert killed.returncode == -signal.SIGKILL
    (begun,) = [name for name in scene.records() if "/deployments/demo/staging/" in name]
    assert begun.endswith("/begun")
    scene.commit({"deploy.sh": COMMAND})
    done, _ = deployed(scene, main_of(scene), "staging", ref="refs/heads/main")
    assert done.returncode == 0, done.stderr
    assert "did not say how it ended; the command runs again" in done.stderr


@pytest.mark.parametrize("is_pull", [True, False], ids=["a-pull-request", "another-branch"])
def test_what_is_not_the_default_branch_deploys_nothing(scene: CiScene, is_pull: bool) -> None:
    sly = "echo sly > $HOME/site-staging\n"
    head = scene.commit({"deploy.sh": sly}, branch="work")
    if is_pull:
        scene.merged(7, head)
    event = pulled(head) if is_pull else pushed("refs/heads/work", head)
    ref = "refs/pull/7/merge" if is_pull else "refs/heads/work"

    done, _ = deployed(scene, event, "staging", ref=ref)

    assert done.returncode == 1
    assert "only `main` is deployed from" in done.stderr
    assert not (scene.home / "site-staging").exists()
    assert scene.git(scene.bare, "tag").splitlines() == ["demo@v1.0.0"]


def test_who_calls_the_workflow_may_deploy_nothing(scene: CiScene) -> None:
    scene.commit({"branchline.yaml": STORED_FILES["branchline.yaml"]})

    done, _ = deployed(scene, main_of(scene), "staging", "--if-any", ref="refs/heads/main")
    strict, _ = deployed(scene, main_of(scene), "staging", ref="refs/heads/main")

    assert done.returncode == 0
    assert "has no section `deploy` for demo" in done.stderr
    assert strict.returncode == 1
