"""Measures as expressions of DuckDB.

Names and values are quoted. Nothing else of a user's enters but the expressions of `rules`, which
`checked_rule` has taken apart before.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

from branchline.adapters.duckdb_files.connection import literal, name
from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.values import Count
from branchline.errors import DataSchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.data.schema import Bounds, Scalar
    from branchline.core.evidence.data.values import Column, Measure, Table

RAW = "branchline raw "
"""Before the names of columns as they stand in a text format."""
_NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)
_TIMES = (ColumnType.DATE, ColumnType.TIMESTAMP)
_FORBIDDEN = ("SUBQUERY", "WINDOW", "STAR", "PARAMETER", "POSITIONAL_REFERENCE", "LAMBDA_REF")


def typed_rows(table: Table, source: str, types: Mapping[str, ColumnType]) -> str:
    """A query of the table's rows, each column as what it is declared or looks like.

    NaN is no value. In a text format a value that is not what it should be is no value either, and
    the column stands beside it as it is written.
    """
    parts = []
    for column in table.columns:
        quoted = name(column.name)
        parts.append(f"{_typed(column, types, table)} AS {quoted}")
        if not table.is_typed:
            parts.append(f"{quoted} AS {name(RAW + column.name)}")
    return f"SELECT {', '.join(parts)} FROM {source}"


def _typed(column: Column, types: Mapping[str, ColumnType], table: Table) -> str:
    quoted = name(column.name)
    if table.is_typed:
        if column.word in ("FLOAT", "DOUBLE"):
            return f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END"
        return quoted
    kind = types.get(column.name, column.type)
    number = f"TRY_CAST({quoted} AS DOUBLE)"
    if kind is ColumnType.NUMBER:
        return f"CASE WHEN isnan({number}) THEN NULL ELSE {number} END"
    if kind is ColumnType.INTEGER:
        # '3.5' AS BIGINT is 4: a fraction is no whole number, and '3.0' is one.
        return (
            f"CASE WHEN isfinite({number}) AND {number} = trunc({number})"
            f" THEN coalesce(TRY_CAST({quoted} AS HUGEINT), TRY_CAST({number} AS HUGEINT)) END"
        )
    word = {
        ColumnType.BOOLEAN: "BOOLEAN", ColumnType.DATE: "DATE", ColumnType.TIMESTAMP: "TIMESTAMP",
    }.get(kind or ColumnType.TEXT)  # fmt: skip
    return f"TRY_CAST({quoted} AS {word})" if word else quoted


def aggregate(measure: Measure, table: Table, types: Mapping[str, ColumnType]) -> str:
    """The expression that computes a measure over the typed rows."""
    column = name(measure.column)
    if measure.count is Count.ROWS:
        return "count(*)"
    if measure.count is Count.REPEATED:
        return f"count({column}) - count(DISTINCT {column})"
    if measure.count is Count.LATEST:
        return f"epoch(max(TRY_CAST({column} AS TIMESTAMP)))"
    if measure.count in (Count.MEAN, Count.STD, Count.MEDIAN):
        value = f"TRY_CAST({column} AS DOUBLE)"
        finite = f"FILTER (WHERE isfinite({value}))"
        function = {
            Count.MEAN: f"avg({value})", Count.STD: f"stddev_samp({value})",
            Count.MEDIAN: f"approx_quantile({value}, 0.5)",
        }[measure.count]  # fmt: skip
        return f"{function} {finite}"
    return f"count(*) FILTER (WHERE {breaking(measure, table, types)})"


def breaking(measure: Measure, table: Table, types: Mapping[str, ColumnType]) -> str:
    """The condition of a row that breaks what is measured."""
    column = name(measure.column)
    if measure.count is Count.NULLS:
        raw = column if table.is_typed else name(RAW + measure.column)
        # A text that is no number is of a wrong type, and not missing; NaN is.
        is_nan = f" OR lower({raw}) = 'nan'" if _is_number(measure, table, types) else ""
        return f"{raw} IS NULL{is_nan}"
    if measure.count is Count.WRONG_TYPE:
        if table.is_typed:
            found = table.column(measure.column)
            is_float = found is not None and found.type is ColumnType.NUMBER
            return f"{column} != trunc({column})" if is_float else "false"
        raw = name(RAW + measure.column)
        nan = f" AND lower({raw}) != 'nan'" if _is_number(measure, table, types) else ""
        return f"{raw} IS NOT NULL AND {column} IS NULL{nan}"
    if measure.count is Count.BREAKING:
        return f"({measure.text}\n) IS NOT TRUE"
    if measure.count is Count.OUTSIDE and measure.bounds is not None:
        return f"{column} IS NOT NULL AND NOT coalesce({_within(column, measure.bounds)}, false)"
    if measure.count is Count.NOT_AMONG:
        is_one = _is_among(column, measure.among)
        return f"{column} IS NOT NULL AND NOT coalesce({is_one}, false)"
    if measure.count is Count.HAVING:
        return f"coalesce({_is_among(column, measure.among)}, false)"
    matches = f"regexp_matches(CAST({column} AS VARCHAR), {literal(measure.text)})"
    return f"{column} IS NOT NULL AND NOT {matches}"


def _is_number(measure: Measure, table: Table, types: Mapping[str, ColumnType]) -> bool:
    """Whether a column of a text format holds numbers, of which one may be written NaN."""
    found = table.column(measure.column)
    kind = types.get(measure.column, found.type if found else None)
    return not table.is_typed and kind in _NUMERIC


def _within(column: str, bounds: Bounds) -> str:
    is_time = any(isinstance(end, str) for end in (bounds.low, bounds.high))
    value = f"TRY_CAST({column} AS {'TIMESTAMP' if is_time else 'DOUBLE'})"
    parts = []
    for sign, end in ((">=", bounds.low), ("<=", bounds.high)):
        if isinstance(end, str):
            parts.append(f"{value} {sign} {literal(end)}::TIMESTAMP")
        elif end is not None:
            parts.append(f"{value} {sign} {_number(end)}")
    return " AND ".join(parts) or "true"


def _is_among(column: str, values: Sequence[Scalar]) -> str:
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        # 0.1 in a column of single precision is 0.10000000149011612.
        doubles = dict.fromkeys(x for v in values for x in (float(v), _single(float(v))))
        listed = ", ".join(map(_number, doubles))
        return f"TRY_CAST({column} AS DOUBLE) IN ({listed})"
    texts = ("true" if v is True else "false" if v is False else str(v) for v in values)
    listed = ", ".join(map(literal, texts))
    return f"CAST({column} AS VARCHAR) IN ({listed})"


def _single(value: float) -> float:
    """The number of single precision that is nearest; the same where there is none."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return value


