"""A run as one HTML page that needs nothing but itself. Pure.

Plots stand in it as SVG, images as data; no script, no font and no address of another host, which
the page's own policy forbids as well. It follows the reader's light or dark and the width of a
phone. Every text from outside is escaped.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.render.compare import compare_runs, comparison_tables
from branchline.render.data_checks import drift_table, finding_table
from branchline.render.plots import bars_svg, confusion_svg, curves_svg
from branchline.render.runs import run_tables, when
from branchline.render.table import Align, Tone, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Gate
    from branchline.render.drawing import Drawing
    from branchline.render.run_view import RunView
    from branchline.render.table import Cell, Table

_WORDS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}
_CLASSES = {
    Tone.GOOD: "good",
    Tone.BAD: "bad",
    Tone.UNSURE: "unsure",
    Tone.DIM: "dim",
    Tone.STRONG: "strong",
}
_TITLES = {"metric": "Metrics", "parameter": "Parameters", "output": "Outputs"}
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2128; --dim: #667; --line: #d5d9de;
  --card: #f6f8fa; --good: #176f2c; --bad: #b3261e; --unsure: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --back: #12161b; --text: #e4e8ee; --dim: #98a2ae;
  --line: #333a44; --card: #1b2128; --good: #57c46f; --bad: #ff8a80; --unsure: #e0b04a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--back);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
code { font: .92em ui-monospace, monospace; background: var(--card); padding: .1em .3em;
  border-radius: 4px; }
.badge { display: inline-block; padding: .1em .6em; border-radius: 1em; color: var(--back);
  background: var(--unsure); }
.badge.passed { background: var(--good); } .badge.failed { background: var(--bad); }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
.dim, footer { color: var(--dim); } .strong { font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; overflow-wrap: normal; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th.right, td.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem),
  1fr)); }
figure { margin: 0; padding: .75rem; background: var(--card); border-radius: 8px; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
svg, img { max-width: 100%; height: auto; display: block; }
@media (max-width: 36rem) { svg text { font-size: 15px; } }
@media (prefers-color-scheme: dark) { svg polyline, svg circle,
  svg text:not([fill="#222"], [fill="#fff"]) { filter: brightness(1.6); } }
svg [fill="#222"] { fill: currentColor; } svg > rect[fill="#fff"] { fill: none; }
footer { margin-top: 2rem; padding-top: .75rem; border-top: 1px solid var(--line);
  font-size: .85rem; }
"""


def html_report(
    run: RunView, baseline: RunView | None, gate: Gate, drawings: Sequence[Drawing] = ()
) -> str:
    """The page of one run: verdict, plots, what differs from the baseline, everything recorded.

    Args:
        run: The run.
        baseline: The run that it was judged against; None when there was none.
        gate: Names the bars and which way is better.
        drawings: Its plots.
    """
    name = run.model or "Run"
    checks = run.evidence.data_checks
    parts = [_head(run, name), table_html(finding_table(checks)), _plots(drawings)]
    parts += [table_html(drift_table(c.drift), prefix=f"{c.path}: ") for c in checks if c.drift]
    if baseline is not None:
        tables = comparison_tables(compare_runs([baseline, run], gate), everything=False)
        # The first of them names the two runs, which the heading and the foot do here.
        parts += [table_html(table, prefix="Against the baseline: ") for table in tables[1:]]
    parts += [table_html(table) for table in run_tables(run)]
    parts.append(_foot(run))
    return page(f"{name}: run {run.run}", parts)


def page(title: str, parts: Sequence[str], *, style: str = "") -> str:
    """A page of parts that are HTML, complete in itself; its policy lets nothing else in.

    Args:
        title: As a text.
        parts: In order; empty ones are left out.
        style: More of it, as CSS.
    """
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(title)}</title>\n<style>{_STYLE}{style}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def escaped(text: str) -> str:
    """A text from outside that stays text, in an element or a quoted attribute."""
    flat = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return flat.replace('"', "&quot;").replace("'", "&#39;")


def sentence_html(text: str) -> str:
    """A sentence of ours; what stands between backquotes becomes code."""
    pieces = re.split(r"`([^`]*)`", text)
    return "".join(
        f"<code>{escaped(p)}</code>" if i % 2 else escaped(p) for i, p in enumerate(pieces)
    )


