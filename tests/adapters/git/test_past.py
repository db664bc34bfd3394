"""The history as git tells it: pushes of the first-parent line, and files of each commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.replay_histories import History, git

from branchline.adapters.git import Git
from branchline.adapters.git.past import GitPast
from branchline.ports.past import LINK_MODE, SUBMODULE_MODE, Held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "work", 3)


@pytest.fixture
def past(history: History) -> Iterator[GitPast]:
    past = GitPast(Git.open(str(history.root)))
    yield past
    past.close()


def head(history: History) -> str:
    return git(history.root, "rev-parse", "HEAD")


def test_changes_from_push_to_push_lead_to_the_files_of_each_commit(
    history: History, past: GitPast
) -> None:
    history.grow(30)
    files: dict[str, Held] = {}
    pushes = past.pushes(head(history))

    for push in pushes:
        for path, held in push.changes.items():
            if held is None:
                del files[path]
            else:
                files[path] = held
        assert files == past.files(push.commit)

    assert [p.commit for p in pushes] == git(
        history.root, "rev-list", "--first-parent", "--reverse", "HEAD"
    ).split()
    assert any(push.is_merge for push in pushes)


def test_what_a_push_tells(history: History, past: GitPast) -> None:
    (history.root / 'a\nb "c" é.txt').write_text("x")
    history.commit("odd name\n\nbody with \x02 and \x01 in it")

    push = past.pushes(head(history))[-1]

    assert push.subject == "odd name"
    assert push.author == "Ada"
    assert push.pushed_at == "2026-01-01T02:00:00Z"
    assert "body with \x02 and \x01 in it" in push.message
    assert list(push.changes) == ['a\nb "c" é.txt']
    assert past.blob(push.changes['a\nb "c" é.txt'].name) == b"x"  # type: ignore[union-attr] # it was added


def test_links_modes_and_submodules(history: History, past: GitPast) -> None:
    os.symlink("train.py", history.root / "link.py")
    (history.root / "train.py").chmod(0o755)
    git(history.root, "update-index", "--add", "--cacheinfo", f"160000,{head(history)},sub")
    (history.root / "sub").mkdir()
    git(history.root, "add", "link.py", "train.py")
    git(history.root, "commit", "-q", "-m", "kinds")

    changes = past.pushes(head(history))[-1].changes

    modes = {path: held.mode for path, held in changes.items() if held is not None}
    assert modes == {"link.py": LINK_MODE, "sub": SUBMODULE_MODE, "train.py": 0o100755}


def test_a_merge_is_one_push_with_what_it_brought(history: History, past: GitPast) -> None:
    history._merge()

    push = past.pushes(head(history))[-1]

    assert push.is_merge
    assert past.count(push.parents[0], push.commit) >= 2
    assert not push.is_empty


def test_an_empty_commit_is_known(history: History, past: GitPast) -> None:
    git(history.root, "commit", "-q", "--allow-empty", "-m", "train, please")

    assert past.pushes(head(history))[-1].is_empty


def test_an_object_that_is_not_here(past: GitPast) -> None:
    assert past.blob("1" * 40) is None


def test_a_shallow_clone_is_told(history: History, past: GitPast, tmp_path: Path) -> None:
    history.grow(3)
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{history.root}", "shallow")
    shallow = GitPast(Git.open(str(tmp_path / "shallow")))

    pushes = shallow.pushes(head(history))

    assert (past.is_cut(), shallow.is_cut()) == (False, True)
    assert [p.commit for p in pushes] == [p.commit for p in past.pushes(head(history))[-2:]]
    assert set(pushes[0].changes) == set(shallow.files(pushes[0].commit))
