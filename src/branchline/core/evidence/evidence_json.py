"""Evidence as JSON and back: the file `evidence.json` of a run's record.

Reading ignores fields that it does not know and refuses a newer schema. Numbers that JSON lacks are
written as texts: a metric's value "nan", "inf" or "-inf"; within parameters {"!float": "nan"}.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.directions import goal_of
from branchline.core.evidence.json_parts import list_in, mapping_in, text_in
from branchline.core.evidence.measured import measured_from_json, measured_to_json
from branchline.core.evidence.values import (
    Evidence,
    Metric,
    Plot,
    PredictionFacts,
    StageFacts,
)
from branchline.core.pipeline import Content
from branchline.core.values import SCHEMA_VERSION
from branchline.errors import RecordError

if TYPE_CHECKING:
    from branchline.core.evidence.data.values import DataReport
    from branchline.core.evidence.model_tests import Examined
    from branchline.core.values import JsonValue

_FLOAT = "!float"
_PLAIN = "!mapping"


def evidence_to_json(evidence: Evidence) -> dict[str, JsonValue]:
    """Evidence as plain JSON values, `schema_version` first."""
    return {
        "schema_version": SCHEMA_VERSION,
        "commit": evidence.commit,
        "branch": evidence.branch,
        "is_dirty": evidence.is_dirty,
        "duration_s": evidence.duration_s,
        "metrics": [
            {
                "name": metric.name,
                "value": number_to_json(metric.value),
                "text": metric.text,
                "file": metric.file,
                "stage": metric.stage,
                "place": metric.place,
                "unit": metric.unit,
                "goal": _goal_to_json(metric.name),
                "problem": metric.problem,
            }
            for metric in evidence.metrics
        ],
        "params": {name: _param_to_json(value) for name, value in evidence.params.items()},
        "outs": dict(evidence.outs),
        "plots": [_plot_to_json(plot) for plot in evidence.plots],
        "stages": [_stage_to_json(stage) for stage in evidence.stages],
        "data": dict(evidence.data),
        "evaluation_data": evidence.evaluation_data,
        "versions": dict(evidence.versions),
        "tests": _tests_to_json(evidence.tests),
        "measured": [measured_to_json(item) for item in evidence.measured],
        "predictions": _predictions_to_json(evidence.predictions),
        "data_checks": _data_checks_to_json(evidence),
        "unread": list(evidence.unread),
    }


def _goal_to_json(name: str) -> JsonValue:
    """Which way is better by the name alone: for readers of the record, never for the gate."""
    goal = goal_of(name)
    return None if goal is None else goal.value


def _predictions_to_json(facts: PredictionFacts | None) -> JsonValue:
    if facts is None:
        return None
    return {
        "path": facts.path,
        "digest": facts.digest,
        "examples": facts.examples,
        "count": facts.count,
        "judged": facts.judged,
    }


def _predictions_from_json(value: object) -> PredictionFacts | None:
    if value is None:
        return None
    fields = mapping_in(value)
    return PredictionFacts(
        path=text_in(fields["path"]),
        digest=text_in(fields["digest"]),
        examples=text_in(fields["examples"]),
        count=_whole_or_none(fields["count"]) or 0,
        judged=_whole_or_none(fields.get("judged")) or 0,
    )


def evidence_from_json(value: object) -> Evidence:
    """The evidence that `evidence_to_json` wrote.

    Raises:
        RecordError: A newer schema, a missing field, or a value of a wrong type.
    """
    try:
        fields = checked_schema(value, "evidence.json")
        return Evidence(
            metrics=tuple(_metric_from_json(item) for item in list_in(fields["metrics"])),
            params={
                str(name): _param_from_json(item)
                for name, item in mapping_in(fields["params"]).items()
            },
            outs=_texts(fields["outs"]),
            plots=tuple(_plot_from_json(item) for item in list_in(fields.get("plots", []))),
            stages=tuple(_stage_from_json(item) for item in list_in(fields["stages"])),
            data=_texts(fields.get("data", {})),
            evaluation_data=text_in(fields.get("evaluation_data", "")),
            commit=_text_or_none(fields.get("commit")),
            branch=_text_or_none(fields.get("branch")),
            is_dirty=fields.get("is_dirty", False) is not False,
            versions=_texts(fields.get("versions", {})),
            duration_s=_float(fields.get("duration_s", 0.0)),
            tests=_tests_from_json(list_in(fields.get("tests", []))),
            measured=tuple(
                measured_from_json(item) for item in list_in(fields.get("measured", []))
            ),
            predictions=_predictions_from_json(fields.get("predictions")),
            data_checks=_data_checks_from_json(fields.get("data_checks", [])),
            unread=tuple(text_in(item) for item in list_in(fields.get("unread", []))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"evidence.json cannot be read: {_said(error)}") from None


def _tests_to_json(tests: tuple[Examined, ...]) -> list[JsonValue]:
    if not tests:
        return []  # and most projects load no more
    from branchline.core.evidence.model_tests_json import examined_to_json

    return [examined_to_json(test) for test in tests]


def _tests_from_json(items: list[object]) -> tuple[Examined, ...]:
    if not items:
        return ()
    from branchline.core.evidence.model_tests_json import examined_from_json

    return tuple(examined_from_json(item) for item in items)


def _data_checks_to_json(evidence: Evidence) -> JsonValue:
    if not evidence.data_checks:
        return []
    from branchline.core.evidence.data.data_json import report_to_json

    return [report_to_json(report) for report in evidence.data_checks]


def _data_checks_from_json(value: object) -> tuple[DataReport, ...]:
    items = list_in(value)
    if not items:
        return ()
    from branchline.core.evidence.data.data_json import report_from_json

    return tuple(report_from_json(item) for item in items)


def checked_schema(value: object, file: str) -> dict[str, object]:
    """The fields of a record's file.

    Raises:
        RecordError: It was written by a newer version.
        TypeError: It is no mapping.
    """
    fields = mapping_in(value)
    schema = fields.get("schema_version")
    if not isinstance(schema, int):
        raise TypeError("`schema_version` is missing")
    if schema > SCHEMA_VERSION:
        raise RecordError(
            f"{file} has schema {schema}, this version reads up to {SCHEMA_VERSION}",
            todo="Upgrade Branchline: pip install --upgrade branchline.",
        )
    return fields


def number_to_json(value: float | None) -> JsonValue:
    """A number as JSON; NaN and infinities as "nan", "inf", "-inf"; None as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def number_from_json(value: object) -> float | int | None:
    """The number that `number_to_json` wrote.

    Raises:
        TypeError: It is none.
    """
    if value in ("nan", "inf", "-inf"):
        return float(str(value))
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r} is no number")


