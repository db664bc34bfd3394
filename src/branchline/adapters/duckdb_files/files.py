"""Port `data_files` by DuckDB."""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from branchline.adapters.duckdb_files.connection import closed_up, name
from branchline.adapters.duckdb_files.profiling import Profiling
from branchline.adapters.duckdb_files.sources import described, files_of, reading, table_of
from branchline.adapters.duckdb_files.statements import (
    RAW,
    aggregate,
    breaking,
    checked_rule,
    typed_rows,
)
from branchline.core.evidence.data.values import Count, Examples
from branchline.errors import DataError, DataSchemaError
from branchline.ports.data_files import DataFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.core.evidence.data.schema import ColumnType
    from branchline.core.evidence.data.values import Measure, Table, TableProfile

_MOST_BESIDE = 5
_ROW = ("Original Line", "LINE ")
_NO_REASON = (*_ROW, "*", "Possible", "Current", "file", "^")
_MOST_TEXT = 200


class DuckdbFiles(DataFiles):
    """Files below one folder as tables.

    Args:
        root: Absolute root of the repository.
        memory_bytes: Most memory before blocks are spilled to disk; most of this machine's if None.
    """

    def __init__(self, root: str, *, memory_bytes: int | None = None) -> None:
        self._root = root
        self._memory_bytes = memory_bytes

    def open(self, path: str) -> Table:
        """See the port."""
        files, kind = files_of(self._root, path)
        with self._connected(files, path) as connection:
            rows = connection.execute(f"DESCRIBE SELECT * FROM {reading(files, kind, None)}")
            columns = described(rows.fetchall(), path)
        return table_of(path, files, kind, columns)

    def measure(
        self, table: Table, measures: Sequence[Measure], *, types: Mapping[str, ColumnType]
    ) -> tuple[float | int | None, ...]:
        """See the port."""
        with self._connected(table.files, table.path) as connection:
            for measure in measures:
                _try(connection, measure, table)
            listed = ", ".join(aggregate(measure, table, types) for measure in measures)
            row = _execute(
                connection,
                f"SELECT {listed} FROM ({self._rows(table, types)})",
                [m for m in measures if m.count is Count.BREAKING],
            ).fetchone()
        return tuple(_number(value) for value in row)

    def examples(
        self,
        table: Table,
        measure: Measure,
        *,
        types: Mapping[str, ColumnType],
        beside: Sequence[str] = (),
        limit: int = 10,
    ) -> Examples:
        """See the port."""
        with self._connected(table.files, table.path) as connection:
            first = [measure.column] if measure.column else []
            if measure.count is Count.BREAKING:
                first = list(checked_rule(connection, measure, table.columns))
            shown = tuple(dict.fromkeys([*first, *beside]))[: _MOST_BESIDE + 1]
            rows = self._rows(table, types)
            if measure.count is Count.REPEATED:
                column = name(measure.column)
                statement = (
                    f"SELECT {column}, count(*) FROM ({rows}) WHERE {column} IS NOT NULL"
                    f" GROUP BY {column} HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT {limit:d}"
                )
                shown = (measure.column, "times")
            else:
                raw = "" if table.is_typed else RAW
                listed = ", ".join(name(raw + column) for column in shown)
                condition = breaking(measure, table, types)
                statement = f"SELECT {listed} FROM ({rows}) WHERE {condition} LIMIT {limit:d}"
            found = _execute(connection, statement, [measure]).fetchall()
        return Examples(columns=shown, rows=tuple(tuple(map(_text, row)) for row in found))

    def overlap(
        self, table: Table, other: Table, keys: Sequence[str], *, limit: int = 10
    ) -> tuple[int, Examples]:
        """See the port."""
        listed = ", ".join(f"CAST({name(key)} AS VARCHAR) AS {name(key)}" for key in keys)
        named = ", ".join(map(name, keys))
        with self._connected((*table.files, *other.files), table.path) as connection:
            one = f"SELECT {listed} FROM ({self._rows(table, {})})"
            two = f"SELECT {listed} FROM ({self._rows(other, {})})"
            present = " AND ".join(f"{name(key)} IS NOT NULL" for key in keys)
            shared = (
                f"FROM ({one}) WHERE {present} AND ({named}) IN (SELECT ({named}) FROM ({two}))"
            )
            if len(keys) == 1:
                shared = f"FROM ({one}) WHERE {named} IN (SELECT {named} FROM ({two}))"
            count = _execute(connection, f"SELECT count(*) {shared}").fetchone()[0]
            statement = f"SELECT DISTINCT {named} {shared} ORDER BY {named} LIMIT {limit:d}"
            rows = _execute(connection, statement).fetchall() if count else []
        found = Examples(columns=tuple(keys), rows=tuple(tuple(map(_text, row)) for row in rows))
        return int(count), found

    def profile(
        self,
        table: Table,
        *,
        types: Mapping[str, ColumnType] | None = None,
        like: TableProfile | None = None,
    ) -> TableProfile:
        """See the port."""
        with self._connected(table.files, table.path) as connection:
            rows = self._rows(table, types or {})
            return Profiling(connection, table, rows, types or {}).profile(like)

    @staticmethod
    def _rows(table: Table, types: Mapping[str, ColumnType]) -> str:
        source = reading(table.files, table.format, table.columns)
        return typed_rows(table, source, types)

    @contextmanager
    def _connected(self, files: Sequence[str], path: str) -> Iterator[Any]:
        """A connection that may read these files; its errors become ours."""
        with closed_up(files, memory_bytes=self._memory_bytes) as connection:
            import duckdb

            try:
                yield connection
            except duckdb.Error as error:
                raise _unreadable(path, str(error), self._root) from error


