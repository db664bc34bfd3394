"""All pipeline files of a repository into one checked Pipeline.

Serves the flows. Reads files, by default from disk; changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from branchline.config.discovery import Walk, names_on_disk
from branchline.config.dvc_yaml import Declared, DvcYaml
from branchline.config.graph import check_graph, upstream_of
from branchline.config.pointers import pointers_of
from branchline.config.problems import Problems
from branchline.core.pipeline import Pipeline
from branchline.errors import DocumentError, PipelineError

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
    """

    file: str | None = None
    stages: Mapping[str, Any] | None = None
    document: Document | None = field(default=None, repr=False, compare=False)
    path: tuple[str | int, ...] = ()


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
    pipeline = loader.load(source or PipelineSource())
    loader.problems.raise_if_any(PipelineError)
    return pipeline


def bytes_on_disk(root: str) -> Callable[[str], bytes | None]:
    """A function that gives a file's bytes by its path from the root; None when there is none."""

    def read(path: str) -> bytes | None:
        try:
            with open(f"{root}/{path}", "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    return read


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
        self.walk = Walk(names, self.read)

    def read(self, path: str) -> bytes | None:
        """Bytes of a file, read once and remembered as an input of the result."""
        if path not in self._bytes:
            self._bytes[path] = self._read(path)
        return self._bytes[path]

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
        if not self.problems:
            check_graph(stages, pointers, self.problems)
        if source.file is not None:
            stages = self._needed(stages, source)
        return Pipeline(
            stages=stages,
            pointers=tuple(pointers),
            metrics=tuple(path for part in declared for path in part.metrics),
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
        upstream = upstream_of(stages)
        todo = [stage.address for stage in stages if stage.file == file]
        needed: set[str] = set()
        while todo:
            address = todo.pop()
            if address not in needed:
                needed.add(address)
                todo += upstream[address]
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
        return Declared(stages=grammar.stages(stages, source.path))


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
