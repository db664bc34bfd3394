"""The settings that a commit has in force, where the clone holds a part of it only."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.errors import RepositoryError
from branchline.flows.law import settings_at
from branchline.wiring.ci import open_repo

if TYPE_CHECKING:
    from pathlib import Path

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *WHO, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(folder: Path, path: str) -> str:
    """A repository with settings at a path, and a submodule; its commit."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / path).write_text("model: churn\n")
    git(folder, "add", "-A")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    git(folder, "commit", "-qm", "first")
    git(folder, "config", "uploadpack.allowFilter", "true")
    return git(folder, "rev-parse", "HEAD")


@pytest.mark.parametrize("path", ["branchline.yaml", "a/branchline.yaml"])
def test_what_is_not_in_a_clone_of_a_part_is_no_absence_of_rules(tmp_path: Path, path: str) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    commit = repository(whole, path)
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", whole.as_uri(), str(part))
    shutil.rmtree(whole)

    with pytest.raises(RepositoryError, match="is not in this clone") as refused:
        settings_at(open_repo(str(part)), commit)

    assert refused.value.message.startswith(f"{path} of commit {commit[:10]}")


def test_a_submodule_is_no_file_of_the_commit(tmp_path: Path) -> None:
    commit = repository(tmp_path, "a/branchline.yaml")
    repo = open_repo(str(tmp_path))

    found = settings_at(repo, commit)

    assert repo.paths(commit) == ["a/branchline.yaml"]
    assert found is not None
    assert found.files == (("a/branchline.yaml", b"model: churn\n"),)
