"""Working trees of a bare repository: fresh, detached, apart, and nothing of the commit runs."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git, GitRepo
from branchline.adapters.git.worktrees import add_tree, gitlinks, places_of, remove_tree
from branchline.errors import RepositoryError

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    """Run git."""
    name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(["git", *name, *words], cwd=folder, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def add(bare: Path, tree: Path, commit: str = "") -> None:
    """Make a working tree of main, or of another commit."""
    commit = commit or git(bare, "rev-parse", "main")
    add_tree(Git.open(str(bare)), str(tree), commit, environ=os.environ)


def state_of(bare: Path) -> tuple[str, str]:
    """Everything that a repository says of itself: references and settings."""
    return git(bare, "for-each-ref"), git(bare, "config", "--local", "--list")


@pytest.fixture(params=["sha1", "sha256"])
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A bare repository with one commit."""
    source = tmp_path / "source"
    source.mkdir()
    git(source, "init", "-q", "-b", "main", f"--object-format={request.param}")
    (source / "a.txt").write_text("a\n")
    git(source, "add", ".")
    git(source, "commit", "-qm", "first")
    git(source, "tag", "-am", "one", "v1")
    git(tmp_path, "clone", "-q", "--bare", str(source), "box.git")
    return tmp_path / "box.git"


def test_a_worktree_is_detached_and_goes_without_a_trace(bare: Path, tmp_path: Path) -> None:
    tree, before = tmp_path / "jobs" / "1" / "tree", sorted(os.listdir(bare))

    add(bare, tree)
    (tree / "left").mkdir()
    (tree / "left" / "file").write_text("x")
    (tree / "left").chmod(0o500)
    add(bare, tree)

    assert sorted(os.listdir(tree)) == [".git", "a.txt"]
    assert git(tree, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
    assert git(tree, "status", "--porcelain") == ""
    assert git(tree, "fsck", "--strict") == ""
    remove_tree(str(tree))
    remove_tree(str(tree))
    assert os.listdir(tree.parent) == []
    assert sorted(os.listdir(bare)) == before


def test_git_in_a_stage_sees_branches_and_tags_and_moves_none_of_the_box(
    bare: Path, tmp_path: Path
) -> None:
    tree, before = tmp_path / "tree", state_of(bare)
    add(bare, tree)

    assert git(tree, "describe", "--tags") == "v1"
    assert git(tree, "rev-parse", "main") == git(bare, "rev-parse", "main")
    (tree / "a.txt").write_text("b\n")
    git(tree, "commit", "-qam", "mine")
    git(tree, "update-ref", "refs/heads/main", "HEAD")
    git(tree, "tag", "-d", "v1")
    git(tree, "config", "core.hooksPath", "/tmp")
    git(tree, "gc", "--prune=now", "--quiet")

    assert state_of(bare) == before
    assert git(bare, "fsck", "--strict") == ""


def test_what_the_box_says_counts_and_not_what_a_stage_made_of_its_copy(
    bare: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    add(bare, tree)
    here = git(tree, "rev-parse", "HEAD")
    (tree / "a.txt").write_text("b\n")
    git(tree, "commit", "-qam", "mine")
    git(tree, "update-ref", "refs/heads/main", "HEAD")
    git(tree, "tag", "-am", "forged", "m#production#1")

    repo = GitRepo(Git(places_of(str(tree))), default_branch="main", shared=Git.open(str(bare)))

    assert repo.resolve("refs/heads/main") == repo.resolve("main") == here
    assert repo.resolve("HEAD") == repo.head().commit != here
    assert repo.resolve("HEAD~1") == here
    assert [tag.name for tag in repo.tags("*")] == ["v1"]


@pytest.mark.parametrize("harm", ["unlink", "elsewhere"])
def test_a_tree_is_known_without_its_git_file(bare: Path, tmp_path: Path, harm: str) -> None:
    tree = tmp_path / "tree"
    add(bare, tree)
    (tree / ".git").unlink()
    if harm == "elsewhere":
        git(tree, "init", "-q", "-b", "other")
    (tree / "b.txt").write_text("b")

    repo = GitRepo(Git(places_of(str(tree))), shared=Git.open(str(bare)))

    assert repo.head().commit == git(bare, "rev-parse", "main")
    assert repo.dirty_paths() == ["b.txt"]
    remove_tree(str(tree))
    assert not tree.exists()


def test_a_git_file_that_names_another_place_harms_nobody(bare: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "1" / "tree", tmp_path / "2" / "tree"
    for tree in (one, other):
        add(bare, tree)
    (one / ".git").write_text(f"gitdir: {other}.git\n")

    remove_tree(str(one))

    assert git(other, "status", "--porcelain") == ""


def test_a_shallow_box_gives_shallow_trees(bare: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    git(source, "commit", "-q", "--allow-empty", "-m", "second")
    git(tmp_path, "clone", "-q", "--bare", "--depth=1", f"file://{source}", "shallow.git")

    add(tmp_path / "shallow.git", tmp_path / "tree", git(source, "rev-parse", "main"))

    assert git(tmp_path / "tree", "log", "--format=%s") == "second"


@pytest.mark.parametrize("name", ["a b", 'a"b', "#a", "a:b", "ä\nb", "a\\b"])
def test_any_path_of_a_box_will_do(bare: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.mkdir()
    bare.rename(home / name)

    add(home / name, home / "1" / "tree")

    assert git(home / "1" / "tree", "log", "--format=%s") == "first"


def test_an_unknown_commit_is_refused(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError):
        add(bare, tmp_path / "tree", "1" * len(git(bare, "rev-parse", "main")))


def test_no_push_is_refused_while_worktrees_come_and_go(bare: Path, tmp_path: Path) -> None:
    """Git reads the HEADs of all linked working trees for each push; these are not among them."""
    source = tmp_path / "source"
    over = threading.Event()

    def make() -> None:
        number = 0
        while not over.is_set():
            tree = tmp_path / str(number := number + 1) / "tree"
            add(bare, tree)
            remove_tree(str(tree))

    jobs = threading.Thread(target=make)
    jobs.start()
    try:
        for number in range(30):
            git(source, "commit", "-q", "--allow-empty", "-m", f"number {number}")
            git(source, "push", "-q", str(bare), f"HEAD:refs/heads/b{number}")
    finally:
        over.set()
        jobs.join()

    assert git(bare, "for-each-ref", "--format=x", "refs/heads/b*").count("x") == 30


def test_submodules_are_seen_by_what_the_commit_holds(bare: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    add(bare, tmp_path / "without")
    head = git(source, "rev-parse", "HEAD")
    git(source, "update-index", "--add", "--cacheinfo", f"160000,{head},libs/a b")
    git(source, "commit", "-q", "-m", "with a submodule")
    git(source, "push", "-q", str(bare), "HEAD:with")
    add(bare, tmp_path / "with", git(source, "rev-parse", "HEAD"))

    assert gitlinks(str(tmp_path / "without"), environ=os.environ) == ()
    assert gitlinks(str(tmp_path / "with"), environ=os.environ) == ("libs/a b",)
