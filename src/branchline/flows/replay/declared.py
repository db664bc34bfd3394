"""What each commit of a history declares: its own files, or today's where it has none yet.

Serves `flows.replay`. Read again only where a file that counts moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.config.branchline_yaml import FILE, default_config
from branchline.config.pipeline import load_pipeline
from branchline.config.settings_files import names_among, settings_in
from branchline.errors import BranchlineError
from branchline.ports.workspace import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from branchline.config.branchline_yaml import LoadedConfig, ModelConfig
    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy
    from branchline.ports.workspace import Workspace

PIPELINE_NAME = "dvc.yaml"
_COUNTS = frozenset({PIPELINE_NAME, FILE, "pyvenv.cfg", ".dvcignore", ".gitignore"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredModel:
    """One model of a commit.

    Attributes:
        name: Of the model.
        policy, pipeline: What the commit decided and declares; None where it cannot be read.
        problem: Why; "" where it can.
        borrowed: Files that are today's, for the commit has none of its own.
    """

    name: str
    policy: Policy | None = None
    pipeline: Pipeline | None = None
    problem: str = ""
    borrowed: tuple[str, ...] = ()


class Declarations:
    """Reads the declarations of one commit after the other.

    Args:
        root: Absolute path of the repository.
        files: The commit's files, which move.
        paths: Gives all of them.
        today: branchline.yaml files in force and dvc.yaml files of the working tree, by path.
        name: Of the model where no branchline.yaml names one.
    """

    def __init__(
        self,
        root: str,
        files: Workspace,
        paths: Callable[[], Iterable[str]],
        *,
        today: Mapping[str, bytes],
        name: str,
    ) -> None:
        self._root = root
        self._files = files
        self._paths = paths
        self._today = today
        self._name = name
        self._read: set[str] = set()
        self._models: tuple[DeclaredModel, ...] | None = None

    def models(self, moved: Iterable[str]) -> tuple[DeclaredModel, ...]:
        """The models of the commit; the same value as before where nothing that counts moved.

        Args:
            moved: Paths that differ from the commit before.
        """
        if self._models is None or any(self._counts(path) for path in moved):
            self._read = set()
            self._models = self._load()
        return self._models

    def _counts(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        if path in self._read or name in _COUNTS or name.endswith(".dvc"):
            return True
        return "/.dvc/" in f"/{path}"

    def _load(self) -> tuple[DeclaredModel, ...]:
        own = set(self._paths())
        lent: dict[str, bytes] = {}
        if FILE not in own:
            lent = self._lent(own)
        borrowed = tuple(lent)
        try:
            config = self._config(lent)
        except BranchlineError as error:
            names = self._names_of_today()
            return tuple(
                DeclaredModel(name=name, problem=_sentence(error), borrowed=borrowed)
                for name in names
            )
        return tuple(self._model(model, lent) for model in config.models)

    def _lent(self, own: set[str]) -> dict[str, bytes]:
        """Files of today for a commit that has no branchline.yaml in its root."""
        names = {path.rpartition("/")[2] for path in own}
        if FILE in names and PIPELINE_NAME not in own:
            return {}  # its folders declare their models
        return {
            path: data
            for path, data in self._today.items()
            if path.rpartition("/")[2] == FILE or PIPELINE_NAME not in names
        }

    def _names_of_today(self) -> tuple[str, ...]:
        """The models of a commit that names none, as far as anybody can know."""
        known = tuple(model.name for model in self._models or ())
        if known:
            return known
        try:
            found = settings_in(names_among(self._today), self._today.get)
            config = default_config(self._name) if found is None else found.load()
        except BranchlineError:
            config = default_config(self._name)
        return tuple(model.policy.model for model in config.models)

    def _config(self, lent: Mapping[str, bytes]) -> LoadedConfig:
        def read(path: str) -> bytes | None:
            self._read.add(path)
            return lent[path] if path in lent else self._files.read(path)

        found = settings_in(lambda folder: self._names_in(folder, lent), read)
        return default_config(self._name) if found is None else found.load()

    def _model(self, model: ModelConfig, lent: Mapping[str, bytes]) -> DeclaredModel:
        def read(path: str) -> bytes | None:
            self._read.add(path)
            return lent[path] if path in lent else self._files.read(path)

        name, borrowed = model.policy.model, tuple(lent)
        try:
            pipeline = load_pipeline(
                self._root, model.source, read=read, names=lambda f: self._names_in(f, lent)
            )
        except BranchlineError as error:
            return DeclaredModel(name=name, problem=_sentence(error), borrowed=borrowed)
        if not pipeline.stages:
            problem = "no stage is declared there yet"
            if not any(path.rpartition("/")[2] == FILE for path in self._today):
                problem += ", nor today: `branchline init` writes branchline.yaml"
            return DeclaredModel(name=name, problem=problem, borrowed=borrowed)
        return DeclaredModel(name=name, policy=model.policy, pipeline=pipeline, borrowed=borrowed)

    def _names_in(self, folder: str, lent: Mapping[str, bytes]) -> list[tuple[str, bool]]:
        listed = self._files.list_folder(folder) or {}
        found = {name: kind is EntryKind.FOLDER for name, kind in listed.items()}
        for path in lent:
            below = path if folder == "." else path.removeprefix(f"{folder}/")
            if folder == "." or below != path:
                name, _, deeper = below.partition("/")
                found[name] = bool(deeper)
        return list(found.items())


def _sentence(error: BranchlineError) -> str:
    """An error in one line: its first fact where the message only counts them."""
    return error.details[0] if error.details else error.message
