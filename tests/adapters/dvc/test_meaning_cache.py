"""The cache of meanings: whatever is kept comes back equal; damage reads as absence."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.meaning_cache import SqliteMeaningCache
from branchline.core.changes.values import Import, Meaning, Reading

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(max_size=10)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
IMPORTS = st.builds(
    Import,
    module=TEXT,
    names=TEXTS,
    level=st.integers(0, 3),
    is_weak=st.booleans(),
    line=st.integers(0, 9),
    is_prefix=st.booleans(),
)
MEANINGS = st.builds(
    Meaning,
    reading=st.sampled_from(Reading),
    digest=TEXT,
    parts=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    imports=st.lists(IMPORTS, max_size=3).map(tuple),
    mentions=TEXTS,
    runs=TEXTS,
    doubts=TEXTS,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meanings=st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1), MEANINGS))
def test_what_is_saved_is_loaded(database: CacheDatabase, meanings: dict[str, Meaning]) -> None:
    cache = SqliteMeaningCache(database)

    cache.save(meanings)

    assert cache.load([*meanings, "unknown key"]) == meanings


def test_thousands_of_keys_are_loaded_at_once(database: CacheDatabase) -> None:
    meaning = Meaning(reading=Reading.BYTES, digest="x")
    cache = SqliteMeaningCache(database)
    cache.save({str(number): meaning for number in range(2500)})

    assert len(cache.load(str(number) for number in range(3000))) == 2500


def test_a_row_that_cannot_be_read_counts_as_absent(tmp_path: Path) -> None:
    path = str(tmp_path / "cache.db")
    cache = SqliteMeaningCache(CacheDatabase(path))
    cache.save({"a": Meaning(reading=Reading.BYTES, digest="x")})
    CacheDatabase(path).write("UPDATE meaning SET value = ?", [("[1, 2]",)])

    assert cache.load(["a"]) == {}


def test_a_search_reads_each_once_and_keeps_what_it_read_first(tmp_path: Path) -> None:
    path = str(tmp_path / "cache.db")
    code = {str(number): Meaning(reading=Reading.BYTES, digest="x") for number in range(5)}
    params = {"params": Meaning(reading=Reading.BYTES, digest="y")}
    search = SqliteMeaningCache(CacheDatabase(path), remembers=True)

    search.save(code)
    search.save(params)
    CacheDatabase(path).write("UPDATE meaning SET value = ?", [("damaged",)])

    assert search.load([*code, *params]) == code | params
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT key FROM meaning").fetchall()
    connection.close()
    assert {key for (key,) in rows} == set(code)
