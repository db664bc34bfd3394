"""What the records read of a run's files themselves: its order, and where its results stand."""

from __future__ import annotations


def started_at(content: bytes) -> str:
    """When a run started, as its run.json says; "" when that cannot be read."""
    return _text_of(content, "started_at")


def model_of(content: bytes) -> str:
    """The model of a run, as its run.json says; "" when that cannot be read."""
    return _text_of(content, "model")


def _text_of(content: bytes, name: str) -> str:
    import json

    try:
        said = json.loads(content)[name]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return said if isinstance(said, str) else ""


def stage_keys(content: bytes) -> list[tuple[str, str]]:
    """(stage, key) pairs that an evidence.json names."""
    import json

    try:
        stages = json.loads(content)["stages"]
        return [(str(stage["stage"]), str(stage["key"])) for stage in stages if stage["key"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
