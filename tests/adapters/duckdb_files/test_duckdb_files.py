"""Tables in files by a real DuckDB: formats agree, names are hostile, nothing else can be read."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pytest

from branchline.adapters.duckdb_files import DuckdbFiles
from branchline.adapters.duckdb_files.connection import closed_up, literal, name
from branchline.config.data_schema import read_schema
from branchline.core.evidence.data.drift import compare_profiles
from branchline.core.evidence.data.judging import judge_counts, judge_shape
from branchline.core.evidence.data.measures import asked_of
from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.values import Count, Measure
from branchline.errors import DataError, DataSchemaError, MissingInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from branchline.core.evidence.data.values import DataFinding, Table

ROWS = (
    "SELECT i AS id, CASE WHEN i % 50 = 0 THEN NULL ELSE (i % 90)::DOUBLE END AS age,"
    " CASE WHEN i % 40 = 0 THEN NULL WHEN i % 97 = 0 THEN 'violet' ELSE ['red', 'blue'][1 + i % 2]"
    " END AS color, CASE WHEN i % 10 = 3 THEN 'nobody' ELSE 'u' || i || '@example.org' END AS mail,"
    " i % 3 = 0 AS flag, DATE '2026-01-01' + (i % 200)::INTEGER AS day,"
    " (i * 2)::INTEGER AS twice FROM range(1000) t(i)"
)
SCHEMA = """
rows: {min: 2000}
columns:
  id: {type: integer, unique: true}
  age: {type: number, between: [5, 80], nulls: 1%}
  color: {type: text, in: [red, blue]}
  mail: {type: text, matches: '^[^@]+@[^@]+$', nulls: 0}
  flag: {type: boolean, nulls: 0}
  day: {type: date, between: [2026-01-10, null], freshness: 1d}
  heigth: {type: number}
  twice: {type: integer, between: [null, 1900], distribution: {mean: [0, 10], median: [990, 1010]}}
