"""What the checks of data found, as a section of the Markdown report. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.data.schema import Severity
from branchline.core.values import Outcome
from branchline.render.data_checks import (
    MOST_COLUMNS,
    MOST_EXAMPLES,
    MOST_FINDINGS,
    drift_texts,
    headline,
    shown_example,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.evidence.data.values import DataFinding, DataReport, Examples

_MARKS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌", Outcome.UNKNOWN: "❔"}
_MOST_TABLES = 10
_MOST_COLUMNS_SHOWN = 6


def data_section(
    reports: Sequence[DataReport], code: Callable[[str], str], sentence: Callable[[str], str]
) -> str:
    """The section; "" where nothing was checked.

    Args:
        reports: What was found.
        code: Makes a text from outside safe as code.
        sentence: Makes a sentence of ours safe.
    """
    if not reports:
        return ""
    parts = ["### Data"]
    tables = 0
    for report in reports:
        lines = [f"{_MARKS[report.outcome]} {sentence(headline(report))}"]
        for finding in report.findings[:MOST_FINDINGS]:
            lines.append(f"- {_mark(finding)} {sentence(finding.sentence)}")
            if finding.examples is not None and finding.examples.rows and tables < _MOST_TABLES:
                tables += 1
                lines += ["", *_table(finding.examples, code), ""]
        if len(report.findings) > MOST_FINDINGS:
            lines.append(f"- {len(report.findings) - MOST_FINDINGS} more: `branchline show --json`")
        lines += [f"  - {sentence(text)}" for text in drift_texts(report.drift)]
        hidden = sum(1 for item in report.drift if item.is_drifted) - MOST_COLUMNS
        if hidden > 0:
            lines.append(f"  - and {hidden} more columns")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _mark(finding: DataFinding) -> str:
    return "⚠️" if finding.severity is Severity.WARN else _MARKS[finding.outcome]


def _table(examples: Examples, code: Callable[[str], str]) -> list[str]:
    """Rows as a table that stands inside of a list item."""
    count = min(len(examples.columns), _MOST_COLUMNS_SHOWN)
    heads = [code(_short(name)) for name in examples.columns[:count]]
    rows = [heads, ["---"] * count]
    rows += [
        [_value(value, code) for value in row[:count]] for row in examples.rows[:MOST_EXAMPLES]
    ]
    return [f"  | {' | '.join(row)} |" for row in rows]


def _value(value: str | None, code: Callable[[str], str]) -> str:
    return code(_short(value)) if value else shown_example(value)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
