"""Recorded runs as tables and lines for a terminal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.figures import duration, figure, memory
from branchline.core.evidence.find import find_metric
from branchline.core.values import Outcome
from branchline.render.compare import metric_text, outcome_word
from branchline.render.findings import finding_lines
from branchline.render.model_tests import cases_table, table_of_tests
from branchline.render.table import Align, Cell, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.policy import Gate
    from branchline.core.verdict.standing import Approval
    from branchline.render.run_view import RunView

_HEADLINES = 3
_OUTCOMES = {
    Outcome.PASSED.value: Tone.GOOD,
    Outcome.FAILED.value: Tone.BAD,
    Outcome.UNKNOWN.value: Tone.UNSURE,
}
_ACTIONS = {"run": "ran", "may_run": "ran", "reuse": "reused", "skip": "skipped"}


def runs_table(runs: Sequence[RunView], gate: Gate) -> Table:
    """One row a run: id, branch, when (UTC), verdict, headline metrics, duration.

    Of several models also which one, with headline metrics of each.
    """
    models = dict.fromkeys(run.model for run in runs)
    is_named = len(models) > 1
    names = headline_names([run.evidence for run in runs], gate)
    if is_named:
        firsts = [_first_names([r.evidence for r in runs if r.model == name]) for name in models]
        names = list(dict.fromkeys((*names, *(name for own in firsts for name in own))))
    columns = (
        Column(heading="run"),
        *((Column(heading="model"),) if is_named else ()),
        Column(heading="branch"),
        Column(heading="when (UTC)"),
        Column(heading="verdict"),
        *(Column(heading=name, align=Align.RIGHT) for name in names),
        Column(heading="took", align=Align.RIGHT),
    )
    rows = tuple(
        (
            cell(run.run, Tone.STRONG),
            *((cell(run.model or "-"),) if is_named else ()),
            cell((run.branch or "(none)") + (" *" if run.is_dirty else "")),
            cell(when(run.started_at)),
            outcome_cell(run),
            *(_metric_cell(run.evidence, name) for name in names),
            cell(duration(run.duration_s)),
        )
        for run in runs
    )
    return Table(columns=columns, rows=rows)


def headline_names(evidences: Sequence[Evidence], gate: Gate) -> list[str]:
    """The few metrics that stand for a run: those of the gate, else the first of the newest."""
    if gate.metrics:
        return list(dict.fromkeys(rule.name for rule in gate.metrics))[:_HEADLINES]
    return _first_names(evidences)


def _first_names(evidences: Sequence[Evidence]) -> list[str]:
    for evidence in evidences:
        names = [metric.name for metric in evidence.metrics if metric.value is not None]
        if names:
            return list(dict.fromkeys(names))[:_HEADLINES]
    return []


def outcome_cell(run: RunView) -> Cell:
    """A run's verdict in one word."""
    word = outcome_word(run)
    return cell(word, _OUTCOMES.get(word, Tone.DIM))


def when(started_at: str) -> str:
    """A time in UTC to the minute.

    >>> when("2026-01-02T03:04:05Z")
    '2026-01-02 03:04'
    """
    return started_at[:16].replace("T", " ") or "unknown"


def _metric_cell(evidence: Evidence, name: str) -> Cell:
    metric = find_metric(evidence, name).metric
    return cell("-" if metric is None else metric_text(metric))


