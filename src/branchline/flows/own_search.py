"""The user's own search: a command (`tune.run`) or a stage that leaves the file of the best values.

Serves the flow `tune_job`. Beside `best_params.yaml` it may leave a table of its trials,
`best_params.trials.csv` or `best_params.trials.json`: a row (an object) a trial, with a column for
each parameter and one for the metric of the objective.
"""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING, Any

from branchline.core.run import StageState, command_lines
from branchline.core.run.trials import Trial, TrialState, ranked
from branchline.errors import ParamsError, StageFailedError
from branchline.flows.inputs import leaves_of
from branchline.flows.job import show_of, trigger_of
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.search import own_search_stages
from branchline.flows.walked import EngineOptions
from branchline.ports.executor import Task
from branchline.render.job_log import job_line, plan_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.plan.values import Plan
    from branchline.core.run.jobs import QueuedJob
    from branchline.core.values import JsonValue
    from branchline.flows.job import Grip, JobLog
    from branchline.flows.project import Project
    from branchline.flows.search import Search

_STAGE = "tune"
_MOST_ROWS = 10_000
_MOST_BYTES = 10_000_000


def own_search(
    project: Project, asked: Search, job: QueuedJob, log: JobLog, grip: Grip
) -> list[Trial]:
    """Run the search and read what it left.

    Returns:
        What it chose first, then the other trials of its table, best first. Empty when stopped.

    Raises:
        StageFailedError: It failed. ParamsError: It left no file of the best values.
    """
    if asked.command:
        _run_command(project, asked, job, log, grip)
    else:
        _run_stages(project, job, log, grip)
    if grip.is_stopped():
        return []
    best = _best_values(project, asked.write)
    table = ranked(_table(project, asked, best), asked.goal)
    same = next((t for t in table if {k: t.params.get(k) for k in best} == best), None)
    value = same.value if same else None
    given = Trial(
        number=same.number if same else 1, params=best, state=TrialState.GIVEN, value=value
    )
    return [given, *(trial for trial in table if trial is not same)]


def _run_command(project: Project, asked: Search, job: QueuedJob, log: JobLog, grip: Grip) -> None:
    folder = os.path.join(project.state_dir, "logs")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"tune.{job.attempt}.log")
    task = Task(
        stage=_STAGE,
        cmd=command_lines((asked.command,), is_list=False),
        cwd=project.root,
        log=path,
        env={"BRANCHLINE_STAGE": _STAGE},
        timeout_s=asked.budget.time_s,
        root=project.root,
    )
    log.write(job_line("run", f"{_STAGE}: {asked.command}"))
    project.executor.start(task)
    ended = None
    while ended is None:
        if grip.is_stopped():
            project.executor.stop()
            return
        ended = next(iter(project.executor.wait(0.1)), None)
        log.follow(_STAGE, path)
    log.finish(_STAGE)
    if ended.failure is not None:
        raise StageFailedError(
            f"the search failed: {ended.detail}",
            todo=f"Mend `tune.run` ({asked.command}); its output stands above.",
        )


def _run_stages(project: Project, job: QueuedJob, log: JobLog, grip: Grip) -> None:
    def show(plan: Plan) -> None:
        for line in plan_lines(plan):
            log.write(line)

    outcome = run(
        project,
        RunOptions(
            plan=PlanOptions(
                targets=tuple(sorted(own_search_stages(project))),
                force=job.asked.force,
                trust_elsewhere=False,
            ),
            engine=EngineOptions(jobs=project.machine.cpus()),
            trigger=trigger_of(job.asked),
            judges=False,
        ),
        show_of(project, log, grip),
        is_stopped=grip.is_stopped,
        on_plan=show,
    )
    for stage, ended in outcome.walked.failures.items():
        raise StageFailedError(f"the search failed: `{stage}`: {ended.detail}")
    if any(state is StageState.FAILED for state in outcome.walked.states.values()):
        raise StageFailedError("the search failed")


def _best_values(project: Project, file: str) -> dict[str, JsonValue]:
    data = project.workspace.read(file)
    if data is None or len(data) > _MOST_BYTES:
        raise ParamsError(
            f"the search left no {file}" if data is None else f"{file} has {len(data)} bytes",
            todo="Let it write the best values there, e.g. `train: {lr: 0.1}`, or name the file"
            " that it writes as tune.write.",
        )
    from branchline.config.params import parse_params

    values: Any = parse_params(file, data)
    return {key: value for key, value in leaves_of(values) if _is_plain(value)}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list)


def _table(project: Project, asked: Search, best: Mapping[str, JsonValue]) -> list[Trial]:
    """Trials of the table that the search left; none when it left none that can be read."""
    stem = asked.write.rpartition(".")[0] or asked.write
    rows: Any = []
    text = project.workspace.read(f"{stem}.trials.json")
    try:
        if text is not None and len(text) <= _MOST_BYTES:
            rows = json.loads(text)
        else:
            text = project.workspace.read(f"{stem}.trials.csv")
            if text is not None and len(text) <= _MOST_BYTES:
                rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    except (ValueError, RecursionError, csv.Error):
        return []
    found = []
    for number, row in enumerate(_rows(rows), start=1):
        params = {name: _value(row[name]) for name in best if name in row}
        found.append(
            Trial(
                number=number,
                params=params,
                state=TrialState.SUCCEEDED,
                value=_number(row.get(asked.metric)),
            )
        )
    return found


def _rows(value: Any) -> list[dict[str, Any]]:
    rows = value[:_MOST_ROWS] if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _value(value: object) -> JsonValue:
    """A cell as the value that it says."""
    if not isinstance(value, str):
        return value  # type: ignore[return-value] # JSON
    try:
        read: JsonValue = json.loads(value)
    except ValueError:
        return value
    return read


def _number(value: object) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(str(value))
    except ValueError:
        return None
