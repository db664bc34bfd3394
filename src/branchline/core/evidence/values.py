"""Values of the station `evidence`: metrics, parameters, plots, outputs, provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.evidence.data.values import DataReport
    from branchline.core.evidence.measured import Measured
    from branchline.core.evidence.model_tests import Examined
    from branchline.core.pipeline import Content
    from branchline.core.values import JsonValue

MODEL_SUFFIXES = (
    ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".onnx", ".h5", ".keras", ".safetensors",
    ".bst", ".cbm", ".pb", ".gguf", ".skops", ".model", ".bin",
)  # fmt: skip
"""Endings by which a file is taken for a model and not for data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number that a run left.

    Attributes:
        name: Dotted path inside its file (`val.auc`).
        value: A float or int; None when the file holds something that is no number (then `text`
            says what), NaN allowed.
        text: The value as written.
        file: Where it was read, from the root.
        stage: Address of the stage that wrote it; "" for files of the top level.
        place: Where it stands in that file, in words (`line 3`, `cell 4, line 2`); "" where that
            is not known.
        unit: As written beside it, or as its name says; "" for none.
        problem: Why it has no value though it is there, as the rest of a sentence that begins with
            its name; "" when there is nothing to say.
    """

    name: str
    value: float | int | None
    text: str
    file: str
    stage: str = ""
    place: str = ""
    unit: str = ""
    problem: str = ""

    @property
    def where(self) -> str:
        """Its file and place: `metrics.json:3`, `train.ipynb, cell 4`; "" when it has no file.

        >>> Metric(name="auc", value=1, text="1", file="m.json", place="line 3").where
        'm.json:3'
        """
        line = self.place.removeprefix("line ")
        if line.isdigit():
            return f"{self.file}:{line}"
        return f"{self.file}, {self.place}" if self.place else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """What one stage cost and whose result it is.

    Attributes:
        stage: Address. action: run or reuse. key: Its key.
        run: Id of the run that made the result.
        duration_s, cpu_s: Seconds. peak_memory_bytes: Largest process. attempts: From 1.
    """

    stage: str
    action: str
    key: str
    run: str
    duration_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot file: where it is, what it holds and how to draw it (`options` as in dvc.yaml)."""

    path: str
    content: Content
    stage: str = ""
    options: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFacts:
    """Which predictions a run left, and of which examples.

    Attributes:
        path: The file, from the root.
        digest: Of its content.
        examples: Which examples these are: a digest over their ids and truth.
        count: How many there are.
        judged: How many candidates they have judged so far, this one included; 0: not counted.
    """

    path: str
    digest: str
    examples: str
    count: int
    judged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one run learned.

    Attributes:
        metrics: All metrics, in file order.
        params: `file:key` -> value.
        outs: Path -> digest of every output.
        plots: Plot files.
        stages: Costs, in plan order.
        data: Path -> digest of every data input that no stage makes.
        evaluation_data: Digest over the data inputs of the stages that wrote metrics, models left
            out; two runs whose digests differ cannot be compared number by number. "" = unknown.
        commit, branch, is_dirty: Provenance.
        versions: Python, platform, branchline, lock file digest.
        duration_s: Wall time of the whole run in seconds.
        tests: Of the model, in the order of branchline.yaml.
        measured: What Branchline itself and the tests measured: size, latency.
        predictions: What it said of each example; None when that was not found or not asked for.
        data_checks: What the checks of the data found, in the order of branchline.yaml.
        unread: Why a metrics file gave no metric, a sentence each; its place stands first.
    """

    metrics: tuple[Metric, ...] = ()
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    outs: Mapping[str, str] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()
    stages: tuple[StageFacts, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    evaluation_data: str = ""
    commit: str | None = None
    branch: str | None = None
    is_dirty: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    duration_s: float = 0.0
    tests: tuple[Examined, ...] = ()
    measured: tuple[Measured, ...] = ()
    predictions: PredictionFacts | None = None
    data_checks: tuple[DataReport, ...] = ()
    unread: tuple[str, ...] = ()

    def metric(self, name: str) -> Metric | None:
        """The metric of that name; None when there is none."""
        return next((metric for metric in self.metrics if metric.name == name), None)

    def measure(self, name: str) -> Measured | None:
        """What was measured under that name, unless a metric of the project has it."""
        if self.metric(name) is not None:
            return None
        return next((item for item in self.measured if item.name == name), None)
