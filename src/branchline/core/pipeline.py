"""What the user declared: stages, their inputs and outputs, pointers to data.

Serves every station. `config` makes these values from dvc.yaml, .dvc files and branchline.yaml;
nothing here reads a file. Paths are POSIX, relative to the repository's root, normalised, without
"./"; the root itself is ".". What the user wrote (relative to `wdir`) is kept as `spelled`,
because dvc.lock repeats it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.core.values import JsonValue


class OutKind(Enum):
    """What an output is for."""

    DATA = "data"
    METRIC = "metric"
    PLOT = "plot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dep:
    """A declared input of a stage: a file or a folder.

    Attributes:
        path: Where it is, from the root; the URL or absolute path when it is outside.
        spelled: As the user wrote it.
        is_external: True when it is a URL or lies outside the repository.
    """

    path: str
    spelled: str
    is_external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamsDep:
    """Parameters of one file that a stage reads.

    Attributes:
        path: The parameter file, from the root.
        spelled: As the user wrote it.
        keys: Dotted keys, in the user's order; None means every value of the file.
    """

    path: str
    spelled: str
    keys: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A declared output of a stage.

    Attributes:
        path: Where it is, from the root.
        spelled: As the user wrote it.
        kind: Data, metric or plot.
        cache: False leaves the file to git (DVC's `cache: false`).
        persist: True keeps the old file in place while the stage runs.
        push: False keeps it out of remote stores.
        remote: Name of the remote that holds it, if a special one.
        plot: Options of a plot (template, x, y, ...), as written.
        line: Line of its declaration, from 1.
        is_optional: A default that nobody named: the stage may leave it out.
        reader: Name of the metric reader that reads it; "" for the one that fits best.
        is_printed: Whether Branchline writes it: what the stage prints.
    """

    path: str
    spelled: str
    kind: OutKind = OutKind.DATA
    cache: bool = True
    persist: bool = False
    push: bool = True
    remote: str | None = None
    plot: Mapping[str, JsonValue] | None = None
    line: int = 0
    is_external: bool = False
    is_optional: bool = False
    reader: str = ""
    is_printed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a pipeline, with templates and foreach resolved.

    Attributes:
        name: As DVC names it, `group@key` for generated ones.
        address: How commands name it: `name`, or `sub/dvc.yaml:name` outside the root.
        cmd: Command lines, run one after the other, each in its own shell.
        cmd_is_list: Whether the user wrote a list (dvc.lock keeps the difference).
        wdir: Working directory, from the root.
        deps, params, outs: Declared inputs and outputs (metrics and plots are outs).
        frozen: Never run, and changes of its inputs do not count.
        always_changed: Always run.
        file: The file that declares it, from the root.
        line: Line of its name in that file, from 1.
        desc: The user's description.
        is_test: A test of the model, from `tests:`: it is given all outputs of the pipeline, leaves
            none, and never stands in a lock file.
        lock_name: How its lock file names it: `name`, or `model/name` where one branchline.yaml
            holds stages of several models, of which each may have a `train`.
    """

    name: str
    address: str
    cmd: tuple[str, ...]
    cmd_is_list: bool
    wdir: str
    deps: tuple[Dep, ...] = ()
    params: tuple[ParamsDep, ...] = ()
    outs: tuple[Out, ...] = ()
    frozen: bool = False
    always_changed: bool = False
    file: str
    line: int
    desc: str = ""
    is_test: bool = False
    lock_name: str = ""

    def __post_init__(self) -> None:
        if not self.lock_name:
            object.__setattr__(self, "lock_name", self.name)

    def leaves(self, paths: Iterable[str]) -> bool:
        """Whether a result with outputs at exactly these paths may be one of this stage.

        Optional outputs may lack, though not all that a stage has.
        """
        found = set(paths)
        declared = {out.path for out in self.outs}
        required = {out.path for out in self.outs if not out.is_optional}
        return required <= found <= declared and bool(found) is bool(declared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file or folder holds, in DVC's words.

    Attributes:
        md5: 32 hexadecimal characters; folders end in ".dir"; None when not known.
        size_bytes: Sum of the files; None when not known.
        nfiles: Number of files of a folder; None for a file.
        is_executable: The x bit of a file.
        legacy: True for DVC 2 digests (text files after CRLF to LF), which lack `hash: md5`.
    """

    md5: str | None
    size_bytes: int | None = None
    nfiles: int | None = None
    is_executable: bool = False
    legacy: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether the digest is that of a folder."""
        return self.md5 is not None and self.md5.endswith(".dir")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Data tracked by a `.dvc` file.

    Attributes:
        file: The `.dvc` file, from the root.
        path: The data, from the root.
        content: What the pointer promises.
        frozen: True for imports.
        cache: False when DVC does not keep the data.
        is_import: True when the data come from a URL or another repository.
    """

    file: str
    path: str
    content: Content
    frozen: bool = False
    cache: bool = True
    is_import: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """All that is declared in one repository.

    Attributes:
        stages: In order of declaration, root file first.
        pointers: Data tracked by `.dvc` files.
        metrics, plots: Files named at the top level of a dvc.yaml, beside those of stages.
        params: Parameter files named at the top level.
        files: Every file that was read or probed to make this value; a change of any of them, also
            its appearance, makes the value stale.
        folders: Every folder whose names were read to find those files; a new or vanished name in
            one of them makes the value stale. "." is the root.
    """

    stages: tuple[Stage, ...]
    pointers: tuple[Pointer, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[Mapping[str, JsonValue], ...] = ()
    params: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def metrics_of(self, outs: Iterable[str]) -> tuple[str, ...]:
        """Of `metrics`, what is one of these outputs or lies in one."""
        return tuple(path for path in self.metrics if maker_of(path, outs) is not None)


def maker_of(path: str, outs: Iterable[str]) -> str | None:
    """The output that is this path or holds it; None where none does.

    >>> maker_of("live/metrics.json", ["model", "live"])
    'live'
    """
    return next((out for out in outs if path == out or path.startswith(f"{out}/")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockItem:
    """One dep or out of a dvc.lock entry.

    Attributes:
        spelled: The `path` field.
        content: Its digest and size.
        extra: Fields we do not interpret (`cloud`, `files`, `etag`), kept as they were.
    """

    spelled: str
    content: Content
    extra: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEntry:
    """What dvc.lock says about one stage.

    Attributes:
        cmd: A string, or a tuple when the user wrote a list.
        deps: Sorted by path.
        params: File as spelled -> key -> value; default file first, then by path; keys sorted.
        outs: Outs, metrics and plots together, sorted by path.
    """

    cmd: str | tuple[str, ...] | None
    deps: tuple[LockItem, ...] = ()
    params: Mapping[str, Mapping[str, JsonValue]] | None = None
    outs: tuple[LockItem, ...] = ()


def without_sizes(value: JsonValue) -> JsonValue:
    """Drop the keys `size` and `nfiles` at every depth, as DVC does before it digests."""
    if isinstance(value, list | tuple):
        return [without_sizes(item) for item in value]
    if hasattr(value, "items"):
        return {k: without_sizes(v) for k, v in value.items() if k not in ("size", "nfiles")}  # type: ignore[union-attr] # items() is what hasattr just found
    return value


def run_cache_digest(value: JsonValue) -> str:
    """DVC's digest of a lock entry: SHA-256 of its JSON, keys sorted, sizes dropped."""
    import json

    text = json.dumps(without_sizes(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
