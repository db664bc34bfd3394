"""Station `plan`: stages, contents and lock entries, turned into one another and into JSON.

A lock entry is DVC's account of one run of a stage: command, inputs and outputs with their
digests. Nothing here reads a file; dvc.lock itself is read and written by `adapters.dvc`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from branchline.core.pipeline import Content, LockEntry, LockItem, run_cache_digest

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage
    from branchline.core.values import JsonValue

DEFAULT_PARAMS_FILE = "params.yaml"
UNKNOWN = Content(md5=None)
_INTERPRETED = frozenset({"path", "hash", "md5", "size", "nfiles", "isexec"})


def entry_of(
    stage: Stage,
    *,
    deps: Mapping[str, Content],
    params: Mapping[str, Mapping[str, JsonValue]],
    outs: Mapping[str, Content] | None = None,
) -> LockEntry:
    """The lock entry of a stage with these contents, sorted as DVC sorts.

    Args:
        stage: The stage.
        deps: Path from the root -> content; deps left out get an entry without a digest.
        params: Path of the parameter file from the root -> key -> value.
        outs: Path from the root -> content; None or a missing path leaves the digest out, as in
            the entry by which the run cache is asked. Optional outputs that the stage did not
            leave have no place in the entry.
    """
    known_outs = outs or {}
    command: str | tuple[str, ...] = stage.cmd if stage.cmd_is_list else "\n".join(stage.cmd)
    return LockEntry(
        cmd=command,
        deps=tuple(
            LockItem(spelled=dep.spelled, content=deps.get(dep.path, UNKNOWN))
            for dep in sorted(stage.deps, key=lambda dep: dep.spelled)
        ),
        params=_params_of(stage, params),
        outs=tuple(
            LockItem(spelled=out.spelled, content=known_outs.get(out.path, UNKNOWN))
            for out in sorted(stage.outs, key=lambda out: out.spelled)
            if outs is None or out.path in outs or not out.is_optional
        ),
    )


def _params_of(
    stage: Stage, params: Mapping[str, Mapping[str, JsonValue]]
) -> dict[str, dict[str, JsonValue]] | None:
    """Values of the stage's parameters: the default file first, then by path; keys sorted."""
    found: dict[str, dict[str, JsonValue]] = {}
    order = sorted(stage.params, key=lambda dep: (dep.spelled != DEFAULT_PARAMS_FILE, dep.spelled))
    for dep in order:
        values = params.get(dep.path, {})
        keys = sorted(values) if dep.keys is None else sorted(set(dep.keys) & set(values))
        found.setdefault(dep.spelled, {}).update({key: values[key] for key in keys})
    return {path: dict(sorted(values.items())) for path, values in found.items()} or None


def entry_to_json(entry: LockEntry) -> dict[str, JsonValue]:
    """An entry as dvc.lock spells it: the same keys in the same order, empty parts left out."""
    value: dict[str, JsonValue] = {}
    if entry.cmd is not None:
        value["cmd"] = entry.cmd if isinstance(entry.cmd, str) else list(entry.cmd)
    if entry.deps:
        value["deps"] = [item_to_json(item) for item in entry.deps]
    if entry.params:
        value["params"] = {path: dict(values) for path, values in entry.params.items()}
    if entry.outs:
        value["outs"] = [item_to_json(item) for item in entry.outs]
    return value


def item_to_json(item: LockItem) -> dict[str, JsonValue]:
    """One dep or out as dvc.lock spells it."""
    content = item.content
    value: dict[str, JsonValue] = {"path": item.spelled}
    if not content.legacy and "hash" not in (item.extra or {}):
        value["hash"] = "md5"
    if content.md5 is not None:
        value["md5"] = content.md5
    if content.size_bytes is not None:
        value["size"] = content.size_bytes
    if content.nfiles is not None:
        value["nfiles"] = content.nfiles
    if content.is_executable:
        value["isexec"] = True
    value.update(item.extra or {})
    return value


def entry_from_json(value: JsonValue) -> LockEntry:
    """Read an entry as dvc.lock spells it; the inverse of `entry_to_json`.

    Raises:
        ValueError: It is not of that shape; says what is wrong.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"an entry must be a mapping, not {_kind(value)}")  # noqa: TRY004 # foreign data, not a programming error
    return LockEntry(
        cmd=_command(value.get("cmd")),
        deps=_items(value.get("deps"), "deps"),
        params=_params(value.get("params")),
        outs=_items(value.get("outs"), "outs"),
    )


def _command(value: JsonValue) -> str | tuple[str, ...] | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return tuple(str(line) for line in value)
    raise ValueError(f"cmd must be a text or a list of texts, not {_kind(value)}")


def _items(value: JsonValue, where: str) -> tuple[LockItem, ...]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"{where} must be a list, not {_kind(value)}")  # noqa: TRY004 # foreign data, not a programming error
    return tuple(item_from_json(item, where) for item in value)


def item_from_json(value: JsonValue, where: str = "item") -> LockItem:
    """Read one dep or out; the inverse of `item_to_json`.

    Raises:
        ValueError: It is not of that shape.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("path"), str):
        raise ValueError(f"{where}: every entry must be a mapping with a path")  # noqa: TRY004 # foreign data, not a programming error
    path, md5 = value["path"], value.get("md5")
    hash_name = value.get("hash")
    extra = {key: item for key, item in value.items() if key not in _INTERPRETED}
    if hash_name not in (None, "md5"):
        extra["hash"] = hash_name
    return LockItem(
        spelled=str(path),
        content=Content(
            md5=None if md5 is None else str(md5),
            size_bytes=_count(value.get("size"), f"{where}: {path}: size"),
            nfiles=_count(value.get("nfiles"), f"{where}: {path}: nfiles"),
            is_executable=bool(value.get("isexec", False)),
            legacy=hash_name is None,
        ),
        extra=extra or None,
    )


def _count(value: JsonValue, where: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{where} must be a whole number, not {value!r}")


def _params(value: JsonValue) -> dict[str, dict[str, JsonValue]] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"params must be a mapping, not {_kind(value)}")  # noqa: TRY004 # foreign data, not a programming error
    found: dict[str, dict[str, JsonValue]] = {}
    for path, values in value.items():
        if not isinstance(values, Mapping):
            raise ValueError(f"params: {path} must be a mapping, not {_kind(values)}")  # noqa: TRY004 # foreign data, not a programming error
        found[str(path)] = dict(values)
    return found or None


def _kind(value: JsonValue) -> str:
    return "null" if value is None else type(value).__name__


def exact_key(entry: LockEntry) -> str:
    """DVC's run-cache key: command, deps, params and the paths of the outs."""
    value = entry_to_json(entry)
    return run_cache_digest({**value, "outs": [item.spelled for item in entry.outs]})


def exact_value(entry: LockEntry) -> str:
    """DVC's digest of a whole entry, outs included; names a result inside its key's folder."""
    return run_cache_digest(entry_to_json(entry))


def is_run_cacheable(stage: Stage, entry: LockEntry) -> bool:
    """Whether DVC's run cache may hold results of this stage, given its hashed deps."""
    if stage.always_changed or not (stage.cmd and stage.deps and stage.outs):
        return False
    if any(dep.is_external for dep in stage.deps):
        return False
    if any(out.persist or out.is_external for out in stage.outs):
        return False
    return all(item.content.md5 is not None for item in entry.deps)
