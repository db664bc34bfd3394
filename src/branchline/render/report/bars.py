"""Metrics, slices and what chance can do, as tables of a report. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.figures import between, difference, duration, figure, steady, stepped
from branchline.core.evidence.find import find_metric
from branchline.core.policy import Goal
from branchline.core.values import Outcome
from branchline.core.verdict.values import SELFTEST, TEST_RULE, Answer
from branchline.render.compare import metric_count, metric_rows
from branchline.render.findings import word_of
from branchline.render.report.opening import needed_words
from branchline.render.report.values import Grid, Lines, Mark, Name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence import Metric
    from branchline.core.evidence.model_tests import Examined
    from branchline.core.policy import Gate
    from branchline.core.verdict.values import Finding, Noise
    from branchline.render.compare import MetricRow
    from branchline.render.report.values import Cell
    from branchline.render.run_view import RunView

MOST_ROWS = 60
"""Rows of one table; nobody reads more, and a forge cuts long comments."""
_WORST = 20
_FEW = 8
_ANSWERS = {
    Answer.BETTER: "better",
    Answer.NO_WORSE: "no worse",
    Answer.WORSE: "worse",
    Answer.CANNOT_TELL: "cannot tell yet",
}
_METRIC_RULES = (
    "min", "max", "max_regression", "max_relative_regression", "min_gain", "slices", "none",
)  # fmt: skip
"""Of findings on metrics; others are on tests of the model, or on data."""
_ORDER = {Outcome.FAILED: 0, Outcome.UNKNOWN: 1, Outcome.PASSED: 2}


def metric_grid(
    run: RunView, baseline: RunView | None, gate: Gate, *, most: int = MOST_ROWS
) -> Grid:
    """Every metric with the baseline's, their difference with its interval, and what that says."""
    if run.verdict is not None and run.verdict.is_of_data and not run.evidence.metrics:
        return _without_empty(Grid(title="Metrics", heads=(), right=(), rows=()))
    evidences = [run.evidence] if baseline is None else [baseline.evidence, run.evidence]
    by_metric: dict[str, list[Finding]] = {}
    for finding in run.verdict.findings if run.verdict else ():
        if not finding.where and is_of_metric(finding):
            by_metric.setdefault(finding.metric, []).append(finding)
    rows: list[tuple[Cell, ...]] = []
    seen: set[str] = set()
    every = metric_rows(evidences, gate, most=most)
    for row in every:
        metric = row.metrics[-1] or row.metrics[0]
        full = f"{metric.file}:{metric.name}" if metric else row.name
        names = [name for name in (row.name, full, full.rpartition(":")[2]) if name in by_metric]
        seen.update(names)
        found = by_metric.get(names[0], []) if names else []
        rows.append(_metric_row(row, found, has_baseline=baseline is not None))
    for name, findings in by_metric.items():
        if name not in seen:
            rows.insert(0, _unseen_row(run, name, findings))
    left_out = max(0, len(rows) - most) + metric_count(evidences, gate) - len(every)
    heads = ("metric", "baseline", "this run", "difference", "likely between", "verdict")
    right = (False, True, True, True, True, False)
    kept = tuple(rows[:most])
    return _without_empty(
        Grid(title="Metrics", heads=heads, right=right, rows=kept, left_out=left_out,
             note=_interval_note(run))
    )  # fmt: skip


def _metric_row(
    row: MetricRow, findings: Sequence[Finding], *, has_baseline: bool
) -> tuple[Cell, ...]:
    mine = row.metrics[-1]
    before = row.metrics[0] if has_baseline else None
    step = row.differences[-1] if has_baseline else None
    judged = next((f for f in findings if f.baseline is not None), None)
    was: Cell = _shown(before, mine)
    if judged is not None and judged.value is not None and judged.baseline is not None:
        # The champion may have been scored again: its number then, not the recorded one.
        was = steady(judged.baseline, apart_from=judged.value)
        step = difference(judged.value, judged.baseline)
    noise = next((f.noise for f in findings if f.noise is not None), None)
    return (
        Name(row.name),
        was,
        _shown(mine, before),
        "" if step is None else stepped(step),
        interval(noise),
        marks(findings),
    )


def _unseen_row(run: RunView, name: str, findings: Sequence[Finding]) -> tuple[Cell, ...]:
    """A metric that is judged and not among those recorded: computed, or missing."""
    first = next((f for f in findings if f.value is not None), None)
    if first is None:
        problem = find_metric(run.evidence, name).problem or "is not judged"
        return (
            Name(name),
            "",
            "",
            "",
            "",
            (*marks(findings), Mark(outcome=Outcome.UNKNOWN, text=problem)),
        )
    return (Name(name), *_numbers(first), marks(findings))


