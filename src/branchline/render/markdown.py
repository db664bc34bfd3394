"""A run as Markdown, for a pull request's comment. Pure.

Nothing from outside is trusted: names, values, branch names, commit subjects stand in code spans,
where a forge reads no HTML, no link, no mention and no table border; sentences are escaped around
their code spans.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import duration, memory
from branchline.core.evidence.find import find_metric
from branchline.core.policy import Gate
from branchline.core.values import Outcome
from branchline.core.verdict.judge import TEST_RULE
from branchline.render.compare import compare_runs, metric_rows, metric_text, signed
from branchline.render.markdown_plots import plots_section
from branchline.render.model_tests import failed_cases
from branchline.render.runs import when
from branchline.render.table import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.model_tests import Examined
    from branchline.core.verdict.values import Finding
    from branchline.render.compare import MetricRow
    from branchline.render.drawing import Drawing
    from branchline.render.run_view import RunView

_WORDS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}
_MARKS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌", Outcome.UNKNOWN: "❔"}
_ACTIONS = {"run": "ran", "may_run": "ran", "reuse": "reused", "skip": "skipped"}
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&$]")
_BREAKS_SPANS = re.compile(r"[|`\\]")
_NOT_PLAIN = re.compile(r"[^0-9A-Za-z ]")
_ROWS = 60  # Rows of one table; a forge cuts long comments, and nobody reads them.


def report(
    run: RunView, baseline: RunView | None, gate: Gate, drawings: Sequence[Drawing] = ()
) -> str:
    """The report of one run: verdict, metrics, what changed, plots, costs, provenance.

    Args:
        run: The run.
        baseline: The run that it was judged against; None when there was none.
        gate: Names the bars and which way is better.
        drawings: Its plots.

    Returns:
        Markdown with a newline at its end.
    """
    parts = [_verdict(run), _metrics(run, baseline, gate), _tests(run)]
    parts += [_why(run), _params(run, baseline)]
    parts += [plots_section(drawings, code), _stages(run), _footer(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def code(text: str) -> str:
    """A text as code, safe in a table; an empty one reads "(empty)".

    >>> code("val.auc"), code("a|b")
    ('`val.auc`', '<code>a&#124;b</code>')
    """
    flat = visible(text)
    if not flat.strip():
        return "(empty)"
    if not _BREAKS_SPANS.search(flat) and flat == flat.strip():
        return f"`{flat}`"
    # A backslash before a bar, or a backtick, could end a code span inside a table.
    return "<code>" + _NOT_PLAIN.sub(_entity, flat) + "</code>"


def sentence(text: str) -> str:
    """A sentence of ours with code spans of outside names in it, both made safe.

    >>> sentence("`a|b` is <b>")
    '<code>a&#124;b</code> is &#60;b&#62;'
    """
    pieces = re.split(r"`([^`]*)`", text)
    return "".join(code(p) if i % 2 else escape(p) for i, p in enumerate(pieces))


def escape(text: str) -> str:
    """Plain text that stays plain: no markup, no link, no mention."""
    # Mentions and links are found in the rendered text: a blank of no width breaks them.
    flat = visible(text).replace("@", "@\u200b").replace("#", "#\u200b").replace("://", ":\u200b//")
    flat = re.sub(r"(?i)\bwww\.", "www\u200b.", flat)
    return _SPECIAL.sub(_entity, flat)


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _verdict(run: RunView) -> str:
    name = f" · {code(run.model)}" if run.model else ""
    verdict = run.verdict
    if verdict is None or not verdict.findings:
        said = "This run was not judged." if verdict is None else sentence(verdict.summary)
        return f"## Run {code(run.run)}{name}\n\n{said}"
    mark, word = _MARKS[verdict.outcome], _WORDS[verdict.outcome]
    dirty = ""
    if run.is_dirty:
        dirty = "\n\nMade from uncommitted changes: it cannot be promoted."
    return f"## {mark} Verdict: {word}{name}\n\n{sentence(verdict.summary)}{dirty}"


def _metrics(run: RunView, baseline: RunView | None, gate: Gate) -> str:
    evidences = [run.evidence] if baseline is None else [baseline.evidence, run.evidence]
    by_metric: dict[str, list[Finding]] = {}
    for finding in run.verdict.findings if run.verdict else ():
        if finding.rule == TEST_RULE:
            continue  # They have a section of their own.
        by_metric.setdefault(finding.metric, []).append(finding)
    rows = []
    seen: set[str] = set()
    for row in metric_rows(evidences, gate):
        metric = row.metrics[-1] or row.metrics[0]
        full = f"{metric.file}:{metric.name}" if metric else row.name
        names = [name for name in (row.name, full, full.rpartition(":")[2]) if name in by_metric]
        seen.update(names)
        found = by_metric.get(names[0], []) if names else []
        rows.append(_metric_row(row, found, has_baseline=baseline is not None))
    for name, findings in by_metric.items():
        if name not in seen:
            problem = find_metric(run.evidence, name).problem or "not judged"
            rows.append([code(name), escape(problem), "", "", _findings(findings)])
    heads = ["metric", "this run", "baseline", "difference", "finding"]
    return _table("Metrics", heads, rows, "rrr")


def _metric_row(row: MetricRow, findings: Sequence[Finding], *, has_baseline: bool) -> list[str]:
    mine, step = row.metrics[-1], row.differences[-1]
    before = row.metrics[0] if has_baseline else None
    return [
        code(row.name),
        "–" if mine is None else escape(metric_text(mine)),
        "–" if before is None else escape(metric_text(before)),
        escape(signed(step)) if has_baseline and step is not None else "",
        _findings(findings),
    ]


def _findings(findings: Sequence[Finding]) -> str:
    return "<br>".join(f"{_MARKS[f.outcome]} {sentence(f.sentence)}" for f in findings)


def _tests(run: RunView) -> str:
    """Tests of the model, each with its sentence; of failed cases what they say."""
    rows = [
        [f"{_MARKS[test.outcome]} {code(test.name)}", sentence(f"{test.sentence}."), _took(test)]
        for test in run.evidence.tests
    ]
    table = _table("Tests of the model", ["test", "finding", "took"], rows, " r")
    blocks = [
        f"{code(case.name)}\n\n{_block(case.text)}" for case in failed_cases(run.evidence.tests)
    ]
    return "\n\n".join([table, *blocks]) if table else ""


def _took(test: Examined) -> str:
    reused = f", from run {code(test.run)}" if test.run else ""
    return f"{duration(test.duration_s)}{reused}" if test.duration_s else "–"


def _block(text: str) -> str:
    """Lines as they are, in a fence that none of them can end."""
    lines = [visible(line) for line in text.splitlines()] or ["it says nothing"]
    longest = max((len(run) for run in re.findall("~+", "\n".join(lines))), default=0)
    fence = "~" * max(3, longest + 1)
    return "\n".join([fence, *lines, fence])


def _why(run: RunView) -> str:
    lines = []
    for stage in run.stages:
        if stage.action not in ("run", "may_run"):
            continue
        against = f" (against run {code(stage.compared_with)})" if stage.compared_with else ""
        lines.append(f"- {code(stage.stage)} ran: {sentence(stage.reason)}{against}")
        others = [text for text in stage.changes if text != stage.reason]
        lines += [f"  - {sentence(text)}" for text in others[:_ROWS]]
    if lines:
        return "### What changed\n\n" + "\n".join(lines[:_ROWS])
    if not run.stages:
        return ""
    return "### What changed\n\nNothing had to run: every stage has its result."


def _params(run: RunView, baseline: RunView | None) -> str:
    if baseline is None:
        return ""
    rows = [
        [code(f"{row.group}:{row.name}"), _value(row.values[1]), _value(row.values[0])]
        for row in compare_runs([baseline, run], Gate()).params
        if not row.is_same
    ]
    return _table("Parameters changed", ["parameter", "this run", "baseline"], rows, "")


def _value(text: str | None) -> str:
    return "–" if text is None else code(text if len(text) <= 200 else text[:197] + "...")


def _stages(run: RunView) -> str:
    rows = []
    for facts in run.evidence.stages:
        ran = facts.action == "run"
        rows.append(
            [
                code(facts.stage),
                _ACTIONS.get(facts.action, escape(facts.action))
                + ("" if ran or not facts.run else f" from {code(facts.run)}"),
                duration(facts.duration_s),
                duration(facts.cpu_s),
                memory(facts.peak_memory_bytes) if facts.peak_memory_bytes else "–",
            ]
        )
    return _table("Stages", ["stage", "did", "took", "processor", "memory"], rows, " rrr")


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], right: str) -> str:
    """A table under a heading; "" without rows. Columns after the first as `right` says."""
    if not rows:
        return ""
    marks = ["---"] + ["---:" if "r" in right[i : i + 1] else "---" for i in range(len(heads) - 1)]
    lines = [f"### {title}", "", _line(heads), _line(marks)]
    lines += [_line(row) for row in rows[:_ROWS]]
    if len(rows) > _ROWS:
        lines.append("")
        lines.append(f"{len(rows) - _ROWS} more rows: `branchline show`.")
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _footer(run: RunView) -> str:
    facts = [f"run {code(run.run)}"]
    if run.commit:
        facts.append(f"commit {code(run.commit)}")
    if run.branch:
        facts.append(f"branch {code(run.branch)}")
    if run.started_at:
        facts.append(f"started {escape(when(run.started_at))} UTC")
    facts.append(f"took {duration(run.duration_s)}")
    facts += [f"{escape(name)} {code(text)}" for name, text in run.evidence.versions.items()]
    if run.evidence.evaluation_data:
        facts.append(f"evaluation data {code(run.evidence.evaluation_data[:12])}")
    baseline = run.verdict.baseline if run.verdict else None
    if baseline is not None and (baseline.run or baseline.via):
        named = f"run {code(baseline.run)}, " if baseline.run else ""
        facts.append(f"baseline: {named}{sentence(baseline.via)}")
    return "---\n\n" + " · ".join(facts)
