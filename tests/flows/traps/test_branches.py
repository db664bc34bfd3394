"""Branches that git cannot hold side by side, as git itself says."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from branchline.flows.traps import traps_of_branches

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=False, capture_output=True, text=True
    )


def test_a_branch_that_the_remote_cannot_hold_is_named_and_what_is_typed_mends_it(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "-q", "--bare", "far.git")
    git(tmp_path, "clone", "-q", "far.git", "here")
    here = tmp_path / "here"
    git(here, "commit", "-q", "--allow-empty", "-m", "first")
    git(here, "push", "-q", "origin", "HEAD:models/ada")
    git(here, "branch", "models")

    (trap,) = traps_of_branches(["models"], {"origin": ["models/ada"]})

    refused = git(here, "push", "origin", "models")
    assert "cannot lock ref" in refused.stderr + refused.stdout
    assert "`models` cannot be pushed to `origin`, which has `models/ada`" in trap.sentence
    typed = trap.todo.removeprefix("Type: git ")
    assert typed == "branch -m models models/main"
    assert git(here, *typed.split()).returncode == 0
    assert git(here, "push", "origin", "models/main").returncode == 0


def test_branches_that_are_there_already_and_others_are_none() -> None:
    assert list(traps_of_branches(["models/x", "main"], {"origin": ["models/x", "models-y"]})) == []
    assert list(traps_of_branches(["models"], {})) == []
