"""Reports and profiles of data as JSON and back. Pure; reading ignores fields it does not know."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from branchline.core.evidence.data.schema import ColumnType, Severity
from branchline.core.evidence.data.values import (
    ColumnDrift,
    ColumnProfile,
    DataFinding,
    DataReport,
    Examples,
    TableProfile,
)
from branchline.core.evidence.json_parts import list_in, mapping_in, text_in
from branchline.core.values import Outcome

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

PROFILE_VERSION = 1


def report_to_json(report: DataReport) -> dict[str, JsonValue]:
    """One report as plain JSON values."""
    return {
        "check": report.check,
        "path": report.path,
        "against": report.against,
        "key": report.key,
        "outcome": report.outcome.value,
        "rows": report.rows,
        "rules": report.rules,
        "findings": [finding_to_json(finding) for finding in report.findings],
        "drift": [_drift_to_json(column) for column in report.drift],
    }


def finding_to_json(finding: DataFinding) -> dict[str, JsonValue]:
    """One finding as plain JSON values."""
    found = finding.examples
    return {
        "rule": finding.rule,
        "column": finding.column,
        "outcome": finding.outcome.value,
        "severity": finding.severity.value,
        "sentence": finding.sentence,
        "broken": finding.broken,
        "total": finding.total,
        "examples": None
        if found is None
        else {"columns": list(found.columns), "rows": [list(row) for row in found.rows]},
    }


def _drift_to_json(item: ColumnDrift) -> dict[str, JsonValue]:
    return {
        "column": item.column,
        "psi": _rounded(item.psi),
        "chance": _rounded(item.chance),
        "distance": _rounded(item.distance),
        "shift": _rounded(item.shift),
        "is_drifted": item.is_drifted,
        "why": item.why,
    }


def report_from_json(value: object) -> DataReport:
    """The report that `report_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    fields = mapping_in(value)
    return DataReport(
        check=text_in(fields["check"]),
        path=text_in(fields["path"]),
        against=text_in(fields["against"]),
        key=text_in(fields.get("key", "")),
        rows=_whole(fields.get("rows")),
        rules=_whole(fields.get("rules")) or 0,
        findings=tuple(finding_from_json(item) for item in list_in(fields["findings"])),
        drift=tuple(_drift_from_json(item) for item in list_in(fields.get("drift", []))),
    )


def finding_from_json(value: object) -> DataFinding:
    """The finding that `finding_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    fields = mapping_in(value)
    return DataFinding(
        rule=text_in(fields["rule"]),
        column=text_in(fields.get("column", "")),
        outcome=Outcome(fields["outcome"]),
        severity=Severity(fields.get("severity", "error")),
        sentence=text_in(fields["sentence"]),
        broken=_whole(fields.get("broken")),
        total=_whole(fields.get("total")),
        examples=_examples(fields.get("examples")),
    )


def _examples(value: object) -> Examples | None:
    if value is None:
        return None
    fields = mapping_in(value)
    columns = tuple(text_in(item) for item in list_in(fields["columns"]))
    rows = tuple(
        tuple(None if item is None else text_in(item) for item in list_in(row))
        for row in list_in(fields["rows"])
    )
    if any(len(row) != len(columns) for row in rows):
        raise ValueError("a row of examples has not as many values as there are columns")
    return Examples(columns=columns, rows=rows)


def _drift_from_json(value: object) -> ColumnDrift:
    fields = mapping_in(value)
    return ColumnDrift(
        column=text_in(fields["column"]),
        psi=_number(fields.get("psi")),
        chance=_number(fields.get("chance")),
        distance=_number(fields.get("distance")),
        shift=_number(fields.get("shift")),
        is_drifted=fields.get("is_drifted") is True,
        why=text_in(fields.get("why", "")),
    )


def profile_to_json(profile: TableProfile) -> dict[str, JsonValue]:
    """One profile as plain JSON values."""
    return {
        "profile_version": PROFILE_VERSION,
        "path": profile.path,
        "rows": profile.rows,
        "columns": [_column_to_json(column) for column in profile.columns],
    }


def _column_to_json(column: ColumnProfile) -> dict[str, JsonValue]:
    whole: dict[str, JsonValue] = {
        "name": column.name,
        "type": column.type.value if column.type else None,
        "nulls": column.nulls,
        "distinct": column.distinct,
        "low": column.low,
        "high": column.high,
        "mean": column.mean,
        "std": column.std,
        "tails": None if column.tails is None else list(column.tails),
        "edges": list(column.edges),
        "counts": list(column.counts),
        "categories": [list(pair) for pair in column.categories],
        "other": column.other,
        "dates": None if column.dates is None else list(column.dates),
    }
    return {k: v for k, v in whole.items() if k in ("name", "type") or v not in (None, [], 0)}


def profile_from_json(value: object) -> TableProfile:
    """The profile that `profile_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: It is none, or one of a newer version.
    """
    fields = mapping_in(value)
    if fields.get("profile_version") != PROFILE_VERSION:
        raise ValueError(f"a profile of version {fields.get('profile_version')!r:.20}")
    return TableProfile(
        path=text_in(fields["path"]),
        rows=_count(fields["rows"]),
        columns=tuple(_column_from_json(item) for item in list_in(fields["columns"])),
    )


def _column_from_json(value: object) -> ColumnProfile:
    fields = mapping_in(value)
    edges = tuple(_finite(item) for item in list_in(fields.get("edges", [])))
    counts = tuple(_count(item) for item in list_in(fields.get("counts", [])))
    if edges and (len(counts) != len(edges) + 1 or list(edges) != sorted(set(edges))):
        raise ValueError("a histogram whose counts do not fit its edges")
    kind = fields.get("type")
    return ColumnProfile(
        name=text_in(fields["name"]),
        type=None if kind is None else ColumnType(kind),
        nulls=_count(fields.get("nulls", 0)),
        distinct=_count(fields.get("distinct", 0)),
        low=_number(fields.get("low")),
        high=_number(fields.get("high")),
        mean=_number(fields.get("mean")),
        std=_number(fields.get("std")),
        tails=_pair(fields.get("tails"), _finite),
        edges=edges,
        counts=counts,
        categories=tuple(
            (text_in(list_in(pair)[0]), _count(list_in(pair)[1]))
            for pair in list_in(fields.get("categories", []))
        ),
        other=_count(fields.get("other", 0)),
        dates=_pair(fields.get("dates"), text_in),
    )


def _pair(value: object, read: Any) -> Any:
    if value is None:
        return None
    first, second = list_in(value)
    return (read(first), read(second))


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def _whole(value: object) -> int | None:
    return None if value is None else _count(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r:.40} is no count")
    return value


def _number(value: object) -> float | None:
    return None if value is None else _finite(value)


def _finite(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError(f"{value!r:.40} is no finite number")
    return float(value)
