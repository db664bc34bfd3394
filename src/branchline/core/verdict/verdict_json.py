"""A verdict as JSON and back: the file `verdict.json` of a run's record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import (
    checked_schema,
    number_from_json,
    number_to_json,
)
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.core.verdict.values import Answer, Baseline, Finding, Noise, Verdict
from branchline.errors import RecordError

if TYPE_CHECKING:
    from branchline.core.values import JsonValue


def verdict_to_json(verdict: Verdict) -> dict[str, JsonValue]:
    """A verdict as plain JSON values, `schema_version` first."""
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": verdict.outcome.value,
        "summary": verdict.summary,
        "baseline": {
            "run": verdict.baseline.run,
            "via": verdict.baseline.via,
            "commit": verdict.baseline.commit,
            "is_rescored": verdict.baseline.is_rescored,
            "recorded_data": verdict.baseline.recorded_data,
            "evaluation_data": verdict.baseline.evaluation_data,
            "problem": verdict.baseline.problem,
        },
        "findings": [
            {
                "metric": finding.metric,
                "rule": finding.rule,
                "outcome": finding.outcome.value,
                "value": number_to_json(finding.value),
                "baseline": number_to_json(finding.baseline),
                "bound": number_to_json(finding.bound),
                "sentence": finding.sentence,
                "answer": finding.answer.value if finding.answer else None,
                "where": finding.where,
                "counts": finding.counts,
                "noise": None if finding.noise is None else _noise_to_json(finding.noise),
            }
            for finding in verdict.findings
        ],
        "is_inconclusive": verdict.is_inconclusive,
        "remarks": list(verdict.remarks),
    }


def _noise_to_json(noise: Noise) -> JsonValue:
    return {
        "low": number_to_json(noise.low),
        "high": number_to_json(noise.high),
        "confidence": noise.confidence,
        "method": noise.method,
        "examples": noise.examples,
        "groups": noise.groups,
        "sampling": number_to_json(noise.sampling),
        "training": number_to_json(noise.training),
        "runs": noise.runs,
        "needed_examples": noise.needed_examples,
        "needed_runs": noise.needed_runs,
        "needed_s": number_to_json(noise.needed_s),
    }


def verdict_from_json(value: object) -> Verdict:
    """The verdict that `verdict_to_json` wrote.

    Raises:
        RecordError: A newer schema, a missing field, or a value of a wrong type.
    """
    try:
        fields = checked_schema(value, "verdict.json")
        return Verdict(
            outcome=Outcome(fields["outcome"]),
            findings=tuple(_finding_from_json(item) for item in _list(fields["findings"])),
            baseline=_baseline_from_json(fields["baseline"]),
            summary=str(fields["summary"]),
            remarks=tuple(str(remark) for remark in _list(fields.get("remarks", []))),
        )
    except (KeyError, TypeError, ValueError) as error:
        said = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
        raise RecordError(f"verdict.json cannot be read: {said}") from None


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("a list is missing")
    return value


def _baseline_from_json(value: object) -> Baseline:
    if not isinstance(value, dict):
        raise TypeError("`baseline` is no mapping")
    commit = value.get("commit")
    return Baseline(
        run=str(value["run"]),
        via=str(value["via"]),
        commit=None if commit is None else str(commit),
        is_rescored=value.get("is_rescored") is True,
        recorded_data=str(value.get("recorded_data") or ""),
        evaluation_data=str(value.get("evaluation_data") or ""),
        problem=str(value.get("problem") or ""),
    )


def _finding_from_json(value: object) -> Finding:
    if not isinstance(value, dict):
        raise TypeError("a finding is no mapping")
    answer, noise = value.get("answer"), value.get("noise")
    return Finding(
        metric=str(value["metric"]),
        outcome=Outcome(value["outcome"]),
        sentence=str(value["sentence"]),
        rule=str(value["rule"]),
        value=number_from_json(value.get("value")),
        baseline=number_from_json(value.get("baseline")),
        bound=number_from_json(value.get("bound")),
        answer=None if answer is None else Answer(answer),
        noise=None if noise is None else _noise_from_json(noise),
        where=str(value.get("where", "")),
        counts=value.get("counts", True) is not False,
    )


def _noise_from_json(value: object) -> Noise:
    if not isinstance(value, dict):
        raise TypeError("`noise` is no mapping")
    return Noise(
        low=_float(value["low"]),
        high=_float(value["high"]),
        confidence=_float(value["confidence"]),
        method=str(value.get("method", "")),
        examples=_whole(value.get("examples")) or 0,
        groups=_whole(value.get("groups")),
        sampling=number_from_json(value.get("sampling")),
        training=number_from_json(value.get("training")),
        runs=_whole(value.get("runs")) or 0,
        needed_examples=_whole(value.get("needed_examples")),
        needed_runs=_whole(value.get("needed_runs")),
        needed_s=number_from_json(value.get("needed_s")),
    )


def _float(value: object) -> float:
    number = number_from_json(value)
    if number is None:
        raise TypeError("a number is missing")
    return float(number)


def _whole(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"{value!r:.40} is no whole number")
    return value
