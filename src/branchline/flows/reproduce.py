"""Verb: reproduce. A run is made again from its commit, in a place of its own, and compared.

Nothing of the repository moves: no record, no result, no file of the working tree. What is compared
is what a run is for: its metrics and the bytes of its outputs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.errors import RecordError
from branchline.flows.evidence import EvidenceReader
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.walked import EngineOptions
from branchline.render.reproduced import Reproduced, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.core.evidence import Evidence, Metric
    from branchline.core.plan.values import Plan
    from branchline.flows.project import Project
    from branchline.flows.walked import Watcher
    from branchline.render.run_view import RunView

COMPARED_VERSIONS = ("python", "platform")
"""Of the versions of a record, those whose change may explain another result."""


def commit_of(view: RunView) -> str:
    """The commit that a run can be made again from.

    Raises:
        RecordError: There is none.
    """
    if view.commit is None or view.problems:
        why = view.problems[0] if view.problems else "its record names no commit"
        raise RecordError(f"run {view.run} cannot be made again: {why}")
    if view.is_dirty:
        raise RecordError(
            f"run {view.run} cannot be made again: it was made with changes that were in no commit",
            todo="Commit, run, and reproduce that run: branchline runs shows which are clean.",
        )
    return view.commit


def reproduce(
    project: Project,
    view: RunView,
    watcher: Watcher,
    *,
    jobs: int,
    tolerance: float,
    is_stopped: Callable[[], bool],
    on_plan: Callable[[Plan], None],
) -> Reproduced:
    """Make a run again and compare.

    Args:
        project: A fresh working tree of its commit, with records of its own.
        view: The run as recorded.
        watcher: Who shows progress.
        jobs: Stages side by side.
        tolerance: Metrics may differ by so much, relative to the larger one, >= 0.
        is_stopped: Asked often; True ends it.
        on_plan: Told the plan before anything starts.

    Raises:
        MissingInputError, CodeError, ConfigError, ...: Nothing was started.
    """
    commit = commit_of(view)
    outcome = run(
        project,
        RunOptions(
            plan=PlanOptions(
                force=True, force_reason=f"run {view.run} is made again", trust_elsewhere=False
            ),
            engine=EngineOptions(jobs=jobs),
            judges=False,
            label=f"{view.run}-again",
        ),
        watcher,
        is_stopped=is_stopped,
        on_plan=on_plan,
    )
    if outcome.walked.is_cancelled:
        return Reproduced(run=view.run, commit=commit, is_cancelled=True)
    if outcome.walked.failures:
        stage, ended = next(iter(outcome.walked.failures.items()))
        return Reproduced(run=view.run, commit=commit, failure=f"`{stage}` failed: {ended.detail}")
    reader = EvidenceReader(project, outcome.planner, outcome.plan, outcome.walked)
    now = reader.gather(duration_s=outcome.duration_s, dirty=())
    return Reproduced(
        run=view.run,
        commit=commit,
        rows=(*_metric_rows(view.evidence, now, tolerance), *_output_rows(view.evidence, now)),
        moved=_moved(view.evidence.versions, now.versions),
    )


def _metric_rows(then: Evidence, now: Evidence, tolerance: float) -> list[Row]:
    ours = {(metric.file, metric.name): metric for metric in now.metrics}
    theirs = {(metric.file, metric.name): metric for metric in then.metrics}
    rows = []
    for place in dict.fromkeys((*theirs, *ours)):
        old, new = theirs.get(place), ours.get(place)
        rows.append(
            Row(
                kind="metric",
                name=place[1],
                recorded=old.text if old else "",
                now=new.text if new else "",
                is_same=old is not None and new is not None and _agree(old, new, tolerance),
            )
        )
    return rows


def _agree(old: Metric, new: Metric, tolerance: float) -> bool:
    if old.value is None or new.value is None:
        return old.text == new.text
    if math.isnan(old.value) or math.isnan(new.value):
        return math.isnan(old.value) and math.isnan(new.value)
    return old.value == new.value or math.isclose(old.value, new.value, rel_tol=tolerance)


def _output_rows(then: Evidence, now: Evidence) -> list[Row]:
    return [
        Row(
            kind="output",
            name=path,
            recorded=then.outs.get(path, ""),
            now=now.outs.get(path, ""),
            is_same=bool(then.outs.get(path)) and then.outs.get(path) == now.outs.get(path),
        )
        for path in dict.fromkeys((*then.outs, *now.outs))
    ]


def _moved(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{name} was {then[name]}, is {now.get(name) or 'not known'}"
        for name in COMPARED_VERSIONS
        if then.get(name) and then[name] != now.get(name)
    )
