"""Looks as JSON and back. Pure. Reading believes nothing: others may have written it."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from branchline.core.evidence.watched import MOST_COLUMNS, ColumnSeen, MetricSeen, Seen
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.core.verdict.health import Health, Look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

MOST_BYTES = 200_000
"""Of one look as text."""
_MOST_TEXT = 1_000
_MOST_LISTED = 200


def seen_to_json(seen: Seen) -> dict[str, JsonValue]:
    """What a look saw, as plain JSON values; numbers that are not finite become null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": seen.model,
        "at": seen.at,
        "due": seen.due,
        "run": seen.run,
        "via": seen.via,
        "window": seen.window,
        "rows": seen.rows,
        "is_judged": seen.is_judged,
        "compared": seen.compared,
        "columns": [
            {
                "column": one.column,
                "psi": _finite(one.psi),
                "limit": _finite(one.limit),
                "is_drifted": one.is_drifted,
                "why": one.why,
            }
            for one in seen.columns[:MOST_COLUMNS]
        ],
        "metrics": [
            {
                "metric": one.metric,
                "value": _finite(one.value),
                "outcome": one.outcome.value,
                "sentence": one.sentence,
            }
            for one in seen.metrics
        ],
        "problems": list(seen.problems),
        "waits": list(seen.waits),
        "notes": list(seen.notes),
    }


def look_to_json(look: Look) -> dict[str, JsonValue]:
    """A look as plain JSON values."""
    return {
        **seen_to_json(look.seen),
        "health": look.health.value,
        "since": look.since,
        "alarm": look.alarm,
        "was_alarm": look.was_alarm,
        "drifting": list(look.drifting),
        "reasons": list(look.reasons),
        "missed": look.missed,
        "last": look.last,
    }


def seen_from_json(value: object) -> Seen:
    """What a look saw, from what `json.loads` gave.

    Raises:
        TypeError, ValueError: It is not what we write.
    """
    fields = _mapping(value)
    return Seen(
        model=_text(fields, "model"),
        at=_time(fields, "at"),
        due=_time(fields, "due", may_be_empty=True),
        run=_text(fields, "run"),
        via=_text(fields, "via"),
        window=_text(fields, "window"),
        rows=None if fields.get("rows") is None else _whole(fields, "rows"),
        is_judged=_flag(fields, "is_judged"),
        compared=_whole(fields, "compared"),
        columns=tuple(_column(_mapping(one)) for one in _list(fields, "columns")),
        metrics=tuple(_metric(_mapping(one)) for one in _list(fields, "metrics")),
        problems=_texts(fields, "problems"),
        waits=_texts(fields, "waits"),
        notes=_texts(fields, "notes"),
    )


def look_from_json(value: object) -> Look:
    """A look, from what `json.loads` gave.

    Raises:
        TypeError, ValueError: It is not what we write.
    """
    fields = _mapping(value)
    return Look(
        seen=seen_from_json(fields),
        health=Health(_text(fields, "health")),
        since=_time(fields, "since"),
        alarm=_time(fields, "alarm", may_be_empty=True),
        was_alarm=_time(fields, "was_alarm", may_be_empty=True),
        drifting=_texts(fields, "drifting"),
        reasons=_texts(fields, "reasons"),
        missed=_whole(fields, "missed"),
        last=_time(fields, "last", may_be_empty=True),
    )


def _column(fields: Mapping[str, Any]) -> ColumnSeen:
    limit = _number(fields, "limit")
    return ColumnSeen(
        column=_text(fields, "column"),
        psi=_number(fields, "psi"),
        limit=0.0 if limit is None else limit,
        is_drifted=_flag(fields, "is_drifted"),
        why=_text(fields, "why"),
    )


def _metric(fields: Mapping[str, Any]) -> MetricSeen:
    return MetricSeen(
        metric=_text(fields, "metric"),
        value=_number(fields, "value"),
        outcome=Outcome(_text(fields, "outcome")),
        sentence=_text(fields, "sentence"),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a look is no mapping")
    return value


def _list(fields: Mapping[str, Any], name: str) -> list[object]:
    found = fields.get(name)
    if not isinstance(found, list) or len(found) > _MOST_LISTED:
        raise ValueError(f"`{name}` is no list of at most {_MOST_LISTED}")
    return found


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_text({name: one}, name) for one in _list(fields, name))


def _text(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str):
        raise TypeError(f"`{name}` is no text")
    return found[:_MOST_TEXT]


def _time(fields: Mapping[str, Any], name: str, *, may_be_empty: bool = False) -> str:
    found = _text(fields, name)
    if found or not may_be_empty:
        datetime.fromisoformat(found)
    return found


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    found = fields.get(name)
    if not isinstance(found, bool):
        raise TypeError(f"`{name}` is neither true nor false")
    return found


def _whole(fields: Mapping[str, Any], name: str) -> int:
    found = fields.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**53:
        raise ValueError(f"`{name}` is no whole number from 0")
    return found


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    found = fields.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise ValueError(f"`{name}` is no number")
    return float(found)
