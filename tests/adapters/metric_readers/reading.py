"""Reading a text with the built-in readers, in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.adapters.metric_readers import FileReaders

if TYPE_CHECKING:
    from branchline.core.evidence.found import Reading

READERS = FileReaders(dict)


def read(
    path: str, data: str | bytes, reader: str = "", members: dict[str, bytes] | None = None
) -> Reading:
    """What the reader finds; "" takes the one that fits best."""
    held = data.encode() if isinstance(data, str) else data
    return READERS.read(READERS.held(path, held, members), reader=reader)


def values(reading: Reading) -> dict[str, float | None]:
    """Name -> value."""
    return {metric.name: metric.value for metric in reading.metrics}


def places(reading: Reading) -> dict[str, str]:
    """Name -> place."""
    return {metric.name: metric.place for metric in reading.metrics}
