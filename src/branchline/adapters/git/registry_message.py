"""The message of a registry tag: one line for people, one JSON object for us.

Serves `registry`. What cannot be read is not said: a tag that another tool made has no JSON.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.ports.registry import NewVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the message of a tag says.

    Attributes:
        version: `v1.2.3`; "". asked: What was registered; None when it does not say.
        reason: Why a stage was given. by: Who.
    """

    version: str = ""
    asked: NewVersion | None = None
    reason: str = ""
    by: str = ""


def version_message(new: NewVersion, version: str) -> str:
    """The message of a version's tag."""
    run = f" (run {new.run}{', ' + new.outcome if new.outcome else ''})" if new.run else ""
    fields = {
        "branchline": FORMAT,
        "model": new.model,
        "version": version,
        "commit": new.commit,
        "run": new.run,
        "digest": new.digest,
        "paths": dict(new.paths),
        "outcome": new.outcome,
        "metrics": {name: value for name, value in new.metrics.items() if math.isfinite(value)},
        "params": dict(new.params),
        "key": new.key,
        "by": new.by,
    }
    return f"Register {new.model} {version}{run}\n\n{_json(fields)}"


def stage_message(model: str, version: str, stage: str, *, by: str, reason: str) -> str:
    """The message of a stage's tag."""
    why = f": {' '.join(reason.split())}" if reason.strip() else ""
    fields = {
        "branchline": FORMAT,
        "model": model,
        "version": version,
        "stage": stage,
        "reason": reason,
        "by": by,
    }
    return f"Assign {stage} to {model} {version}{why}\n\n{_json(fields)}"


def read_message(message: str, *, model: str, commit: str) -> Said:
    """What a tag's message says.

    Args:
        message: Of the tag, with or without a signature below.
        model: Of the tag; it counts, whatever the message says.
        commit: Likewise.
    """
    fields = _fields(message)
    if fields is None:
        lines = message.strip().splitlines()
        return Said(reason=lines[0] if lines else "")
    text = {name: value for name, value in fields.items() if isinstance(value, str)}
    by = text.get("by", "")
    if "digest" not in text:
        return Said(version=text.get("version", ""), reason=text.get("reason", ""), by=by)
    asked = NewVersion(
        model=model,
        commit=commit,
        run=text.get("run", ""),
        digest=text["digest"],
        paths=_texts(fields.get("paths")),
        outcome=text.get("outcome", ""),
        metrics=_numbers(fields.get("metrics")),
        params=_texts(fields.get("params")),
        key=text.get("key", ""),
        by=by,
    )
    return Said(version=text.get("version", ""), asked=asked, by=by)


def _json(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, indent=1, ensure_ascii=False, allow_nan=False)


def _fields(message: str) -> dict[str, object] | None:
    at = message.find("\n{")
    if at < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(message[at + 1 :])
    except (ValueError, RecursionError):
        return None
    # A newer format may mean something else by these names: then the tag says nothing to us.
    return value if isinstance(value, dict) and value.get("branchline") == FORMAT else None


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str)}


def _numbers(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        return {}
    return {
        name: number
        for name, number in value.items()
        if isinstance(number, int | float) and not isinstance(number, bool)
    }