def _numbers(finding: Finding) -> tuple[Cell, Cell, Cell, Cell]:
    value, before = finding.value, finding.baseline
    step = None if value is None or before is None else difference(value, before)
    return (
        steady(before, apart_from=value),
        steady(value, apart_from=before),
        "" if step is None else stepped(step),
        interval(finding.noise),
    )


def _shown(metric: Metric | None, other: Metric | None) -> Cell:
    if metric is None:
        return "–"
    if metric.value is None:
        return Name(metric.text)
    return steady(metric.value, apart_from=other.value if other else None)


def interval(noise: Noise | None) -> str:
    """From where to where the true difference may lie; "" when that is not known."""
    if noise is None or noise.low != noise.low or noise.high != noise.high:
        return ""
    return between(noise.low, noise.high)


def marks(findings: Sequence[Finding]) -> tuple[Mark, ...]:
    """What the bars of one metric say, a few words each."""
    return tuple(Mark(outcome=_shown_outcome(f), text=_words(f)) for f in findings)


def _shown_outcome(finding: Finding) -> Outcome | None:
    is_quiet = finding.outcome is Outcome.UNKNOWN and not finding.counts
    return None if is_quiet else finding.outcome


def _words(finding: Finding) -> str:
    bound = "" if finding.bound is None else figure(finding.bound, apart_from=finding.value)
    if finding.rule in ("min", "max"):
        asked = f"{'at least' if finding.rule == 'min' else 'at most'} {bound}".strip()
        return {Outcome.PASSED: asked, Outcome.FAILED: f"not {asked}"}.get(
            finding.outcome, f"not known whether {asked}"
        )
    if finding.answer is Answer.CANNOT_TELL and not finding.counts:
        return "not shown to be worse"
    if finding.answer is not None:
        return _ANSWERS[finding.answer]
    if finding.value is not None and finding.baseline is None and finding.outcome is Outcome.PASSED:
        return "nothing to compare with"
    return {Outcome.PASSED: "within what is tolerated", Outcome.FAILED: "lost too much"}.get(
        finding.outcome, "not known"
    )


def _interval_note(run: RunView) -> str:
    noises = [f.noise for f in run.verdict.findings if f.noise] if run.verdict else []
    if not noises:
        return ""
    share = figure(noises[0].confidence * 100).removesuffix(".0")
    return (
        f"Likely between: where the true difference lies once chance is taken into account, each "
        f"end with {share} % confidence."
    )


def is_of_metric(finding: Finding) -> bool:
    """Whether a finding is on a metric, and not on a test of the model or on data."""
    return finding.rule in _METRIC_RULES


def sentence_lines(run: RunView) -> tuple[Lines, ...]:
    """The findings in whole sentences, what did not pass first; slices stand in their table."""
    findings = list(run.verdict.findings) if run.verdict else []
    others = [f for f in findings if not is_of_metric(f) and not f.is_of_data]
    # With their checks they stand in a section of their own, with rows.
    of_data = [] if run.evidence.data_checks else [f for f in findings if f.is_of_data]
    return (
        _said("Data", of_data),
        _said("In words", [f for f in findings if is_of_metric(f) and not f.where]),
        _said("Self-test of the gate", [f for f in others if f.rule == SELFTEST]),
        _said(
            "Tests of the model",
            [f for f in others if f.rule != SELFTEST],
            {test.name: took(test) for test in run.evidence.tests if test.duration_s},
        ),
    )


def took(test: Examined) -> str:
    """How long a test of the model took, and whose result it is where it is reused."""
    reused = f", from run `{test.run}`" if test.run else ""
    return f"took {duration(test.duration_s)}{reused}"


def _said(title: str, findings: list[Finding], more: Mapping[str, str] | None = None) -> Lines:
    """The findings as a list; below each on a test of the model what is said `more` of it."""
    below = more or {}
    findings.sort(key=lambda f: _ORDER[f.outcome])
    return Lines(
        title=title,
        lines=tuple(
            (
                (Mark(outcome=f.outcome, text=f.sentence, word=word_of(f)),),
                (below[f.metric],) if f.rule == TEST_RULE and f.metric in below else (),
            )
            for f in findings[:MOST_ROWS]
        ),
        left_out=max(0, len(findings) - MOST_ROWS),
    )


