"""From a schema and the columns that are there to what has to be counted, and back to findings.

Serves the station `evidence`. Pure: a reader of files computes the numbers in between, all of them
in one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.values import Count, Measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.evidence.data.schema import Bounds, ColumnRule, DataSchema, SqlRule
    from branchline.core.evidence.data.values import Table

_FITS = {
    ColumnType.NUMBER: (ColumnType.NUMBER, ColumnType.INTEGER),
    # Whole numbers with gaps are floats in a data frame: what counts is their values.
    ColumnType.INTEGER: (ColumnType.INTEGER, ColumnType.NUMBER),
    ColumnType.TIMESTAMP: (ColumnType.TIMESTAMP, ColumnType.DATE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One rule with the number that decides it.

    Attributes:
        rule: Its name: `nulls`, `between`, ...
        measure: What is counted for it.
        column: The column's rule; None for rules of the whole.
        sql: The rule in SQL; None otherwise.
        bounds: What a figure of a distribution must keep.
    """

    rule: str
    measure: Measure
    column: ColumnRule | None = None
    sql: SqlRule | None = None
    bounds: Bounds | None = None


def type_fits(declared: ColumnType, found: ColumnType | None) -> bool:
    """Whether a column of a file that says types may hold what is declared."""
    return found in _FITS.get(declared, (declared,))


def asked_of(schema: DataSchema, table: Table) -> tuple[Asked, ...]:
    """What has to be counted: the rows first, then each rule of a column that is there.

    A column of a wrong type is asked for nothing else: all of its values would break every rule.
    """
    found = [Asked(rule="rows", measure=Measure(count=Count.ROWS))]
    for rule in schema.columns:
        column = table.column(rule.name)
        if column is None:
            continue
        if rule.type is not None:
            if table.is_typed and not type_fits(rule.type, column.type):
                continue
            if not table.is_typed or rule.type is ColumnType.INTEGER:
                found.append(_of(rule, "type", Count.WRONG_TYPE))
        found += _column(rule, where=f"{schema.file}:{rule.line}")
    for number, sql in enumerate(schema.rules):
        where = f"{schema.file}:{sql.line}: rules.{number}"
        measure = Measure(count=Count.BREAKING, text=sql.sql, where=where)
        found.append(Asked(rule="sql", measure=measure, sql=sql))
    return tuple(found)


def _column(rule: ColumnRule, *, where: str) -> Iterator[Asked]:
    needs_values = rule.among is not None or bool(rule.pattern)
    if rule.nulls is not None or needs_values:
        yield _of(rule, "nulls", Count.NULLS)
    if rule.is_unique:
        yield _of(rule, "unique", Count.REPEATED)
    if rule.between is not None:
        measure = Measure(count=Count.OUTSIDE, column=rule.name, bounds=rule.between)
        yield Asked(rule="between", measure=measure, column=rule)
    if rule.among is not None and rule.new_values is not None:
        measure = Measure(count=Count.NOT_AMONG, column=rule.name, among=rule.among)
        yield Asked(rule="in", measure=measure, column=rule)
    if rule.pattern:
        measure = Measure(
            count=Count.NOT_MATCHING, column=rule.name, text=rule.pattern, where=where
        )
        yield Asked(rule="matches", measure=measure, column=rule)
    if rule.freshness_s is not None:
        yield _of(rule, "freshness", Count.LATEST)
    if rule.distribution is not None:
        yield from _distribution(rule)


def _distribution(rule: ColumnRule) -> Iterator[Asked]:
    asked = rule.distribution
    if asked is None:
        return
    figures = ((Count.MEAN, asked.mean), (Count.STD, asked.std), (Count.MEDIAN, asked.median))
    for count, bounds in figures:
        if bounds is not None:
            measure = Measure(count=count, column=rule.name)
            yield Asked(rule=count.value, measure=measure, column=rule, bounds=bounds)
    if asked.shares and rule.nulls is None and rule.among is None and not rule.pattern:
        yield _of(rule, "missing", Count.NULLS)
    for value, bounds in asked.shares:
        measure = Measure(count=Count.HAVING, column=rule.name, among=(value,))
        yield Asked(rule="share", measure=measure, column=rule, bounds=bounds)


def _of(rule: ColumnRule, name: str, count: Count) -> Asked:
    return Asked(rule=name, measure=Measure(count=count, column=rule.name), column=rule)
