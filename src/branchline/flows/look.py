"""Verb: look at the model in production. Serves the station `evidence`.

Fetches what is new with the command of `monitor.run`, compares the new data with what the model was
trained on, and reads the metrics with bounds. Judges nothing over time, records nothing, tells
nobody: that is `flows.watching`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from branchline.config.monitoring import reference_of
from branchline.config.pipeline import refuse_link_outside
from branchline.core.evidence import Evidence, Metric
from branchline.core.evidence.data.data_json import profile_from_json, profile_to_json
from branchline.core.evidence.data.drift import compare_profiles
from branchline.core.evidence.watched import (
    TRAINING,
    ColumnSeen,
    MetricSeen,
    Monitor,
    Seen,
    most_telling,
)
from branchline.core.plain_text import plain
from branchline.core.policy import Gate
from branchline.core.run import command_lines
from branchline.core.trigger.cron import cron_of, due_before
from branchline.core.values import Outcome, digest_of, without_secrets
from branchline.core.verdict.judge import judge
from branchline.errors import BranchlineError, ConfigError, DataError
from branchline.flows.baselines import baseline_among
from branchline.flows.data_reference import Champion
from branchline.flows.look_labels import metrics_of_labels
from branchline.flows.metrics_left import metrics_in
from branchline.ports.executor import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.evidence.data.values import ColumnDrift, Table, TableProfile
    from branchline.flows.project import Project
    from branchline.ports.ledger import ChildProcess

_STAGE = "monitor"
_NAMED, _TAIL_BYTES = 10, 4096


class LookStopped(Exception):  # noqa: N818 # no error: somebody asked for it
    """The look was stopped before it ended."""


@dataclass(slots=True)
class _Found:
    """What a look gathers."""

    run: str = ""
    via: str = ""
    window: str = ""
    rows: int | None = None
    is_judged: bool = False
    compared: int = 0
    columns: list[ColumnSeen] = field(default_factory=list)
    metrics: list[MetricSeen] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look(
    project: Project,
    asked: Monitor,
    *,
    say: Callable[[str], None] = lambda _text: None,
    is_stopped: Callable[[], bool] = lambda: False,
    note: Callable[[ChildProcess | None], None] = lambda _child: None,
) -> Seen:
    """Look once. Whatever cannot be looked at is a sentence of what was seen, not an error.

    Args:
        project: Ports and policy.
        asked: What `monitor` asks for.
        say: Told what is done.
        is_stopped: Asked while `monitor.run` runs.
        note: Told of the process of `monitor.run`, and None when it has ended.

    Raises:
        ConfigError: `monitor` asks for what cannot be.
        LookStopped: It was stopped.
    """
    at = project.machine.now()
    due = _due(asked, at)
    if asked.source and asked.reference == TRAINING and not reference_of(project.policy, asked):
        raise ConfigError(
            "branchline.yaml: monitor: does not say which data the model was trained on",
            todo="Write e.g. `trained_on: data/train.parquet` below `monitor`; the record of the"
            " next run will have its profile.",
        )
    found = _Found()
    champion = Champion(project, lambda of: baseline_among(of, without=()))
    found.run, found.via = champion.found_run, champion.via
    before = project.workspace.signature(asked.metrics_from) if asked.metrics_from else ""
    has_run = not asked.run or _is_run(project, asked, found, say, is_stopped, note)
    if asked.source and has_run:
        say(f"comparing {asked.source} with {_against(asked, found)}")
        _compare(project, asked, champion, found)
    if asked.metrics:
        left = project.workspace.signature(asked.metrics_from) if asked.metrics_from else ""
        is_stale = not has_run or (bool(asked.run) and left == before)
        _measure(project, asked, found, is_stale=is_stale)
    return Seen(
        model=project.policy.model,
        at=at,
        due=due,
        run=found.run,
        via=found.via,
        window=found.window,
        rows=found.rows,
        is_judged=found.is_judged,
        compared=found.compared,
        columns=tuple(found.columns),
        metrics=tuple(found.metrics),
        problems=tuple(found.problems),
        waits=tuple(found.waits),
        notes=tuple(found.notes),
    )


def _due(asked: Monitor, at: str) -> str:
    """When the schedule asked for this look; "" without one.

    Raises:
        ConfigError: The schedule is none.
    """
    if not asked.schedule:
        return ""
    try:
        due = due_before(cron_of(asked.schedule), datetime.fromisoformat(at).astimezone(UTC))
    except ValueError as error:
        raise ConfigError(
            f"branchline.yaml: monitor.schedule: {error}",
            todo="Write five fields as in `17 */6 * * *` (UTC).",
        ) from error
    return f"{due:%Y-%m-%dT%H:%M:00Z}" if due is not None else ""


def _against(asked: Monitor, found: _Found) -> str:
    if asked.reference != TRAINING:
        return asked.reference
    return f"what run {found.run} was trained on" if found.run else "the model in production"


def _is_run(
    project: Project,
    asked: Monitor,
    found: _Found,
    say: Callable[[str], None],
    is_stopped: Callable[[], bool],
    note: Callable[[ChildProcess | None], None],
) -> bool:
    """Run `monitor.run`; False where it failed.

    Raises:
        LookStopped: It was stopped.
    """
    folder = os.path.join(project.state_dir, "logs")
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, f"{_STAGE}.{digest_of(project.policy.model)[:8]}.log")
    shown = os.path.relpath(log, project.root)
    task = Task(
        stage=_STAGE,
        cmd=command_lines((asked.run,), is_list=False),
        cwd=project.root,
        log=log,
        env={"BRANCHLINE_STAGE": _STAGE},
        timeout_s=asked.timeout_s,
        root=project.root,
    )
    say(f"running `monitor.run`, its output goes to {shown}")
    try:
        note(project.executor.start(task))
        ended = None
        while ended is None:
            if is_stopped():
                project.executor.stop()
                raise LookStopped
            ended = next(iter(project.executor.wait(0.2)), None)
    except BranchlineError as error:
        found.problems.append(_one_line(f"`monitor.run` could not be started: {error.message}"))
        return False
    note(None)
    if ended.failure is None:
        return True
    said = ended.said or _last_line(log)
    found.problems.append(
        _one_line(
            f"`monitor.run` failed ({ended.detail}){f': {said}' if said else ''}. Its output is in"
            f" `{shown}`."
        )
    )
    return False


def _last_line(log: str) -> str:
    """What a program said last; "" where it said nothing."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            rows = file.read(_TAIL_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    # The log begins with the command.
    said = [row for row in rows if row.strip() and not row.startswith("$ ")]
    return plain(said[-1]).strip()[:300] if said else ""


