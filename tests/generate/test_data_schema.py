"""Schemas that are proposed: the data that they were made from fit them, whatever these are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from branchline.adapters.duckdb_files import DuckdbFiles
from branchline.adapters.duckdb_files.connection import name
from branchline.config.data_schema import read_schema
from branchline.core.documents.yaml import read_yaml
from branchline.core.evidence.data.judging import judge_counts, judge_shape
from branchline.core.evidence.data.measures import asked_of
from branchline.generate.data_schema import quoted, schema_text

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {
    "whole": "i",
    "few": "i % 3",
    "normal": "sqrt(-2 * ln(random() + 1e-9)) * cos(6.2832 * random())",
    "single precision": "(CASE WHEN i % 2 = 0 THEN 0.1 ELSE 0.7 END)::FLOAT",
    "outlier": "CASE WHEN i = 7 THEN 1e12 ELSE random() END",
    "tiny": "random() * 1e-12",
    "huge": "random() * 1e300",
    "negative": "-5 - random()",
    "infinite": "CASE WHEN i = 7 THEN 'inf'::DOUBLE ELSE random() END",
    "gaps": "CASE WHEN i % 3 = 0 THEN NULL ELSE random() END",
    "nothing": "NULL::DOUBLE",
    "constant": "4",
    "nan": "'nan'::DOUBLE",
    "word": "['yes', 'no', '1', 'null', 'a: b', '# x'][1 + i % 6]",
    "text": "'u' || i",
    "empty": "CASE WHEN i % 2 = 0 THEN '' ELSE 'x' END",
    "flag": "i % 2 = 0",
    "day": "DATE '2026-01-01' + (i % 9)::INTEGER",
    "moment": "TIMESTAMP '2026-01-01' + to_seconds(i)",
    "decimal": "(i / 7)::DECIMAL(9, 2)",
    "list": "[i]",
    "no": "i % 2",
    'a: "b"\n`c` # d': "i % 2",
    "\u202e\x07": "i % 2",
}


@pytest.mark.parametrize("rows", [1, 40, 3000])
@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_data_fit_the_schema_that_is_made_of_them(tmp_path: Path, rows: int, form: str) -> None:
    kind = {"parquet": "", "csv": "(HEADER)", "jsonl": "(FORMAT json)"}[form]
    listed = ", ".join(f"{made} AS {name(column)}" for column, made in COLUMNS.items())
    duckdb.connect().execute(
        f"COPY (SELECT {listed} FROM range({rows}) t(i)) TO '{tmp_path}/t.{form}' {kind}"
    )
    files = DuckdbFiles(str(tmp_path))
    table = files.open(f"t.{form}")

    text = schema_text(files.profile(table))
    schema = read_schema(text.encode(), file="s.yaml")
    asked = asked_of(schema, table)
    numbers = files.measure(table, [item.measure for item in asked], types=schema.types)

    found = [f.sentence for _, f in judge_counts(schema, asked, numbers, now_s=0.0)]
    found += [f.sentence for f in judge_shape(schema, table)]
    # No bound can be widened to hold an infinite number, and whoever reads this shall know of it.
    assert [text for text in found if "`infinite` is out of bounds" not in text] == []


@pytest.mark.parametrize("text", ["no", "1", "", " a", "a: b", "- x", "\u2028", "\U0001f600", "é"])
def test_any_text_stands_in_yaml_as_itself(text: str) -> None:
    read = read_yaml(f"{quoted(text)}: {quoted(text)}\n".encode(), file="y")

    assert read.value == {text: text}
