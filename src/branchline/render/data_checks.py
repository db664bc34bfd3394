"""What the checks of data found, for a terminal, a comment and a page. Pure.

Names and values come from anybody's file: they are made harmless by the cells, code spans and
escapes that they stand in, and there are never more than a few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.data.data_json import report_to_json
from branchline.core.evidence.data.schema import Severity
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.render.safe_markdown import cut
from branchline.render.table import Align, Column, Line, Table, Tone, cell, line, table_to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from branchline.core.evidence.data.values import (
        ColumnDrift,
        DataFinding,
        DataReport,
        Examples,
        TableProfile,
    )
    from branchline.core.values import JsonValue
    from branchline.render.table import Cell

MOST_FINDINGS = 30
MOST_EXAMPLES = 10
_FEW_EXAMPLES = 5
"""On a terminal, where they stand between the findings."""
MOST_COLUMNS = 10
_TONES = {Outcome.PASSED: Tone.GOOD, Outcome.FAILED: Tone.BAD, Outcome.UNKNOWN: Tone.UNSURE}


def headline(report: DataReport) -> str:
    """One sentence on a check: what was held against what, and how it went."""
    rows = "" if report.rows is None else f", {report.rows:,} row{'' if report.rows == 1 else 's'}"
    if report.check == "drift":
        drifted = sum(1 for item in report.drift if item.is_drifted)
        judged = sum(1 for item in report.drift if item.psi is not None)
        if not judged:
            return f"`{report.path}` against {_name(report)}: not compared{rows}"
        return (
            f"`{report.path}` against {_name(report)}: {drifted} of {judged} columns drifted{rows}"
        )
    count = len(report.broken)
    if any(finding.rule == "unreadable" for finding in report.broken):
        return f"`{report.path}` cannot be read"
    if not count:
        warned = len(report.warnings)
        more = f", {warned} {'warning' if warned == 1 else 'warnings'}" if warned else ""
        return f"`{report.path}` fits {_name(report)}: {_rules(report.rules)}{rows}{more}"
    return f"`{report.path}` breaks {_rules(count)} of {_name(report)}{rows}"


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count} rules"


def _name(report: DataReport) -> str:
    return report.against if " " in report.against else f"`{report.against}`"


def checked_data_to_json(reports: Sequence[DataReport], outcome: Outcome) -> dict[str, JsonValue]:
    """`data check --json`: how it ended, and each check as in `evidence.json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": outcome.value,
        "checks": [report_to_json(report) for report in reports],
    }


def proposed_to_json(schema: str, profile: TableProfile) -> dict[str, JsonValue]:
    """`data init --json`: the file that was written, and what from."""
    return {
        "schema_version": SCHEMA_VERSION,
        "schema": schema,
        "path": profile.path,
        "rows": profile.rows,
        "columns": len(profile.columns),
    }


def mark(finding: DataFinding) -> Cell:
    """What a finding does, in one word."""
    if finding.severity is Severity.WARN:
        return cell("warning", Tone.UNSURE)
    return cell(finding.outcome.value, _TONES[finding.outcome])


def data_lines(reports: Sequence[DataReport], *, indent: str = "  ") -> list[Line]:
    """Each check, what it found, and rows that break a rule."""
    found: list[Line] = []
    for report in reports:
        tone = _TONES[report.outcome]
        found.append(line(indent, cell(report.outcome.value, tone), f" {headline(report)}"))
        found += _finding_lines(report.findings, indent + "  ")
        found += [line(f"{indent}    ", text) for text in drift_texts(report.drift)]
    return found


def _finding_lines(findings: Sequence[DataFinding], indent: str) -> Iterator[Line]:
    ordered = sorted(findings, key=lambda f: f.severity is Severity.WARN)
    for finding in ordered[:MOST_FINDINGS]:
        yield line(indent, mark(finding), f" {finding.sentence}")
        if finding.examples is not None and finding.examples.rows:
            text = table_to_text(examples_table(finding.examples, most=_FEW_EXAMPLES))
            yield from (line(cell(f"{indent}    {row}", Tone.DIM)) for row in text.splitlines())
    if len(ordered) > MOST_FINDINGS:
        yield line(indent, f"and {len(ordered) - MOST_FINDINGS} more: `branchline show --json`")


def examples_table(examples: Examples, *, most: int = MOST_EXAMPLES) -> Table:
    """Rows that break a rule."""
    return Table(
        columns=tuple(Column(heading=_short(name)) for name in examples.columns),
        rows=tuple(tuple(cell(shown_example(v)) for v in row) for row in examples.rows[:most]),
    )


def shown_example(value: str | None) -> str:
    """A value of a row that breaks a rule, as a cell."""
    return "(none)" if value is None else '""' if value == "" else _short(value)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def drift_texts(drift: Sequence[ColumnDrift], *, everything: bool = False) -> list[str]:
    """A sentence for each column that drifted, with its numbers."""
    shown = [item for item in drift if everything or item.is_drifted]
    return [_drift_text(item) for item in shown[:MOST_COLUMNS]]


def _drift_text(item: ColumnDrift) -> str:
    name, why = f"`{_short(item.column)}`", cut(item.why, 300)
    if item.psi is None or item.chance is None:
        return f"{name}: {why}" if why else name
    second = "" if item.distance is None else f", distance {item.distance:.2f}"
    numbers = f"PSI {item.psi:.2f}, by chance {item.chance:.3f}{second}"
    return f"{name}: {why} ({numbers})" if why else f"{name}: {numbers}"


def drift_table(drift: Sequence[ColumnDrift]) -> Table:
    """Every column that was compared."""
    rows = [
        (
            cell(_short(item.column), Tone.STRONG),
            cell("drifted" if item.is_drifted else "", Tone.BAD),
            cell(_number(item.psi)),
            cell(_number(item.chance)),
            cell(_number(item.distance)),
            cell(_number(item.shift)),
            cell(cut(item.why, 300)),
        )
        for item in drift
    ]
    columns = (
        Column(heading="column", is_kept=True),
        Column(heading=""),
        Column(heading="PSI", align=Align.RIGHT),
        Column(heading="by chance", align=Align.RIGHT),
        Column(heading="distance", align=Align.RIGHT),
        Column(heading="shift", align=Align.RIGHT),
        Column(heading="what moved"),
    )
    return Table(columns=columns, rows=tuple(rows), title="Drift")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def profile_table(profile: TableProfile) -> Table:
    """What each column of a table looks like."""
    rows = []
    for column in profile.columns:
        share = column.nulls / profile.rows if profile.rows else 0.0
        rows.append(
            (
                cell(_short(column.name), Tone.STRONG),
                cell(column.type.value if column.type else "other"),
                cell(f"{share:.2%}"),
                cell(f"{column.distinct:,}" if column.distinct else "-"),
                cell(_short(_looks(column.low, column.high, column.dates, column.categories))),
                cell("-" if column.mean is None else f"{column.mean:.4g}"),
                cell("-" if column.std is None else f"{column.std:.4g}"),
            )
        )
    columns = (
        Column(heading="column", is_kept=True),
        Column(heading="type"),
        Column(heading="missing", align=Align.RIGHT),
        Column(heading="distinct", align=Align.RIGHT),
        Column(heading="values"),
        Column(heading="mean", align=Align.RIGHT),
        Column(heading="std", align=Align.RIGHT),
    )
    return Table(columns=columns, rows=tuple(rows))


def _looks(
    low: float | None,
    high: float | None,
    dates: tuple[str, str] | None,
    categories: Sequence[tuple[str, int]],
) -> str:
    if low is not None and high is not None:
        return f"{low:.6g} to {high:.6g}"
    if dates is not None:
        return f"{dates[0]} to {dates[1]}"
    return ", ".join(value for value, _ in categories[:5]) + (
        ", ..." if len(categories) > 5 else ""
    )
