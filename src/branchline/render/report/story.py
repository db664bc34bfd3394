"""What changed, what it cost and where it comes from, as parts of a report. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import duration, figure, memory
from branchline.render.compare import param_rows
from branchline.render.report.bars import MOST_ROWS
from branchline.render.report.values import Grid, Lines, Name
from branchline.render.runs import when

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.render.report.values import Cell
    from branchline.render.run_view import RunView

ACTIONS = {"run": "ran", "may_run": "ran", "reuse": "reused", "skip": "skipped"}
_MOST_DATA = 12


def changes(run: RunView, baseline: RunView | None) -> Lines:
    """Why stages ran, in meaning: code, parameters, data; what of the data differs."""
    lines: list[tuple[str, tuple[str, ...]]] = []
    for stage in run.stages:
        if stage.action not in ("run", "may_run"):
            continue
        against = f" (against run `{stage.compared_with}`)" if stage.compared_with else ""
        others = tuple(text for text in stage.changes if text != stage.reason)
        said = f"`{stage.stage}` ran: {stage.reason}{against}"
        lines.append((said, others[:MOST_ROWS]))
    note = ""
    has_stopped = run.verdict is not None and run.verdict.is_of_data
    if has_stopped:
        note = "No further stage ran, for the data are bad." if lines else "Nothing ran."
    elif run.stages and not lines:
        note = "Nothing had to run: every stage has its result."
    left_out = max(0, len(lines) - MOST_ROWS)
    # A run that ended early looked at no more than it came to: what it lacks says nothing.
    data = [] if has_stopped else _data(run, baseline)
    lines = lines[:MOST_ROWS] + [(text, ()) for text in data]
    return Lines(title="What changed", lines=tuple(lines), note=note, left_out=left_out)


def _data(run: RunView, baseline: RunView | None) -> list[str]:
    """Data that differ from the baseline's."""
    if baseline is None:
        return []
    now, before = run.evidence.data, baseline.evidence.data
    said = []
    for path in sorted({*now, *before}):
        if path not in before:
            said.append(f"Data `{path}` is new against the baseline.")
        elif path not in now:
            said.append(f"Data `{path}` is no longer used.")
        elif now[path] != before[path]:
            said.append(f"Data `{path}` changed: `{before[path][:12]}` became `{now[path][:12]}`.")
    if len(said) > _MOST_DATA:
        said[_MOST_DATA:] = [f"{len(said) - _MOST_DATA:,} more data files differ."]
    ours, theirs = run.evidence.evaluation_data, baseline.evidence.evaluation_data
    if ours and theirs and ours != theirs:
        said.append("The evaluation data are not those of the baseline's run.")
    return said


def params_grid(run: RunView, baseline: RunView | None, *, most: int = MOST_ROWS) -> Grid:
    """Parameters that are not the baseline's."""
    rows: list[tuple[Cell, ...]] = []
    if baseline is not None:
        rows = [
            (Name(f"{row.group}:{row.name}"), _value(row.values[0]), _value(row.values[1]))
            for row in param_rows([baseline.evidence, run.evidence])
            if not row.is_same
        ]
    return Grid(
        title="Parameters changed",
        heads=("parameter", "baseline", "this run"),
        right=(False, False, False),
        rows=tuple(rows[:most]),
        left_out=max(0, len(rows) - most),
    )


def _value(text: str | None) -> Cell:
    return "–" if text is None else Name(text)


def stages_grid(run: RunView, *, most: int = MOST_ROWS) -> Grid:
    """What each stage did and cost; what the stages that were reused had cost is saved."""
    facts = run.evidence.stages
    rows = [
        (
            Name(fact.stage),
            ACTIONS.get(fact.action, fact.action)
            + ("" if fact.action == "run" or not fact.run else f" from `{fact.run}`"),
            duration(fact.duration_s),
            duration(fact.cpu_s) if fact.cpu_s else "–",
            memory(fact.peak_memory_bytes) if fact.peak_memory_bytes else "–",
        )
        for fact in facts[:most]
    ]
    return Grid(
        title="Cost",
        heads=("stage", "did", "took", "processor", "memory"),
        right=(False, False, True, True, True),
        rows=tuple(rows),
        note=_saved(run),
        left_out=max(0, len(facts) - most),
    )


