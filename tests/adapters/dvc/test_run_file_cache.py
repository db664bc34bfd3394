from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.run_file_cache import SqliteRunFileCache
from branchline.ports.records import RunFileCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def test_what_was_saved_is_found_by_another_process(tmp_path: Path) -> None:
    path = str(tmp_path / "cache.db")
    files = {f"{number:040x}": b"{%d}" % number for number in range(1200)}

    SqliteRunFileCache(CacheDatabase(path)).save(files)

    assert SqliteRunFileCache(CacheDatabase(path)).load([*files, "unknown"]) == files
    assert SqliteRunFileCache(CacheDatabase(str(tmp_path / "none.db"))).load(["a"]) == {}


def test_a_row_of_another_type_is_not_known(tmp_path: Path) -> None:
    database = CacheDatabase(str(tmp_path / "cache.db"))
    database.write("INSERT INTO run VALUES (?, ?)", [("a", "text"), ("b", None), ("c", b"{}")])

    assert SqliteRunFileCache(database).load(["a", "b", "c"]) == {"c": b"{}"}


def test_a_damaged_file_is_an_empty_cache(tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_bytes(b"no database" * 1000)
    cache = SqliteRunFileCache(CacheDatabase(str(tmp_path / "cache.db")))

    assert cache.load(["a"]) == {}
    cache.save({"a": b"{}"})
    assert cache.load(["a"]) == {"a": b"{}"}


def test_a_cache_that_lacks_a_method_cannot_be_made() -> None:
    class Half(RunFileCache):
        def load(self, trees: Sequence[str]) -> Mapping[str, bytes]:
            return {}

    with pytest.raises(TypeError, match="save"):
        Half()  # type: ignore[abstract] # which is what is tested
