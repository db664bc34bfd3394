"""Metric and parameter documents as flat lists with dotted names.

Takes parsed documents (JSON, YAML, TOML); reads no file.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.evidence.values import Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.core.values import JsonValue


def metrics_of(document: object, *, file: str, stage: str = "") -> tuple[Metric, ...]:
    """The metrics of one parsed metric file.

    Mappings become dotted names, members of sequences their position from 0. A document that is one
    bare number is a metric named after the file, without its folder and ending. What is no number
    (a truth value, a text, a null, a date) stays in the list with value None, so that a gate can
    say what it found.

    Args:
        document: What the parser gave.
        file: Where it was read, from the root.
        stage: Address of the stage that wrote it.

    >>> [(m.name, m.value) for m in metrics_of({"val": {"auc": 0.9, "ok": True}}, file="m.json")]
    [('val.auc', 0.9), ('val.ok', None)]
    """
    base = file.rpartition("/")[2]
    bare = base.rpartition(".")[0] or base
    return tuple(
        Metric(
            name=name or bare,
            value=number_of(value),
            text=text_of(value),
            file=file,
            stage=stage,
        )
        for name, value in leaves(document)
    )


def params_of(documents: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Parameters of several files as `file:key` -> value, lists kept whole.

    Args:
        documents: File, from the root -> parsed content, or the part of it that stages read.
    """
    flat: dict[str, JsonValue] = {}
    for file, document in documents.items():
        for key, value in _leaves_of_mappings(document, ""):
            flat[f"{file}:{key}" if key else file] = value
    return flat


def leaves(value: object) -> Iterator[tuple[str, object]]:
    """(dotted name, value) of every scalar in a document, in its order."""
    for path, inner in paths_of(value):
        yield ".".join(map(str, path)), inner


def paths_of(
    value: object, above: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """(keys and positions that lead to it, value) of every scalar in a document, in its order."""
    items = getattr(value, "items", None)
    if items is not None:
        for key, inner in items():
            yield from paths_of(inner, (*above, str(key)))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from paths_of(inner, (*above, index))
    else:
        yield above, value


def text_of(value: object) -> str:
    """A scalar as a document would spell it: `true`, `null`, `0.1`, `nan`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def is_finite(value: float | None) -> bool:
    """Whether a metric's value is a number that can be compared: not None, NaN or infinite."""
    return value is not None and (isinstance(value, int) or math.isfinite(value))


def number_of(value: object) -> float | int | None:
    """A scalar of a document as a number; None when it is none: a truth value, a text, a null."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _leaves_of_mappings(value: JsonValue, prefix: str) -> Iterator[tuple[str, JsonValue]]:
    items = getattr(value, "items", None)
    if items is None:
        yield prefix, value
        return
    for key, inner in items():
        yield from _leaves_of_mappings(inner, _joined(prefix, str(key)))


def _joined(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix else key
