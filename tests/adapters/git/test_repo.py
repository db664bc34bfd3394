from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git, GitRepo
from branchline.errors import MissingToolError, RepositoryError
from branchline.ports.repo import Head
from branchline.testing.repo import RepoContract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., str]
    Make = Callable[..., Path]

HOSTILE = ("--help", "-x y", "new\nline", "ü'\"$(id)", "*", ":(glob)x", "tab\there", "back\\slash")


class TestGitRepo(RepoContract):
    @pytest.fixture
    def repo(self, clone_of: Make, git: Run) -> GitRepo:
        folder = clone_of("work")
        (folder / "b.txt").write_text("two\n")
        (folder / "c.log").write_text("three\n")
        git(folder, "tag", "-a", "m@v0.0.1", "-m", "Register")
        git(folder, "tag", "m@v0.0.2")
        return GitRepo(Git.open(str(folder)))


def test_head_is_told_in_full(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    os.makedirs(folder / "sub/folder")

    repo = GitRepo(Git.open(str(folder / "sub/folder")))

    head = repo.head()
    assert repo.root == str(folder)
    assert head == Head(
        commit=git(folder, "rev-parse", "HEAD"),
        short=git(folder, "rev-parse", "--short", "HEAD"),
        branch="main",
        subject="First",
        author="Ada <ada@example.org>",
        committed_at=head.committed_at,
    )
    assert head.committed_at.endswith("Z")


@pytest.mark.parametrize("is_packed", [False, True], ids=["loose", "packed"])
def test_a_branch_and_what_a_commit_holds_cost_no_process_twice(
    clone_of: Make, git: Run, monkeypatch: pytest.MonkeyPatch, *, is_packed: bool
) -> None:
    folder = clone_of("work")
    git(folder, "branch", "-M", "main")
    if is_packed:
        git(folder, "pack-refs", "--all")
    repo = GitRepo(Git.open(str(folder)))
    commit = git(folder, "rev-parse", "HEAD")
    assert repo.show(commit, "a.txt") == b"one\n"
    monkeypatch.setattr(Git, "ask", None)

    assert repo.resolve("refs/heads/main") == commit
    assert repo.resolve(commit) == commit
    assert repo.show("refs/heads/main", "a.txt") == b"one\n"


def test_a_branch_that_points_at_another_is_left_to_git(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    git(folder, "branch", "-M", "main")
    git(folder, "symbolic-ref", "refs/heads/other", "refs/heads/main")
    repo = GitRepo(Git.open(str(folder)))

    assert repo.resolve("refs/heads/other") == git(folder, "rev-parse", "HEAD")
    assert repo.resolve("refs/heads/../heads/main") is None
    assert repo.resolve("refs/heads/none") is None


def test_before_the_first_commit_there_is_only_a_branch(tmp_path: Path, git: Run) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk")
    repo = GitRepo(Git.open(str(tmp_path)))

    assert repo.head() == Head(commit=None, branch="trunk")
    assert repo.resolve("HEAD") is None


def test_a_detached_head_has_no_branch(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    git(folder, "checkout", "-q", "--detach")

    assert GitRepo(Git.open(str(folder))).head(details=False) == Head(
        commit=git(folder, "rev-parse", "HEAD"), branch=None
    )


def test_packed_branches_and_slashes(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    git(folder, "checkout", "-q", "-b", "models/x")
    git(folder, "pack-refs", "--all")

    head = GitRepo(Git.open(str(folder))).head(details=False)

    assert head == Head(commit=git(folder, "rev-parse", "HEAD"), branch="models/x")


def test_a_linked_working_tree_has_its_own_head(clone_of: Make, git: Run, tmp_path: Path) -> None:
    folder = clone_of("work")
    git(folder, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    git(tmp_path / "linked", "commit", "-q", "--allow-empty", "-m", "Second")

    repo = GitRepo(Git.open(str(tmp_path / "linked")))

    assert repo.root == str(tmp_path / "linked")
    assert repo.head(details=False).branch == "side"
    assert repo.head().subject == "Second"


def test_a_bare_repository_answers(clone_of: Make, git: Run) -> None:
    bare = clone_of("bare", clone_of("work"), "--bare")
    repo = GitRepo(Git.open(str(bare)))

    assert repo.show("HEAD", "a.txt") == b"one\n"
    assert repo.head().branch == "main"
    assert repo.default_branch() == "main"
    assert list(repo.dirty_paths()) == []
    assert list(repo.is_tracked(["a.txt"])) == [False]
    assert list(repo.is_ignored(["a.log"])) == [False]


def test_a_sha256_repository_answers(clone_of: Make) -> None:
    repo = GitRepo(Git.open(str(clone_of("work", None, "--object-format=sha256"))))

    assert len(repo.head(details=False).commit or "") == 64
    assert repo.show("HEAD", "a.txt") == b"one\n"


def test_outside_a_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not inside a git repository"):
        Git.open(str(tmp_path))


def test_a_missing_git_is_named(clone_of: Make) -> None:
    git = Git.open(str(clone_of("work")), {"PATH": "/nowhere"})

    with pytest.raises(MissingToolError, match="`git` is not on"):
        GitRepo(git).dirty_paths()


def test_variables_that_redirect_git_are_dropped(
    clone_of: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = clone_of("work"), clone_of("other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    git = Git.open(str(folder))

    assert list(GitRepo(git).is_tracked(["a.txt"])) == [True]
    assert not {"GIT_DIR", "GIT_INDEX_FILE"} & git.environ.keys()
    assert "GIT_CONFIG_GLOBAL" in git.environ


def test_hostile_names_are_only_names(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    for name in HOSTILE:
        (folder / name).write_text(name)
    git(folder, "--literal-pathspecs", "add", "--", *HOSTILE[:4])
    git(folder, "commit", "-q", "-m", "Hostile")
    repo = GitRepo(Git.open(str(folder)))

    assert list(repo.is_tracked(HOSTILE)) == [True] * 4 + [False] * 4
    assert list(repo.dirty_paths()) == sorted(HOSTILE[4:])
    assert list(repo.is_ignored([*HOSTILE, "-x.log"])) == [False] * len(HOSTILE) + [True]
    for name in HOSTILE[:4]:
        assert repo.show("HEAD", name) == name.encode()
        assert repo.resolve(name) is None
    assert repo.resolve("--all") is None
    assert repo.resolve("a\0b") is None


def test_dirt_is_what_differs_from_head(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    (folder / "a.txt").write_text("changed\n")
    (folder / "staged.txt").write_text("x")
    git(folder, "add", "staged.txt")
    (folder / "new").mkdir()
    (folder / "new/file").write_text("x")
    (folder / "x.log").write_text("ignored")

    dirty = GitRepo(Git.open(str(folder))).dirty_paths()

    assert list(dirty) == ["a.txt", "new/file", "staged.txt"]


def test_who_is_at_work(clone_of: Make, git: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = clone_of("work")

    assert GitRepo(Git.open(str(folder))).actor() == "Ada <ada@example.org>"

    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    assert GitRepo(Git.open(str(folder))).actor() == ""


class TestDefaultBranch:
    def test_what_origin_says_comes_first(self, clone_of: Make, git: Run) -> None:
        origin = clone_of("origin")
        git(origin, "branch", "-m", "trunk")
        clone = clone_of("clone", origin)
        git(clone, "checkout", "-q", "-b", "main")

        assert GitRepo(Git.open(str(clone))).default_branch() == "trunk"

    def test_then_the_configured_one(self, clone_of: Make, git: Run) -> None:
        folder = clone_of("work")
        git(folder, "branch", "release")
        git(folder, "config", "init.defaultBranch", "release")

        assert GitRepo(Git.open(str(folder))).default_branch() == "release"

    def test_then_master(self, clone_of: Make, git: Run) -> None:
        folder = clone_of("work")
        git(folder, "branch", "-m", "master")

        assert GitRepo(Git.open(str(folder))).default_branch() == "master"


def test_tags_come_by_the_time_of_tagging(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    for name, day in (("m#production#2", 3), ("m#production#1", 2), ("dir=m@v0.0.1", 1)):
        when = f"2026-01-0{day}T00:00:00Z"
        git(folder, "tag", "-a", name, "-m", "x", GIT_COMMITTER_DATE=when)
    git(folder, "tag", "-a", "m#production#10", "-m", "x", GIT_COMMITTER_DATE=when)
    git(folder, "tag", "-a", "m#production#9", "-m", "x", GIT_COMMITTER_DATE=when)
    git(folder, "tag", "m#production#11")
    git(folder, "tag", "-a", "of-a-tag", "-m", "x", "m#production#1")
    git(folder, "tag", "-a", "of-a-tree", "-m", "x", "HEAD^{tree}")
    repo = GitRepo(Git.open(str(folder)))

    tags = repo.tags("*m[#@]*")

    assert [tag.name for tag in tags] == [
        "dir=m@v0.0.1",
        "m#production#9",
        "m#production#10",
        "m#production#1",
        "m#production#2",
    ]
    assert tags[0].tagged_at == "2026-01-01T00:00:00Z"
    assert tags[0].tagger == "Ada <ada@example.org>"
    assert [tag.commit for tag in repo.tags("of-*")] == [repo.head().commit]


def test_history_that_is_missing_is_not_a_no(clone_of: Make, git: Run) -> None:
    origin = clone_of("origin")
    first = git(origin, "rev-parse", "HEAD")
    git(origin, "checkout", "-q", "-b", "side")
    git(origin, "commit", "-q", "--allow-empty", "-m", "Side")
    git(origin, "checkout", "-q", "main")
    git(origin, "commit", "-q", "--allow-empty", "-m", "Second")
    whole = GitRepo(Git.open(str(origin)))
    shallow = GitRepo(Git.open(str(clone_of("shallow", origin, "--depth=1", "--no-single-branch"))))

    assert whole.is_ancestor(first, "main") is True
    assert whole.is_ancestor("main", first) is False
    assert whole.is_ancestor("side", "main") is False
    assert shallow.is_ancestor(first, "main") is None
    assert shallow.is_ancestor("origin/side", "main") is None
    assert shallow.is_ancestor("main", "HEAD") is True
    assert shallow.show("HEAD", "a.txt") == b"one\n"