def _unreadable(path: str, said: str, root: str) -> DataError:
    """What DuckDB said of a file, without the rows that it shows: these may be personal."""
    lines = [line.strip() for line in said.replace(root.rstrip("/") + "/", "").splitlines()]
    first = lines[0].rstrip(".:") if lines else "no reason was given"
    if "sniffing file" in first:
        return DataError(
            f"`{path}` cannot be read as CSV: no delimiter and quotes fit its rows, or it is not in"
            " UTF-8",
            todo="Write it anew as UTF-8 with one header line, or as parquet.",
        )
    parts = [first]
    for before, text in pairwise(lines):
        # A row of the file stands below its heading; hints and options follow.
        is_row = before.startswith(_ROW)
        if len(parts) == 1 and text and not is_row and not text.startswith(_NO_REASON):
            parts.append(text.rstrip("."))
    return DataError(
        f"`{path}` cannot be read: {'; '.join(parts)[:400]}",
        todo="Mend the file, or take the check out of branchline.yaml.",
    )


def _try(connection: Any, measure: Measure, table: Table) -> None:
    """See that what a user wrote can be used, before a pass over the data fails for it."""
    import duckdb

    if measure.count is Count.BREAKING:
        checked_rule(connection, measure, table.columns)
    elif measure.count is Count.NOT_MATCHING:
        try:
            connection.execute("SELECT regexp_matches('', ?)", [measure.text]).fetchone()
        except duckdb.Error as error:
            raise DataSchemaError(
                f"{measure.where}: columns.{measure.column}.matches: `{measure.text}` is no"
                f" pattern of RE2: {_first(error)}",
                todo="RE2 knows no look-around and no back-references.",
            ) from error


def _execute(connection: Any, statement: str, rules: Sequence[Measure] = ()) -> Any:
    """Run a statement; where a rule's expression does not fit the data, say which.

    Raises:
        DataSchemaError: An expression of `rules` does not fit.
    """
    import duckdb

    misfits = (
        duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException,
        duckdb.OutOfRangeException, duckdb.InvalidInputException, duckdb.PermissionException,
    )  # fmt: skip
    try:
        return connection.execute(statement)
    except misfits as error:
        written = [rule for rule in rules if rule.text and rule.count is Count.BREAKING]
        if not written or _is_of_csv(error):
            raise
        named = next((r for r in written if _binds_not(connection, r, statement)), written[0])
        raise DataSchemaError(
            f"{named.where}: `{named.text}` does not fit the data: {_first(error)}",
            todo="See the columns' types with `branchline data profile PATH`.",
        ) from error


def _is_of_csv(error: Exception) -> bool:
    return "CSV Error" in str(error) or "Malformed JSON" in str(error)


def _binds_not(connection: Any, rule: Measure, statement: str) -> bool:
    """Whether one expression alone cannot be bound to the rows."""
    import duckdb

    rows = statement[statement.index(" FROM (") :]
    try:
        connection.execute(
            f"EXPLAIN SELECT count(*) FILTER (WHERE ({rule.text}\n) IS NOT TRUE){rows}"
        )
    except duckdb.Error:
        return True
    return False


def _first(error: Exception) -> str:
    return str(error).splitlines()[0].partition(": ")[2][:200] or str(error)[:200]


def _number(value: object) -> float | int | None:
    """A number of DuckDB; NaN and the infinities are none."""
    if value is None:
        return None
    if isinstance(value, int):
        return value
    number = float(str(value))
    return number if math.isfinite(number) else None


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