def _head(run: RunView, name: str) -> str:
    verdict = run.verdict
    if verdict is None or not verdict.findings:
        said = "This run was not judged." if verdict is None else verdict.summary
        badge, items = "", ""
    else:
        word = _WORDS[verdict.outcome]
        badge = f' <span class="badge {word}">{word}</span>'
        said = verdict.summary
        marks = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.UNKNOWN: "unsure"}
        items = "".join(
            f'<li><span class="{marks[f.outcome]}">{_WORDS[f.outcome]}</span>: '
            f"{sentence_html(f.sentence)}</li>"
            for f in verdict.findings
            if not f.is_of_data  # they stand in the table of the data, with rows
        )
    dirty = "<p>Made from uncommitted changes: it cannot be promoted.</p>" if run.is_dirty else ""
    problems = "".join(f'<p class="bad">{sentence_html(text)}</p>' for text in run.problems)
    about = sentence_html(f"Run `{run.run}`" + (f" on `{run.branch}`" if run.branch else ""))
    subject = f": {escaped(run.subject)}" if run.subject else ""
    findings = f"<ul>{items}</ul>" if items else ""
    return (
        f'<h1>{escaped(name)}{badge}</h1>\n<p class="dim">{about}{subject}</p>\n'
        f"<p>{sentence_html(said)}</p>\n{findings}{dirty}{problems}"
    )


def _plots(drawings: Sequence[Drawing]) -> str:
    if not drawings:
        return ""
    figures = "\n".join(
        f"<figure><figcaption>{escaped(drawing.title)}</figcaption>{_drawn(drawing)}</figure>"
        for drawing in drawings
    )
    return f'<h2>Plots</h2>\n<div class="plots">\n{figures}\n</div>'


def _drawn(drawing: Drawing) -> str:
    if drawing.image is not None:
        media, data = drawing.image
        text = base64.b64encode(data).decode("ascii")
        return f'<img alt="{escaped(drawing.title)}" src="data:{media};base64,{text}">'
    if drawing.labels:
        return confusion_svg(drawing.labels, drawing.counts)
    if drawing.bars:
        return bars_svg(drawing.bars)
    if drawing.curves:
        return curves_svg(
            drawing.curves,
            x_label=drawing.x_label,
            y_label=drawing.y_label,
            is_scatter=drawing.is_scatter,
        )
    why = sentence_html(drawing.problem)
    return f'<p class="dim"><code>{escaped(drawing.path)}</code>: {why}</p>'


def table_html(table: Table, *, prefix: str = "") -> str:
    """A table under its heading; "" without rows."""
    if not table.rows:
        return ""
    right = [column.align is Align.RIGHT for column in table.columns]
    heads = "".join(
        f"<th{' class=right' if is_right else ''}>{escaped(column.heading)}</th>"
        for column, is_right in zip(table.columns, right, strict=True)
    )
    rows = "\n".join("<tr>" + "".join(map(_cell, row, right)) + "</tr>" for row in table.rows)
    heading = table.columns[0].heading
    title = table.title or _TITLES.get(heading, heading.capitalize())
    title = f"{prefix}{title.lower()}" if prefix else title
    return (
        f'<h2>{escaped(title)}</h2>\n<div class="wide"><table>\n<tr>{heads}</tr>\n{rows}\n'
        "</table></div>"
    )


def _cell(cell: Cell, is_right: bool) -> str:  # noqa: FBT001 # mapped over two sequences
    classes = " ".join(
        name for name in (_CLASSES.get(cell.tone, ""), "right" if is_right else "") if name
    )
    return f'<td class="{classes}">{sentence_html(cell.text)}</td>'


def _foot(run: RunView) -> str:
    facts = [f"run {run.run}", f"commit {run.commit}" if run.commit else ""]
    facts.append(f"started {when(run.started_at)} UTC" if run.started_at else "")
    baseline = run.verdict.baseline if run.verdict else None
    if baseline is not None and (baseline.run or baseline.via):
        facts.append(f"baseline: {f'run {baseline.run}, ' if baseline.run else ''}{baseline.via}")
    return "<footer>" + " · ".join(sentence_html(fact) for fact in facts if fact) + "</footer>"
