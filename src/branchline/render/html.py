"""A run as one HTML page that needs nothing but itself. Pure.

Without a script it is complete; with it values are read off charts and tables are sorted. See
`page` for what its policy lets in: our own style and script, by their digests, and images as data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.render.data_html import STYLE as DATA_STYLE
from branchline.render.data_html import data_html, drift_grid
from branchline.render.findings import verdict_word
from branchline.render.page import escaped, page, sentence_html
from branchline.render.report.bars import metric_grid, noise_grid, sentence_lines, slice_grid
from branchline.render.report.charts import STYLE as CHART_STYLE
from branchline.render.report.charts import plots_html
from branchline.render.report.opening import opening
from branchline.render.report.script import SCRIPT
from branchline.render.report.story import (
    changes,
    params_grid,
    provenance,
    recorded_grids,
    stages_grid,
)
from branchline.render.report.values import Name
from branchline.render.safe_markdown import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Gate
    from branchline.render.drawing import Drawing
    from branchline.render.report.values import Cell, Grid, Lines, Mark
    from branchline.render.run_view import RunView

_MOST_ROWS = 2_000
_MANY_COLUMNS = 5
_LONGEST = 2_000
_LONGEST_NAME = 400
_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "unknown",
    None: "open, and changes nothing",
}
_TONES = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.UNKNOWN: "unsure", None: "dim"}
_SIGNS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.UNKNOWN: "?", None: "·"}
_STYLE = """
.lead { font-size: 1.15rem; max-width: 48rem; }
.mark { white-space: nowrap; } td .mark { display: block; } td .mark + .mark { margin-top: .2rem; }
.sign { font-weight: 700; display: inline-block; min-width: 1em; text-align: center; }
td.words { min-width: 9rem; } td.name { max-width: 24rem; }
th button.sort { font: inherit; font-weight: 600; background: none; border: 0; padding: 0;
  color: inherit; cursor: pointer; text-align: inherit; }
th button.sort::after { content: "\\2195"; opacity: .35; margin-left: .25em; }
th[aria-sort=ascending] button.sort::after { content: "\\2191"; opacity: 1; }
th[aria-sort=descending] button.sort::after { content: "\\2193"; opacity: 1; }
h2 + .wide { margin-top: .25rem; } .note { color: var(--dim); font-size: .9rem; max-width: 48rem; }
ul { padding-left: 1.25rem; } details { margin: .75rem 0; } summary { cursor: pointer; }
code { white-space: pre-wrap; }
td.text:not(.right) { min-width: 8rem; }
@media (max-width: 36rem) { .plots svg.chart text { font-size: 15px; }
  body { padding: .75rem; } th, td { padding-right: .6rem; }
  .cards, .cards tbody { display: block; } .cards thead { display: none; }
  .cards tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .cards td { display: flex; justify-content: space-between; gap: 1rem; border: 0;
    padding: .1rem 0; max-width: none; text-align: right; }
  .cards td:first-child { font-weight: 600; }
  .cards td:empty { display: none; } .cards td.right { white-space: normal; }
  .cards td::before { content: attr(data-head); color: var(--dim); text-align: left; }
  .cards td .mark { white-space: normal; } }
