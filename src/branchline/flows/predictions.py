"""Finds and reads the predictions of runs: of this one, and the champion's from the store.

Serves the station `evidence`. The working tree is not touched.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.evidence.prediction_columns import guess_columns, is_predictions_path
from branchline.core.evidence.tables import Form, form_of
from branchline.core.pipeline import Content
from branchline.errors import BranchlineError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.evidence import Evidence
    from branchline.core.evidence.predictions import Predictions, Task
    from branchline.core.policy import Gate, PredictionColumns
    from branchline.flows.project import Project

_FOLDERS = ("eval", "metric", "output", "predict", "report", "result")
_ENDINGS = ", ".join(form.value for form in Form)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPredictions:
    """Where a run's predictions are.

    Attributes:
        columns: Path and columns; None when there are none.
        is_named: Whether the gate names them: then they count, and what is wrong with them is said
            in the verdict. Else they are used only where all is well.
        problem: Why they cannot be used, as a sentence; "" when they can, or when there are none.
    """

    columns: PredictionColumns | None = None
    is_named: bool = False
    problem: str = ""


@dataclass(slots=True)
class PredictionReader:
    """Reads predictions of one run.

    Args:
        project: Ports.
        evidence: Of the run: its outputs by digest.
        is_here: Whether it is the run that just walked, whose files stand in the working tree.
    """

    project: Project
    evidence: Evidence
    is_here: bool = False
    _bytes: dict[str, bytes | None] = field(default_factory=dict)

    def find(self, gate: Gate) -> FoundPredictions:
        """Where they are: named by the gate, or by the names of outputs and of their columns."""
        named = gate.predictions
        if named is not None:
            return FoundPredictions(
                columns=named, is_named=True, problem=self._problem_of_named(named)
            )
        by_name = [path for path in self._files() if is_predictions_path(path)]
        guesses = [self._guess(path) for path in by_name]
        if not any(found.columns for found in guesses):
            # A plot of the same columns counts only where no file is called predictions.
            guesses += [self._guess(path) for path in self._plots() if path not in by_name]
        good = [found for found in guesses if found.columns is not None]
        if len(good) > 1:
            several = " and ".join(f"`{found.columns.path}`" for found in good if found.columns)
            return FoundPredictions(
                problem=f"{several} both look like predictions, so neither is used; "
                "`gate.predictions` names the one that counts."
            )
        return good[0] if good else next((g for g in guesses if g.problem), FoundPredictions())

    def digest(self, path: str) -> str:
        """Content of a file among the outputs, or within one; "" when it is none."""
        found = self.evidence.outs.get(path, "")
        if found and not found.endswith(".dir"):
            return found
        for folder, digest in self.evidence.outs.items():
            if digest.endswith(".dir") and path.startswith(f"{folder}/"):
                members = self.project.store.members(Content(md5=digest)) or ()
                inside = path[len(folder) + 1 :]
                return next((c.md5 or "" for name, c in members if name == inside), "")
        return ""

    def read(
        self, columns: PredictionColumns, *, slices: tuple[str, ...], task: Task | None
    ) -> Predictions:
        """What was said of each example.

        Raises:
            BranchlineError: It is not here, cannot be read, or is not what it has to be.
        """
        from branchline.core.evidence.predictions import columns_needed, read_predictions
        from branchline.errors import StoreError

        form = form_of(columns.path)
        data = self._content(columns.path)
        if data is None or form is None:
            raise StoreError(
                f"`{columns.path}` is not in the store; {self.project.store.looked_at()}"
            )
        needed = columns_needed(columns, slices)
        table = self.project.tables.read(data, form, needed, file=columns.path)
        return read_predictions(table, columns, slices=slices, task=task)

    def _problem_of_named(self, columns: PredictionColumns) -> str:
        path = columns.path
        if form_of(path) is None:
            return f"`gate.predictions.path` is `{path}`, which ends in none of {_ENDINGS}."
        if self.digest(path):
            return ""
        if not self.evidence.stages:
            return f"there is no `{path}` of a run in which nothing was made."
        if self.project.workspace.read(path) is None:
            return f"`gate.predictions` names `{path}`, and this run left no such file."
        return (
            f"`gate.predictions` names `{path}`, which is no output of a stage, so that of the"
            " baseline cannot be had: name it under `outs`."
        )

    def _files(self) -> list[str]:
        """Outputs, and files in folders whose name speaks of an evaluation."""
        found = []
        for path, digest in self.evidence.outs.items():
            name = path.rpartition("/")[2].lower()
            if not digest.endswith(".dir"):
                found.append(path)
            elif any(word in name for word in _FOLDERS):
                members = self.project.store.members(Content(md5=digest)) or ()
                found += [f"{path}/{inside}" for inside, _ in members]
        return found

    def _plots(self) -> list[str]:
        """Plots whose first line names the columns of predictions; nothing heavy is loaded."""
        found = []
        for plot in self.evidence.plots:
            form = form_of(plot.path)
            if plot.content.is_folder or form not in (Form.CSV, Form.TSV, Form.JSON_LINES):
                continue
            line = (self._content(plot.path) or b"")[:65_536].split(b"\n", 1)[0]
            if guess_columns(plot.path, _names_in(line, form)).columns is not None:
                found.append(plot.path)
        return found

    def _guess(self, path: str) -> FoundPredictions:
        data, form = self._content(path), form_of(path)
        if data is None or form is None:
            return FoundPredictions()
        try:
            names = self.project.tables.names(data, form, file=path)
        except MissingExtraError as error:
            problem = f"`{path}` looks like predictions and is not used: {error.message}."
            return FoundPredictions(problem=f"{problem} {error.todo}")
        except BranchlineError as error:
            return FoundPredictions(problem=f"`{path}` is not used: {error.message}.")
        guessed = guess_columns(path, names)
        if guessed.problem:
            return FoundPredictions(
                problem=f"`{path}` is not used: it {guessed.problem}; `gate.predictions` tells."
            )
        return FoundPredictions(columns=guessed.columns)

    def _content(self, path: str) -> bytes | None:
        """Bytes of an output, as the run left it; None when they are nowhere here."""
        if path not in self._bytes:
            self._bytes[path] = self._found(path, self.digest(path))
        return self._bytes[path]

    def _found(self, path: str, digest: str) -> bytes | None:
        if not digest:
            return None
        data = self.project.workspace.read(path) if self.is_here else None
        if data is not None and _is(data, digest):
            return data
        data = self.project.store.read(Content(md5=digest))
        if data is None and self.evidence.commit is not None:
            # An output that git keeps and the store does not (`cache: false`).
            data = self.project.repo.show(self.evidence.commit, path)
            data = data if data is not None and _is(data, digest) else None
        return data


def _is(data: bytes, digest: str) -> bool:
    return hashlib.md5(data, usedforsecurity=False).hexdigest() == digest


def _names_in(line: bytes, form: Form) -> list[str]:
    """Names of the columns in the first line of a text table."""
    text = line.decode("utf-8-sig", "replace").strip()
    if form is Form.JSON_LINES:
        try:
            row: Mapping[str, object] | object = json.loads(text)
        except ValueError:
            return []
        return [str(name) for name in row] if isinstance(row, dict) else []
    sign = max((",", ";", "\t", "|"), key=text.count)
    return [name.strip().strip('"') for name in text.split(sign)]
