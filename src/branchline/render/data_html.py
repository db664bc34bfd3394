"""What the checks of data found, as a section of the page of a run. Pure."""

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
from branchline.render.page import escaped, sentence_html
from branchline.render.report.values import Grid, Mark, Name
from branchline.render.safe_markdown import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.data.values import DataFinding, DataReport, Examples
    from branchline.render.report.values import Cell

_TONES = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.UNKNOWN: "unsure"}
_LONGEST = 2_000
_LONGEST_NAME = 60
STYLE = """
.data > li { margin: .4rem 0; } .data .wide { margin: .25rem 0 .5rem; }
.data th, .data td { font-weight: 400; } .data td { font-family: ui-monospace, monospace; }
.data td { max-width: 32rem; overflow-wrap: anywhere; min-width: 4rem; }
"""


def data_html(reports: Sequence[DataReport]) -> str:
    """The section: each check, each finding, and rows that break a rule; "" without checks."""
    if not reports:
        return ""
    return "\n".join(["<h2>Data</h2>", *map(_check, reports)])


def drift_grid(report: DataReport, *, most: int) -> Grid:
    """Every column that was compared, in numbers; what moved is said in words above."""
    rows: list[tuple[Cell, ...]] = [
        (
            Name(item.column),
            (Mark(outcome=Outcome.FAILED, text="drifted"),) if item.is_drifted else "",
            _number(item.psi),
            _number(item.chance),
            _number(item.distance),
            _number(item.shift),
        )
        for item in report.drift
    ]
    return Grid(
        title=f"Drift of {cut(report.path, 80)}",
        heads=("column", "verdict", "PSI", "by chance", "distance", "shift"),
        right=(False, False, True, True, True, True),
        rows=tuple(rows[:most]),
        left_out=max(0, len(rows) - most),
        note="PSI and distance: how far the values moved, 0 for not at all. By chance: the PSI that"
        " chance alone rarely exceeds. Shift: in standard deviations.",
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _check(report: DataReport) -> str:
    said = (
        f"<p>{_word(report.outcome.value, _TONES[report.outcome])}: {_said(headline(report))}</p>"
    )
    items = [f"<li>{_finding(finding)}</li>" for finding in report.findings[:MOST_FINDINGS]]
    if (left := len(report.findings) - MOST_FINDINGS) > 0:
        items.append(f"<li>{left:,} more: <code>branchline show --json</code></li>")
    items += [f"<li>{_said(text)}</li>" for text in drift_texts(report.drift)]
    if (left := sum(1 for item in report.drift if item.is_drifted) - MOST_COLUMNS) > 0:
        items.append(f"<li>and {left:,} more columns</li>")
    return f'{said}\n<ul class="data">{"".join(items)}</ul>' if items else said


def _finding(finding: DataFinding) -> str:
    is_warning = finding.severity is Severity.WARN
    word = "warning" if is_warning else finding.outcome.value
    tone = "unsure" if is_warning else _TONES[finding.outcome]
    examples = finding.examples
    rows = _rows(examples) if examples is not None and examples.rows else ""
    return f"{_word(word, tone)}: {_said(finding.sentence)}{rows}"


def _rows(examples: Examples) -> str:
    heads = "".join(f'<th scope="col">{_name(name)}</th>' for name in examples.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escaped(shown_example(value))}</td>' for value in row)}</tr>"
        for row in examples.rows[:MOST_EXAMPLES]
    )
    return (
        '<div class="wide" tabindex="0" role="group" aria-label="Rows that break it"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _name(text: str) -> str:
    return f"<code>{escaped(cut(text, _LONGEST_NAME))}</code>"


def _word(text: str, tone: str) -> str:
    return f'<span class="{tone}">{text}</span>'


def _said(text: str) -> str:
    return sentence_html(cut(text, _LONGEST))