def _compare(project: Project, asked: Monitor, champion: Champion, found: _Found) -> None:
    """Compare the new data with the reference, column by column."""
    try:
        before = _reference(project, asked, champion, found)
        if before is None:
            return
        files = project.data_files
        table = files.open(asked.source)
        if not _has_same_columns(asked, before, table, found):
            return
        types = {one.name: one.type for one in before.columns if one.type is not None}
        after = files.profile(table, types=types, like=before)
        content = project.workspace.content(asked.source)
    except BranchlineError as error:
        parts = (f"{error.message.rstrip('.')}.", *error.details[:2], error.todo)
        found.problems.append(_one_line(" ".join(part for part in parts if part)))
        return
    digest = content.md5 if content is not None and content.md5 else digest_of(
        profile_to_json(after)
    )  # fmt: skip
    found.rows = after.rows
    limits = [list(pair) for pair in asked.limits]
    rules = [asked.min_rows, asked.limit, limits, list(asked.only), list(asked.exclude)]
    found.window = digest_of(["window", digest, digest_of(profile_to_json(before)), rules])
    moved = [one for one in compare_profiles(before, after) if asked.asks_for(one.column)]
    found.compared = len(moved)
    found.is_judged = after.rows >= asked.min_rows and any(m.psi is not None for m in moved)
    seen = [_column(asked, one, is_judged=found.is_judged) for one in moved]
    found.columns = list(most_telling(seen))
    if after.rows >= asked.min_rows and not found.is_judged:
        why = moved[0].why if moved else "there is no column that both have"
        found.problems.append(f"Drift was not judged: {why}.")


def _column(asked: Monitor, moved: ColumnDrift, *, is_judged: bool) -> ColumnSeen:
    limit = max(asked.limit_of(moved.column), moved.chance or 0.0)
    is_drifted = is_judged and moved.is_drifted and moved.psi is not None and moved.psi > limit
    return ColumnSeen(
        column=moved.column, psi=moved.psi, limit=limit, is_drifted=is_drifted, why=moved.why
    )


def _reference(
    project: Project, asked: Monitor, champion: Champion, found: _Found
) -> TableProfile | None:
    """What the data are compared with; None, with a sentence why, where there is nothing."""
    if asked.reference != TRAINING:
        return _named_reference(project, asked)
    path = reference_of(project.policy, asked)
    if not champion.is_known:
        found.waits.append(f"Not compared: there is no model in production yet ({champion.via}).")
        return None
    profile = champion.profile(path)
    if profile is None:
        which = f"the record of run `{champion.run}`" if champion.run else champion.via
        found.problems.append(
            f"Not compared: {which} does not say what `{path}` looked like. A model that is trained"
            f" from now on does, where `{path}` can be read; until then name a file:"
            f" `monitor: {{reference: {path}}}`, without `trained_on`."
        )
    return profile


