"""From counted numbers to findings: which rules of a schema data break. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.evidence.data.measures import type_fits
from branchline.core.evidence.data.schema import Extra, Severity, plain
from branchline.core.evidence.data.values import DataFinding
from branchline.core.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.data.measures import Asked
    from branchline.core.evidence.data.schema import ColumnRule, DataSchema
    from branchline.core.evidence.data.values import Table

Number = float | int | None
_MOST_EXTRA = 20
_MOST_NAME = 120


def judge_shape(schema: DataSchema, table: Table) -> tuple[DataFinding, ...]:
    """Columns that are missing, not named, or of another type."""
    found: list[DataFinding] = []
    named = {rule.name for rule in schema.columns}
    extra = [column for column in table.columns if column.name not in named]
    for rule in schema.columns:
        column = table.column(rule.name)
        if column is None:
            if rule.is_required:
                found.append(_missing(rule, [c.name for c in extra]))
        elif rule.type is not None and table.is_typed and not type_fits(rule.type, column.type):
            sentence = (
                f"`{rule.name}` holds {column.type.value if column.type else column.word}"
                f" ({column.word}), and `{rule.type.value}` is declared."
            )
            found.append(
                DataFinding(
                    rule="type", column=rule.name, severity=rule.severity, sentence=sentence
                )
            )
    if schema.columns and schema.extra_columns is not Extra.ALLOW:
        severity = Severity.ERROR if schema.extra_columns is Extra.ERROR else Severity.WARN
        absent = [rule.name for rule in schema.columns if table.column(rule.name) is None]
        for column in extra[:_MOST_EXTRA]:
            shown = column.name[:_MOST_NAME]
            sentence = f"`{shown}` is not in the schema{_near(column.name, absent)}."
            found.append(
                DataFinding(
                    rule="extra_column", column=column.name, severity=severity, sentence=sentence
                )
            )
        if len(extra) > _MOST_EXTRA:
            sentence = f"{len(extra) - _MOST_EXTRA:,} more columns are not in the schema."
            found.append(DataFinding(rule="extra_column", severity=severity, sentence=sentence))
    return tuple(found)


def _missing(rule: ColumnRule, others: Sequence[str]) -> DataFinding:
    sentence = f"Column `{rule.name}` is missing{_near(rule.name, others)}."
    return DataFinding(
        rule="missing_column", column=rule.name, severity=rule.severity, sentence=sentence
    )


def _near(name: str, names: Sequence[str]) -> str:
    import difflib

    lowered = {other.lower(): other for other in reversed(names)}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return f"; `{lowered[close[0]]}` is near" if close else ""


def judge_counts(
    schema: DataSchema,
    asked: Sequence[Asked],
    numbers: Sequence[Number],
    *,
    now_s: float,
    rows_before: int | None = None,
) -> tuple[tuple[Asked, DataFinding], ...]:
    """Findings of a pass over the data, each with what was asked.

    Args:
        schema: What is asked.
        asked: From `asked_of`.
        numbers: One for each, same order; None where there was no value.
        now_s: Seconds since 1970, UTC, for freshness.
        rows_before: Rows that the champion was made with; None: not known.
    """
    rows = int(numbers[0] or 0)
    if rows == 0:
        empty = DataFinding(rule="rows", sentence="There are no rows.", broken=0, total=0)
        return ((asked[0], empty),)
    found = [(asked[0], one) for one in _rows(schema, rows, rows_before)]
    nulls = {
        item.measure.column: int(number or 0)
        for item, number in zip(asked, numbers, strict=True)
        if item.rule in ("nulls", "missing")
    }
    for item, number in zip(asked[1:], numbers[1:], strict=True):
        finding = _finding(item, number, rows, nulls, now_s)
        if finding is not None:
            found.append((item, finding))
    return tuple(found)


def _rows(schema: DataSchema, rows: int, before: int | None) -> list[DataFinding]:
    rule, found = schema.rows, []
    if rule.min is not None and rows < rule.min:
        found.append(f"{_there_are(rows)}; at least {rule.min:,} are wanted.")
    if rule.max is not None and rows > rule.max:
        found.append(f"{_there_are(rows)}; at most {rule.max:,} are wanted.")
    if rule.change is not None and before:
        change = rows / before - 1
        if abs(change) > rule.change:
            found.append(
                f"{_there_are(rows)}, {change:+.1%} against the {before:,} of the"
                f" baseline; at most {rule.change * 100:.4g} % may come or go."
            )
    return [DataFinding(rule="rows", sentence=text, total=rows) for text in found]


def _finding(
    item: Asked, number: Number, rows: int, nulls: Mapping[str, int], now_s: float
) -> DataFinding | None:
    if item.sql is not None:
        name = item.sql.name or item.sql.sql
        broken = int(number or 0)
        if broken <= item.sql.tolerance * rows:
            return None
        return DataFinding(
            rule="sql",
            severity=item.sql.severity,
            sentence=f"`{name}` does not hold in {of_rows(broken, rows)}.",
            broken=broken,
            total=rows,
        )
    rule = item.column
    if rule is None or item.rule == "missing":
        return None
    if item.rule == "freshness":
        return _freshness(rule, number, now_s)
    if item.bounds is not None:
        return _figure(item, rule, number, rows - nulls.get(rule.name, 0))
    return _values(item, rule, int(number or 0), rows)


def _values(item: Asked, rule: ColumnRule, broken: int, rows: int) -> DataFinding | None:
    """A rule that each row keeps or breaks."""
    allowed, severity = rule.tolerance, rule.severity
    name, many = f"`{rule.name}`", of_rows(broken, rows)
    if item.rule == "nulls":
        allowed = rule.nulls or 0.0
        limit = f"at most {allowed * 100:.4g} % may" if allowed else "none may"
        sentence = f"{name} has no value in {many}; {limit}."
        if rule.nulls is None:
            asked = "`in`" if rule.among is not None else "`matches`"
            sentence = (
                f"{name} has no value in {many}, which fits no {asked}; `nulls` can allow it."
            )
    elif item.rule == "unique":
        sentence = f"{name} repeats a value in {many}; each may stand once."
    elif item.rule == "between":
        bounds = rule.between.words if rule.between else ""
        sentence = f"{name} is out of bounds in {many}; {bounds} is wanted."
    elif item.rule == "in":
        severity = rule.new_values or severity
        sentence = f"{name} is none of the {len(rule.among or ())} listed values in {many}."
    elif item.rule == "matches":
        sentence = f"{name} does not match its pattern in {many}."
    else:
        word = rule.type.value if rule.type else ""
        sentence = f"{name} is no `{word}` in {many}."
    # 0.1 * 30 is 3.0000000000000004 in binary: a share that is reached exactly passes.
    if broken == 0 or broken <= allowed * rows * (1 + 1e-12):
        return None
    return DataFinding(
        rule=item.rule,
        column=rule.name,
        severity=severity,
        sentence=sentence,
        broken=broken,
        total=rows,
    )


def _freshness(rule: ColumnRule, latest: Number, now_s: float) -> DataFinding | None:
    limit = rule.freshness_s or 0.0
    if latest is None:
        sentence = f"`{rule.name}` holds no time, so nobody knows how old the data are."
        return DataFinding(
            rule="freshness",
            column=rule.name,
            severity=rule.severity,
            outcome=Outcome.UNKNOWN,
            sentence=sentence,
        )
    age = now_s - latest
    if age <= limit:
        return None
    sentence = f"The newest `{rule.name}` is {_age(age)} old; at most {_age(limit)} is wanted."
    return DataFinding(
        rule="freshness", column=rule.name, severity=rule.severity, sentence=sentence
    )


def _age(seconds: float) -> str:
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {word}"
    return f"{seconds:.3g} s"


def _figure(item: Asked, rule: ColumnRule, number: Number, present: int) -> DataFinding | None:
    """A figure of all values together: its mean, the share of one value."""
    bounds = item.bounds
    if bounds is None:
        return None
    value = number
    name = f"The {item.rule} of `{rule.name}`"
    if item.rule == "share":
        value = None if not present else int(number or 0) / present
        name = f"The share of `{plain(item.measure.among[0])}` in `{rule.name}`"
    if value is None or not math.isfinite(value):
        return DataFinding(
            rule="distribution",
            column=rule.name,
            severity=rule.severity,
            outcome=Outcome.UNKNOWN,
            sentence=f"{name} is not known: no row has a finite number.",
        )
    low = float(bounds.low) if bounds.low is not None else -math.inf
    high = float(bounds.high) if bounds.high is not None else math.inf
    if low <= value <= high:
        return None
    sentence = f"{name} is {plain(float(value))}; {bounds.words} is wanted."
    return DataFinding(
        rule="distribution", column=rule.name, severity=rule.severity, sentence=sentence
    )


def _there_are(rows: int) -> str:
    return "There is 1 row" if rows == 1 else f"There are {rows:,} rows"


def of_rows(broken: int, rows: int) -> str:
    """How many rows, and which share.

    >>> of_rows(1, 1000), of_rows(3, 1000)
    ('1 of 1,000 rows (0.1 %)', '3 of 1,000 rows (0.3 %)')
    """
    share = broken / rows if rows else 0.0
    shown = f"{share * 100:.2g}" if share < 0.1 else f"{share * 100:.0f}"
    shown = "99" if shown == "100" and broken < rows else shown
    return f"{broken:,} of {rows:,} rows ({shown} %)"
