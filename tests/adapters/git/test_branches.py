from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git
from branchline.adapters.git.branches import GitBranches
from branchline.errors import RepositoryError
from branchline.ports.branches import MergeMethod, Signature
from branchline.testing.branches import ADA
from branchline.testing.branches_contract import BranchesContract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., str]


@pytest.fixture(params=["bare", "with-a-working-tree", "sha256"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, git: Run) -> Path:
    first = tmp_path / "first"
    first.mkdir()
    git(first, "init", "-q", *(["--object-format=sha256"] if request.param == "sha256" else []))
    (first / "a.txt").write_text("one\n")
    git(first, "add", ".")
    git(first, "commit", "-q", "-m", "First")
    if request.param != "bare":
        return first
    git(tmp_path, "clone", "-q", "--bare", str(first), "bare.git")
    return tmp_path / "bare.git"


class TestGitBranches(BranchesContract):
    @pytest.fixture
    def branches(self, folder: Path) -> GitBranches:
        return GitBranches(Git.open(str(folder)))

    @pytest.fixture(autouse=True)
    def logged(self, folder: Path, git: Run) -> None:
        """References have logs, as those of a box."""
        git(folder, "config", "core.logAllRefUpdates", "true")


@pytest.fixture
def bare(tmp_path: Path, git: Run) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q")
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    os.symlink("/etc/passwd", work / "link")
    (work / "data.bin").write_bytes(bytes(range(256)))
    (work / "folder").mkdir()
    (work / "folder" / "x.txt").write_text("x\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "First")
    git(tmp_path, "clone", "-q", "--bare", str(work), "bare.git")
    return tmp_path / "bare.git"


def test_what_is_made_passes_gits_own_check(bare: Path, git: Run) -> None:
    branches = GitBranches(Git.open(str(bare)))
    main = branches.head("main") or ""
    by = Signature(name="A <b>\nc", email="x>\n\0y", at=-5.0)

    files = {"folder.x": b"1", "folder/y": b"2", "folder0": b"3", "é/ü.txt": b"4", "run.sh": b"#\n"}
    left = branches.commit_files(main, files, message="Left\n\nbody\0", by=by)
    right = branches.commit_files(main, {"z": b"1"}, message="Right", by=ADA)
    merged = branches.merge(left, right, MergeMethod.MERGE, message="Merge", by=by)
    branches.move("merged", merged.commit, expected=None)

    git(bare, "fsck", "--strict", "--full")
    assert git(bare, "log", "-1", "--format=%an <%ae> %at", left) == "A bc <xy> 0"
    assert git(bare, "ls-tree", left, "run.sh").startswith("100755")
    assert git(bare, "show", f"{left}:é/ü.txt") == "4"


def test_a_link_becomes_a_file_and_points_nowhere(bare: Path, git: Run) -> None:
    branches = GitBranches(Git.open(str(bare)))

    made = branches.commit_files(
        branches.head("main") or "", {"link": b"/etc/shadow"}, message="Link", by=ADA
    )

    assert git(bare, "ls-tree", made, "link").startswith("100644 blob")


@pytest.mark.parametrize("path", ["folder", "link/x", "run.sh/x", "GIT~1/x", ".GIT/x", "a\\b"])
def test_a_path_that_another_machine_reads_otherwise_is_refused(bare: Path, path: str) -> None:
    branches = GitBranches(Git.open(str(bare)))

    with pytest.raises(RepositoryError):
        branches.commit_files(branches.head("main") or "", {path: b"x"}, message="X", by=ADA)


def test_a_file_makes_room_for_a_folder_when_it_is_removed(bare: Path, git: Run) -> None:
    branches = GitBranches(Git.open(str(bare)))

    made = branches.commit_files(
        branches.head("main") or "",
        {"run.sh": None, "run.sh/x": b"x", "folder/x.txt": None},
        message="Swap",
        by=ADA,
    )

    assert git(bare, "ls-tree", "-r", "--name-only", made).split() == [
        "data.bin",
        "link",
        "run.sh/x",
    ]


@pytest.mark.parametrize("name", ["a..b", "-x y", "x.lock", "a~1", "", "a b", "@{0}"])
def test_a_name_that_git_refuses_is_an_error(bare: Path, name: str) -> None:
    branches = GitBranches(Git.open(str(bare)))
    main = branches.head("main") or ""

    with pytest.raises(RepositoryError):
        branches.move(name, main, expected=None)

    assert branches.heads() == {"main": main}
    assert branches.head(name) is None


def test_a_name_that_continues_another_is_explained(bare: Path) -> None:
    branches = GitBranches(Git.open(str(bare)))
    main = branches.head("main") or ""
    branches.move("models", main, expected=None)

    with pytest.raises(RepositoryError, match="slash") as caught:
        branches.move("models/x", main, expected=None)

    assert "models/main" in caught.value.todo


def test_a_commit_that_does_not_exist_moves_nothing(bare: Path) -> None:
    branches = GitBranches(Git.open(str(bare)))
    main = branches.head("main") or ""

    for commit in ("1" * 40, "HEAD~1", "--help"):
        with pytest.raises(RepositoryError):
            branches.move("main", commit, expected=main)

    assert branches.head("main") == main


def test_branches_without_common_history(bare: Path, git: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "o.txt").write_text("o\n")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "Orphan")
    git(other, "push", "-q", str(bare), "HEAD:orphan")
    branches = GitBranches(Git.open(str(bare)))
    main, orphan = branches.head("main") or "", branches.head("orphan") or ""

    merge = branches.merge(main, orphan, MergeMethod.MERGE, message="M", by=ADA)

    assert (merge.commit, "no history" in merge.reason) == ("", True)
    assert list(branches.changed_files(main, orphan)) == [("A", "o.txt")]
    assert "+o" in branches.diff(main, orphan)


def test_a_rename_on_one_side_is_followed(bare: Path, git: Run) -> None:
    branches = GitBranches(Git.open(str(bare)))
    main = branches.head("main") or ""
    text = b"".join(b"line %d\n" % i for i in range(40))
    start = branches.commit_files(main, {"old.txt": text}, message="Start", by=ADA)
    left = branches.commit_files(
        start, {"old.txt": None, "new.txt": text}, message="Rename", by=ADA
    )
    right = branches.commit_files(start, {"old.txt": text + b"more\n"}, message="Edit", by=ADA)

    merge = branches.merge(left, right, MergeMethod.MERGE, message="M", by=ADA)

    assert git(bare, "show", f"{merge.commit}:new.txt").endswith("more")


def test_of_many_who_move_a_branch_one_wins(bare: Path) -> None:
    branches = GitBranches(Git.open(str(bare)))
    main = branches.head("main") or ""
    commits = [
        branches.commit_files(main, {"n": b"%d" % i}, message=str(i), by=ADA) for i in range(8)
    ]
    won: list[str] = []

    def move(commit: str) -> None:
        if GitBranches(Git.open(str(bare))).move("main", commit, expected=main):
            won.append(commit)

    threads = [threading.Thread(target=move, args=(commit,)) for commit in commits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert won == [branches.head("main")]
