"""The workspace read for meaning: what is remembered, what is forgotten, what is code."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.core.policy import ChangeRules
from branchline.flows.reading import CODE_SIZE_LIMIT_BYTES, Reader, with_folders
from branchline.ports.meanings import MeaningCache
from branchline.testing.workspace import FakeWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from branchline.core.changes.values import Meaning


class Remembered(MeaningCache):
    """A cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Meaning] = {}

    def load(self, keys: Iterable[str]) -> Mapping[str, Meaning]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def save(self, meanings: Mapping[str, Meaning]) -> None:
        self.kept.update(meanings)


def reader_of(files: Mapping[str, bytes]) -> tuple[Reader, FakeWorkspace, Remembered]:
    workspace, cache = FakeWorkspace(files), Remembered()
    return Reader(workspace, cache, ChangeRules()), workspace, cache


def test_what_was_read_is_remembered_until_it_is_forgotten() -> None:
    reader, workspace, _ = reader_of({"a.py": b"x = 1\n"})
    first = reader.digest("a.py")
    workspace.files["a.py"] = b"x = 2\n"

    assert reader.digest("a.py") == first
    reader.forget(["a.py"])
    assert reader.digest("a.py") != first


def test_forgetting_a_folder_forgets_what_is_below_and_nothing_beside() -> None:
    reader, workspace, _ = reader_of({"d/a.py": b"x = 1\n", "da.py": b"x = 1\n"})
    below, beside = reader.digest("d/a.py"), reader.digest("da.py")
    workspace.files.update({"d/a.py": b"x = 2\n", "da.py": b"x = 2\n"})

    reader.forget(["d"])

    assert reader.digest("d/a.py") != below
    assert reader.digest("da.py") == beside


def test_a_file_that_came_is_seen_when_it_is_forgotten() -> None:
    reader, workspace, _ = reader_of({"d/a.py": b""})
    assert not reader.is_file("d/b.py")
    workspace.files["d/b.py"] = b""

    reader.forget(["d/b.py"])

    assert reader.is_file("d/b.py")


def test_meanings_are_kept_by_content_and_rules() -> None:
    reader, workspace, cache = reader_of({"a.py": b"x = 1\n"})
    digest = reader.digest("a.py")
    reader.save()
    assert len(cache.kept) == 1

    again = Reader(workspace, cache, ChangeRules())

    assert again.digest("a.py") == digest
    again.save()
    assert len(cache.kept) == 1
    Reader(workspace, cache, ChangeRules(docstrings=False)).digest("a.py")


@pytest.mark.parametrize(
    ("path", "size", "is_code"),
    [
        pytest.param("a.py", 10, True, id="python"),
        pytest.param("a.csv", 10, False, id="a-table"),
        pytest.param("a.json", CODE_SIZE_LIMIT_BYTES, True, id="as-large-as-code-may-be"),
        pytest.param("a.json", CODE_SIZE_LIMIT_BYTES + 1, False, id="larger-is-data"),
        pytest.param("gone.py", -1, False, id="nothing-there"),
    ],
)
def test_is_code(path: str, size: int, is_code: bool) -> None:
    reader, _, _ = reader_of({path: b"1" * size} if size >= 0 else {})

    assert reader.is_code(path) is is_code


def test_absence_is_an_answer() -> None:
    reader, _, _ = reader_of({})

    assert reader.digest("a.py") is None
    assert reader.meaning("a.py") is None
    assert reader.entry("a") is None
    assert not reader.exists("a")


def test_a_link_counts_by_its_target_and_by_what_stands_there(tmp_path: Path) -> None:
    workspace = DvcWorkspace(str(tmp_path), CacheDatabase(str(tmp_path / "cache.db")))
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("x = 1\n")
    os.symlink("one.py", tmp_path / "link.py")
    digests = [Reader(workspace, Remembered(), ChangeRules()).digest("link.py")]
    os.unlink(tmp_path / "link.py")
    os.symlink("two.py", tmp_path / "link.py")
    digests.append(Reader(workspace, Remembered(), ChangeRules()).digest("link.py"))
    (tmp_path / "two.py").write_text("x = 2\n")
    digests.append(Reader(workspace, Remembered(), ChangeRules()).digest("link.py"))
    workspace.close()

    assert len(set(digests)) == 3


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=5))
def test_with_folders(steps: list[str]) -> None:
    found = with_folders("/".join(steps))

    assert found[0] == "/".join(steps)
    assert len(found) == len(steps)
    assert all(inner.startswith(outer + "/") for inner, outer in pairwise(found))


def test_what_is_written_while_a_file_is_read_is_not_kept_as_what_stood_there() -> None:
    class Edited(FakeWorkspace):
        def read(self, path: str) -> bytes | None:
            self.files[path] = b"x = 2\n"
            return super().read(path)

    workspace, cache = Edited({"a.py": b"x = 1\n"}), Remembered()
    reader = Reader(workspace, cache, ChangeRules())
    before = workspace.blob("a.py")

    reader.digest("a.py")
    reader.save()

    assert reader.blob("a.py") == before, "so that it counts as moved"
    assert cache.kept == {}
    assert reader.said() == {}


def test_a_file_is_forgotten_only_when_it_holds_something_else() -> None:
    reader, workspace, _ = reader_of({"a.py": b"x = 1\n"})
    first = reader.digest("a.py")

    assert not reader.look_again("a.py")
    workspace.files["a.py"] = b"x = 2\n"

    assert reader.look_again("a.py")
    assert reader.digest("a.py") != first
    assert not reader.look_again("b.py")
