"""All pipeline files of a repository into one checked Pipeline.

Serves the flows. Reads files, by default from disk; changes nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from branchline.config.discovery import Walk, names_on_disk, names_that_count
from branchline.config.dvc_yaml import Declared, DvcYaml
from branchline.config.graph import check_graph, closure_of
from branchline.config.pointers import pointers_of
from branchline.config.problems import Problems
from branchline.core.pipeline import OutKind, Pipeline
from branchline.errors import ConfigError, DocumentError, PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.config.discovery import Names
    from branchline.core.documents.document import Document
    from branchline.core.pipeline import Pointer, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSource:
    """Where a model's stages are declared.

    Attributes:
        file: A dvc.yaml, from the root: its stages and all they need. None: every dvc.yaml of the
            repository.
        stages: Stages in DVC's grammar that stand in branchline.yaml instead.
        document: The branchline.yaml they stand in.
        path: Keys that lead to them there.
        defaults: Outputs of these stages that nobody named: they are optional.
        owner: The model that they belong to, where the file has stages of several.
    """

    file: str | None = None
    stages: Mapping[str, Any] | None = None
    document: Document | None = field(default=None, repr=False, compare=False)
    path: tuple[str | int, ...] = ()
    defaults: frozenset[str] = frozenset()
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPipeline:
    """A pipeline with all that it was made from.

    Attributes:
        pipeline: What is declared.
        source: Where that was looked for.
        files: Path -> bytes of every file that was read; None for one that was not there.
        folders: Folder -> its names, with whether each is a folder.
    """

    pipeline: Pipeline
    source: PipelineSource
    files: Mapping[str, bytes | None]
    folders: Mapping[str, Sequence[tuple[str, bool]]]

    def stands(self, root: str, source: PipelineSource) -> bool:
        """Whether reading it again would give the same: the bytes are compared, and the names.

        Args:
            root: Absolute path of the repository.
            source: Where to look now.
        """
        if source.document is not None or source != self.source:
            return False
        read, names = bytes_on_disk(root), names_on_disk(root)
        # Those of the root's file are known before any folder is walked into.
        outs = {o.path for s in self.pipeline.stages if "/" not in s.file for o in s.outs}
        return all(read(path) == data for path, data in self.files.items()) and all(
            names_that_count(folder, names(folder), outs) == names_that_count(folder, found, outs)
            for folder, found in self.folders.items()
        )


def load_pipeline(
    root: str,
    source: PipelineSource | None = None,
    *,
    read: Callable[[str], bytes | None] | None = None,
    names: Names | None = None,
    options: Mapping[str, str] | None = None,
) -> Pipeline:
    """Read and check everything that is declared in one repository.

    Args:
        root: Absolute path of the repository; "" when both functions are given.
        source: Where the stages stand; None takes every dvc.yaml.
        read: Gives a file's bytes by its path from the root, None when there is none; default:
            from disk.
        names: Gives the names in a folder with whether each is a folder; default: from disk.
        options: DVC's `parsing` configuration section (`bool`, `list`); default: read from
            `.dvc/config` and `.dvc/config.local`.

    Returns:
        Stages in order of declaration, files of the root first.

    Raises:
        PipelineError: One or more files cannot be used; every problem of them is in `details`,
            each with file and line.
    """
    loader = _Loader(
        root, read=read or bytes_on_disk(root), names=names or names_on_disk(root), options=options
    )
    return loader.checked(source or PipelineSource()).pipeline


def load_again(
    root: str, source: PipelineSource, before: LoadedPipeline | None = None
) -> LoadedPipeline:
    """Read and check everything from disk; what was made before is taken where it still stands.

    Args:
        root: Absolute path of the repository.
        source: Where the stages stand.
        before: What was made before, by this process.

    Raises:
        PipelineError: See `load_pipeline`.
    """
    if before is not None and before.stands(root, source):
        return before
    loader = _Loader(root, read=bytes_on_disk(root), names=names_on_disk(root), options=None)
    return loader.checked(source)


def bytes_on_disk(root: str) -> Callable[[str], bytes | None]:
    """A function that gives a file's bytes by its path from the root; None when there is none."""

    def read(path: str) -> bytes | None:
        refuse_link_outside(root, path)
        try:
            with open(f"{root}/{path}", "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    return read


def refuse_link_outside(root: str, path: str) -> None:
    """See that a declaration is no link out of the repository.

    What it says would be no part of any commit, and an error would show lines of a file that
    whoever pushed the link may not read.

    Raises:
        ConfigError: It is one.
    """
    name = f"{root}/{path}"
    if not os.path.islink(name):
        return
    if not os.path.realpath(name).startswith(os.path.realpath(root) + os.sep):
        raise ConfigError(
            f"{path} is a link that leads out of the repository",
            todo="Commit the file itself in its place.",
        )


class _Loader:
    def __init__(
        self,
        root: str,
        *,
        read: Callable[[str], bytes | None],
        names: Names,
        options: Mapping[str, str] | None,
    ) -> None:
        self.root = root
        self._options = options
        self.problems = Problems()
        self._read = read
        self._bytes: dict[str, bytes | None] = {}
        self._names = names
        self._found: dict[str, Sequence[tuple[str, bool]]] = {}
        self.walk = Walk(self.names, self.read)

    def read(self, path: str) -> bytes | None:
        """Bytes of a file, read once and remembered as an input of the result."""
        if path not in self._bytes:
            self._bytes[path] = self._read(path)
        return self._bytes[path]

    def names(self, folder: str) -> Sequence[tuple[str, bool]]:
        """Names in a folder, remembered as an input of the result."""
        self._found[folder] = found = tuple(self._names(folder))
        return found

    def checked(self, source: PipelineSource) -> LoadedPipeline:
        """What is declared, with what it was made from; every problem raises."""
        pipeline = self.load(source)
        self.problems.raise_if_any(PipelineError)
        return LoadedPipeline(
            pipeline=pipeline, source=source, files=self._bytes, folders=self._found
        )

    def load(self, source: PipelineSource) -> Pipeline:
        declared: list[Declared] = []
        pointers: list[Pointer] = []
        if source.stages is not None and source.document is not None:
            declared.append(self._inline(source, source.document))
        for file in self.walk.pipeline_files():
            if file.endswith(".dvc"):
                found = self._pointers(file)
                pointers += found
                self.walk.outs.update(pointer.path for pointer in found)
            elif source.stages is None:
                declared.append(self._dvc_yaml(file))
                self.walk.outs.update(o.path for s in declared[-1].stages for o in s.outs)
        stages = tuple(stage for part in declared for stage in part.stages)
        metrics = tuple(path for part in declared for path in part.metrics)
        if metrics:
            stages = tuple(_with_metrics(stage, frozenset(metrics)) for stage in stages)
        if source.defaults:
            stages = tuple(_with_defaults(stage, source.defaults) for stage in stages)
        if not self.problems:
            check_graph(stages, pointers, self.problems)
        if source.file is not None:
            stages = self._needed(stages, source)
        return Pipeline(
            stages=stages,
            pointers=tuple(pointers),
            metrics=metrics,
            plots=tuple(plot for part in declared for plot in part.plots),
            params=tuple(path for part in declared for path in part.params),
            files=tuple(self._bytes),
            folders=tuple(self.walk.folders),
        )

    def _needed(self, stages: Sequence[Stage], source: PipelineSource) -> tuple[Stage, ...]:
        """The stages of the named file, and all whose outputs they read."""
        file = source.file or ""
        if self.read(file) is None:
            document = source.document
            where = document.file if document else file
            line = document.line_of(source.path) if document else 1
            self.problems.add_at(
                where, line, f"pipeline: {file} does not exist; name a dvc.yaml of this repository"
            )
        needed = closure_of(stages, [stage.address for stage in stages if stage.file == file])
        return tuple(stage for stage in stages if stage.address in needed)

    def _document(self, file: str) -> Document | None:
        from branchline.core.documents.yaml import read_yaml

        try:
            return read_yaml(self.read(file) or b"", file=file)
        except DocumentError as error:
            self.problems.add_error(file, error)
            return None

    def _pointers(self, file: str) -> tuple[Pointer, ...]:
        document = self._document(file)
        if document is None:
            return ()
        return pointers_of(document, self.problems, root=self.root)

    def _grammar(self, document: Document) -> DvcYaml:
        return DvcYaml(
            document,
            read=self.read,
            problems=self.problems,
            root=self.root,
            options=self._parsing_options(),
        )

    def _parsing_options(self) -> Mapping[str, str]:
        """The `[parsing]` section of DVC's configuration; the local file wins."""
        if self._options is None:
            self._options = {}
            for file in (".dvc/config", ".dvc/config.local"):
                data = self.read(file)
                if data and b"parsing" in data:
                    self._options = {**self._options, **_section(data, "parsing")}
        return self._options

    def _dvc_yaml(self, file: str) -> Declared:
        document = self._document(file)
        return Declared() if document is None else self._grammar(document).declared()

    def _inline(self, source: PipelineSource, document: Document) -> Declared:
        from branchline.config.templating import has_references

        grammar = self._grammar(document)
        stages = dict(source.stages or {})
        if has_references(stages):
            grammar.load_default_params()
        found = grammar.stages(stages, source.path)
        if source.owner:
            found = tuple(replace(s, lock_name=f"{source.owner}/{s.name}") for s in found)
        return Declared(stages=found)


def _with_defaults(stage: Stage, defaults: frozenset[str]) -> Stage:
    """The stage of the short form: outputs that nobody named are optional."""
    outs = (replace(out, is_optional=out.spelled in defaults) for out in stage.outs)
    return replace(stage, outs=tuple(outs))


def _with_metrics(stage: Stage, metrics: frozenset[str]) -> Stage:
    """A stage whose `outs` hold a file that the top level lists under `metrics`."""
    if not any(out.path in metrics and out.kind is OutKind.DATA for out in stage.outs):
        return stage
    outs = (
        replace(out, kind=OutKind.METRIC)
        if out.path in metrics and out.kind is OutKind.DATA
        else out
        for out in stage.outs
    )
    return replace(stage, outs=tuple(outs))


def _section(data: bytes, name: str) -> dict[str, str]:
    """The keys of one section of an INI file."""
    found: dict[str, str] = {}
    inside = False
    for line in data.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if text.startswith("["):
            inside = text.strip("[]' \"") == name
        elif inside and "=" in text and not text.startswith(("#", ";")):
            key, _, value = text.partition("=")
            found[key.strip()] = value.strip()
    return found
