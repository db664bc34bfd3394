"""One dvc.yaml, or the `stages:` of a branchline.yaml, into stages and top-level files.

Serves `pipeline`. Reads parameter files through the function it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.expansion import expand
from branchline.config.expressions import ExpressionError
from branchline.config.grammar import Shape
from branchline.config.params import DEFAULT_FILE, parse_params
from branchline.config.paths import folder_of, located
from branchline.config.stages import StageBuilder, load_var
from branchline.config.templating import Context, has_references
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.config.problems import Problems
    from branchline.core.documents.document import Document
    from branchline.core.pipeline import Stage
    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one file declares; paths from the root."""

    stages: tuple[Stage, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[Mapping[str, JsonValue], ...] = ()
    params: tuple[str, ...] = ()


class DvcYaml:
    """Reads the grammar of one file.

    Args:
        document: The file.
        read: Gives a file's bytes by its path from the root; None when there is none.
        problems: Takes what is wrong.
        root: Absolute path of the repository, to recognise absolute paths inside it.
        options: DVC's `parsing` configuration section.
    """

    def __init__(
        self,
        document: Document,
        *,
        read: Callable[[str], bytes | None],
        problems: Problems,
        root: str = "",
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.document = document
        self.read = read
        self.problems = problems
        self.folder = folder_of(document.file)
        self.context = Context(options=options)
        self.shape = Shape(document, problems)
        self.root = root
        self.builder = StageBuilder(
            document, folder=self.folder, root=root, values_of=self.values_of, problems=problems
        )

    def declared(self) -> Declared:
        """All that a dvc.yaml declares; what is wrong goes to the problems."""
        value = self.document.value
        if value is None or not self.shape.top(value):
            return Declared()
        assert isinstance(value, dict)  # noqa: S101 # for the type checker; top() said so
        self._load_context(value)
        return Declared(
            stages=self.stages(value.get("stages") or {}, ("stages",)),
            metrics=self._files(value, "metrics"),
            params=self._files(value, "params"),
            plots=self._plots(value.get("plots") or []),
        )

    def stages(self, entries: dict[Any, Any], path: tuple[str | int, ...]) -> tuple[Stage, ...]:
        """The stages of a `stages` mapping that stands at `path`."""
        found: dict[str, Stage] = {}
        for name, definition in entries.items():
            here = (*path, name)
            if not self.shape.stage(name, definition, here):
                continue
            try:
                templates = list(expand(name, definition, self.context, here))
            except ExpressionError as error:
                key = "foreach" if "foreach" in definition else "matrix"
                self.builder.note((*here, key), str(error))
                continue
            for template in templates:
                stage = self.builder.build(template)
                if stage is not None:
                    found[stage.name] = stage
        return tuple(found.values())

    def values_of(self, path: str) -> Mapping[Any, Any] | None:
        """Values of a parameter file; None when there is none.

        Raises:
            ExpressionError: It cannot be read.
        """
        data = self.read(path)
        if data is None:
            return None
        try:
            return parse_params(path, data)
        except DocumentError as error:
            raise ExpressionError(error.message) from error

    def load_default_params(self) -> None:
        """Let references name what params.yaml beside the file sets, where there is one."""
        path = located(self.folder, DEFAULT_FILE)[0]
        try:
            if self.read(path) is not None:
                self.context.load(path, None, self.values_of)
        except ExpressionError as error:
            self.problems.add(self.document, (), f"{DEFAULT_FILE} cannot be used here: {error}")

    def _load_context(self, value: dict[Any, Any]) -> None:
        entries = value.get("vars") or []
        if not entries and not has_references({k: v for k, v in value.items() if k != "vars"}):
            return  # nothing can name a parameter: do not read any
        self.load_default_params()
        for index, entry in enumerate(entries):
            if not isinstance(entry, str | dict):
                continue
            try:
                load_var(
                    self.context, entry, folder=self.folder, values_of=self.values_of,
                    source=f"vars[{index}]",
                )  # fmt: skip
            except ExpressionError as error:
                self.builder.note(("vars", index), str(error))

    def _resolved(self, value: object, path: tuple[str | int, ...]) -> Any:
        try:
            return self.context.resolve(value)
        except ExpressionError as error:
            self.builder.note(path, str(error))
            return None

    def _files(self, value: dict[Any, Any], key: str) -> tuple[str, ...]:
        found = []
        for index, item in enumerate(value.get(key) or []):
            resolved = self._resolved(item, (key, index))
            if isinstance(resolved, str):
                found.append(located(self.folder, resolved, root=self.root)[0])
        return tuple(dict.fromkeys(found))

    def _plots(self, items: list[Any]) -> tuple[Mapping[str, JsonValue], ...]:
        """Top-level plots: `id`, the options as written, `file` that declares them, `folder`."""
        found: list[Mapping[str, JsonValue]] = []
        for index, item in enumerate(items):
            resolved = self._resolved(item, ("plots", index))
            entries = resolved if isinstance(resolved, dict) else {resolved: None}
            for name, options in entries.items():
                if isinstance(name, str):
                    found.append(
                        {
                            **(options or {}),
                            "id": name,
                            "file": self.document.file,
                            "folder": self.folder,
                        }
                    )
        return tuple(found)
