"""Which kind of log stands where, told from its name alone: it may not be there yet. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

PRINTED_WORD = "printed"
"""Under `tune.follow`: what the stages print, instead of a path."""


class Form(Enum):
    """How numbers stand in a log."""

    JSON_LINES = "json_lines"
    TABLE = "table"
    """CSV or TSV with a header."""
    SUMMARY = "summary"
    """A JSON file that is written anew at each step."""
    PRINTED = "printed"
    """Lines for people: `epoch 3: val_auc=0.91 loss=0.2`."""
    MLFLOW_METRIC = "mlflow_metric"
    """A file of MLflow's file store: `timestamp value step`."""
    MLFLOW_DATABASE = "mlflow_database"
    FOLDER = "folder"
    """Of DVCLive, MLflow or Lightning, or of files of the forms above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file of a folder.

    Attributes:
        form: How it is read. prefix: What its names begin with; the whole name of a metric that
            has a file of its own.
    """

    form: Form
    prefix: str = ""


_BY_ENDING = {
    ".jsonl": Form.JSON_LINES,
    ".ndjson": Form.JSON_LINES,
    ".csv": Form.TABLE,
    ".tsv": Form.TABLE,
    ".json": Form.SUMMARY,
    ".log": Form.PRINTED,
    ".txt": Form.PRINTED,
    ".db": Form.MLFLOW_DATABASE,
    ".sqlite": Form.MLFLOW_DATABASE,
    ".sqlite3": Form.MLFLOW_DATABASE,
}
_TOLD_ONLY = (Form.PRINTED,)
_DVCLIVE = re.compile(r"(?:^|/)plots/metrics/((?:[^/]+/)*)[^/]+\.tsv$")
_MLFLOW = re.compile(r"(?:^|/)\d+/[0-9a-f]{32}/metrics/(.+)$")
_WELL_KNOWN = re.compile(r"(?:^|/)(?:metrics\.(?:json|csv)|[^/]+\.(?:jsonl|ndjson))$")


def form_of(path: str, *, is_told: bool = True) -> Form | None:
    """How a log of this name is read.

    Args:
        path: Of the log.
        is_told: Whether the user named it; else what only might be a log is none.

    >>> form_of("logs/metrics.jsonl").value, form_of("dvclive").value
    ('json_lines', 'folder')
    >>> form_of("model.pt", is_told=False) is form_of("notes.txt", is_told=False) is None
    True
    """
    name = path.rpartition("/")[2].lower()
    dot = name.rfind(".")
    if dot <= 0:
        return Form.FOLDER
    form = _BY_ENDING.get(name[dot:])
    return None if form in _TOLD_ONLY and not is_told else form


def member_of(path: str) -> Member | None:
    """How a file of a folder is read; None when it is no log of steps.

    Args:
        path: From the folder.

    >>> member_of("plots/metrics/val/auc.tsv")
    Member(form=<Form.TABLE: 'table'>, prefix='val.')
    >>> member_of("0/" + 32 * "a" + "/metrics/val/auc").prefix
    'val.auc'
    >>> member_of("0/" + 32 * "a" + "/params/lr") is None
    True
    """
    if found := _MLFLOW.search(path):
        return Member(form=Form.MLFLOW_METRIC, prefix=found[1].replace("/", "."))
    if found := _DVCLIVE.search(path):
        return Member(form=Form.TABLE, prefix=found[1].replace("/", "."))
    if _WELL_KNOWN.search(path):
        form = form_of(path)
        return None if form is None else Member(form=form)
    return None
