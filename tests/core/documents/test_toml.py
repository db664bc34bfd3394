"""TOML: typed values, lines, refusals."""

from __future__ import annotations

import datetime as dt

import pytest

from branchline.core.documents import read_toml
from branchline.errors import DocumentError

TEXT = b"""\
title = "x"
when = 2024-01-02

[train]
lr = 1e-3
opt.kind = "sgd"
"""


def test_values_keep_their_types() -> None:
    assert read_toml(TEXT, file="x.toml").value == {
        "title": "x",
        "when": dt.date(2024, 1, 2),
        "train": {"lr": 0.001, "opt": {"kind": "sgd"}},
    }


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(("when",), 2, id="a-top-key"),
        pytest.param(("train",), 4, id="a-table"),
        pytest.param(("train", "opt", "kind"), 6, id="a-dotted-key"),
        pytest.param(("train", "nope"), 4, id="a-missing-key-has-its-tables-line"),
    ],
)
def test_lines_of_keys(path: tuple[str, ...], line: int) -> None:
    assert read_toml(TEXT, file="x.toml").line_of(path) == line


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"a = 1\nb = \n", "x.toml:2:5: the TOML cannot be read", id="no-value"),
        pytest.param(b"a = 1\na = 2\n", "x.toml:2:", id="a-key-twice"),
        pytest.param(b'a = "\xff"', "x.toml:1: byte 0xff is not UTF-8", id="not-utf8"),
    ],
)
def test_refusals_name_file_and_line(data: bytes, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_toml(data, file="x.toml")

    assert caught.value.message.startswith(message)
