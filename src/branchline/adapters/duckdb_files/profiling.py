"""What each column of a table looks like: two passes, or one on the bins of another profile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from branchline.adapters.duckdb_files.connection import literal, name
from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.values import ColumnProfile, TableProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.evidence.data.values import Column, Table

FINE_BINS = 40
"""Bins of a histogram: a distance of cumulative shares is off by at most half of one."""
FEW = 20
"""Different whole numbers up to which a column is categories and no scale."""
MOST_CATEGORIES = 50
SAMPLE = 100_000
"""Rows from which quantiles are taken, at least, where there are more."""
MOST_COLUMNS = 1_000
"""Columns beyond which no profile is made of the rest: it has to be small enough for git."""
_MOST_TEXT = 80
_MOST_HASHED = 50
_VALUE = "branchline value "
"""Before the name of a column, for its numbers that are finite."""
_NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)
_TIMES = (ColumnType.DATE, ColumnType.TIMESTAMP)


class Profiling:
    """Profiles of one table.

    Args:
        connection: May read its files.
        table: The table.
        rows: The query of its typed rows.
        types: Declared types by column.
    """

    def __init__(
        self, connection: Any, table: Table, rows: str, types: Mapping[str, ColumnType]
    ) -> None:
        self._connection = connection
        self._table = table
        self._rows = rows
        self._types = types

    def profile(self, like: TableProfile | None = None) -> TableProfile:
        """The profile, on bins of its own or on those of another."""
        columns = list(self._table.columns)[:MOST_COLUMNS]
        if like is not None:
            columns = [c for c in columns if (old := like.column(c.name)) and self._fits(c, old)]
        rows, first = self._first_pass(columns, is_new=like is None)
        scales = [c for c in columns if like is None and self._is_scale(c, first[c.name])]
        quantiles = self._quantiles(scales, rows)
        edges: dict[str, tuple[float, ...]] = {}
        listed: dict[str, tuple[str, ...] | None] = {}
        for column in columns:
            old = like.column(column.name) if like else None
            seen = first[column.name]
            if old is not None:
                edges[column.name] = old.edges
                if not old.edges:
                    listed[column.name] = tuple(value for value, _ in old.categories)
            elif column.name in quantiles:
                edges[column.name] = _edges(quantiles[column.name])
                seen["quantiles"] = quantiles[column.name]
            elif self._type(column) not in (None, *_TIMES):
                listed[column.name] = None
        counts = self._second_pass({k: e for k, e in edges.items() if e})
        profiles = []
        for column in columns:
            seen = first[column.name]
            categories = listed.get(column.name, ())
            named: tuple[tuple[str, int], ...] = ()
            other = 0
            if column.name in listed:
                present = rows - seen["nulls"]
                is_many = categories is None and seen["distinct"] > max(FEW, 0.5 * present)
                if not is_many:
                    named, other = self._categories(column, categories, present)
                else:
                    other = present
            ends = edges.get(column.name, ())
            profiles.append(self._column(column, seen, ends, counts, named, other, rows))
        return TableProfile(path=self._table.path, rows=rows, columns=tuple(profiles))

    def _type(self, column: Column) -> ColumnType | None:
        return column.type if self._table.is_typed else self._types.get(column.name, column.type)

    def _fits(self, column: Column, old: ColumnProfile) -> bool:
        """Whether a column can be counted on another's bins: both numbers, or both not."""
        kind = self._type(column)
        return (kind in _NUMERIC) == (old.type in _NUMERIC)

    def _is_scale(self, column: Column, seen: Mapping[str, Any]) -> bool:
        """Whether a column is counted in bins: numbers that are more than a few codes."""
        if self._type(column) is ColumnType.NUMBER:
            return bool(seen["distinct"] > 2)
        return self._type(column) is ColumnType.INTEGER and bool(seen["distinct"] > FEW)

    def _first_pass(
        self, columns: list[Column], *, is_new: bool
    ) -> tuple[int, dict[str, dict[str, Any]]]:
        parts, keys = ["count(*)"], [("", "rows")]
        for column in columns:
            quoted, value = name(column.name), name(_VALUE + column.name)
            wanted = {"nulls": f"count(*) - count({quoted})"}
            if self._type(column) in _NUMERIC:
                wanted |= {
                    "low": f"min({value})",
                    "high": f"max({value})",
                    "mean": f"avg({value})",
                    "std": f"stddev_pop({value})",
                }
            elif self._type(column) in _TIMES:
                wanted |= {"low": f"min({quoted})::VARCHAR", "high": f"max({quoted})::VARCHAR"}
            if is_new and self._type(column) not in (None, *_TIMES):
                wanted["distinct"] = f"approx_count_distinct({quoted})"
            for key, expression in wanted.items():
                parts.append(expression)
                keys.append((column.name, key))
        row = self._one(f"SELECT {', '.join(parts)} FROM ({self._finite(columns)})")
        found: dict[str, dict[str, Any]] = {c.name: {"distinct": 0} for c in columns}
        for (column_name, key), value in zip(keys[1:], row[1:], strict=True):
            found[column_name][key] = value
        return int(row[0]), found

    def _quantiles(self, columns: list[Column], rows: int) -> dict[str, list[float]]:
        """Quantiles of columns: the 0.1 percentile, those between bins, the 99.9 percentile.

        Of many rows a sample will do, for what is counted in the bins are all of them. Which rows
        are in it says their content, so that the same data have the same profile.
        """
        if not columns:
            return {}
        shares = [step / FINE_BINS for step in range(1, FINE_BINS)]
        listed = ", ".join(repr(share) for share in (0.001, *shares, 0.999))
        parts = [f"quantile_cont({name(_VALUE + c.name)}, [{listed}])" for c in columns]
        every = rows // SAMPLE
        hashed = ", ".join(name(c.name) for c in self._table.columns[:_MOST_HASHED])
        sample = f" WHERE hash({hashed}) % {every:d} = 0" if every > 1 else ""
        row = self._one(f"SELECT {', '.join(parts)} FROM ({self._finite(columns)}){sample}")
        return {c.name: list(found or ()) for c, found in zip(columns, row, strict=True)}

    def _finite(self, columns: list[Column]) -> str:
        """The rows with each number beside its column as one that is finite, or none."""
        numbers = [column.name for column in columns if self._type(column) in _NUMERIC]
        if not numbers:
            return self._rows
        casts = ", ".join(f"TRY_CAST({name(c)} AS DOUBLE) AS {name(_VALUE + c)}" for c in numbers)
        finite = ", ".join(
            f"CASE WHEN isfinite({name(_VALUE + c)}) THEN {name(_VALUE + c)} END"
            f" AS {name(_VALUE + c)}"
            for c in numbers
        )
        return f"SELECT * REPLACE ({finite}) FROM (SELECT *, {casts} FROM ({self._rows}))"

    def _one(self, statement: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(statement).fetchone()
        return row

    def _second_pass(self, edges: Mapping[str, tuple[float, ...]]) -> dict[str, tuple[int, ...]]:
        """Counts in the bins: up to and with each edge, and above the last."""
        if not edges:
            return {}
        parts = [
            f"histogram(TRY_CAST({name(column)} AS DOUBLE), [{', '.join(map(repr, ends))}])"
            for column, ends in edges.items()
        ]
        row = self._one(f"SELECT {', '.join(parts)} FROM ({self._rows})")
        found = {}
        for (column, ends), binned in zip(edges.items(), row, strict=True):
            counted = binned or {}
            above = sum(n for edge, n in counted.items() if edge > ends[-1])
            found[column] = (*(int(counted.get(edge, 0)) for edge in ends), int(above))
        return found

    def _categories(
        self, column: Column, named: tuple[str, ...] | None, present: int
    ) -> tuple[tuple[tuple[str, int], ...], int]:
        """Values with their counts, and how many are none of them."""
        text = f"left(CAST({name(column.name)} AS VARCHAR), {_MOST_TEXT})"
        where = f"WHERE {name(column.name)} IS NOT NULL"
        if named is not None:
            if not named:
                return (), present
            where += f" AND {text} IN ({', '.join(map(literal, named))})"
        rows = self._connection.execute(
            f"SELECT {text} AS v, count(*) FROM ({self._rows}) {where}"
            f" GROUP BY v ORDER BY 2 DESC, 1 LIMIT {MOST_CATEGORIES}"
        ).fetchall()
        counted = {str(value): int(count) for value, count in rows}
        if named is not None:
            counted = {value: counted.get(value, 0) for value in named}
        return tuple(counted.items()), present - sum(counted.values())

    def _column(
        self,
        column: Column,
        seen: Mapping[str, Any],
        edges: tuple[float, ...],
        counts: Mapping[str, tuple[int, ...]],
        categories: tuple[tuple[str, int], ...],
        other: int,
        rows: int,
    ) -> ColumnProfile:
        is_numeric = self._type(column) in _NUMERIC
        quantiles = seen.get("quantiles") or []
        dates = None
        if self._type(column) in _TIMES and seen.get("low") is not None:
            dates = (str(seen["low"]), str(seen["high"]))
        return ColumnProfile(
            name=column.name,
            type=self._type(column),
            nulls=int(seen["nulls"]),
            # An estimate can exceed what there is.
            distinct=min(int(seen["distinct"] or 0), rows - int(seen["nulls"])),
            low=_finite(seen.get("low")) if is_numeric else None,
            high=_finite(seen.get("high")) if is_numeric else None,
            mean=_finite(seen.get("mean")),
            std=_finite(seen.get("std")),
            tails=(float(quantiles[0]), float(quantiles[-1])) if quantiles else None,
            edges=edges,
            counts=counts.get(column.name, ()),
            categories=categories,
            other=other,
            dates=dates,
        )


def _edges(quantiles: list[float] | None) -> tuple[float, ...]:
    """Rising inner edges; heavy ties make fewer of them."""
    return tuple(sorted({float(value) for value in (quantiles or [])[1:-1]}))


def _finite(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
