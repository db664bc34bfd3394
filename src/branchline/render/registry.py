"""Registered versions as tables, lines and JSON. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure, memory
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.render.runs import when
from branchline.render.table import Align, Cell, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue
    from branchline.ports.artifacts import Damage
    from branchline.ports.registry import ModelVersion, StageEvent

_HEADLINES = 3
_TONES = {
    Outcome.PASSED.value: Tone.GOOD,
    Outcome.FAILED.value: Tone.BAD,
    Outcome.UNKNOWN.value: Tone.UNSURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """One output that belongs to a version; `size_bytes` is None when it is not known."""

    path: str
    digest: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """All that is known of a version.

    Attributes:
        version: As registered. history: Its stage events, oldest first. files: What it is.
        command: Of the stage that made it; "" when that is not recorded here.
        data: Path -> digest of data that no stage makes. environment: Python, platform, lock file.
        subject: First line of the commit's message.
        run_is_here: Whether the record of its run is in this clone.
    """

    version: ModelVersion
    history: tuple[StageEvent, ...] = ()
    files: tuple[FileView, ...] = ()
    command: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    run_is_here: bool = False


def models_table(versions: Sequence[ModelVersion]) -> Table:
    """One row a version: model, version, stages, commit, when (UTC), verdict, headline metrics."""
    names = _headlines(versions)
    columns = (
        Column(heading="model"),
        Column(heading="version"),
        Column(heading="stages"),
        Column(heading="commit"),
        Column(heading="when (UTC)"),
        Column(heading="verdict"),
        *(Column(heading=name, align=Align.RIGHT) for name in names),
    )
    rows = tuple(
        (
            cell(version.model),
            cell(version.version, Tone.DIM if version.is_retired else Tone.STRONG),
            cell("retired", Tone.DIM)
            if version.is_retired
            else cell(", ".join(version.stages), Tone.GOOD),
            cell(version.commit[:7]),
            cell(when(version.registered_at)),
            _outcome(version),
            *(_metric(version, name) for name in names),
        )
        for version in versions
    )
    return Table(columns=columns, rows=rows)


def version_lines(view: VersionView) -> list[Line]:
    """The head of one version: where it comes from and who holds what since when."""
    version = view.version
    asked = version.asked
    held = ", ".join(version.stages) or ("retired" if version.is_retired else "no stage")
    lines = [line(cell(f"{version.model}@{version.version}", Tone.STRONG), f"  {held}")]
    rows: list[tuple[str, str]] = [
        ("commit", f"{version.commit}  {view.subject}".rstrip()),
        ("registered", f"{when(version.registered_at)} UTC by {version.by or 'unknown'}"),
        ("run", asked.run if asked else ""),
        ("command", view.command),
        ("key", asked.key if asked else ""),
        ("digest", asked.digest if asked else ""),
    ]
    lines += [line(f"  {name:<12}", text) for name, text in rows if text]
    if asked is not None:
        lines.append(line(f"  {'verdict':<12}", _outcome(version)))
    for event in view.history:
        why = f": {event.reason}" if event.reason else ""
        said = f"{when(event.at)} UTC #{event.number} {event.stage} by {event.by}{why}"
        lines.append(line(f"  {'history':<12}", said))
    if asked is None:
        lines.append(line("  its tag was made by another tool and does not say how it was made"))
    elif not view.run_is_here:
        lines.append(
            line("  its run is not recorded here; `branchline records fetch` may bring it")
        )
    return lines


def version_tables(view: VersionView) -> list[Table]:
    """Files, metrics, parameters, data, environment; empty ones left out."""
    asked = view.version.asked
    files = [
        (file.path, file.digest, "" if file.size_bytes is None else memory(file.size_bytes))
        for file in view.files
    ]
    metrics = [(name, figure(value), "") for name, value in asked.metrics.items()] if asked else []
    params = [(name, value, "") for name, value in asked.params.items()] if asked else []
    tables = [
        _table("Files", ("file", "digest", "size"), files),
        _table("Metrics", ("metric", "value"), metrics),
        _table("Parameters", ("parameter", "value"), params),
        _table("Data", ("data", "digest"), [(k, v, "") for k, v in view.data.items()]),
        _table("Environment", ("what", "is"), [(k, v, "") for k, v in view.environment.items()]),
    ]
    return [table for table in tables if table.rows]


def models_to_json(versions: Sequence[ModelVersion]) -> dict[str, JsonValue]:
    """`models --json`: `schema_version`, `versions`, newest first within a model."""
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": [_version_json(version) for version in versions],
    }


def version_to_json(view: VersionView) -> dict[str, JsonValue]:
    """`show MODEL@VERSION --json`."""
    asked = view.version.asked
    return {
        "schema_version": SCHEMA_VERSION,
        **_version_json(view.version),
        "subject": view.subject,
        "command": view.command,
        "params": dict(asked.params) if asked else {},
        "data": dict(view.data),
        "environment": dict(view.environment),
        "files": [
            {"path": file.path, "digest": file.digest, "size_bytes": file.size_bytes}
            for file in view.files
        ],
        "history": [event_to_json(event) for event in view.history],
        "run_is_here": view.run_is_here,
    }


def event_to_json(event: StageEvent) -> dict[str, JsonValue]:
    """A stage's event as plain values."""
    return {
        "model": event.model,
        "stage": event.stage,
        "version": event.version,
        "commit": event.commit,
        "number": event.number,
        "at": event.at,
        "by": event.by,
        "reason": event.reason,
    }


def moved_to_json(event: StageEvent, *, is_new: bool, before: str = "") -> dict[str, JsonValue]:
    """`promote --json` and `rollback --json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        **event_to_json(event),
        "is_new": is_new,
        "before": before,
    }


def checked_to_json(found: Mapping[str, Sequence[Damage]]) -> dict[str, JsonValue]:
    """`registry verify --json`: each version with its damage."""
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": [
            {"version": label, "damage": [{"path": d.path, "what": d.what} for d in damage]}
            for label, damage in found.items()
        ],
    }


def mirrored_to_json(shown: int, left_out: int) -> dict[str, JsonValue]:
    """`registry mirror --json`."""
    return {"schema_version": SCHEMA_VERSION, "shown": shown, "left_out": left_out}


def _version_json(version: ModelVersion) -> dict[str, JsonValue]:
    asked = version.asked
    return {
        "model": version.model,
        "version": version.version,
        "commit": version.commit,
        "registered_at": version.registered_at,
        "by": version.by,
        "stages": list(version.stages),
        "is_retired": version.is_retired,
        "run": asked.run if asked else None,
        "outcome": asked.outcome if asked else None,
        "digest": asked.digest if asked else None,
        "key": asked.key if asked else None,
        "metrics": dict(asked.metrics) if asked else {},
    }


def _headlines(versions: Sequence[ModelVersion]) -> list[str]:
    """The first metrics of the newest version that has any: those of the gate stand first."""
    for version in versions:
        if version.asked is not None and version.asked.metrics:
            return list(version.asked.metrics)[:_HEADLINES]
    return []


def _outcome(version: ModelVersion) -> Cell:
    word = version.asked.outcome if version.asked else ""
    return cell(word or "not known", _TONES.get(word, Tone.DIM))


def _metric(version: ModelVersion, name: str) -> Cell:
    value = version.asked.metrics.get(name) if version.asked else None
    return cell("-" if value is None else figure(value))


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, str, str]]) -> Table:
    return Table(
        columns=tuple(Column(heading=head) for head in heads),
        rows=tuple(tuple(cell(text) for text in row[: len(heads)]) for row in rows),
        title=title,
    )
