"""A table that a run left, column by column: what predictions are read from. Serves `evidence`.

NumPy holds the columns; nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

MOST_BYTES = 2 * 1024**3
"""Larger files are not read: a verdict has bounded memory."""
MOST_ROWS = 20_000_000


class Form(Enum):
    """How a file holds a table; the value is its ending."""

    CSV = ".csv"
    TSV = ".tsv"
    PARQUET = ".parquet"
    JSON_LINES = ".jsonl"
    NDJSON = ".ndjson"
    NPZ = ".npz"


def form_of(path: str) -> Form | None:
    """The form that the ending of a path says; None for any other.

    >>> form_of("reports/Predictions.PARQUET")
    <Form.PARQUET: '.parquet'>
    """
    dot = path.rfind(".")
    ending = path[dot:].lower() if dot >= 0 else ""
    return next((form for form in Form if form.value == ending), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """One column.

    Attributes:
        values: float64, int64, bool or text (object), shape (n,) or, for a matrix of scores in an
            npz file, (n, k). What stands where `missing` is True means nothing.
        missing: True where the file holds nothing, shape (n,).
    """

    values: NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_] | NDArray[np.object_]
    missing: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Some columns of a file.

    Attributes:
        file: Its path from the root.
        rows: How many there are.
        first_line: Line on which the first row stands, for messages; 0 where rows have no lines.
        columns: Name -> column.
    """

    file: str
    rows: int
    first_line: int = 0
    columns: Mapping[str, Column] = field(default_factory=dict)

    def place(self, row: int) -> str:
        """Where a row stands (counted from 0): `predictions.csv:3`, or its number from 1."""
        if self.first_line:
            return f"{self.file}:{row + self.first_line}"
        return f"{self.file}, row {row + 1:,}"
