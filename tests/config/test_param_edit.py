"""Editing parameter files: only the value changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from branchline.config.param_edit import edit_params, new_params
from branchline.errors import ParamsError

TEXT = b"""\
# all of it
train:
  lr: 0.1   # the rate
  depth: 3
  kind: 'rf'
  name: plain # words
  layers: [8, 4]

seed: 7
"""


@pytest.mark.parametrize(
    ("values", "old", "new"),
    [
        pytest.param({"train.lr": 1e-05}, b"0.1 ", b"1.0e-05 ", id="a-small-number-stays-a-number"),
        pytest.param({"train.lr": 1}, b"0.1 ", b"1.0 ", id="a-whole-number-for-a-real-one"),
        pytest.param({"train.depth": 5.0}, b"3", b"5", id="a-real-number-for-a-whole-one"),
        pytest.param({"train.depth": 5.5}, b"3", b"5.5", id="a-real-number-where-it-must"),
        pytest.param({"train.kind": "it's"}, b"'rf'", b"'it''s'", id="a-quoted-text"),
        pytest.param({"train.name": "yes"}, b"plain", b'"yes"', id="a-text-that-reads-as-true"),
        pytest.param({"train.layers": [16, 8]}, b"[8, 4]", b"[16, 8]", id="a-list"),
        pytest.param({"train.layers.1": 2}, b"[8, 4]", b"[8, 2]", id="an-item-of-a-list"),
        pytest.param({"seed": 8}, b"seed: 7", b"seed: 8", id="the-last-line"),
    ],
)
def test_only_the_value_changes(values: dict[str, object], old: bytes, new: bytes) -> None:
    edited = edit_params("params.yaml", TEXT, values)  # type: ignore[arg-type] # plain values

    assert edited == TEXT.replace(old, new)
    assert yaml.safe_load(edited) is not None


@pytest.mark.parametrize(
    ("text", "values", "old", "new"),
    [
        pytest.param("base: &r 0.1\na: *r  # c\n", {"a": 0.5}, "*r", "0.5", id="an-alias"),
        pytest.param("base: &r 0.1\na: *r\n", {"base": 0.5}, "0.1", "0.5", id="its-anchor"),
        pytest.param("a: &x {b: 1}\nc: {d: *x, e: 2}\n", {"c.d": 3}, "*x", "3", id="in-braces"),
        pytest.param("a: &x {b: 1}\nc: *x\n", {"a.b": 3}, "b: 1", "b: 3", id="below-an-anchor"),
        pytest.param("a: 1\r\n# x\r\nb: 2\r\n", {"a": 3}, "1", "3", id="line-ends-of-windows"),
        pytest.param("\ufeffa: 1\n", {"a": 3}, "1", "3", id="a-mark-of-its-bytes"),
        pytest.param("a: 1\nb: 2\na: 4\n", {"a": 3}, "4", "3", id="of-two-the-one-that-counts"),
        pytest.param("a: [&x 1, *x, 2]\n", {"a.2": 3}, ", 2", ", 3", id="behind-an-alias"),
        pytest.param("'a.b': 1\na:\n  c: 2\n", {"a.b": 3}, "1", "3", id="a-key-with-a-dot"),
    ],
)
def test_all_else_stays_to_the_byte(
    text: str, values: dict[str, object], old: str, new: str
) -> None:
    edited = edit_params("params.yaml", text.encode(), values)  # type: ignore[arg-type] # plain values

    assert edited.decode() == new.join(text.rsplit(old, 1))
    yaml.safe_load(edited)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("a: &x {b: 1}\nc: *x\n", "c.b", id="below-an-alias"),
        pytest.param("a: [&x 1, *x]\n", "a.1", id="an-item"),
    ],
)
def test_what_others_share_is_refused(text: str, key: str) -> None:
    with pytest.raises(ParamsError, match="is taken over by an alias"):
        edit_params("params.yaml", text.encode(), {key: 2})


KEYS = st.sampled_from(["a", "b", "lr", "x y", "0", "naïve"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text("ab \t:#'\"-{}[],&*!|>%@`é\n0", max_size=6),
)  # fmt: skip
TREES = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3)), min_size=1
)


@given(TREES, st.dictionaries(KEYS, LEAVES, min_size=1), st.sampled_from([None, True, False]))
def test_what_is_read_back_is_what_was_set(
    tree: dict[str, Any], values: dict[str, Any], flow: bool | None
) -> None:
    data = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True).encode()
    wanted = {key: value for key, value in values.items() if key in tree}

    edited = yaml.safe_load(edit_params("params.yaml", data, wanted))

    assert edited == {**tree, **wanted}


def test_several_values_at_once() -> None:
    edited = edit_params("params.yaml", TEXT, {"seed": 1, "train.lr": 0.01, "train.depth": 12})

    value = yaml.safe_load(edited)
    assert (value["seed"], value["train"]["lr"], value["train"]["depth"]) == (1, 0.01, 12)
    assert edited.count(b"#") == TEXT.count(b"#")


def test_a_block_list_is_replaced_whole() -> None:
    text = b"a:\n  - 1\n  - 2\n\nb: 3 # three\n"

    edited = edit_params("p.yaml", text, {"a": [5]})

    assert yaml.safe_load(edited) == {"a": [5], "b": 3}
    assert b"b: 3 # three\n" in edited


def test_json_stays_json() -> None:
    text = b'{\n    "lr": 0.1,\n    "kind": "rf"\n}\n'

    edited = edit_params("params.json", text, {"lr": 1e-05, "kind": "yes"})

    assert json.loads(edited) == {"lr": 1e-05, "kind": "yes"}
    assert edited.startswith(b'{\n    "lr": ')


@pytest.mark.parametrize(
    ("file", "key", "words"),
    [
        pytest.param("params.yaml", "train.rate", "train.lr", id="an-absent-key-names-those-there"),
        pytest.param("params.toml", "lr", "params.yaml", id="another-format"),
    ],
)
def test_what_cannot_be_edited_says_what_to_write(file: str, key: str, words: str) -> None:
    with pytest.raises(ParamsError) as caught:
        edit_params(file, TEXT, {key: 1})

    assert words in f"{caught.value.message} {caught.value.todo}"


def test_a_new_file_nests_dotted_keys() -> None:
    text = new_params({"train.lr": 1e-05, "train.kind": "on", "seed": 3}, "best of 4 trials")

    assert yaml.safe_load(text) == {"train": {"lr": 1e-05, "kind": "on"}, "seed": 3}