def _number(value: float) -> str:
    return f"{value!r}::DOUBLE"


def checked_rule(connection: Any, measure: Measure, columns: Sequence[Column]) -> tuple[str, ...]:
    """Take an expression apart, and say which columns it reads.

    Raises:
        DataSchemaError: It is none, is more than one, asks something of other tables, or names a
            column that is not there.
    """
    text = measure.text
    found = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT ({text}\n)"]).fetchone()
    tree: dict[str, Any] = json.loads(found[0])
    if tree.get("error"):
        why = str(tree.get("error_message", "")).splitlines()[0]
        raise DataSchemaError(
            f"{measure.where}: `{text}` is no expression: {why}", todo="Write SQL, as in `a <= b`."
        )
    statements = tree["statements"]
    node = statements[0]["node"]
    is_plain = (
        len(statements) == 1
        and node.get("type") == "SELECT_NODE"
        and node["from_table"]["type"] == "EMPTY"
        and not node.get("where_clause")
        and not node.get("having")
        and not node.get("qualify")
        and not node.get("modifiers")
        and not node.get("group_expressions")
        and not node["cte_map"]["map"]
        and len(node["select_list"]) == 1
    )
    names: list[str] = []
    refused = "" if is_plain else "more than one expression"
    refused = refused or _walk(node["select_list"], names)
    if refused:
        raise DataSchemaError(
            f"{measure.where}: `{text}` holds {refused}",
            todo="A rule is one expression over the columns of one row.",
        )
    known = {column.name.lower(): column.name for column in columns}
    for column in names:
        if column.lower() not in known:
            import difflib

            close = difflib.get_close_matches(column.lower(), list(known), n=1)
            hint = f"; did you mean `{known[close[0]]}`?" if close else ""
            raise DataSchemaError(
                f"{measure.where}: `{text}` names `{column}`, which is no column of the data{hint}"
            )
    return tuple(dict.fromkeys(known[column.lower()] for column in names))


def _walk(value: Any, names: list[str]) -> str:
    """What of an expression is not allowed; "" when all is. Gathers the columns."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += reversed(item)
        elif isinstance(item, dict):
            kind = item.get("class")
            if kind in _FORBIDDEN:
                return f"a {str(kind).lower().replace('_', ' ')}"
            if kind == "COLUMN_REF":
                names.append(str(item["column_names"][0]))
            stack += reversed(list(item.values()))
    return ""