def _param_to_json(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: repr(value)}
    if isinstance(value, str | int | float) or value is None:
        return value
    items = getattr(value, "items", None)
    if items is not None:
        plain: dict[str, JsonValue] = {str(key): _param_to_json(item) for key, item in items()}
        return {_PLAIN: plain} if plain.keys() & {_FLOAT, _PLAIN} else plain
    if isinstance(value, list | tuple):
        return [_param_to_json(item) for item in value]
    return str(value)


def _param_from_json(value: object) -> JsonValue:
    if isinstance(value, list):
        return [_param_from_json(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {_FLOAT}:
            return float(text_in(value[_FLOAT]))
        inner = mapping_in(value[_PLAIN]) if value.keys() == {_PLAIN} else value
        return {str(key): _param_from_json(item) for key, item in inner.items()}
    if isinstance(value, str | int | float) or value is None:
        return value
    raise TypeError(f"{value!r} is no parameter")


def _metric_from_json(value: object) -> Metric:
    fields = mapping_in(value)
    return Metric(
        name=text_in(fields["name"]),
        value=number_from_json(fields["value"]),
        text=text_in(fields["text"]),
        file=text_in(fields["file"]),
        stage=text_in(fields.get("stage", "")),
        place=text_in(fields.get("place", "")),
        unit=text_in(fields.get("unit", "")),
        problem=text_in(fields.get("problem", "")),
    )


def _plot_to_json(plot: Plot) -> JsonValue:
    return {
        "path": plot.path,
        "stage": plot.stage,
        "md5": plot.content.md5,
        "size_bytes": plot.content.size_bytes,
        "nfiles": plot.content.nfiles,
        "options": _param_to_json(dict(plot.options)),
    }


def _plot_from_json(value: object) -> Plot:
    fields = mapping_in(value)
    size, nfiles = (_whole_or_none(fields.get(name)) for name in ("size_bytes", "nfiles"))
    options = _param_from_json(fields.get("options", {}))
    return Plot(
        path=text_in(fields["path"]),
        stage=text_in(fields.get("stage", "")),
        content=Content(md5=_text_or_none(fields.get("md5")), size_bytes=size, nfiles=nfiles),
        options=options if isinstance(options, dict) else {},
    )


def _stage_to_json(stage: StageFacts) -> JsonValue:
    return {
        "stage": stage.stage,
        "action": stage.action,
        "key": stage.key,
        "run": stage.run,
        "duration_s": stage.duration_s,
        "cpu_s": stage.cpu_s,
        "peak_memory_bytes": stage.peak_memory_bytes,
        "attempts": stage.attempts,
    }


def _stage_from_json(value: object) -> StageFacts:
    fields = mapping_in(value)
    return StageFacts(
        stage=text_in(fields["stage"]),
        action=text_in(fields["action"]),
        key=text_in(fields["key"]),
        run=text_in(fields["run"]),
        duration_s=_float(fields.get("duration_s", 0.0)),
        cpu_s=_float(fields.get("cpu_s", 0.0)),
        peak_memory_bytes=_whole_or_none(fields.get("peak_memory_bytes")) or 0,
        attempts=_whole_or_none(fields.get("attempts")) or 1,
    )


def _said(error: Exception) -> str:
    return f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)


def _text_or_none(value: object) -> str | None:
    return None if value is None else text_in(value)


def _texts(value: object) -> dict[str, str]:
    return {str(key): text_in(item) for key, item in mapping_in(value).items()}


def _whole_or_none(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"{value!r:.40} is no whole number")
    return value


def _float(value: object) -> float:
    number = number_from_json(value)
    if number is None:
        raise TypeError("a number is missing")
    return float(number)
