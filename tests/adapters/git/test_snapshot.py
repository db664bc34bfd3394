"""A commit of the working tree as it is now."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from branchline.adapters.git import Git, GitRepo
from branchline.adapters.git.snapshot import snapshot

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    """Call git."""
    own = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    return subprocess.run(
        ["git", *own, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def test_a_change_in_the_second_of_the_commit_is_seen(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    time.sleep(1 - time.time() % 1)  # all of it within one second, which is all that git compares
    (tmp_path / "params.yaml").write_text("lr: 0.9\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "params.yaml").write_text("lr: 0.3\n")  # as long as before
    opened = Git.open(str(tmp_path))
    head = GitRepo(opened).head(details=False).commit
    assert head is not None
    time.sleep(1)

    commit = snapshot(opened, head)

    assert git(tmp_path, "show", f"{commit}:params.yaml") == "lr: 0.3\n"
    assert git(tmp_path, "show", "HEAD:params.yaml") == "lr: 0.9\n"


def test_what_is_as_committed_is_its_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    opened = Git.open(str(tmp_path))
    head = GitRepo(opened).head(details=False).commit
    assert head is not None

    assert snapshot(opened, head) == head
    (tmp_path / "b").write_text("2")
    assert git(tmp_path, "show", f"{snapshot(opened, head)}:b") == "2"
