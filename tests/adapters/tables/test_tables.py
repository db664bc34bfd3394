"""Tables of strangers: read alike whatever their form, and nothing but read."""

from __future__ import annotations

import io
import json
import pickle
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from branchline.adapters.tables import FileTables
from branchline.core.evidence.tables import Form
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from pathlib import Path

TABLES = FileTables()
CSV = b'id,y,p,name\n007,0,0.5,"a, b"\n8,1,0.25,\n'


def read(data: bytes, form: Form, *columns: str) -> dict[str, list[Any]]:
    table = TABLES.read(data, form, columns, file="f")
    return {
        name: [
            None if gone else value
            for value, gone in zip(c.values.tolist(), c.missing.tolist(), strict=True)
        ]
        for name, c in table.columns.items()
    }


def parquet(tmp_path: Path, query: str) -> bytes:
    path = tmp_path / "made.parquet"
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def npz(**arrays: Any) -> bytes:
    held = io.BytesIO()
    np.savez(held, **arrays)
    return held.getvalue()


def test_csv_keeps_texts_as_they_stand() -> None:
    assert read(CSV, Form.CSV, "id", "p", "name") == {
        "id": ["007", "8"],
        "p": ["0.5", "0.25"],
        "name": ["a, b", None],
    }


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"id;p\n1;2\n", id="semicolons"),
        pytest.param(b"id\tp\r\n1\t2\r\n", id="tabs-and-windows-line-ends"),
        pytest.param(b"\xef\xbb\xbfid,p\n1,2\n", id="a-byte-order-mark"),
        pytest.param(b"id,p\r\n1,2\n", id="both-sorts-of-line-ends"),
        pytest.param(b"id,p\r\n1,2\r\n\n", id="an-empty-line-at-the-end"),
    ],
)
def test_csv_as_other_programs_write_it(data: bytes) -> None:
    assert read(data, Form.CSV, "id", "p") == {"id": ["1"], "p": ["2"]}


def test_parquet_keeps_types(tmp_path: Path) -> None:
    query = "SELECT 1::TINYINT AS i, 0.5::FLOAT AS f, true AS b, 'x' AS t, [1] AS l, NULL::INT AS n"

    found = read(parquet(tmp_path, query), Form.PARQUET, "i", "f", "b", "t", "l", "n")

    assert found == {"i": [1], "f": [0.5], "b": [True], "t": ["x"], "l": ["[1]"], "n": [None]}


def test_json_lines_and_a_field_that_a_line_lacks() -> None:
    data = b'{"y": true, "p": 0.5}\n{"y": false}\n'

    assert read(data, Form.JSON_LINES, "y", "p") == {"y": [True, False], "p": [0.5, None]}


def test_npz_with_a_matrix_of_scores() -> None:
    data = npz(y=np.array(["a", "b"]), p=np.array([[0.1, 0.9], [0.5, 0.5]], dtype=np.float32))

    found = read(data, Form.NPZ, "y", "p")

    assert found["y"] == ["a", "b"]
    assert np.allclose(found["p"], [[0.1, 0.9], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("data", "form", "said"),
    [
        pytest.param(b"", Form.CSV, "f is empty", id="nothing"),
        pytest.param(
            b"a,b\n1,2\n1,2,3\n",
            Form.CSV,
            "f:3 cannot be read: Expected Number of Columns: 2 Found: 3",
            id="a-value-too-many-names-its-line",
        ),
        pytest.param(
            b"a,a\n1,2\n",
            Form.CSV,
            "f:1 names no columns, or one twice: 'a,a'",
            id="a-column-twice",
        ),
        pytest.param(b"\xff\xfea,b\n", Form.CSV, "f:1 is no UTF-8 text", id="other-text"),
        pytest.param(b"PAR1", Form.PARQUET, "f cannot be read", id="no-parquet"),
        pytest.param(
            b'{"a": 1}\n{"a"',
            Form.JSON_LINES,
            "f cannot be read: Invalid Input Error: Malformed JSON",
            id="broken-json",
        ),
        pytest.param(b"no", Form.NPZ, "f is no npz file", id="no-npz"),
    ],
)
def test_what_is_no_such_table_is_refused(data: bytes, form: Form, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        TABLES.read(data, form, ["a"], file="f")

    assert caught.value.message.startswith(said)


def test_a_column_that_is_not_there_names_the_nearest_and_all() -> None:
    with pytest.raises(DocumentError) as caught:
        TABLES.read(CSV, Form.CSV, ["nam"], file="p.csv")

    assert caught.value.message == (
        "p.csv has no column `nam`; did you mean `name`? It has `id`, `y`, `p`, `name`"
    )


class Harm:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (self.path, "w")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    array = np.array([Harm(str(harm))], dtype=object)
    held = io.BytesIO()
    np.savez(held, y=array)
    assert pickle.dumps(array)

    with pytest.raises(DocumentError, match="allow_pickle"):
        TABLES.read(held.getvalue(), Form.NPZ, ["y"], file="f")

    assert not harm.exists()


@pytest.mark.parametrize("name", ['a"b', "a'b", "a') --", "a`b", "ü{}"])
def test_names_of_columns_are_never_a_part_of_the_question(name: str, tmp_path: Path) -> None:
    line = f'"{name.replace(chr(34), chr(34) * 2)}",x\n1,2\n'.encode()
    assert read(line, Form.CSV, name) == {name: ["1"]}

    rows = json.dumps({name: 1}).encode() + b"\n"
    assert read(rows, Form.JSON_LINES, name) == {name: [1]}


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(DocumentError, match="`y` has 2, `p` has 1"):
        TABLES.read(npz(y=np.zeros(2), p=np.zeros(1)), Form.NPZ, ["y", "p"], file="f")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"s\n", id="a-header-only"),
        pytest.param(b"s", id="a-header-without-an-end"),
    ],
)
def test_a_table_without_rows_has_none(data: bytes) -> None:
    assert TABLES.read(data, Form.CSV, ["s"], file="f").rows == 0
