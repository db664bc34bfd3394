"""A run as Markdown, for a pull request's comment. Pure.

Nothing from outside is trusted: see `safe_markdown`. A forge refuses a comment of more than 65,536
characters; what does not fit into 65,000 bytes is left out, with the command that shows it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.render.data_markdown import data_section
from branchline.render.findings import verdict_word
from branchline.render.markdown_plots import plot_blocks
from branchline.render.model_tests import failed_cases
from branchline.render.report.bars import metric_grid, noise_grid, sentence_lines, slice_grid
from branchline.render.report.opening import opening
from branchline.render.report.story import changes, params_grid, provenance, stages_grid
from branchline.render.report.values import Name
from branchline.render.safe_markdown import code, escape, fitted, sentence, table
from branchline.render.table import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Gate
    from branchline.render.drawing import Drawing
    from branchline.render.report.values import Cell, Grid, Lines
    from branchline.render.run_view import RunView

__all__ = ["MOST_BYTES", "code", "escape", "report", "sentence"]

MOST_BYTES = 65_000
_REMARKS = 20
_MARKS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌", Outcome.UNKNOWN: "❔", None: "▫️"}


def report(
    run: RunView,
    baseline: RunView | None,
    gate: Gate,
    drawings: Sequence[Drawing] = (),
    *,
    most_bytes: int = MOST_BYTES,
) -> str:
    """The report of one run: in one sentence, in numbers, what changed, plots, costs, provenance.

    Args:
        run: The run.
        baseline: The run that it was judged against; None when there was none.
        gate: Names the bars and which way is better.
        drawings: Its plots.
        most_bytes: Of the whole, in UTF-8.

    Returns:
        Markdown with a newline at its end.
    """
    blocks = [
        _head(run, gate),
        data_section(run.evidence.data_checks, code, sentence),
        _grid(metric_grid(run, baseline, gate)),
        *map(_lines, sentence_lines(run)),
        *_failed_cases(run),
        _grid(slice_grid(run, gate)),
        _grid(noise_grid(run)),
        _lines(changes(run, baseline)),
        _grid(params_grid(run, baseline)),
        *plot_blocks(drawings),
        _grid(stages_grid(run)),
    ]
    facts = "---\n\n" + " · ".join(sentence(fact) for fact in provenance(run))
    rest = f"The rest does not fit here: `branchline report {_safe_id(run.run)} --html report.html`"
    return fitted(blocks, facts, most_bytes=most_bytes, rest=f"{rest} shows everything.")


def _safe_id(run: str) -> str:
    return run if run.isascii() and run.replace("-", "").isalnum() and len(run) < 80 else "RUN"


def _head(run: RunView, gate: Gate) -> str:
    name = f" · {code(run.model)}" if run.model else ""
    verdict = run.verdict
    said = sentence(opening(run, gate))
    dirty = "\n\nMade from uncommitted changes: it cannot be promoted." if run.is_dirty else ""
    if verdict is None or not verdict.findings:
        return f"## Run {code(run.run)}{name}\n\n{said}{dirty}"
    mark, word = _MARKS[verdict.outcome], verdict_word(verdict)
    remarks = "".join(f"\n\n> {sentence(text)}" for text in verdict.remarks[:_REMARKS])
    # Of bad data the first sentence and the section below say all of it.
    summary = "" if verdict.is_of_data else f"\n\n{sentence(verdict.summary)}"
    return f"## {mark} Verdict: {word}{name}\n\n{said}{summary}{dirty}{remarks}"


def _failed_cases(run: RunView) -> list[str]:
    """What the first failed cases of the tests of the model say."""
    cases = failed_cases(run.evidence.tests)
    return [f"{code(case.name)}\n\n{_block(case.text)}" for case in cases]


def _block(text: str) -> str:
    """Lines as they are, in a fence that none of them can end."""
    lines = [visible(line) for line in text.splitlines()] or ["it says nothing"]
    longest = max((len(run) for run in re.findall("~+", "\n".join(lines))), default=0)
    fence = "~" * max(3, longest + 1)
    return "\n".join([fence, *lines, fence])


def _grid(grid: Grid) -> str:
    """A table under its heading; its note alone where it has no rows, "" without both."""
    if not grid.rows and not grid.note:
        return ""
    parts = [f"### {grid.title}"]
    if grid.rows:
        rows = [[_cell(cell) for cell in row] for row in grid.rows]
        parts.append(table(grid.heads, rows, grid.right))
    if grid.left_out:
        parts.append(f"{grid.left_out:,} more rows: `branchline show`.")
    if grid.note:
        parts.append(sentence(grid.note))
    return "\n\n".join(parts)


def _cell(cell: Cell) -> str:
    if isinstance(cell, Name):
        return code(cell, most=160)
    if isinstance(cell, str):
        return sentence(cell)
    return "<br>".join(f"{_MARKS[mark.outcome]} {sentence(mark.text)}" for mark in cell)


def _lines(lines: Lines) -> str:
    if not lines.lines and not lines.note:
        return ""
    parts = [f"### {lines.title}", lines.note]
    items = []
    for text, below in lines.lines:
        items.append(f"- {_cell(text)}")
        items += [f"  - {sentence(inner)}" for inner in below]
    if lines.left_out:
        items.append(f"- {lines.left_out:,} more.")
    return "\n\n".join(filter(None, [*parts, "\n".join(items)]))
