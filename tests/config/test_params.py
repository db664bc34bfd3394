"""Parameter files by suffix, dotted keys, and what is said when one is missing."""

from __future__ import annotations

import pytest

from branchline.config.param_edit import edit_params
from branchline.config.params import param_at, parse_params, read_params
from branchline.errors import DocumentError, ParamsError

YAML = b"""\
lr: 1e-3
train: {layers: [8, {size: 16}], on: yes, none: null}
2: number
true: flag
"""
PYTHON = b"""\
import os
A = 1
B = (1, 2)
C: int = -3
D = {"a": {"b": 2}}
E = os.getcwd()
X = Y = 2
class T:
    lr = 0.1
    sub = {"z": [1]}
    def __init__(self):
        self.q = 5
        w = 3
        other.y = 4
    def fit(self):
        self.no = 1
if True:
    Z = 1
"""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("lr", 0.001, id="yaml-1.2-reads-1e-3-as-a-number"),
        pytest.param("train.layers", [8, {"size": 16}], id="a-collection"),
        pytest.param("train.layers.0", 8, id="an-index"),
        pytest.param("train.layers.1.size", 16, id="a-key-below-an-index"),
        pytest.param("train.on", "yes", id="yes-is-text"),
        pytest.param("train.none", None, id="null-is-a-value"),
        pytest.param("2", "number", id="a-number-as-key"),
        pytest.param("train.lay*", [8, {"size": 16}], id="a-wildcard-that-fits-one-place"),
        pytest.param("True", "flag", id="a-boolean-as-key"),
    ],
)
def test_dotted_keys(key: str, value: object) -> None:
    assert read_params("params.yaml", YAML, [key]) == {key: value}


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        pytest.param('"a.b": 1', "a.b", 1, id="a-key-with-a-dot"),
        pytest.param('m: {"a.b": {c: 1}}', "m.a.b.c", 1, id="in-the-middle"),
        pytest.param('"a.b": 1\na: {b: 2}', "a.b", 2, id="the-nested-one-counts"),
        pytest.param('"a.b": 1\na: {c: 2}', "a.b", 1, id="the-nested-one-is-another"),
    ],
)
def test_a_key_with_dots_is_found_and_edited_where_it_was_found(
    text: str, key: str, value: object
) -> None:
    data = text.encode()

    assert param_at("params.yaml", parse_params("params.yaml", data), key) == value
    edited = edit_params("params.yaml", data, {key: 7})
    assert edited.decode() == text.replace(str(value), "7")


def test_no_keys_mean_every_top_key() -> None:
    assert list(read_params("params.yaml", YAML, None)) == ["lr", "train", "2", "True"]


def test_python_parameters_are_literals_only() -> None:
    assert read_params("params.py", PYTHON, None) == {
        "A": 1,
        "B": (1, 2),
        "C": -3,
        "D": {"a": {"b": 2}},
        "T": {"lr": 0.1, "sub": {"z": [1]}, "q": 5},
    }


@pytest.mark.parametrize(
    ("file", "data"),
    [
        pytest.param("p.json", b'{"a": {"b": 1}}', id="json"),
        pytest.param("p.toml", b"[a]\nb = 1\n", id="toml"),
        pytest.param("p.py", b"a = {'b': 1}", id="python"),
        pytest.param("p.yml", b"a: {b: 1}", id="yaml-by-any-other-suffix"),
        pytest.param("P.JSON", b'{"a": {"b": 1}}', id="capitals-in-the-suffix"),
    ],
)
def test_the_suffix_says_how_a_file_is_read(file: str, data: bytes) -> None:
    assert read_params(file, data, ["a.b"]) == {"a.b": 1}


def test_an_empty_file_has_no_parameters() -> None:
    assert read_params("params.yaml", b"", None) == {}


def test_missing_keys_are_named_with_the_nearest_one() -> None:
    with pytest.raises(ParamsError) as caught:
        read_params("params.yaml", YAML, ["train.layer", "lr", "nothing"])

    assert caught.value.message == (
        "params.yaml: parameters `train.layer`, `nothing` are tracked by a stage but not set"
    )
    assert "did you mean `train.layers`?" in caught.value.todo


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("train.layers.2", id="an-index-past-the-end"),
        pytest.param("train.layers.-1", id="a-negative-index"),
        pytest.param("lr.x", id="below-a-number"),
        pytest.param("train.*", id="a-wildcard-that-fits-several-places"),
    ],
)
def test_keys_that_lead_nowhere_are_missing(key: str) -> None:
    with pytest.raises(ParamsError, match="is tracked by a stage but not set"):
        read_params("params.yaml", YAML, [key])


def test_a_missing_file_is_said_to_be_missing() -> None:
    with pytest.raises(ParamsError, match=r"^params.yaml: the parameter file does not exist"):
        read_params("params.yaml", None, ["a"])


@pytest.mark.parametrize(
    ("file", "data"),
    [
        pytest.param("params.yaml", b"- a\n", id="a-list-on-top"),
        pytest.param("params.py", b"a = (", id="python-that-does-not-parse"),
        pytest.param("params.yaml", b"a: 1\na: 2\n", id="a-key-twice"),
    ],
)
def test_files_that_cannot_be_read_are_refused(file: str, data: bytes) -> None:
    with pytest.raises(DocumentError, match=rf"^{file}:\d+"):
        read_params(file, data, None)
