"""The checkup of a real repository on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.checkup import LocalCheckup

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def test_a_new_repository_has_no_name_no_commit_no_run(repository: Path) -> None:
    facts = LocalCheckup(str(repository)).facts()

    assert facts.root == str(repository)
    assert (facts.user, facts.has_commits, facts.runs) == ("", False, 0)
    assert facts.free_bytes
    assert facts.git_version is not None


def test_what_is_there_is_found(repository: Path) -> None:
    git(repository, "config", "user.name", "Ada")
    git(repository, "config", "user.email", "ada@example.org")
    (repository / "big.bin").write_bytes(b"\0" * 10_000_001)
    (repository / "uv.lock").touch()
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "first")
    git(repository, "update-ref", "refs/branchline/runs/abc", "HEAD^{tree}")
    (repository / ".dvc").mkdir()
    (repository / ".dvc" / "config").write_text("[cache]\n    type = hardlink,copy\n")

    facts = LocalCheckup(str(repository)).facts()

    assert facts.user == "Ada <ada@example.org>"
    assert facts.has_commits
    assert list(facts.large_files) == [("big.bin", 10_000_001)]
    assert list(facts.lock_files) == ["uv.lock"]
    assert facts.runs == 1
    assert list(facts.cache_types) == ["hardlink", "copy"]


def test_it_leaves_no_file_behind(repository: Path) -> None:
    LocalCheckup(str(repository)).facts()

    assert [path.name for path in repository.iterdir()] == [".git"]


def test_locks_of_the_dead_are_stale_and_those_of_the_living_are_not(repository: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    rwlock = repository / ".dvc" / "tmp" / "rwlock"
    rwlock.parent.mkdir(parents=True)
    rwlock.write_text(json.dumps({"read": {"x": [{"pid": os.getpid(), "cmd": "dvc"}]}}))

    living = LocalCheckup(str(repository)).facts().stale_locks
    rwlock.write_text(json.dumps({"write": {"x": {"pid": dead.pid, "cmd": "dvc"}}}))
    left = LocalCheckup(str(repository)).facts().stale_locks

    assert list(living) == []
    assert list(left) == [".dvc/tmp/rwlock"]


def test_an_old_index_lock_is_stale_and_a_new_one_is_not(repository: Path) -> None:
    lock = repository / ".git" / "index.lock"
    lock.touch()

    new = LocalCheckup(str(repository)).facts().stale_locks
    os.utime(lock, (0, 0))
    old = LocalCheckup(str(repository)).facts().stale_locks

    assert list(new) == []
    assert list(old) == [".git/index.lock"]


def test_without_git_there_are_still_facts(tmp_path: Path) -> None:
    facts = LocalCheckup(str(tmp_path), git="no-such-git").facts()

    assert facts.git_version is None
    assert facts.root is None
    assert facts.own_python


def test_files_of_the_team_are_read(repository: Path) -> None:
    for path, text in {
        ".github/workflows/b.yml": "on: push\n",
        ".github/workflows/a.yaml": "on: pull_request\n",
        ".github/workflows/notes.md": "none",
        "aws/trust.json": '{"token.actions.githubusercontent.com:sub": "repo:a/b:*"}',
        "aws/other.json": "{}",
        "untracked.json": "",
    }.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    git(repository, "add", "-A")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first")
    (repository / "untracked.json").write_text("token.actions.githubusercontent.com")
    git(repository, "rm", "-q", "--cached", "untracked.json")
    git(repository, "branch", "models")
    git(repository, "remote", "add", "origin", "far.git")
    for name in ("main", "models/ada"):
        git(repository, "update-ref", f"refs/remotes/origin/{name}", "HEAD")
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")

    facts = LocalCheckup(str(repository)).facts()

    assert [(path, content) for path, content in facts.workflows] == [
        (".github/workflows/a.yaml", b"on: pull_request\n"),
        (".github/workflows/b.yml", b"on: push\n"),
    ]
    assert [path for path, _ in facts.trust_documents] == ["aws/trust.json"]
    assert list(facts.branches) == ["main", "models"]
    assert facts.remote_branches == {"origin": ["main", "models/ada"]}


def test_a_workflow_that_cannot_be_read_is_left_out(repository: Path) -> None:
    folder = repository / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "gone.yml").symlink_to("nowhere")
    (folder / "folder.yml").mkdir()

    assert LocalCheckup(str(repository)).facts().workflows == ()
