"""Station `plan`: a Result as JSON and back, for the ledger and for records in git.

Writing leaves out what equals its default. Reading ignores fields that it does not know (a newer
version may add some without raising the schema) and refuses values of a wrong type.
Holds no file and no database: callers turn the mapping into text.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from branchline.core.changes.values import Input, InputKind
from branchline.core.pipeline import Content, LockEntry, LockItem
from branchline.core.plan.values import Observed, Produced, Result
from branchline.core.secrecy import redacted, without_secrets
from branchline.core.values import SCHEMA_VERSION
from branchline.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.core.values import JsonValue

    Json = Mapping[str, JsonValue]

T = TypeVar("T")

_FLOAT = "!float"
"""Key of a float that JSON lacks: {"!float": "nan"}, so that every JSON reader can read records."""
_PLAIN = "!mapping"
"""Key that wraps a user's mapping which itself holds one of these two keys."""


def result_to_json(result: Result) -> dict[str, JsonValue]:
    """A result as plain JSON values, `schema_version` first.

    Args:
        result: Any result; its params may hold NaN and infinities.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "key": result.key,
        "stage": result.stage,
        **_present("observed", [[o.path, o.digest] for o in result.observed]),
        "inputs": [_input_to_json(item) for item in result.inputs],
        "outs": [_produced_to_json(out) for out in result.outs],
        "entry": _entry_to_json(result.entry),
        **_present("run", result.run),
        **({} if result.commit is None else {"commit": result.commit}),
        **({} if result.branch is None else {"branch": result.branch}),
        **_present("is_dirty", result.is_dirty),
        **_present("started_at", result.started_at),
        "duration_s": _scalar_to_json(result.duration_s),
        "cpu_s": _scalar_to_json(result.cpu_s),
        "peak_memory_bytes": result.peak_memory_bytes,
        **_present("store", result.store),
        **_present("versions", dict(result.versions)),
        "attempt": result.attempt,
        **_present("report", result.report),
    }


def result_from_json(value: object) -> Result:
    """The result that `result_to_json` wrote.

    Args:
        value: What `json.loads` gave.

    Raises:
        RecordError: A newer schema, a missing field, or a value of a wrong type; names the field.
    """
    fields = _mapping(value, "result")
    schema = _whole(fields, "schema_version", "result")
    if schema > SCHEMA_VERSION:
        raise RecordError(
            f"result.schema_version is {schema}, this Branchline reads up to {SCHEMA_VERSION}",
            todo="Upgrade Branchline: pip install --upgrade branchline.",
        )
    return Result(
        key=_text(fields, "key", "result"),
        observed=_each(fields, "observed", "result", _observed_from_json),
        stage=_text(fields, "stage", "result"),
        inputs=_each(fields, "inputs", "result", _input_from_json),
        outs=_each(fields, "outs", "result", _produced_from_json),
        entry=_entry_from_json(fields.get("entry"), "result.entry"),
        run=_text(fields, "run", "result", ""),
        commit=_text_or_none(fields, "commit", "result"),
        branch=_text_or_none(fields, "branch", "result"),
        is_dirty=_truth(fields, "is_dirty", "result", default=False),
        started_at=_text(fields, "started_at", "result", ""),
        duration_s=_number(fields, "duration_s", "result"),
        cpu_s=_number(fields, "cpu_s", "result"),
        peak_memory_bytes=_whole(fields, "peak_memory_bytes", "result", 0),
        store=_text(fields, "store", "result", ""),
        versions=_versions_from_json(fields.get("versions")),
        attempt=_whole(fields, "attempt", "result", 1),
        report=fields.get("report"),
    )


def for_others(result: Result) -> Result:
    """A result as records hold it, which are pushed: secrets among its parameters are masked.

    dvc.lock and the ledger of this machine keep them, because DVC compares parameters by value.
    """
    entry = result.entry
    cmd = entry.cmd
    masked = tuple(map(redacted, cmd)) if isinstance(cmd, tuple) else redacted(cmd or "") or None
    params = entry.params and {file: without_secrets(held) for file, held in entry.params.items()}
    if masked == cmd and params == entry.params:
        return result
    return replace(result, entry=replace(entry, cmd=masked, params=params))


def is_newer_schema(value: object) -> bool:
    """Whether JSON was written by a version whose schema this one does not know."""
    schema = value.get("schema_version") if isinstance(value, dict) else None
    return isinstance(schema, int) and schema > SCHEMA_VERSION


def _present(name: str, value: JsonValue) -> dict[str, JsonValue]:
    """The field, or nothing where the value is its default (empty, false, None)."""
    return {name: value} if value else {}


def _input_to_json(item: Input) -> JsonValue:
    return {
        "kind": item.kind.value,
        **_present("name", item.name),
        "digest": item.digest,
        **({} if item.exact is None else {"exact": item.exact}),
        **_present("value", item.value),
        **({} if item.via == "declared" else {"via": item.via}),
        **({} if item.pending is None else {"pending": item.pending}),
    }


def _input_from_json(value: object, where: str) -> Input:
    fields = _mapping(value, where)
    kind = _text(fields, "kind", where)
    if kind not in _INPUT_KINDS:
        raise _wrong(f"{where}.kind", kind, f"one of {', '.join(sorted(_INPUT_KINDS))}")
    return Input(
        kind=_INPUT_KINDS[kind],
        name=_text(fields, "name", where, ""),
        digest=_text_or_none(fields, "digest", where),
        exact=_text_or_none(fields, "exact", where),
        value=_text(fields, "value", where, ""),
        via=_text(fields, "via", where, "declared"),
        pending=_text_or_none(fields, "pending", where),
    )


_INPUT_KINDS = {kind.value: kind for kind in InputKind}


def _observed_from_json(value: object, where: str) -> Observed:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(v, str) for v in value):
        raise _wrong(where, value, "a list of path and digest")
    return Observed(path=value[0], digest=value[1])


def _produced_to_json(out: Produced) -> JsonValue:
    return {
        "path": out.path,
        **({} if out.spelled == out.path else {"spelled": out.spelled}),
        "content": _content_to_json(out.content),
        **({} if out.kind == "data" else {"kind": out.kind}),
        **({} if out.cached else {"cached": False}),
    }


def _produced_from_json(value: object, where: str) -> Produced:
    fields = _mapping(value, where)
    path = _text(fields, "path", where)
    return Produced(
        path=path,
        spelled=_text(fields, "spelled", where, path),
        content=_content_from_json(fields.get("content"), f"{where}.content"),
        kind=_text(fields, "kind", where, "data"),
        cached=_truth(fields, "cached", where, default=True),
    )


def _content_to_json(content: Content) -> JsonValue:
    return {
        "md5": content.md5,
        **({} if content.size_bytes is None else {"size": content.size_bytes}),
        **({} if content.nfiles is None else {"nfiles": content.nfiles}),
        **_present("is_executable", content.is_executable),
        **_present("legacy", content.legacy),
    }


def _content_from_json(value: object, where: str) -> Content:
    fields = _mapping(value, where)
    return Content(
        md5=_text_or_none(fields, "md5", where),
        size_bytes=None if fields.get("size") is None else _whole(fields, "size", where),
        nfiles=None if fields.get("nfiles") is None else _whole(fields, "nfiles", where),
        is_executable=_truth(fields, "is_executable", where, default=False),
        legacy=_truth(fields, "legacy", where, default=False),
    )


def _entry_to_json(entry: LockEntry) -> JsonValue:
    cmd: JsonValue = list(entry.cmd) if isinstance(entry.cmd, tuple) else entry.cmd
    params = None if entry.params is None else {k: _free(v) for k, v in entry.params.items()}
    return {
        "cmd": cmd,
        **_present("deps", [_item_to_json(item) for item in entry.deps]),
        **({} if params is None else {"params": params}),
        **_present("outs", [_item_to_json(item) for item in entry.outs]),
    }


def _entry_from_json(value: object, where: str) -> LockEntry:
    fields = _mapping(value, where)
    cmd = fields.get("cmd")
    lines: str | tuple[str, ...] | None
    if isinstance(cmd, list):
        lines = tuple(_line(line, f"{where}.cmd") for line in cmd)
    else:
        lines = None if cmd is None else _line(cmd, f"{where}.cmd")
    params = fields.get("params")
    return LockEntry(
        cmd=lines,
        deps=_each(fields, "deps", where, _item_from_json),
        params=None if params is None else _params_from_json(params, f"{where}.params"),
        outs=_each(fields, "outs", where, _item_from_json),
    )


def _params_from_json(value: object, where: str) -> dict[str, Mapping[str, JsonValue]]:
    files: dict[str, Mapping[str, JsonValue]] = {}
    for name, held in _mapping(value, where).items():
        values = _unfree(held)
        if not isinstance(values, dict):
            raise _wrong(f"{where}.{name}", held, "a mapping")
        files[name] = values
    return files


def _item_to_json(item: LockItem) -> JsonValue:
    extra = {} if item.extra is None else {"extra": _free(item.extra)}
    return {"path": item.spelled, "content": _content_to_json(item.content), **extra}


def _item_from_json(value: object, where: str) -> LockItem:
    fields = _mapping(value, where)
    extra = _unfree(fields.get("extra"))
    if extra is not None and not isinstance(extra, dict):
        raise _wrong(f"{where}.extra", extra, "a mapping")
    return LockItem(
        spelled=_text(fields, "path", where),
        content=_content_from_json(fields.get("content"), f"{where}.content"),
        extra=extra,
    )


def _versions_from_json(value: object) -> dict[str, str]:
    if value is None:
        return {}
    pairs = _mapping(value, "result.versions")
    return {name: _line(text, f"result.versions.{name}") for name, text in pairs.items()}


def _scalar_to_json(value: float) -> JsonValue:
    return value if math.isfinite(value) else {_FLOAT: repr(value)}


def _free(value: JsonValue) -> JsonValue:
    """A user's value in which NaN and infinities are spelled out."""
    if isinstance(value, float):
        return _scalar_to_json(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [_free(item) for item in value]
    pairs = {key: _free(item) for key, item in value.items()}  # type: ignore[union-attr] # the last kind of JsonValue is a mapping
    return {_PLAIN: pairs} if _FLOAT in pairs or _PLAIN in pairs else pairs


def _unfree(value: JsonValue) -> JsonValue:
    """The value that `_free` was given."""
    if isinstance(value, list):
        return [_unfree(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and _FLOAT in value:
        return _special_float(value[_FLOAT])
    if len(value) == 1 and _PLAIN in value:
        value = _mapping(value[_PLAIN], _PLAIN)
    return {key: _unfree(item) for key, item in value.items()}


def _special_float(text: object) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise _wrong(_FLOAT, text, "nan, inf or -inf")
    return float(str(text))


def _wrong(where: str, value: object, wanted: str) -> RecordError:
    return RecordError(f"{where} is {value!r:.80}, must be {wanted}")


def _mapping(value: object, where: str) -> Json:
    if not isinstance(value, dict):
        raise _wrong(where, value, "a mapping")
    return value


def _each(fields: Json, name: str, where: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    value = fields.get(name, ())
    if not isinstance(value, list | tuple):
        raise _wrong(f"{where}.{name}", value, "a list")
    return tuple(read(item, f"{where}.{name}[{index}]") for index, item in enumerate(value))


def _line(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, value, "text")
    return value


def _text(fields: Json, name: str, where: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise _wrong(f"{where}.{name}", value, "text")
    return value


def _text_or_none(fields: Json, name: str, where: str) -> str | None:
    return None if fields.get(name) is None else _text(fields, name, where)


def _truth(fields: Json, name: str, where: str, *, default: bool) -> bool:
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise _wrong(f"{where}.{name}", value, "true or false")
    return value


def _whole(fields: Json, name: str, where: str, default: int | None = None) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(f"{where}.{name}", value, "a whole number")
    return value


def _number(fields: Json, name: str, where: str) -> float:
    value = _unfree(fields.get(name, 0.0))
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(f"{where}.{name}", value, "a number")
    return float(value)
