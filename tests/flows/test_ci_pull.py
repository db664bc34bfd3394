"""The pull request of a search, on a forge whose branches stand in a real repository."""

from __future__ import annotations

import itertools
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git.branches import GitBranches
from branchline.adapters.git.ci_remote import GitCiRemote
from branchline.adapters.git.plumbing import Git
from branchline.core.effects.values import OpenPullRequest, TagRun
from branchline.errors import EffectError
from branchline.flows.ci_pull import RemoteOpener, tag_there
from branchline.ports.forge import Pull, PullState
from branchline.testing.forge import FakeForge

if TYPE_CHECKING:
    from pathlib import Path


class Scene:
    """A forge, its repository, and a shallow checkout."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for who in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
            monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        self.bare, self.here, work = home / "bare", home / "here", home / "work"
        work.mkdir()
        self.git(work, "init", "-q", "-b", "main")
        (work / "params.yaml").write_text("lr: 0\n")
        self.git(work, "add", "-A")
        self.git(work, "commit", "-q", "-m", "first")
        self.git(home, "clone", "-q", "--bare", str(work), str(self.bare))
        self.git(home, "clone", "-q", "--depth=1", f"file://{self.bare}", str(self.here))
        self.work = work
        self.base = self.git(work, "rev-parse", "HEAD")
        self.forge = FakeForge()
        self.started: list[tuple[str, int]] = []
        self.runs: set[tuple[str, str]] = set()
        self._times = itertools.count(1_700_000_000, 60)

    @staticmethod
    def git(folder: Path, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def opener(self) -> RemoteOpener:
        git = Git.open(str(self.here))

        def start(branch: str, pull: Pull) -> str:
            self.started.append((branch, pull.number))
            self.runs.add((branch, self.head()))
            return "started"

        def was_started(branch: str, commit: str) -> bool:
            return (branch, commit) in self.runs

        return RemoteOpener(
            self.forge, GitBranches(git), GitCiRemote(git), lambda: float(next(self._times)),
            start, was_started,
        )  # fmt: skip

    def asked(self, text: str = "lr: 1\n", mode: str = "dispatch") -> OpenPullRequest:
        return OpenPullRequest(
            branch="training/x", into="main", base_commit=self.base, files={"params.yaml": text},
            title="Train", body="b", message="m\n", mode=mode,
        )  # fmt: skip

    def head(self) -> str:
        return self.git(self.bare, "rev-parse", "refs/heads/training/x")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def test_the_branch_is_pushed_and_its_pull_request_opened_and_trained_once(scene: Scene) -> None:
    first = scene.opener().apply(scene.asked())
    head = scene.head()
    again = scene.opener().apply(scene.asked())

    assert first.said == "opened pull request #1 from `training/x`; started"
    assert scene.git(scene.bare, "show", f"{head}:params.yaml") == "lr: 1"
    assert again.said == "stands as pull request #1 from `training/x`"
    assert (scene.head(), len(scene.forge.all)) == (head, 1)
    assert scene.started == [("training/x", 1)]


def test_a_job_killed_between_push_and_opening_goes_on(scene: Scene) -> None:
    scene.opener().apply(scene.asked())
    scene.forge.all.clear()

    again = scene.opener().apply(scene.asked())

    assert again.said.startswith("opened pull request #1")


def test_a_job_killed_between_opening_and_the_start_of_the_training_goes_on(scene: Scene) -> None:
    scene.opener().apply(scene.asked())
    scene.runs.clear()

    again = scene.opener().apply(scene.asked())
    third = scene.opener().apply(scene.asked())

    assert again.said == "stands as pull request #1 from `training/x`; started"
    assert third.said == "stands as pull request #1 from `training/x`"


def test_other_values_update_it(scene: Scene) -> None:
    scene.opener().apply(scene.asked())

    again = scene.opener().apply(scene.asked("lr: 2\n"))

    assert again.said.startswith("updated pull request #1")
    assert scene.git(scene.bare, "show", "training/x:params.yaml") == "lr: 2"


def test_what_somebody_else_wrote_is_left_alone(scene: Scene) -> None:
    scene.git(scene.work, "checkout", "-q", "-b", "training/x")
    scene.git(scene.work, "commit", "-q", "--allow-empty", "-m", "mine")
    scene.git(scene.work, "push", "-q", str(scene.bare), "training/x")
    before = scene.head()

    done = scene.opener().apply(scene.asked())

    assert "written by somebody else" in done.said
    assert (scene.head(), scene.forge.all, scene.started) == (before, {}, [])


def test_values_that_are_set_already_open_nothing(scene: Scene) -> None:
    done = scene.opener().apply(scene.asked("lr: 0\n"))

    assert done.said == "unchanged: `main` holds these values already"


def test_what_was_turned_down_is_not_opened_again(scene: Scene) -> None:
    scene.opener().apply(scene.asked())
    scene.forge.ended(1, PullState.CLOSED, at=1.0)

    again = scene.opener().apply(scene.asked())

    assert again.said == "unchanged: #1 with these values was turned down"


def test_who_approves_by_hand_starts_nothing(scene: Scene) -> None:
    scene.opener().apply(scene.asked(mode="approve"))

    assert scene.started == []


def test_what_passed_is_tagged_once_wherever_it_was_interrupted(scene: Scene) -> None:
    git = Git.open(str(scene.here))
    branches, remote = GitBranches(git), GitCiRemote(git)
    effect = TagRun(run="abc1234", commit=scene.base, message="auc is 0.9")
    # Killed between the tag here and its push.
    scene.git(scene.here, "tag", "-a", "-m", "auc is 0.9", effect.name, scene.base)

    said = [tag_there(branches, remote, effect, at=float(at)) for at in (1, 2)]

    assert said == [f"commit {scene.base[:7]} is tagged `passed/abc1234`"] * 2
    assert scene.git(scene.bare, "rev-parse", "passed/abc1234^{commit}") == scene.base
    assert scene.git(scene.bare, "cat-file", "-t", "passed/abc1234") == "tag"


def test_a_tag_of_somebody_else_stays(scene: Scene) -> None:
    git = Git.open(str(scene.here))
    scene.git(scene.work, "commit", "-q", "--allow-empty", "-m", "other")
    scene.git(scene.work, "tag", "passed/abc1234")
    scene.git(scene.work, "push", "-q", str(scene.bare), "passed/abc1234")
    theirs = scene.git(scene.bare, "rev-parse", "passed/abc1234")
    effect = TagRun(run="abc1234", commit=scene.base, message="m")

    with pytest.raises(EffectError, match="stands on another commit"):
        tag_there(GitBranches(git), GitCiRemote(git), effect, at=1.0)

    assert scene.git(scene.bare, "rev-parse", "passed/abc1234") == theirs
    scene.git(scene.here, "tag", "-m", "ours", "passed/abc1234", scene.base)
    assert not GitCiRemote(git).push_tag("passed/abc1234")
