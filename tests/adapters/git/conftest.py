from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of the machine; a user who exists."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    config = tmp_path / "gitconfig"
    config.write_text(
        "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
        '[protocol "file"]\nallow = always\n[commit]\ngpgSign = false\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder; returns its output without the last line break."""

    def run(folder: Path, *args: str, **env: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=folder, capture_output=True, env={**os.environ, **env}, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    return run


@pytest.fixture
def clone_of(tmp_path: Path, git: Callable[..., str]) -> Callable[..., Path]:
    """Make a repository with one commit, or a clone of another with the options given."""

    def make(name: str, origin: Path | None = None, *options: str) -> Path:
        folder = tmp_path / name
        if origin is not None:
            git(tmp_path, "clone", "-q", *options, "--", origin.as_uri(), str(folder))
            return folder
        folder.mkdir()
        git(folder, "init", "-q", *options)
        if "--bare" not in options:
            (folder / "a.txt").write_text("one\n")
            (folder / ".gitignore").write_text("*.log\n")
            git(folder, "add", ".")
            git(folder, "commit", "-q", "-m", "First\n\nBody")
        return folder

    return make
