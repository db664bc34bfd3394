"""Trainings of one content with several seeds, as they are kept in the records. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.find import find_metric
from branchline.core.evidence.values import Evidence, Metric
from branchline.core.values import SCHEMA_VERSION, digest_of
from branchline.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.values import JsonValue

_MOST_METRICS = 1000
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training.

    Attributes:
        model: Name of the model.
        content: What was trained, its own seed set: see `content_of`.
        param: Parameter that was set, as in `gate.replicates.seed`; "" where none was.
        seed: What it was set to; None for what stands in the commit.
        again: How often the very same was trained before: with one seed, from 1; 0: the first time.
        made_for: Content of the candidate whose verdict asked for it; "" for none.
        commit: Where it stands.
        metrics: All metrics that it left.
        outputs: Digest over what it left, but for the metrics: equal where the seed does nothing.
        evaluation_data: As in `Evidence`.
        duration_s: Wall time in seconds; 0 when not known.
        at: UTC, ISO 8601.
        predictions_delta: How far its predictions are from those of the first training with this
            seed, at most; None when not known.
    """

    model: str
    content: str
    param: str = ""
    seed: int | None = None
    again: int = 0
    made_for: str = ""
    commit: str = ""
    metrics: tuple[Metric, ...] = ()
    outputs: str = ""
    evaluation_data: str = ""
    duration_s: float = 0.0
    at: str = ""
    predictions_delta: float | None = None

    @property
    def place(self) -> str:
        """Where it stands in the records: `content/seed`, in a form that all file systems take."""
        param = digest_of(self.param)[:8]
        seed = "own" if self.seed is None else f"seed-{param}-{self.seed}"
        return f"{self.content[:32]}/{seed}" + (f"-again-{self.again}" if self.again else "")

    def value(self, metric: str) -> float | None:
        """The metric of a name; None where it is no finite number."""
        return value_of(Evidence(metrics=self.metrics), metric)


def value_of(evidence: Evidence, metric: str) -> float | None:
    """The metric of a name; None where it is no finite number."""
    found = find_metric(evidence, metric).metric
    if found is None or found.value is None or not math.isfinite(found.value):
        return None
    return float(found.value)


def content_of(keys: Mapping[str, str], outs: Mapping[str, str]) -> str:
    """What a training is of: keys of its stages, and what they left with the seed of the commit.

    The outputs stand for what a stage was seen to read besides what its key holds.

    Args:
        keys: Stage -> key.
        outs: Path -> digest.
    """
    return digest_of(["training", sorted(keys.items()), sorted(outs.items())])


def training_of(
    evidence: Evidence, *, model: str, content: str = "", at: str = "", duration_s: float = 0.0
) -> Training:
    """What a run left, as a training with the seed of its commit."""
    return Training(
        model=model,
        content=content or content_in(evidence),
        commit=evidence.commit or "",
        metrics=evidence.metrics,
        outputs=outputs_in(evidence),
        evaluation_data=evidence.evaluation_data,
        duration_s=duration_s,
        at=at,
    )


def content_in(evidence: Evidence) -> str:
    """`content_of` for the evidence of a run."""
    return content_of({facts.stage: facts.key for facts in evidence.stages}, evidence.outs)


def outputs_in(evidence: Evidence) -> str:
    """Digest over the outputs of a run that are no metrics; over all where there are no others."""
    files = {metric.file for metric in evidence.metrics}
    others = {path: digest for path, digest in evidence.outs.items() if path not in files}
    return digest_of(sorted((others or evidence.outs).items()))


def groups_of(trainings: Iterable[Training], metric: str, param: str) -> list[list[float]]:
    """A metric by content, newest first: one number for each seed. The same again counts once.

    Where no seed is varied it is the very same again that tells what chance does.

    Args:
        trainings: Of one model.
        metric: Its name; trainings that left no finite number are left out.
        param: Which seed was set; what another one does is another noise. "": none.
    """
    newest: dict[str, str] = {}
    groups: dict[str, dict[tuple[int | None, int], float]] = {}
    for training in trainings:
        value = training.value(metric)
        is_of_param = training.seed is None or training.param == param
        counts = training.seed is None if not param else is_of_param and not training.again
        if value is None or not counts:
            continue
        newest[training.content] = max(newest.get(training.content, ""), training.at)
        groups.setdefault(training.content, {})[training.seed, training.again] = value
    order = sorted(groups, key=lambda content: (newest[content], content), reverse=True)
    return [list(groups[content].values()) for content in order]


def training_to_json(training: Training) -> dict[str, JsonValue]:
    """A training as plain JSON values, `schema_version` first."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": training.model,
        "content": training.content,
        "param": training.param,
        "seed": training.seed,
        "again": training.again,
        "made_for": training.made_for,
        "commit": training.commit,
        "metrics": [
            [m.file, m.name, _number(m.value), m.text, m.stage]
            for m in training.metrics[:_MOST_METRICS]
        ],
        "outputs": training.outputs,
        "evaluation_data": training.evaluation_data,
        "duration_s": training.duration_s,
        "at": training.at,
        "predictions_delta": _number(training.predictions_delta),
    }


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def training_from_json(value: object) -> Training:
    """The training that `training_to_json` wrote.

    Raises:
        RecordError: A newer schema, a missing field, or a value of a wrong type.
    """
    if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
        raise RecordError("a training's record is of another version, or none")
    try:
        seed, again, duration = value["seed"], value["again"], float(value["duration_s"])
        _refuse_not_whole(0 if seed is None else seed, again)
        return Training(
            model=_text(value["model"]),
            content=_text(value["content"]),
            param=_text(value["param"]),
            seed=seed,
            again=again,
            made_for=_text(value["made_for"]),
            commit=_text(value["commit"]),
            metrics=tuple(_metric(row) for row in value["metrics"][:_MOST_METRICS]),
            outputs=_text(value["outputs"]),
            evaluation_data=_text(value["evaluation_data"]),
            duration_s=duration if math.isfinite(duration) and duration >= 0 else 0.0,
            at=_text(value["at"]),
            predictions_delta=_delta(value.get("predictions_delta")),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RecordError(f"a training's record cannot be read: {error}") from None


def _refuse_not_whole(*values: object) -> None:
    if any(type(value) is not int for value in values):
        raise TypeError("`seed` and `again` must be whole numbers")


def _delta(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("`predictions_delta` is no number")
    return float(value) if math.isfinite(value) and value >= 0 else None


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise TypeError("a text is missing, or too long")
    return value


def _metric(row: Sequence[object]) -> Metric:
    file, name, value, text, stage = row
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError("a metric is no number")
    return Metric(
        file=_text(file), name=_text(name), value=value, text=_text(text), stage=_text(stage)
    )
