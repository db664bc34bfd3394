"""Meanings as records hold them: what comes back, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.changes.meaning import cache_suffix, meaning_of
from branchline.core.changes.seeds import Seeds, seeds_to_json
from branchline.core.policy import ChangeRules

if TYPE_CHECKING:
    from branchline.core.changes.values import Meaning

RULES = ChangeRules()
SOURCE = b"""\
from . import a
import importlib, pkg.sub as s
try:
    import fast
except ImportError:
    fast = None
importlib.import_module("pkg." + s.NAME)
open("conf/x.yaml")
def f():
    return 1
"""
KEY = "b" * 40 + ":" + cache_suffix("src/m.py", RULES)


def said() -> Meaning:
    return meaning_of("src/m.py", SOURCE, RULES)


def test_all_but_the_parts_comes_back() -> None:
    meaning = said()
    text = json.dumps(seeds_to_json({KEY: meaning})).encode()

    found = Seeds(text).find(KEY)

    assert meaning.parts
    assert meaning.imports
    assert found is not None
    for name in ("reading", "digest", "imports", "mentions", "runs", "doubts"):
        assert getattr(found, name) == getattr(meaning, name)
    assert found.parts == ()


def test_another_blob_or_another_reading_is_not_found() -> None:
    seeds = Seeds(json.dumps(seeds_to_json({KEY: said()})).encode())

    assert seeds.find("c" * 40 + KEY[40:]) is None
    assert seeds.find(KEY + ":init") is None


def test_the_order_in_which_files_were_read_does_not_count() -> None:
    other = "a" * 40 + KEY[40:]

    first = json.dumps(seeds_to_json({KEY: said(), other: said()}))

    assert first == json.dumps(seeds_to_json({other: said(), KEY: said()}))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut-off"),
        pytest.param(b"[" * 100_000, id="nested-without-end"),
        pytest.param(b"\xff\xfe", id="not-text"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"meanings": {}}', id="without-a-version"),
        pytest.param(b'{"algorithm": "0", "meanings": {}}', id="of-another-version"),
        pytest.param(b'{"algorithm": "1", "meanings": []}', id="meanings-of-another-shape"),
        pytest.param(b'{"algorithm": "1", "meanings": {"x": 3}}', id="a-group-of-another-shape"),
    ],
)
def test_a_text_that_cannot_be_used_holds_nothing(text: bytes) -> None:
    assert Seeds(text).find(KEY) is None


def test_a_text_of_another_algorithm_holds_nothing() -> None:
    whole = seeds_to_json({KEY: said()}) | {"algorithm": "another"}

    assert Seeds(json.dumps(whole).encode()).find(KEY) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=7), st.integers(0, 5), JSON)
def test_a_damaged_entry_is_absent_or_sound(
    fields: list[object], position: int, value: object
) -> None:
    whole = json.loads(json.dumps(seeds_to_json({KEY: said()})))
    (group,) = whole["meanings"].values()
    right = group["b" * 40]
    for damaged in (fields, [*right[:position], value, *right[position + 1 :]]):
        group["b" * 40] = damaged

        found = Seeds(json.dumps(whole).encode()).find(KEY)

        assert found is None or (
            len(found.digest) == 64
            and all(i.level >= 0 and str(i.module) == i.module for i in found.imports)
            and all(str(text) == text for text in (*found.mentions, *found.runs, *found.doubts))
        )
