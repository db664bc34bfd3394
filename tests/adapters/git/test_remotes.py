"""Remotes of a real clone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git
from branchline.adapters.git.remotes import GitRemotes
from branchline.testing.remotes import FakeRemotes, RemotesContract

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.ports.remotes import Remotes


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path / "clone")], check=True)
    return tmp_path / "clone"


def remotes_of(clone: Path, **environ: str) -> GitRemotes:
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin"}
    return GitRemotes(Git.open(str(clone), quiet | environ))


class TestGitRemotes(RemotesContract):
    @pytest.fixture
    def remotes(self, clone: Path) -> Remotes:
        return remotes_of(clone)


class TestFakeRemotes(RemotesContract):
    @pytest.fixture
    def remotes(self) -> Remotes:
        return FakeRemotes()


def test_a_remote_that_does_not_answer_is_told(clone: Path) -> None:
    remotes = remotes_of(clone)
    remotes.add_box("gone", str(clone / "nothing"), python="p")

    assert "nothing" in remotes.reach("gone")


def test_a_remote_that_answers(clone: Path) -> None:
    remotes = remotes_of(clone)
    remotes.add_box("self", str(clone), python="p")

    assert remotes.reach("self") == ""


@pytest.mark.parametrize(
    ("environ", "setting", "words"),
    [
        pytest.param({}, "", ("ssh",), id="by-itself"),
        pytest.param({"GIT_SSH_COMMAND": "ssh -i 'a b'"}, "x", ("ssh", "-i", "a b"), id="variable"),
        pytest.param({}, "ssh -p 7", ("ssh", "-p", "7"), id="setting"),
        pytest.param({"GIT_SSH": "/opt/my ssh"}, "", ("/opt/my ssh",), id="program"),
    ],
)
def test_ssh_is_started_as_git_starts_it(
    clone: Path, environ: dict[str, str], setting: str, words: tuple[str, ...]
) -> None:
    if setting:
        subprocess.run(["git", "-C", str(clone), "config", "core.sshCommand", setting], check=True)

    assert remotes_of(clone, **environ).ssh_command() == words