def _saved(run: RunView) -> str:
    facts = run.evidence.stages
    if not facts:
        return ""
    reused = [fact for fact in facts if fact.action != "run"]
    ran = sum(fact.duration_s for fact in facts if fact.action == "run")
    if not reused:
        return f"All stages ran, {duration(ran)} together."
    kept = sum(fact.duration_s for fact in reused if fact.duration_s > 0)
    which = "1 stage was" if len(reused) == 1 else f"{len(reused):,} stages were"
    saved = f"{which} reused, which saved {duration(kept)}"
    if len(reused) == len(facts):
        return f"Nothing was trained again: {saved}."
    return f"What ran took {duration(ran)}; {saved}."


def recorded_grids(run: RunView, *, most: int) -> list[Grid]:
    """Cases of tests, measured numbers, parameters, data, outputs, versions; no empty ones."""
    evidence = run.evidence
    groups: tuple[tuple[str, str, Mapping[str, object]], ...] = (
        ("Parameters", "parameter", evidence.params),
        ("Data", "path", evidence.data),
        ("Outputs", "path", evidence.outs),
        ("Provenance", "name", evidence.versions),
    )
    measured = [grid for grid in (_cases(run, most), _measured(run, most)) if grid.rows]
    return measured + [
        Grid(
            title=title,
            heads=(head, "value"),
            right=(False, False),
            rows=tuple((Name(key), Name(_short(v))) for key, v in list(values.items())[:most]),
            left_out=max(0, len(values) - most),
        )
        for title, head, values in groups
        if values
    ]


def _cases(run: RunView, most: int) -> Grid:
    """Cases of the tests of the model, failed ones first in each, with what they say first."""
    cases = [case for test in run.evidence.tests for case in test.reported.cases]
    rows = tuple(
        (
            Name(case.name),
            case.state.value,
            duration(case.duration_s),
            Name(", ".join(f"{name} {value:.4g}" for name, value in case.numbers.items())),
            Name(case.text.partition("\n")[0]),
        )
        for case in cases[:most]
    )
    return Grid(
        title="Cases of the tests of the model",
        heads=("case", "outcome", "took", "measured", "said"),
        right=(False, False, True, False, False),
        rows=rows,
        left_out=max(0, len(cases) - most),
    )


def _measured(run: RunView, most: int) -> Grid:
    """What Branchline itself and the tests measured."""
    measured = run.evidence.measured
    return Grid(
        title="Measured",
        heads=("name", "value", "by"),
        right=(False, True, False),
        rows=tuple((Name(m.name), figure(m.value), Name(m.source)) for m in measured[:most]),
        left_out=max(0, len(measured) - most),
    )


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def provenance(run: RunView) -> list[str]:
    """Where the run comes from: short facts."""
    facts = [f"run `{run.run}`"]
    if run.commit:
        facts.append(f"commit `{run.commit}`")
    if run.branch:
        facts.append(f"branch `{run.branch}`")
    if run.started_at:
        facts.append(f"started {when(run.started_at)} UTC")
    facts.append(f"took {duration(run.duration_s)}")
    facts += [f"{name} `{text}`" for name, text in list(run.evidence.versions.items())[:20]]
    if run.evidence.evaluation_data:
        facts.append(f"evaluation data `{run.evidence.evaluation_data[:12]}`")
    said = run.evidence.predictions
    if said is not None and said.judged:
        candidates = "candidate" if said.judged == 1 else "candidates"
        facts.append(
            f"examples `{said.examples[:12]}`, {said.count:,}, which have judged"
            f" {said.judged:,} {candidates}"
        )
    baseline = run.verdict.baseline if run.verdict else None
    if baseline is not None and (baseline.run or baseline.via):
        named = f"run `{baseline.run}`, " if baseline.run else ""
        facts.append(f"baseline: {named}{baseline.via}")
    return facts