def run_lines(run: RunView, approval: Approval | None = None) -> list[Line]:
    """The head of one run: verdict with its findings, where it comes from.

    Args:
        run: It.
        approval: Who let it pass though chance leaves its verdict open; None for nobody.
    """
    branch = f" on {run.branch}" if run.branch else ""
    lines = [line(cell(f"run {run.run}", Tone.STRONG), f"{branch}  {run.subject}".rstrip())]
    lines.append(
        line("  started   ", f"{when(run.started_at)} UTC, took {duration(run.duration_s)}")
    )
    lines.append(line("  commit    ", _commit(run)))
    if run.author:
        lines.append(line("  author    ", run.author))
    verdict = run.verdict
    if verdict is not None:
        lines.append(line("  verdict   ", outcome_cell(run), f"  {verdict.summary}"))
        if approval is not None:
            why = f": {approval.reason}" if approval.reason else ""
            by = f"by {approval.by}, {when(approval.at)} UTC{why}"
            lines.append(line("    ", cell("approved", Tone.GOOD), f"  {by}"))
        for shown in finding_lines([found for found in verdict.findings if not found.is_of_data]):
            tone = Tone.DIM if shown.outcome is None else _OUTCOMES[shown.outcome.value]
            lines.append(line("    ", cell(shown.word, tone), f"  {shown.sentence}"))
        lines += [line("    ", cell("note", Tone.DIM), f"  {text}") for text in verdict.remarks]
    if run.evidence.data_checks:
        from branchline.render.data_checks import data_lines

        lines.append(line("  data"))
        lines += data_lines(run.evidence.data_checks, indent="    ")
    lines += [line(cell(f"  {problem}", Tone.BAD)) for problem in run.problems]
    return lines


def _commit(run: RunView) -> str:
    dirty = ", with uncommitted changes: not promotable" if run.is_dirty else ""
    return f"{run.commit or 'none'}{dirty}"


def run_tables(run: RunView) -> list[Table]:
    """Stages with costs, metrics, parameters, provenance; empty ones left out."""
    evidence = run.evidence
    tables = [
        stage_table(run),
        table_of_tests(evidence.tests),
        cases_table(evidence.tests),
        _pairs("Metrics", [(m.name, metric_text(m), m.where) for m in evidence.metrics], "file"),
        _pairs(
            "Measured", [(m.name, f"{m.value:.10g}", m.source) for m in evidence.measured], "by"
        ),
        _pairs("Parameters", [(n, _short(v), "") for n, v in evidence.params.items()]),
        _pairs("Data", [(name, digest, "") for name, digest in evidence.data.items()]),
        _pairs("Outputs", [(name, digest, "") for name, digest in evidence.outs.items()]),
        _pairs("Provenance", [(name, value, "") for name, value in evidence.versions.items()]),
    ]
    return [table for table in tables if table.rows]


def stage_table(run: RunView) -> Table:
    """What each stage did, why, and what it cost."""
    facts = {item.stage: item for item in run.evidence.stages}
    reasons = {item.stage: item for item in run.stages}
    rows = []
    for name in dict.fromkeys([*reasons, *facts]):
        fact, plan = facts.get(name), reasons.get(name)
        action = fact.action if fact else plan.action if plan else ""
        ran = fact is not None and fact.action == "run"
        rows.append(
            (
                cell(name, Tone.STRONG),
                cell(_ACTIONS.get(action, action)),
                cell(duration(fact.duration_s) if fact and fact.duration_s else "-"),
                cell(duration(fact.cpu_s) if fact and fact.cpu_s else "-"),
                cell(memory(fact.peak_memory_bytes) if fact and fact.peak_memory_bytes else "-"),
                cell(fact.run if fact and not ran else ""),
                cell(plan.reason if plan else ""),
            )
        )
    columns = (
        Column(heading="stage"),
        Column(heading="did"),
        Column(heading="took", align=Align.RIGHT),
        Column(heading="processor", align=Align.RIGHT),
        Column(heading="memory", align=Align.RIGHT),
        Column(heading="from run"),
        Column(heading="why"),
    )
    return Table(columns=columns, rows=tuple(rows), title="Stages")


def _pairs(title: str, rows: list[tuple[str, str, str]], third: str = "") -> Table:
    columns = [Column(heading=title.lower().rstrip("s")), Column(heading="value")]
    if third:
        columns.append(Column(heading=third))
    cells = tuple(tuple(cell(text) for text in row[: len(columns)]) for row in rows)
    return Table(columns=tuple(columns), rows=cells)


def _short(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return repr(value) if isinstance(value, float) else figure(value).replace(",", "")