@media print { .wide { overflow: visible; } figure, tr { break-inside: avoid; } }
"""


def html_report(
    run: RunView, baseline: RunView | None, gate: Gate, drawings: Sequence[Drawing] = ()
) -> str:
    """The page of one run: what the change does, in numbers, plots, what changed, what is recorded.

    Args:
        run: The run.
        baseline: The run that it was judged against; None when there was none.
        gate: Names the bars and which way is better.
        drawings: Its plots.
    """
    name = cut(run.model or "Run", _LONGEST_NAME)
    checks = run.evidence.data_checks
    parts = [
        _head(run, name, gate),
        data_html(checks),
        *(grid_html(drift_grid(check, most=_MOST_ROWS)) for check in checks if check.drift),
        grid_html(metric_grid(run, baseline, gate, most=_MOST_ROWS)),
        *map(_lines, sentence_lines(run)),
        grid_html(slice_grid(run, gate, most=_MOST_ROWS)),
        grid_html(noise_grid(run)),
        plots_html(drawings),
        _lines(changes(run, baseline)),
        grid_html(params_grid(run, baseline, most=_MOST_ROWS)),
        grid_html(stages_grid(run, most=_MOST_ROWS)),
        _recorded(run),
        _foot(run),
    ]
    title = f"{name}: run {cut(run.run, 80)}"
    return page(title, parts, style=f"{CHART_STYLE}{_STYLE}{DATA_STYLE}", script=SCRIPT)


def _head(run: RunView, name: str, gate: Gate) -> str:
    verdict = run.verdict
    badge, summary = "", ""
    if verdict is not None and verdict.findings:
        word = _WORDS[verdict.outcome]
        badge = f' <span class="badge {word}">{verdict_word(verdict)}</span>'
        remarks = "".join(f"<li>{_sentence(text)}</li>" for text in verdict.remarks[:20])
        summary = "" if verdict.is_of_data else f"<p>{_sentence(verdict.summary)}</p>"
        summary += f'<ul class="note">{remarks}</ul>' if remarks else ""
    dirty = "<p>Made from uncommitted changes: it cannot be promoted.</p>" if run.is_dirty else ""
    problems = "".join(f'<p class="bad">{_sentence(text)}</p>' for text in run.problems[:20])
    where = f" on `{cut(run.branch, _LONGEST_NAME)}`" if run.branch else ""
    about = sentence_html(f"Run `{cut(run.run, 80)}`{where}")
    subject = f": {escaped(cut(run.subject, _LONGEST_NAME))}" if run.subject else ""
    return (
        f'<h1>{escaped(name)}{badge}</h1>\n<p class="dim">{about}{subject}</p>\n'
        f'<p class="lead">{_sentence(opening(run, gate))}</p>\n{summary}{dirty}{problems}'
    )


def _sentence(text: str) -> str:
    return sentence_html(cut(text, _LONGEST))


def grid_html(grid: Grid, *, heading: str = "h2") -> str:
    """A table under its heading, to be sorted; its note alone where it has no rows."""
    if not grid.rows and not grid.note:
        return ""
    parts = [f"<{heading}>{escaped(grid.title)}</{heading}>"]
    if grid.rows:
        heads = "".join(
            f'<th scope="col"{" class=right" if is_right else ""}>{escaped(cut(head, 80))}</th>'
            for head, is_right in zip(grid.heads, grid.right, strict=True)
        )
        rows = "\n".join(
            "<tr>" + "".join(map(_cell, row, grid.right, grid.heads)) + "</tr>" for row in grid.rows
        )
        kind = "sortable cards" if len(grid.heads) >= _MANY_COLUMNS else "sortable"
        parts.append(
            f'<div class="wide" tabindex="0" role="group" aria-label="{escaped(grid.title)}">'
            f'<table class="{kind}"><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody>'
            "</table></div>"
        )
    if grid.left_out:
        parts.append(
            f'<p class="note">{grid.left_out:,} more rows: <code>branchline show</code>.</p>'
        )
    if grid.note:
        parts.append(f'<p class="note">{_sentence(grid.note)}</p>')
    return "\n".join(parts)


def _cell(cell: Cell, is_right: bool, head: str) -> str:  # noqa: FBT001 # mapped over sequences
    # On a phone each row is a card, in which every number says what it is.
    named = f'data-head="{escaped(head)}"'
    right = " right" if is_right else ""
    if isinstance(cell, Name):
        shown = escaped(cut(cell, _LONGEST_NAME)) or "–"
        return f'<td class="name{right}" {named}><code>{shown}</code></td>'
    if isinstance(cell, str):
        return f'<td class="text{right}" {named}>{_sentence(cell)}</td>'
    marks = "".join(map(_mark, cell))
    return f'<td class="words" {named}>{f"<div>{marks}</div>" if marks else ""}</td>'


def _mark(mark: Mark) -> str:
    word, tone, sign = _WORDS[mark.outcome], _TONES[mark.outcome], _SIGNS[mark.outcome]
    shown = f'<span class="sign {tone}" role="img" aria-label="{word}">{sign}</span>'
    return f'<span class="mark">{shown} {_sentence(mark.text)}</span>'


def _lines(lines: Lines) -> str:
    if not lines.lines and not lines.note:
        return ""
    parts = [f"<h2>{escaped(lines.title)}</h2>"]
    if lines.note:
        parts.append(f"<p>{_sentence(lines.note)}</p>")
    items = []
    for text, below in lines.lines:
        said = _sentence(text) if isinstance(text, str) else " ".join(map(_said, text))
        inner = "".join(f"<li>{_sentence(other)}</li>" for other in below)
        items.append(f"<li>{said}{f'<ul>{inner}</ul>' if inner else ''}</li>")
    if lines.left_out:
        items.append(f"<li>{lines.left_out:,} more.</li>")
    if items:
        parts.append(f"<ul>{''.join(items)}</ul>")
    return "\n".join(parts)


def _said(mark: Mark) -> str:
    word = f'<span class="{_TONES[mark.outcome]}">{mark.word or _WORDS[mark.outcome]}</span>'
    return f"{word}: {_sentence(mark.text)}"


def _recorded(run: RunView) -> str:
    """Everything else that the record holds, folded."""
    parts = [
        f"<details><summary>{escaped(grid.title)} ({len(grid.rows) + grid.left_out:,})</summary>"
        f"{grid_html(grid, heading='h3')}</details>"
        for grid in recorded_grids(run, most=_MOST_ROWS)
    ]
    return f"<h2>Recorded</h2>\n{''.join(parts)}" if parts else ""


def _foot(run: RunView) -> str:
    return "<footer>" + " · ".join(_sentence(fact) for fact in provenance(run)) + "</footer>"
