"""Files of a commit, read from git's objects: the same answers as on a checkout."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.replay_histories import History, git

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.commit_files import CommitFiles
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.adapters.git import Git
from branchline.adapters.git.past import GitPast
from branchline.errors import StoreError
from branchline.ports.past import LINK_MODE, SUBMODULE_MODE, Held, Past

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from branchline.ports.past import PastPush


class Blobs(Past):
    """Objects in memory, each named by its text."""

    def blob(self, name: str) -> bytes | None:
        return name.encode()

    def pushes(self, tip: str) -> Sequence[PastPush]:
        del tip
        return ()

    def files(self, commit: str) -> Mapping[str, Held]:
        del commit
        return {}

    def count(self, older: str, newer: str) -> int:
        del older, newer
        return 0

    def is_cut(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing was started."""


def file(text: str, mode: int = 0o100644) -> Held:
    return Held(mode, text)


def at(files: Mapping[str, Held]) -> CommitFiles:
    found = CommitFiles("/root", Blobs())
    found.move(files)
    return found


def answers(files: CommitFiles | DvcWorkspace, paths: Sequence[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in paths:
        entry = files.entry(path)
        listed = files.list_folder(path)
        is_folder = listed is not None
        held: tuple[object, object]
        try:
            held = (files.content(path), files.members(path) if is_folder else ())
        except StoreError:
            held = (None, ("refused",))
        found[path] = (
            entry,
            None if listed is None else {n: k for n, k in listed.items() if n != ".git"},
            held,
            files.blob(path),
            files.read(path),
        )
    return found


def test_every_answer_is_that_of_a_checkout(tmp_path: Path) -> None:
    history = History(tmp_path / "work", 11)
    root = history.root
    os.symlink("../lib/weights.py", root / "docs" / "inner.py")
    os.symlink("lib", root / "linked")
    (root / ".dvcignore").write_text("*.md\n")
    history.commit("links")
    history.grow(25)
    past = GitPast(Git.open(str(root)))
    files = CommitFiles(str(root), past)
    there = tmp_path / "there"
    git(tmp_path, "clone", "-q", str(root), str(there))
    gone: set[str] = set()

    for push in past.pushes(git(root, "rev-parse", "HEAD")):
        files.move(push.changes)
        git(there, "checkout", "-q", "-f", "--detach", push.commit)
        paths = {
            *files.paths(),
            *gone,
            ".",
            "lib",
            "docs",
            "linked",
            "linked/weights.py",
            "nothing",
        }
        gone |= {path for path, held in push.changes.items() if held is None}
        real = DvcWorkspace(str(there), CacheDatabase(str(tmp_path / f"{push.commit}.db")))

        assert answers(files, sorted(paths)) == answers(real, sorted(paths)), push.subject
    past.close()


NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "l", "d/l"])
TREES = st.dictionaries(NAMES, st.sampled_from(["1", "2", "link", "x"]), max_size=6)


def held(text: str) -> Held:
    if text == "link":
        return Held(LINK_MODE, "d/a")
    return file(text, 0o100755 if text == "x" else 0o100644)


@settings(max_examples=300)
@given(TREES, TREES)
def test_an_answer_that_moves_is_announced(before: dict[str, str], after: dict[str, str]) -> None:
    files = at({path: held(text) for path, text in before.items()})
    paths = ["a", "b", "d", "d/a", "d/e", "d/e/a", "l", "d/l", "l/a", "."]
    changes = {p: held(after[p]) for p in after if before.get(p) != after[p]}
    whole = {**dict.fromkeys(before.keys() - after.keys()), **changes}

    def ask(path: str) -> object:
        try:
            return (
                files.entry(path),
                files.read(path),
                files.list_folder(path) and dict(files.list_folder(path) or {}),
                files.content(path),
                files.blob(path),
            )
        except StoreError as error:
            return str(error)

    asked: dict[str, object] = {}
    said: dict[str, object] = {}
    for path in paths:
        asked[path] = files.watch()
        said[path] = ask(path)
    files.move(whole)
    now = {path: ask(path) for path in paths}

    for path in paths:
        if now[path] != said[path]:
            assert files.may_have_moved(asked[path]), path


def test_a_folder_that_loses_its_last_file_is_gone() -> None:
    files = at({"d/e/a": file("1"), "b": file("2")})

    files.move({"d/e/a": None})

    assert files.entry("d") is None
    assert files.list_folder("d") is None
    assert list(files.list_folder(".") or ()) == ["b"]


def test_a_file_becomes_a_folder_and_back() -> None:
    files = at({"a": file("1")})

    files.move({"a": None, "a/b": file("2")})
    assert files.read("a/b") == b"2"
    files.move({"a/b": None, "a": file("3")})

    assert files.read("a") == b"3"
    assert files.list_folder("a") is None


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../outside", "l", "d/../../x"], ids=["root", "above", "self", "up"]
)
def test_a_link_that_leads_nowhere_here_has_no_content(target: str) -> None:
    files = at({"l": Held(LINK_MODE, target), "a": file("1")})

    assert files.read("l") is None
    assert files.content("l") is None
    assert files.blob("l") is None


def test_a_submodule_counts_by_the_commit_it_stands_at() -> None:
    files = at({"sub": Held(SUBMODULE_MODE, "1" * 40)})
    first = files.content("sub")

    files.move({"sub": Held(SUBMODULE_MODE, "2" * 40)})

    assert files.submodules == {"sub": "2" * 40}
    assert files.content("sub") != first
    assert files.list_folder("sub") == {}


def test_nothing_of_a_commit_can_be_changed() -> None:
    files = at({"a": file("1")})

    for change in (files.remove, files.set_aside, files.unprotect):
        with pytest.raises(StoreError, match="stands in a commit"):
            change("a")
