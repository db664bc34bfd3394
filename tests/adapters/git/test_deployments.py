"""Port `deployments` by real git: two clones and what they tell one another."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git, GitRecords
from branchline.adapters.git.deployments import GitDeployments
from branchline.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path


def git_at(folder: Path) -> Git:
    """A new repository."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    return Git.open(str(folder))


def test_the_first_record_of_a_place_stays(tmp_path: Path) -> None:
    deployments = GitDeployments(git_at(tmp_path / "one"))

    deployments.add("m", "staging", "1/begun", b"{}")
    deployments.add("m", "staging", "1/begun", b"other")
    deployments.add("m", "staging", "1/ended", b"[]")

    assert deployments.of("m", "staging") == {"1/begun": b"{}", "1/ended": b"[]"}


def test_models_and_environments_are_told_apart(tmp_path: Path) -> None:
    deployments = GitDeployments(git_at(tmp_path / "one"))

    deployments.add("a/b", "staging", "1/begun", b"1")
    deployments.add("a/b", "staging-eu", "1/begun", b"2")
    deployments.add("a", "staging", "1/begun", b"3")

    assert deployments.of("a/b", "staging") == {"1/begun": b"1"}
    assert deployments.of("a", "staging") == {"1/begun": b"3"}
    assert deployments.of("a", "production") == {}


def test_they_go_with_the_other_records(tmp_path: Path) -> None:
    one, other = git_at(tmp_path / "one"), git_at(tmp_path / "other")
    mine, theirs = GitDeployments(one), GitDeployments(other)
    mine.add("m", "staging", "1/begun", b"1")
    theirs.add("m", "staging", "2/begun", b"2")

    GitRecords(one).push(str(tmp_path / "other"))
    GitRecords(one).fetch(str(tmp_path / "other"))

    both = {"1/begun": b"1", "2/begun": b"2"}
    assert mine.of("m", "staging") == theirs.of("m", "staging") == both


@pytest.mark.parametrize("name", ["../x/begun", "1/../../heads/main", "-x/begun", "1/x.lock"])
def test_a_name_that_could_stand_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    deployments = GitDeployments(git_at(tmp_path / "one"))

    with pytest.raises(RecordError):
        deployments.add("m", "staging", name, b"")
    with pytest.raises(RecordError):
        deployments.of("../m", "staging")