rules: [{sql: 'twice = id * 2'}, {sql: 'age < 70 or flag', tolerance: 1%}]
"""


def write(folder: Path, form: str) -> str:
    """The rows in one form; the path of the table."""
    connection = duckdb.connect()
    if form == "parquet":
        connection.execute(f"COPY ({ROWS}) TO '{folder}/t.parquet'")
        return "t.parquet"
    if form == "csv":
        connection.execute(f"COPY ({ROWS}) TO '{folder}/t.csv'")
        return "t.csv"
    if form == "csv.gz":
        connection.execute(f"COPY ({ROWS}) TO '{folder}/plain.csv'")
        with gzip.open(folder / "t.csv.gz", "wb") as packed:
            packed.write((folder / "plain.csv").read_bytes())
        return "t.csv.gz"
    if form == "jsonl":
        connection.execute(f"COPY ({ROWS}) TO '{folder}/t.jsonl' (FORMAT json)")
        return "t.jsonl"
    (folder / "parts").mkdir()
    for part in range(4):
        where = f"SELECT * FROM ({ROWS}) WHERE id % 4 = {part}"
        if form == "partitions":
            (folder / f"parts/part={part}").mkdir()
            connection.execute(f"COPY ({where}) TO '{folder}/parts/part={part}/0.parquet'")
        else:
            connection.execute(f"COPY ({where}) TO '{folder}/parts/{part}.{form[6:]}'")
    (folder / "parts/_SUCCESS").touch()
    return "parts"


def checked(files: DuckdbFiles, path: str, text: str) -> tuple[DataFinding, ...]:
    """Findings of a table, in the order of the schema."""
    schema = read_schema(text.encode(), file="s.yaml")
    table = files.open(path)
    asked = asked_of(schema, table)
    numbers = files.measure(table, [item.measure for item in asked], types=schema.types)
    now_s = 1_800_000_000.0
    judged = judge_counts(schema, asked, numbers, now_s=now_s)
    return (*judge_shape(schema, table), *(finding for _, finding in judged))


EXPECTED = [
    ("missing_column", "heigth", None),
    ("rows", "", None),
    ("nulls", "age", 20),
    ("between", "age", 156),
    ("nulls", "color", 25),
    ("in", "color", 10),
    ("matches", "mail", 100),
    ("between", "day", 45),
    ("freshness", "day", None),
    ("between", "twice", 49),
    ("distribution", "twice", None),
    ("sql", "", 163),
]


@pytest.mark.parametrize(
    "form", ["parquet", "csv", "csv.gz", "jsonl", "parts-parquet", "parts-csv", "parts-jsonl"]
)
def test_every_format_has_the_same_findings(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, form)

    found = checked(DuckdbFiles(str(tmp_path)), path, SCHEMA)

    assert [(f.rule, f.column, f.broken) for f in found] == EXPECTED


def test_partitions_have_them_too_and_their_key_is_a_column(tmp_path: Path) -> None:
    path = write(tmp_path, "partitions")

    found = checked(DuckdbFiles(str(tmp_path)), path, SCHEMA)

    assert [(f.rule, f.column, f.broken) for f in found if f.rule != "extra_column"] == EXPECTED
    assert [f.column for f in found if f.rule == "extra_column"] == ["part"]


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_profiles_agree_and_data_do_not_drift_from_themselves(tmp_path: Path, form: str) -> None:
    write(tmp_path, "parquet")
    path = write(tmp_path, form)
    files = DuckdbFiles(str(tmp_path))
    types = {"age": ColumnType.NUMBER}

    whole = files.profile(files.open("t.parquet"), types=types)
    same = files.profile(files.open(path), types=types)
    again = files.profile(files.open(path), types=types, like=whole)

    assert replace(same, path="") == replace(whole, path="")
    drift = compare_profiles(whole, again)
    assert {c.psi for c in drift if c.psi is not None} == {0.0}


COLUMNS = [
    'say "hi"', "a`b", "new\nline", "it's", "semi;colon--", "<b>x</b>", "| pipe |", "@everyone",
    "\u202eevil", "x" * 300, "*/ DROP TABLE t; /*", "rows", "branchline",
]  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS, ids=range(len(COLUMNS)))
@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_names_and_values_are_only_that(tmp_path: Path, column: str, form: str) -> None:
    value = column + "'; COPY (SELECT 1) TO '/tmp/no"
    kind = {"csv": "(HEADER)", "jsonl": "(FORMAT json)", "parquet": ""}[form]
    rows = f"SELECT {literal(value)} AS {name(column)} UNION ALL SELECT 'other'"
    duckdb.connect().execute(f"COPY ({rows}) TO '{tmp_path}/t.{form}' {kind}")
    files = DuckdbFiles(str(tmp_path))
    schema = json.dumps({"columns": {column: {"in": [value], "matches": "hi|.", "nulls": 0}}})

    (found,) = checked(files, f"t.{form}", schema)
    table = files.open(f"t.{form}")
    measure = Measure(count=Count.NOT_AMONG, column=column, among=(value,))
    examples = files.examples(table, measure, types={})

    assert (found.rule, found.broken) == ("in", 1)
    assert examples.rows == (("other",),)
    assert examples.columns == (column,)
    assert files.profile(table).rows == 2


@pytest.fixture
def parquet(tmp_path: Path) -> tuple[DuckdbFiles, Table]:
    files = DuckdbFiles(str(tmp_path))
    return files, files.open(write(tmp_path, "parquet"))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        pytest.param("id IN (SELECT 1)", "a subquery", id="a-query"),
        pytest.param("id > 1) FROM read_text('/etc/passwd') WHERE (1=1", "more than", id="a-table"),
        pytest.param("id > 1); DROP TABLE t; SELECT (1", "no expression", id="two-statements"),
        pytest.param("id > 1); SELECT (1", "more than", id="two-queries"),
        pytest.param("row_number() OVER () > 1", "a window", id="a-window"),
        pytest.param("ide > 1", "did you mean `id`?", id="an-unknown-column"),
        pytest.param("id >", "is no expression", id="half-of-one"),
        pytest.param("count(*) > 1", "does not fit the data", id="an-aggregate"),
        pytest.param("color > 1", "does not fit the data", id="words-as-numbers"),
        pytest.param("nosuch(id)", "does not fit the data", id="an-unknown-function"),
        pytest.param("COLUMNS(*) > 1", "a star", id="every-column"),
    ],
)
def test_a_rule_is_one_expression_over_a_row(
    parquet: tuple[DuckdbFiles, Table], sql: str, said: str
) -> None:
    files, table = parquet
    measure = Measure(count=Count.BREAKING, text=sql, where="s.yaml:3: rules.0")

    with pytest.raises(DataSchemaError) as caught:
        files.measure(table, [measure], types={})

    assert caught.value.message.startswith("s.yaml:3: rules.0")
    assert said in caught.value.message


def test_a_comment_at_the_end_of_a_rule_hides_nothing(parquet: tuple[DuckdbFiles, Table]) -> None:
    files, table = parquet
    measure = Measure(count=Count.BREAKING, text="id >= 0 -- all", where="s.yaml:1")

    assert files.measure(table, [measure], types={}) == (0,)


def test_a_pattern_that_the_reader_does_not_know_is_said_with_its_place(
    parquet: tuple[DuckdbFiles, Table],
) -> None:
    files, table = parquet
    measure = Measure(count=Count.NOT_MATCHING, column="mail", text="(?=a)", where="s.yaml:7")

    with pytest.raises(DataSchemaError, match=r"s\.yaml:7: columns\.mail\.matches"):
        files.measure(table, [measure], types={})


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SELECT * FROM os",
    ],
)
def test_the_connection_can_do_nothing_else(tmp_path: Path, statement: str) -> None:
    os_rows = [1]

    with closed_up([str(tmp_path / "t.csv")]) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement)

    assert os_rows == [1]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("make", "path", "said"),
    [
        pytest.param({}, "t.csv", "there are no data", id="not-there"),
        pytest.param({"t.csv": ""}, "t.csv", "holds no byte", id="empty"),
        pytest.param({"t.pkl": "x"}, "t.pkl", "no table that can be read", id="unknown-ending"),
        pytest.param({"d/a.csv": "a\n1", "d/b.jsonl": "{}"}, "d", "several formats", id="mixed"),
        pytest.param({"t.parquet": "no parquet"}, "t.parquet", "cannot be read", id="damaged"),
        pytest.param({"t.jsonl": '{"a": 1}\n{"a": \n'}, "t.jsonl", "cannot be read", id="half"),
        pytest.param({}, "../t.csv", "outside the repository", id="above"),
        pytest.param({}, "/etc/passwd", "outside the repository", id="absolute"),
        pytest.param({"d/x": "1"}, "d", "no table that can be read", id="a-folder-of-nothing"),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path, make: Mapping[str, str], path: str, said: str
) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    for file, text in make.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text)
    files = DuckdbFiles(str(root))

    with pytest.raises((DataError, MissingInputError), match=said):
        files.profile(files.open(path))


def test_a_table_in_utf_16_is_said_to_be_none_in_utf_8(tmp_path: Path) -> None:
    text = "id,x\n" + "".join(f"{n},{n / 7}\n" for n in range(100))
    (tmp_path / "t.csv").write_bytes(text.encode("utf-16"))

    with pytest.raises(DataError, match="not in UTF-8"):
        DuckdbFiles(str(tmp_path)).open("t.csv")


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (root / "t.csv").symlink_to("../secret.csv")
    (root / "d").mkdir()
    (root / "d/p.csv").symlink_to("../../secret.csv")

    for path in ("t.csv", "d"):
        with pytest.raises(DataError, match="is a link to a file outside"):
            DuckdbFiles(str(root)).open(path)


def test_a_link_into_the_shared_store_is_data(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    stored = tmp_path / "cache/files/md5/ab" / ("c" * 30)
    stored.parent.mkdir(parents=True)
    stored.write_text("a\n1\n")
    (root / "t.csv").symlink_to(stored)

    assert DuckdbFiles(str(root)).open("t.csv").columns[0].name == "a"


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([b"a,b\n", b'1,"' + b"x" * 5_000_000 + b'"\n'], id="a-line-without-end"),
        pytest.param(
            [b",".join(b"c%d" % i for i in range(10_100)) + b"\n", b"1" + b",1" * 10_099 + b"\n"],
            id="columns",
        ),
    ],
)
def test_a_csv_bomb_ends_in_an_error(tmp_path: Path, rows: Sequence[bytes]) -> None:
    with gzip.open(tmp_path / "t.csv.gz", "wb", compresslevel=1) as packed:
        packed.writelines(rows)
    files = DuckdbFiles(str(tmp_path))

    with pytest.raises(DataError) as caught:
        files.profile(files.open("t.csv.gz"))

    assert len(caught.value.message) < 600


def test_an_error_of_a_row_does_not_show_the_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"id,mail\n1,a\n2,ada@example.org \xff\xfe\n3,b\n")
    files = DuckdbFiles(str(tmp_path))

    with pytest.raises(DataError) as caught:
        files.profile(files.open("t.csv"))

    assert "ada@" not in caught.value.message


def test_what_is_not_a_number_is_of_a_wrong_type_and_not_missing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,n\n1,1\n2.5,3.0\nabc,2.5\nNaN,x\n,\ninf,9\n")

    found = checked(
        DuckdbFiles(str(tmp_path)),
        "t.csv",
        "columns: {x: {type: number, nulls: 0, between: [0, 9]}, n: {type: integer, nulls: 0}}",
    )

    assert [(f.column, f.rule, f.broken) for f in found] == [
        ("x", "type", 1),
        ("x", "nulls", 2),
        ("x", "between", 1),
        ("n", "type", 2),
        ("n", "nulls", 1),
    ]


def test_a_column_of_another_type_is_said_once(tmp_path: Path) -> None:
    duckdb.connect().execute(
        f"COPY (SELECT 'x' AS a, 1.5 AS b, [1] AS c FROM range(9)) TO '{tmp_path}/t.parquet'"
    )

    found = checked(
        DuckdbFiles(str(tmp_path)),
        "t.parquet",
        "columns: {a: {type: number, between: [0, 1]}, b: {type: integer}, c: {type: text}}",
    )

    assert [(f.column, f.rule, f.broken) for f in found] == [
        ("a", "type", None),
        ("c", "type", None),
        ("b", "type", 9),
    ]
    assert found[0].sentence == "`a` holds text (VARCHAR), and `number` is declared."


def test_rows_that_stand_in_other_data_are_found(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("id,k\n" + "".join(f"{i},a\n" for i in range(100)))
    (tmp_path / "test.jsonl").write_text(
        "".join(json.dumps({"id": i, "k": "a" if i < 98 else "b"}) + "\n" for i in range(95, 120))
    )
    files = DuckdbFiles(str(tmp_path))
    train, test = files.open("train.csv"), files.open("test.jsonl")

    one, examples = files.overlap(train, test, ["id"])
    two, _ = files.overlap(train, test, ["id", "k"])

    assert (one, two) == (5, 3)
    assert examples.rows[0] == ("95",)


def test_no_rows_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n")

    (found,) = checked(DuckdbFiles(str(tmp_path)), "t.csv", "columns: {a: {nulls: 0}, b: {}}")

    assert (found.rule, found.sentence) == ("rows", "There are no rows.")


@pytest.mark.slow
def test_data_larger_than_memory_are_checked(tmp_path: Path) -> None:
    rows = "SELECT md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS id FROM range(3_000_000) t(i)"
    duckdb.connect().execute(f"COPY ({rows}) TO '{tmp_path}/t.parquet'")
    files = DuckdbFiles(str(tmp_path), memory_bytes=200 * 2**20)
    table = files.open("t.parquet")

    repeated = files.measure(table, [Measure(count=Count.REPEATED, column="id")], types={})

    assert repeated == (0,)


def test_many_columns_that_nobody_named_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "a," + ",".join(f"c{i}" for i in range(300)) + "\n" + "1," * 300 + "1\n"
    )

    found = checked(DuckdbFiles(str(tmp_path)), "t.csv", "columns: {a: {nulls: 0}}")

    assert len(found) == 21
    assert found[-1].sentence == "280 more columns are not in the schema."