def _named_reference(project: Project, asked: Monitor) -> TableProfile:
    """The profile of data, or one that was written to a file.

    Raises:
        BranchlineError: It cannot be read.
    """
    files = project.data_files
    if not asked.reference.endswith(".json"):
        return files.profile(files.open(asked.reference))
    refuse_link_outside(project.root, asked.reference)
    data = project.workspace.read(asked.reference)
    if data is None:
        raise DataError(
            f"the reference `{asked.reference}` is not there",
            todo=f"Write it: `branchline data profile PATH --json > {asked.reference}`.",
        )
    try:
        return profile_from_json(json.loads(data))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the reference `{asked.reference}` is no profile: {error}",
            todo=f"Write it: `branchline data profile PATH --json > {asked.reference}`.",
        ) from error


def _has_same_columns(asked: Monitor, before: TableProfile, table: Table, found: _Found) -> bool:
    """Whether the new data have the columns of the reference; says how they differ."""
    wanted = [one for one in before.columns if asked.asks_for(one.name)]
    there = {one.name: one for one in table.columns}
    missing = [one.name for one in wanted if one.name not in there]
    others = [
        f"`{one.name}` is {there[one.name].word or 'of no known type'} and was {one.type.value}"
        for one in wanted
        if table.is_typed and one.name in there and one.type is not None
        and there[one.name].type is not one.type
    ]  # fmt: skip
    known = {one.name for one in before.columns}
    new = [name for name in there if name not in known and asked.asks_for(name)]
    if new:
        found.notes.append(f"New columns, which the reference does not have: {_listed(new)}.")
    if not wanted:
        found.problems.append("Refused: `monitor.columns` leaves no column to compare.")
        return False
    if not missing and not others:
        return True
    parts = [f"`{asked.source}` lacks {_listed(missing)}"] if missing else []
    parts += others[:_NAMED]
    todo = ""
    if missing:
        names = ", ".join(map(_yaml, missing[:_NAMED])) + (", ..." if missing[_NAMED:] else "")
        todo = f" Where that is meant: `monitor: {{columns: {{exclude: [{names}]}}}}`."
    found.problems.append(f"Refused, another schema than the reference: {'; '.join(parts)}.{todo}")
    return False


def _measure(project: Project, asked: Monitor, found: _Found, *, is_stale: bool) -> None:
    """Judge the metrics by their bounds, as the gate does."""
    metrics: list[Metric] = []
    unread: list[str] = []
    rules = list(asked.metrics)
    if asked.metrics_from and is_stale:
        unread.append(f"{asked.metrics_from}: `monitor.run` did not leave it anew in this look.")
    elif asked.metrics_from:
        left = metrics_in(project, (), {asked.metrics_from: ""})
        metrics, unread = list(left.metrics), list(left.unread)
    others = [rule for rule in rules if rule.name not in {metric.name for metric in metrics}]
    if asked.labels is not None and others:
        made, why, rows = metrics_of_labels(project, asked.labels, others, min_rows=asked.min_rows)
        if rows < asked.min_rows and not why:
            found.waits.append(
                f"`{asked.labels.path}` has {rows:,} labelled row{'' if rows == 1 else 's'}, and"
                f" {asked.min_rows:,} are the least for a metric."
            )
            rules = [rule for rule in rules if rule not in others]
        metrics += made
        unread = [*map(_one_line, why), *unread]
    evidence = Evidence(metrics=tuple(metrics), unread=tuple(unread))
    verdict = judge(evidence, None, Gate(metrics=tuple(rules)))
    for rule in rules:
        findings = [one for one in verdict.findings if one.metric == rule.name]
        worst = next(
            (f for o in (Outcome.FAILED, Outcome.UNKNOWN) for f in findings if f.outcome is o),
            findings[0],
        )
        value = next((m.value for m in evidence.metrics if m.name == rule.name), None)
        found.metrics.append(
            MetricSeen(
                metric=rule.name,
                value=None if value is None else float(value),
                outcome=worst.outcome,
                sentence=_one_line(worst.sentence),
            )
        )


def _one_line(text: str) -> str:
    flat = " ".join(without_secrets(text).split())
    # A word, and not the name of a file.
    return flat[:1].upper() + flat[1:] if flat.partition(" ")[0].isalpha() else flat


def _yaml(name: str) -> str:
    """A name as it may stand in a list of branchline.yaml."""
    is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ -]*[A-Za-z0-9_]", name) is not None
    is_word = name.lower() in ("true", "false", "null", "yes", "no", "on", "off")
    return name if is_plain and not is_word else json.dumps(name, ensure_ascii=False)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:_NAMED]) + more
