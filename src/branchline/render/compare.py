"""Runs side by side: metrics, parameters and inputs, and which way each went. Pure."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import between, difference, figure, stepped
from branchline.core.evidence.find import as_metric
from branchline.core.evidence.flatten import is_finite
from branchline.core.policy import Goal
from branchline.render.table import Align, Cell, Column, Table, Tone, cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence import Evidence, Metric
    from branchline.core.policy import Gate
    from branchline.core.verdict.noise.values import Difference
    from branchline.render.run_view import InputView, RunView


class Direction(Enum):
    """Which way a metric went against the first run."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"


_TONES = {
    Direction.BETTER: Tone.GOOD,
    Direction.WORSE: Tone.BAD,
    Direction.SAME: Tone.DIM,
    Direction.CHANGED: Tone.PLAIN,
    Direction.UNKNOWN: Tone.UNSURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric in all runs; None where a run lacks it.

    Attributes:
        name: As shown: with its file where two files have the same name.
        metrics: One a run.
        differences: Against the first run, exact in decimal; None where it is not known.
        directions: Against the first run; the first is SAME. CHANGED: no goal says which is better.
    """

    name: str
    metrics: tuple[Metric | None, ...]
    differences: tuple[float | None, ...]
    directions: tuple[Direction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One parameter or input in all runs, as text; None where a run lacks it."""

    group: str
    name: str
    values: tuple[str | None, ...]

    @property
    def is_same(self) -> bool:
        """Whether all runs have the same value."""
        return len(set(self.values)) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side, in the order given.

    Attributes:
        runs: The others are compared with the first.
        metrics, params, inputs: Rows.
        apart: (run, its difference to the first, with what chance leaves open) where the same
            examples were predicted.
    """

    runs: tuple[RunView, ...]
    metrics: tuple[MetricRow, ...]
    params: tuple[ValueRow, ...]
    inputs: tuple[ValueRow, ...]
    apart: tuple[tuple[str, Difference], ...] = ()


def compare_runs(
    runs: Sequence[RunView],
    gate: Gate,
    inputs: Sequence[Sequence[InputView]] = (),
    apart: Sequence[tuple[str, Difference]] = (),
) -> Comparison:
    """Put runs side by side.

    Args:
        runs: The first is what the others are compared with.
        gate: Its rules say which way is better.
        inputs: Of each run, in the same order; commands and parameters are left to their own rows.
        apart: (run, its difference to the first) by the same examples.
    """
    return Comparison(
        runs=tuple(runs),
        metrics=metric_rows([run.evidence for run in runs], gate),
        params=param_rows([run.evidence for run in runs]),
        inputs=_value_rows([_digests(items) for items in inputs]),
        apart=tuple(apart),
    )


def metric_count(evidences: Sequence[Evidence], gate: Gate) -> int:
    """How many rows `metric_rows` has without a limit."""
    return len({key for one in evidences for key in _metrics_of(one, evidences[-1], gate)})


def metric_rows(
    evidences: Sequence[Evidence], gate: Gate, *, most: int | None = None
) -> tuple[MetricRow, ...]:
    """The metrics of several runs: those of the gate first, then in the order of the files.

    Args:
        evidences: Of the runs; the others are compared with the first.
        gate: Says which way is better.
        most: Rows at most; a training may leave 100,000 numbers.
    """
    tables = [_metrics_of(evidence, evidences[-1], gate) for evidence in evidences]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    files_of = Counter(name for _, name in keys)
    barred = [rule.name for rule in gate.metrics]
    goals = {rule.name: rule.goal for rule in gate.metrics}
    named = [(name if files_of[name] == 1 else f"{file}:{name}", file, name) for file, name in keys]
    named.sort(key=lambda entry: _rank(entry[0], barred))
    rows = []
    for shown, file, name in named[:most]:
        metrics = tuple(table.get((file, name)) for table in tables)
        goal = goals.get(name) or goals.get(f"{file}:{name}")
        steps = tuple(_difference(metrics[0], metric) for metric in metrics)
        ways = tuple(
            _direction(metrics[0], m, s, goal) for m, s in zip(metrics, steps, strict=True)
        )
        rows.append(MetricRow(name=shown, metrics=metrics, differences=steps, directions=ways))
    return tuple(rows)


def param_rows(evidences: Sequence[Evidence]) -> tuple[ValueRow, ...]:
    """The parameters of several runs."""
    return _value_rows([_params(evidence) for evidence in evidences])


def _metrics_of(evidence: Evidence, newest: Evidence, gate: Gate) -> dict[tuple[str, str], Metric]:
    """Metrics of one run, with what was measured and the gate names.

    A time that the newest run took beside its own stands for that of an earlier run: times of two
    runs cannot be compared.
    """
    found = {(metric.file, metric.name): metric for metric in evidence.metrics}
    for rule in gate.metrics:
        own, beside = evidence.measure(rule.name), newest.measure(rule.name)
        if evidence is not newest and beside is not None and beside.source:
            own = None if beside.baseline is None else replace(beside, value=beside.baseline)
        if own is not None:
            found["", rule.name] = as_metric(own)
    return found


def _rank(name: str, barred: Sequence[str]) -> int:
    short = name.rpartition(":")[2]
    for known in (name, short):
        if known in barred:
            return barred.index(known)
    return len(barred)


def _difference(first: Metric | None, other: Metric | None) -> float | None:
    if first is None or other is None or first.value is None or other.value is None:
        return None
    return difference(other.value, first.value)


def _direction(
    first: Metric | None, other: Metric | None, step: float | None, goal: Goal | None
) -> Direction:
    if step is None:
        both = first is not None and other is not None
        same = both and first == other and is_finite(other.value if other else None)
        return Direction.SAME if same else Direction.UNKNOWN
    if not step:
        return Direction.SAME
    if goal is None:
        return Direction.CHANGED
    return Direction.BETTER if (step > 0) is (goal is Goal.MAXIMIZE) else Direction.WORSE


def _params(evidence: Evidence) -> dict[tuple[str, str], str]:
    found = {}
    for name, value in evidence.params.items():
        file, _, key = name.partition(":")
        found[(file, key)] = _as_text(value)
    return found


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _digests(items: Sequence[InputView]) -> dict[tuple[str, str], str]:
    return {
        (item.stage, f"{item.kind} {item.name}".strip()): item.value or item.digest[:12]
        for item in items
        if item.kind != "parameter"
    }


def _value_rows(tables: Sequence[Mapping[tuple[str, str], str]]) -> tuple[ValueRow, ...]:
    keys = dict.fromkeys(key for table in tables for key in table)
    return tuple(
        ValueRow(group=group, name=name, values=tuple(t.get((group, name)) for t in tables))
        for group, name in keys
    )


def comparison_tables(comparison: Comparison, *, everything: bool = False) -> list[Table]:
    """Tables for a terminal: runs, metrics, then parameters and inputs that differ.

    Args:
        comparison: What to show.
        everything: Show parameters and inputs that are the same everywhere, too.
    """
    tables = [_head(comparison), _metric_table(comparison), _apart_table(comparison)]
    for title, heading, rows in (
        ("Parameters", "file", comparison.params),
        ("Inputs", "stage", comparison.inputs),
    ):
        shown = [row for row in rows if everything or not row.is_same]
        if shown:
            tables.append(_value_table(comparison, title, heading, shown))
    return [table for table in tables if table.rows]


def _columns(comparison: Comparison) -> tuple[Column, ...]:
    return tuple(Column(heading=run.run, align=Align.RIGHT) for run in comparison.runs)


def _head(comparison: Comparison) -> Table:
    runs = comparison.runs
    rows = [
        (cell("branch"), *(cell(run.branch or "(none)") for run in runs)),
        (cell("verdict"), *(cell(outcome_word(run)) for run in runs)),
    ]
    return Table(columns=(Column(heading="run"), *_columns(comparison)), rows=tuple(rows))


def outcome_word(run: RunView) -> str:
    """A run's verdict in one word; a run without bars was not judged, which is not unknown."""
    if run.verdict is not None and not run.verdict.findings:
        return "no gate"
    return run.outcome or "none"


def _metric_table(comparison: Comparison) -> Table:
    rows = tuple((cell(row.name), *_metric_cells(row)) for row in comparison.metrics)
    return Table(columns=(Column(heading="metric"), *_columns(comparison)), rows=rows)


def _apart_table(comparison: Comparison) -> Table:
    """What chance leaves open of each difference to the first run."""
    rows = []
    for run, found in comparison.apart:
        words, tone = said_of(found)
        rows.append(
            (
                cell(found.metric), cell(run), cell(stepped(found.estimate)),
                cell(between(found.low, found.high)),
                cell(f"{found.examples:,}"), cell(words, tone),
            )
        )  # fmt: skip
    columns = (
        Column(heading="metric"),
        Column(heading="run"),
        Column(heading="difference", align=Align.RIGHT),
        Column(heading="likely between", align=Align.RIGHT),
        Column(heading="examples", align=Align.RIGHT),
        Column(heading="says"),
    )
    title = f"Differences to {comparison.runs[0].run} on the same examples" if rows else ""
    return Table(columns=columns, rows=tuple(rows), title=title)


def said_of(found: Difference) -> tuple[str, Tone]:
    """What a difference says by chance alone: better, worse, the same, or nothing.

    The interval is what the examples leave open; other seeds of the training may move it as well.
    """
    if found.low == found.high == 0:
        return "the same", Tone.DIM
    if found.low > 0 or found.high < 0:
        is_better = (found.low > 0) is (found.goal is Goal.MAXIMIZE)
        return ("better", Tone.GOOD) if is_better else ("worse", Tone.BAD)
    return "may be chance", Tone.UNSURE


def _metric_cells(row: MetricRow) -> list[Cell]:
    cells: list[Cell] = []
    for metric, step, way in zip(row.metrics, row.differences, row.directions, strict=True):
        text = "-" if metric is None else metric_text(metric)
        if step:
            text += f" ({signed(step)})"
        cells.append(cell(text, _TONES[way] if cells else Tone.PLAIN))
    return cells


def metric_text(metric: Metric) -> str:
    """A metric's value for people: rounded when it is a number, else as it was written."""
    return metric.text if metric.value is None else figure(metric.value)


def signed(step: float) -> str:
    """A difference with its sign; none reads 0."""
    text = figure(step)
    return "0" if not step else text if text.startswith("-") else f"+{text}"


def _value_table(
    comparison: Comparison, title: str, heading: str, rows: Sequence[ValueRow]
) -> Table:
    cells = []
    for row in rows:
        values = [
            cell("-" if value is None else _cut(value), Tone.PLAIN if row.is_same else Tone.STRONG)
            for value in row.values
        ]
        cells.append((cell(row.group), cell(row.name), *values))
    columns = (Column(heading=heading), Column(heading="name"), *_columns(comparison))
    return Table(columns=columns, rows=tuple(cells), title=title)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
