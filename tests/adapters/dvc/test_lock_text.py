"""The text of lock entries equals what ruamel.yaml, called as DVC calls it, dumps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from branchline.adapters.dvc.lock_text import dump, entry_text, stage_text

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

WORDS = st.sampled_from(
    ["python", "train.py", "--lr", "1e-3", "a:b", "#x", "'q'", "é", "-", "x" * 60, "=", "!", "&a"]
)
TEXTS = (
    st.lists(WORDS, max_size=25).map(" ".join)
    | st.lists(WORDS, max_size=12).map("  ".join)
    | st.text(max_size=30)
    | st.sampled_from(
        ["", "yes", "NULL", "true", "~", "1", "0x1f", ".5", "./a", "../b", "/c", "a#b"]
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.sampled_from(["0" * 31 + "e", "1e" + "0" * 30, "d41d8cd98f00b204e9800998ecf8427e.dir"])
)
KEYS = st.sampled_from(
    ["a", "lr", "train.lr", "on", "1", "x y", "k" * 65, "k" * 70, "k" * 74, "k" * 130]
) | st.text(min_size=1, max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def expected(name: str, entry: dict[str, JsonValue]) -> str:
    lines = dump({"schema": "2.0", "stages": {name: entry}}).splitlines(keepends=True)
    return "".join(lines[2:])


@settings(max_examples=400)
@example(entry={"k" * 70: False})
@example(entry={"k" * 70: 123456.5})
@example(entry={"k" * 70: 10**30})
@given(entry=st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_stage_text_is_what_the_dumper_writes(entry: dict[str, JsonValue]) -> None:
    assert stage_text("train", entry) == expected("train", entry)


@settings(max_examples=300)
@given(entry=st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_entry_text_of_the_run_cache_is_what_the_dumper_writes(entry: dict[str, JsonValue]) -> None:
    assert entry_text(entry) == dump(entry)


@settings(max_examples=500)
@given(words=st.lists(st.text("ab-./=", min_size=1, max_size=90), min_size=1, max_size=40))
def test_long_commands_fold_where_the_dumper_folds(words: list[str]) -> None:
    entry: dict[str, JsonValue] = {
        "cmd": "p" + " ".join(words),
        "deps": [{"path": " ".join(words)}],
    }

    assert stage_text("train", entry) == expected("train", entry)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("build@1", id="generated-name"),
        pytest.param("on", id="name-that-reads-as-a-boolean"),
        pytest.param("a b", id="name-with-a-space"),
        pytest.param("1", id="name-that-reads-as-a-number"),
    ],
)
def test_stage_names_are_quoted_as_the_dumper_quotes(name: str) -> None:
    entry: dict[str, JsonValue] = {
        "cmd": "x",
        "params": {"params.yaml": {"v": math.inf, "n": None}},
    }

    assert stage_text(name, entry) == expected(name, entry)


def test_a_value_that_stands_twice_is_written_twice() -> None:
    shared: JsonValue = [[1], [2]]

    text = stage_text("train", {"cmd": "x", "params": {"p.yaml": {"a": shared, "b": shared}}})

    assert "&" not in text