def slice_grid(run: RunView, gate: Gate, *, most: int = _WORST) -> Grid:
    """The parts of the evaluation data, the worst first; those not judged are named below."""
    every = run.verdict.findings if run.verdict else ()
    findings = [f for f in every if f.where and is_of_metric(f)]
    goals = {rule.name: rule.goal for rule in gate.metrics}
    judged = [f for f in findings if _is_judged(f)]
    judged.sort(key=lambda f: (_ORDER[f.outcome], -_loss(f, goals.get(f.metric))))
    rows = tuple(
        (
            Name(f.where), Name(f.metric), *_numbers(f),
            f"{f.noise.examples:,}" if f.noise and f.noise.examples else "", marks([f]),
        )
        for f in judged[:most]
    )  # fmt: skip
    heads = ("part of the data", "metric", "baseline", "this run", "difference", "likely between",
             "examples", "verdict")  # fmt: skip
    grid = Grid(
        title=f"Parts of the data{', the worst first' if rows else ''}",
        heads=heads,
        right=(False, False, True, True, True, True, True, False),
        rows=rows,
        left_out=max(0, len(judged) - most),
        note=_not_judged([f for f in findings if not _is_judged(f)]),
    )
    return _without_empty(grid)


def _is_judged(finding: Finding) -> bool:
    return finding.answer is not None or finding.outcome is Outcome.FAILED


def _loss(finding: Finding, goal: Goal | None) -> float:
    """How much worse, as a share of the number, so that metrics can be put in one order."""
    if finding.value is None or finding.baseline is None:
        return 0.0
    step = (difference(finding.value, finding.baseline) or 0.0) / (abs(finding.baseline) or 1.0)
    return step if goal is Goal.MINIMIZE else -step


def _not_judged(findings: Sequence[Finding]) -> str:
    """Each part once: of several metrics it has most often the same reason."""
    if not findings:
        return ""
    parts: dict[tuple[str, str], None] = {}
    for finding in findings:
        why = finding.sentence.rpartition(": ")[2].removesuffix(".")
        why = why.removeprefix("not judged (").removesuffix(")")
        parts[finding.where.replace("`", "'"), why] = None
    shown = [f"`{where}` ({why})" for where, why in list(parts)[:_FEW]]
    more = f", and {len(parts) - _FEW:,} more" if len(parts) > _FEW else ""
    return f"Not judged: {', '.join(shown)}{more}."


def noise_grid(run: RunView) -> Grid:
    """Both noises of each difference, apart: by the examples, and by the seeds of training."""
    findings = [f for f in run.verdict.findings if f.noise and not f.where] if run.verdict else []
    rows: list[tuple[Cell, ...]] = []
    seen: set[str] = set()
    for finding in findings:
        noise = finding.noise
        if noise is None or finding.metric in seen or not (noise.sampling or noise.training):
            continue  # of the same predictions chance cannot do anything
        seen.add(finding.metric)
        rows.append(
            (
                Name(finding.metric),
                _half(noise.sampling),
                _half(noise.training),
                _from(noise),
                needed_words(noise.needed_examples, noise.needed_runs, noise.needed_s),
            )
        )
    grid = Grid(
        title="What chance alone can do",
        heads=("metric", "by the examples", "by the training", "known from", "what would tell"),
        right=(False, True, True, False, False),
        rows=tuple(rows[:MOST_ROWS]),
        left_out=max(0, len(rows) - MOST_ROWS),
    )
    return _without_empty(grid, keep=3)


def _half(width: float | None) -> str:
    return "not known" if width is None or width != width else f"±{steady(abs(width))}"


def _from(noise: Noise) -> str:
    parts = []
    if noise.examples:
        groups = f" of {noise.groups:,} groups" if noise.groups else ""
        method = f" by {noise.method}" if noise.method else ""
        parts.append(f"{noise.examples:,} examples{groups}{method}")
    if noise.runs:
        parts.append(f"{noise.runs:,} training{'' if noise.runs == 1 else 's'}")
    return ", ".join(parts)


def _without_empty(grid: Grid, keep: int = 0) -> Grid:
    """The same without columns in which nothing stands."""
    kept = [
        n
        for n in range(len(grid.heads))
        if n <= keep or any(row[n] not in ("", "–", ()) for row in grid.rows)
    ]
    return Grid(
        title=grid.title,
        heads=tuple(grid.heads[n] for n in kept),
        right=tuple(grid.right[n] for n in kept),
        rows=tuple(tuple(row[n] for n in kept) for row in grid.rows),
        note=grid.note,
        left_out=grid.left_out,
    )
