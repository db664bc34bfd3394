"""Verb: reproduce. A run is made again from its commit, in a place of its own, and compared.

Nothing of the repository moves: no record, no result, no file of the working tree. What is compared
is what a run is for: its metrics, as far as chance lets them be the same, and the bytes of its
outputs. Who is to blame for other numbers is `flows.blaming`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.verdict.blame import parted, suspects_of
from branchline.errors import RecordError
from branchline.flows.evidence import EvidenceReader
from branchline.flows.plan import PlanOptions
from branchline.flows.recorded_trainings import recorded_trainings
from branchline.flows.reproduced_noise import differences, within_examples, within_trainings
from branchline.flows.run import RunOptions, run
from branchline.flows.walked import EngineOptions
from branchline.render.reproduced import Reproduced, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.core.evidence import Evidence, Metric
    from branchline.core.plan.values import Plan, Result
    from branchline.core.verdict.noise.trainings import Training
    from branchline.core.verdict.noise.values import Difference
    from branchline.flows.project import Project
    from branchline.flows.walked import Watcher
    from branchline.ports.records import Records
    from branchline.render.run_view import RunView

COMPARED_VERSIONS = ("python", "platform")
"""Of the versions of a record, those whose change may explain another result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the records say of a run besides its own record.

    Attributes:
        results: Stage -> what it depended on and left; stages that are not known are left out.
        trainings: Made to learn about chance, oldest first.
    """

    results: Mapping[str, Result]
    trainings: tuple[Training, ...] = ()


def recorded_of(records: Records, view: RunView) -> Recorded:
    """Look it up; the place in which the run is made again begins without records."""
    stages = [facts for facts in view.evidence.stages if facts.key]
    found = records.results([facts.key for facts in stages])
    results = {}
    for facts in stages:
        known = found.get(facts.key, ())
        own = [result for result in known if result.run == facts.run] or list(known)
        if own:
            results[facts.stage] = own[0]
    return Recorded(results=results, trainings=recorded_trainings(records))


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
    recorded: Recorded,
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
        recorded: What the clone's records say besides.
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
    rows = _metric_rows(view.evidence, now, tolerance)
    if any(not row.is_same for row in rows):
        compared = differences(project, view.evidence, now, run=view.run, commit=commit)
        noise = _Noise(view, recorded, compared, project.policy.gate.confidence)
        rows = [noise.weighed(row, now) for row in rows]
    results = outcome.walked.results
    began = parted([entry.stage for entry in outcome.plan.stages], recorded.results, results)
    suspects = [s for stage in began for s in suspects_of(recorded.results[stage], results[stage])]
    return Reproduced(
        run=view.run,
        commit=commit,
        rows=(*rows, *_output_rows(view.evidence, now)),
        moved=_moved(view.evidence.versions, now.versions),
        suspects=tuple(dict.fromkeys(suspects)),
        stages=tuple(began),
        knows_inputs=set(recorded.results) >= {facts.stage for facts in view.evidence.stages},
    )


@dataclass(frozen=True, slots=True)
class _Noise:
    """What is known of chance, for the metrics of one run."""

    view: RunView
    recorded: Recorded
    compared: Mapping[str, Difference]
    confidence: float

    def weighed(self, row: Row, now: Evidence) -> Row:
        """The same row with why the difference may be chance, where it may."""
        metric = next((m for m in now.metrics if m.name == row.name and m.text == row.now), None)
        then = next((m for m in self.view.evidence.metrics if m.name == row.name), None)
        if row.is_same or metric is None or then is None or then.value is None:
            return row
        why = within_trainings(
            self.view.evidence,
            metric,
            recorded=then.value,
            trainings=self.recorded.trainings,
            model=self.view.model,
            confidence=self.confidence,
        )
        if why is None:  # Where trainings tell, the examples could only excuse what is no chance.
            why = within_examples(self.compared.get(row.name))
        return replace(row, within=why)


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
