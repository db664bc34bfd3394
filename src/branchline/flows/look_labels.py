"""Metrics of a model in production from rows whose truth is known by now. Serves `flows.look`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence import Metric
from branchline.core.evidence.tables import form_of
from branchline.errors import BranchlineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import MetricRule, PredictionColumns
    from branchline.core.verdict.noise.values import PairedExamples
    from branchline.flows.project import Project


def metrics_of_labels(
    project: Project, columns: PredictionColumns, rules: Sequence[MetricRule], *, min_rows: int
) -> tuple[tuple[Metric, ...], tuple[str, ...], int]:
    """What the metrics are on the labelled rows.

    Args:
        project: Ports.
        columns: The file and its columns.
        rules: Metrics that are wanted.
        min_rows: Rows below which nothing is computed.

    Returns:
        The metrics; why others are not among them, a sentence each; how many rows there are.
    """
    from branchline.core.verdict.noise.estimate import NoComparisonError
    from branchline.core.verdict.noise.metrics import known_metric
    from branchline.core.verdict.noise.scoring import value_of

    try:
        examples = _examples(project, columns, rules)
    except BranchlineError as error:
        parts = (f"{error.message.rstrip('.')}.", *error.details[:2], error.todo)
        return (), (" ".join(part for part in parts if part),), 0
    if examples.count < min_rows:
        return (), (), examples.count
    found: list[Metric] = []
    unread: list[str] = []
    for rule in rules:
        metric = known_metric(rule.name)
        if metric is None:
            unread.append(
                f"{columns.path}: `{rule.name}` is no metric that is computed from labels; let"
                " `monitor.run` leave it in `metrics_from`."
            )
            continue
        try:
            value = value_of(metric, examples, examples.candidate)
        except NoComparisonError as error:
            unread.append(f"{columns.path}: `{rule.name}` cannot be computed: {error}.")
            continue
        found.append(Metric(name=rule.name, value=value, text=repr(value), file=columns.path))
    return tuple(found), tuple(unread), examples.count


def _examples(
    project: Project, columns: PredictionColumns, rules: Sequence[MetricRule]
) -> PairedExamples:
    """The labelled rows.

    Raises:
        BranchlineError: They are not here, or not what they have to be.
    """
    from branchline.core.evidence.predictions import Task, columns_needed, read_predictions
    from branchline.core.verdict.noise.metrics import Needs, known_metric
    from branchline.core.verdict.pairing import pair
    from branchline.errors import DocumentError, MissingInputError

    form = form_of(columns.path)
    if form is None:
        raise DocumentError(
            f"`monitor.labels` names `{columns.path}`, which is no file of predictions",
            todo="Name one in parquet, CSV, JSON lines or npz.",
        )
    data = project.workspace.read(columns.path)
    if data is None:
        raise MissingInputError(
            f"there are no labelled rows at `{columns.path}`",
            todo="Let `monitor.run` leave them there.",
        )
    table = project.tables.read(data, form, columns_needed(columns), file=columns.path)
    known = [metric for rule in rules if (metric := known_metric(rule.name)) is not None]
    tasks = {Needs.VALUES: Task.VALUES, Needs.RANKS: Task.RANKING}
    task = tasks.get(known[0].needs, Task.CLASSES) if known else None
    read = read_predictions(table, columns, task=task)
    paired = pair(read, read)
    if paired.examples is None:
        raise DocumentError(f"{columns.path}: {paired.problem}")
    return paired.examples
