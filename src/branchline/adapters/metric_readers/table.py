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
        is_named: Whether it is never asked, and reads only where it is named.
    """

    target: str
    endings: tuple[str, ...] = ()
    is_named: bool = False


def _dialect(name: str) -> ReaderEntry:
    """A dialect of printed text, which is read by itself only where it is named."""
    return ReaderEntry(target=f"{_HERE}.printed:{name}", is_named=True)


BUILT_IN: dict[str, ReaderEntry] = {
    "json": ReaderEntry(target=f"{_HERE}.documents:JsonFile", endings=(".json",)),
    "json_lines": ReaderEntry(
        target=f"{_HERE}.tables:JsonLinesFile", endings=(".jsonl", ".ndjson", ".json")
    ),
    "yaml": ReaderEntry(target=f"{_HERE}.documents:YamlFile", endings=(".yaml", ".yml")),
    "toml": ReaderEntry(target=f"{_HERE}.documents:TomlFile", endings=(".toml",)),
    "csv": ReaderEntry(target=f"{_HERE}.tables:CsvFile", endings=(".csv", ".tsv")),
    "markdown": ReaderEntry(target=f"{_HERE}.tables:MarkdownFile", endings=(".md", ".markdown")),
    "text": ReaderEntry(target=f"{_HERE}.printed:TextFile", endings=(".txt", ".text", ".dat")),
    "printed": ReaderEntry(target=f"{_HERE}.printed:PrintedText", endings=(".log", ".out")),
    "classification_report": _dialect("ClassificationReportText"),
    "xgboost": _dialect("XGBoostText"),
    "lightgbm": _dialect("LightGBMText"),
    "catboost": _dialect("CatBoostText"),
    "keras": _dialect("KerasText"),
    "dictionaries": _dialect("DictionariesText"),
    "drawn_tables": _dialect("TablesText"),
    "pairs": _dialect("PairsText"),
    "notebook": ReaderEntry(target=f"{_HERE}.notebooks:Notebook", endings=(".ipynb",)),
    "dvclive": ReaderEntry(target=f"{_HERE}.logger_folders:DvcLive"),
    "mlflow": ReaderEntry(target=f"{_HERE}.logger_folders:MlflowStore"),
    "lightning": ReaderEntry(target=f"{_HERE}.logger_folders:Lightning"),
    "tensorboard": ReaderEntry(target=f"{_HERE}.logger_folders:TensorBoard"),
}
