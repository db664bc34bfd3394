"""A schema file into what it asks of a table: all problems at once, each with its line.

Serves the flows. Takes bytes; reads no file.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from branchline.config.problems import Problems
from branchline.config.units import seconds_of, share_of
from branchline.core.documents.yaml import read_yaml
from branchline.core.evidence.data.schema import (
    Bounds,
    ColumnRule,
    ColumnType,
    DataSchema,
    Distribution,
    Extra,
    Overlap,
    RowRule,
    Severity,
    SqlRule,
)
from branchline.errors import DataSchemaError, DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.documents.document import Document


def read_schema(data: bytes, *, file: str) -> DataSchema:
    """Read and check a schema file.

    Args:
        data: Its bytes.
        file: How messages name it.

    Raises:
        DataSchemaError: It cannot be used; each problem as `file:line: key: what is wrong`.
    """
    from branchline.config.kinds import Report
    from branchline.config.sections.data_schema import SCHEMA

    try:
        document = read_yaml(data, file=file)
    except DocumentError as error:
        raise DataSchemaError(error.message, todo=error.todo) from error
    problems = Problems()
    value: Any = document.value
    if value is None:
        raise DataSchemaError(
            f"{file}: is empty, so nothing would be checked",
            todo="`branchline data init PATH` proposes a schema.",
        )
    SCHEMA.check(value, (), Report(document, problems))
    todo = "The grammar stands in docs/reference/data-schema.md."
    problems.raise_if_any(DataSchemaError, todo=todo)
    return _schema(value, document)


def _schema(value: Mapping[str, Any], document: Document) -> DataSchema:
    rows = value.get("rows") or {}
    overlaps = (value.get("leakage") or {}).get("no_overlap") or []
    is_list = isinstance(overlaps, list)
    return DataSchema(
        file=document.file,
        data=value.get("data", ""),
        rows=RowRule(
            min=_whole(rows.get("min")),
            max=_whole(rows.get("max")),
            change=_share(rows.get("change")),
        ),
        columns=tuple(
            _column(name, rule or {}, document.line_of(("columns", name)))
            for name, rule in (value.get("columns") or {}).items()
        ),
        rules=tuple(
            _sql(rule, document.line_of(("rules", number)))
            for number, rule in enumerate(value.get("rules") or [])
        ),
        overlaps=tuple(
            _overlap(rule, document.line_of(_overlap_path(number, is_list=is_list)))
            for number, rule in enumerate(overlaps if is_list else [overlaps])
        ),
        extra_columns=Extra(value.get("extra_columns", "warn")),
    )


def _overlap_path(number: int, *, is_list: bool) -> tuple[str | int, ...]:
    base = ("leakage", "no_overlap")
    return (*base, number) if is_list else base


def _column(name: str, rule: Mapping[str, Any], line: int) -> ColumnRule:
    new = rule.get("new_values", "error")
    kind = rule.get("type")
    return ColumnRule(
        name=name,
        type=ColumnType(kind) if kind else None,
        is_required=rule.get("required", True),
        nulls=_share(rule.get("nulls")),
        is_unique=rule.get("unique", False),
        between=_bounds(rule.get("between")),
        among=tuple(map(scalar_of, rule["in"])) if "in" in rule else None,
        new_values=None if new == "allow" else _severity(rule, new),
        pattern=rule.get("matches", ""),
        freshness_s=seconds_of(rule.get("freshness")),
        distribution=_distribution(rule.get("distribution")),
        severity=Severity(rule.get("severity", "error")),
        tolerance=_share(rule.get("tolerance")) or 0.0,
        line=line,
    )


def _severity(rule: Mapping[str, Any], new: str) -> Severity:
    """What new values do: at most what the column's own rules do."""
    return Severity(rule.get("severity", "error") if "new_values" not in rule else new)


def scalar_of(value: Any) -> bool | int | float | str:
    """A value of YAML as it is compared: dates as ISO 8601 text."""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool | int | float):
        return value
    return str(value)


def _bounds(value: Any) -> Bounds | None:
    if value is None:
        return None
    low, high = (None if end is None else _end(end) for end in value)
    return Bounds(low=low, high=high)


def _end(value: Any) -> float | str:
    scalar = scalar_of(value)
    return scalar if isinstance(scalar, str) else float(scalar)


def _distribution(value: Mapping[str, Any] | None) -> Distribution | None:
    if value is None:
        return None
    shares = value.get("shares") or {}
    return Distribution(
        mean=_bounds(value.get("mean")),
        std=_bounds(value.get("std")),
        median=_bounds(value.get("median")),
        shares=tuple(
            (scalar_of(name), Bounds(low=_share(ends[0]), high=_share(ends[1])))
            for name, ends in shares.items()
        ),
    )


def _sql(rule: Mapping[str, Any], line: int) -> SqlRule:
    return SqlRule(
        sql=rule["sql"],
        name=rule.get("name", ""),
        severity=Severity(rule.get("severity", "error")),
        tolerance=_share(rule.get("tolerance")) or 0.0,
        line=line,
    )


def _overlap(rule: Mapping[str, Any], line: int) -> Overlap:
    keys = rule["key"]
    return Overlap(
        path=rule["with"].removeprefix("./"),
        keys=(keys,) if isinstance(keys, str) else tuple(keys),
        severity=Severity(rule.get("severity", "error")),
        tolerance=_share(rule.get("tolerance")) or 0.0,
        line=line,
    )


def _share(value: Any) -> float | None:
    """A share; `true` says all of them, `false` none."""
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    return share_of(value)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
