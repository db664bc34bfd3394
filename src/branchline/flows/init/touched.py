"""Paths that a script reads or writes, and what they seem to be. Values; serves `init`."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from enum import Enum

__all__ = ["Composition", "Measure", "Role", "Touched", "is_metrics_file", "role_of"]

_METRICS_FILE = re.compile(r"metric|score|result|eval|report|summary|perf", re.IGNORECASE)
_PREDICTIONS = re.compile(r"pred|submission|oof|(?<![a-z])proba", re.IGNORECASE)
_EVALUATION = re.compile(r"(?<![a-z])(?:test|eval|valid|validation|val|holdout|dev)(?![a-z])", re.I)
_MODEL_ENDINGS = (
    ".bin", ".cbm", ".ckpt", ".h5", ".hdf5", ".joblib", ".keras", ".npz", ".onnx", ".pickle",
    ".pkl", ".pt", ".pth", ".safetensors", ".tflite", ".ubj",
)  # fmt: skip
_PLOT_ENDINGS = (".gif", ".html", ".jpeg", ".jpg", ".pdf", ".png", ".svg")
_TABLE_ENDINGS = (".csv", ".feather", ".jsonl", ".npy", ".parquet", ".tsv", ".xlsx")
_DOCUMENTS = (".json", ".toml", ".yaml", ".yml")
_TEXTS = (".csv", ".jsonl", ".md", ".tsv", ".txt")


class Role(Enum):
    """What a file seems to be."""

    MODEL = "model"
    METRICS = "metrics"
    LOGS = "logs"  # a logger's folder with one numbered folder a run: metrics, and what else
    PREDICTIONS = "predictions"
    PLOT = "plot"
    EVALUATION = "evaluation"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A path that a script reads or writes, as spelled there.

    Attributes:
        path: Normalised.
        line: From 1.
        file: The source in which that line stands.
        is_sure: Whether it happens whenever the script runs with its defaults: not below a
            condition, nor in a function that nobody calls.
        role: What the call that touches it says it is.
        is_grown: Whether it is opened to add to what it holds.
    """

    path: str
    line: int
    file: str = ""
    is_sure: bool = True
    role: Role = Role.OTHER
    is_grown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric that a script writes or prints.

    Attributes:
        name: As it will be read.
        line, file: Where it is written.
        target: The file that it goes to; "" where that is not known.
        is_printed: Whether it goes to standard output.
        sample: The text that is written, with a number for what is only known when it runs.
        is_sure: As for `Touched`.
    """

    name: str
    line: int
    file: str = ""
    target: str = ""
    is_printed: bool = False
    is_sure: bool = True
    sample: str = ""


@dataclass(slots=True, kw_only=True)
class Composition:
    """How a script has Hydra compose its configuration.

    Attributes:
        folder: As spelled, from the script's folder.
        name: Of the configuration; "" where it is not said.
        line: Where it says so; 0 in a script that does not.
        is_decorated: Whether Hydra starts the job, so that the command line changes values.
        overrides: Whether the code changes values itself.
    """

    folder: str = "."
    name: str = ""
    line: int = 0
    is_decorated: bool = False
    overrides: bool = False


def is_metrics_file(path: str, *, texts: bool = False) -> bool:
    """Whether a file is called as people call their metrics: metrics.json, eval/scores.yaml.

    Args:
        path: The file.
        texts: Whether tables and plain text count, too.
    """
    name = posixpath.basename(path)
    endings = (*_DOCUMENTS, *_TEXTS) if texts else _DOCUMENTS
    if _PREDICTIONS.search(name):
        return False
    return name.endswith(endings) and bool(_METRICS_FILE.search(name))


def role_of(path: str, said: Role = Role.OTHER) -> Role:
    """What a written file is, by its name and by the call that writes it."""
    name = posixpath.basename(path).lower()
    if is_metrics_file(path, texts=True):
        return Role.METRICS
    if _PREDICTIONS.search(name) and name.endswith((*_TABLE_ENDINGS, ".json")):
        return Role.PREDICTIONS
    if said is not Role.OTHER:
        return said
    if name.endswith(_PLOT_ENDINGS):
        return Role.PLOT
    if "model" in name or "weights" in name:
        return Role.MODEL
    is_result = _METRICS_FILE.search(name)  # results.pkl holds results, whatever its ending
    return Role.MODEL if name.endswith(_MODEL_ENDINGS) and not is_result else Role.OTHER


def is_evaluation_set(path: str) -> bool:
    """Whether data are called as people call what they evaluate on."""
    return bool(_EVALUATION.search(path.lower()))
