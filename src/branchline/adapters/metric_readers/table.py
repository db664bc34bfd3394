"""Adapter `metric_readers`: the table of the built-in readers.

pyproject.toml declares the same as entry points of the group `branchline.metric_readers`, the door
of plugins; a test holds both together. It is repeated here because asking Python for the entry
points of every installed package costs more than reading a metrics file.
"""

from __future__ import annotations

from dataclasses import dataclass

_HERE = "branchline.adapters.metric_readers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderEntry:
    """Where a reader is.

    Attributes:
        target: `module:class`, imported when it is asked for the first time.
        endings: Of the files that it is asked about first; () asks it about whatever is left.
    """

    target: str
    endings: tuple[str, ...] = ()


BUILT_IN: dict[str, ReaderEntry] = {
    "json": ReaderEntry(target=f"{_HERE}.documents:JsonFile", endings=(".json",)),
    "yaml": ReaderEntry(target=f"{_HERE}.documents:YamlFile", endings=(".yaml", ".yml")),
    "toml": ReaderEntry(target=f"{_HERE}.documents:TomlFile", endings=(".toml",)),
}
