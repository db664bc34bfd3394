"""Rows of a table, in the form that a model takes: a data frame where it can be, else a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.errors import ModelTestError
from branchline.model_tests.predicting import unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

_CELLS_SHOWN = 12
_CELL_AT_MOST = 40


class Rows:
    """Columns of equal length, or a matrix without names. Never changed; changes make new ones.

    Args:
        columns: Name -> values; None for a matrix.
        matrix: Shape (rows, features), or of any shape whose first axis is the rows.
    """

    def __init__(
        self, *, columns: Mapping[str, np.ndarray] | None = None, matrix: Any = None
    ) -> None:
        self._columns = columns
        self._matrix = matrix

    @classmethod
    def of(cls, values: Any) -> Rows:
        """Rows of a data frame, a mapping of columns, an array, or rows."""
        import numpy as np

        if isinstance(values, Rows):
            return values
        if hasattr(values, "columns") and hasattr(values, "__getitem__"):
            return cls(columns={str(c): np.asarray(values[c]) for c in values.columns})
        if isinstance(values, dict):
            return cls(columns={str(name): np.asarray(held) for name, held in values.items()})
        return cls(matrix=np.asarray(values))

    def __len__(self) -> int:
        """How many rows."""
        if self._columns is None:
            return len(self._matrix)
        return len(next(iter(self._columns.values()), ()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; none for a matrix."""
        return tuple(self._columns or ())

    def take(self, index: Any) -> Rows:
        """These rows, in this order."""
        if self._columns is None:
            return Rows(matrix=self._matrix[index])
        return Rows(columns={name: held[index] for name, held in self._columns.items()})

    def column(self, name: str | int) -> np.ndarray:
        """Values of a column, by name, or by position in a matrix.

        Raises:
            ModelTestError: There is none of that name.
        """
        if self._columns is None:
            if (
                not isinstance(name, int)
                or not -self._matrix.shape[1] <= name < self._matrix.shape[1]
            ):
                raise ModelTestError(
                    f"these rows have no column {name!r}: they are a matrix of"
                    f" {self._matrix.shape[1]} columns",
                    todo="Name the column by its position, from 0.",
                )
            return self._matrix[:, name]  # type: ignore[no-any-return] # of NumPy
        if name not in self._columns:
            import difflib

            near = difflib.get_close_matches(str(name), self._columns, n=1)
            listed = ", ".join(list(self._columns)[:_CELLS_SHOWN])
            raise ModelTestError(
                f"there is no column {name!r} in the evaluation data",
                todo=f"Did you mean {near[0]!r}?" if near else f"There are: {listed}.",
            )
        return self._columns[str(name)]

    def changed(self, name: str | int, change: Callable[[Any], Any] | object) -> Rows:
        """The same with another column: `change` makes it of the old one, or is its value."""
        import numpy as np

        old = self.column(name)
        new = change(old.copy()) if callable(change) else change
        values = np.broadcast_to(np.asarray(new), old.shape).copy()
        if self._columns is not None:
            return Rows(columns={**self._columns, str(name): values})
        matrix = np.array(self._matrix, copy=True)
        if np.result_type(matrix.dtype, values.dtype) != matrix.dtype:
            matrix = matrix.astype(np.result_type(matrix.dtype, values.dtype))
        matrix[:, int(name)] = values
        return Rows(matrix=matrix)

    def without(self, names: Sequence[str]) -> Rows:
        """The same without some columns."""
        if self._columns is None:
            return self
        return Rows(columns={n: held for n, held in self._columns.items() if n not in names})

    def for_model(self, model: Any) -> Any:
        """In the form that a model takes.

        A data frame of the columns that it was trained with where it names them (and pandas is
        there); a frame where a column is no number; else a matrix of floats.
        """
        import numpy as np

        if self._columns is None:
            return self._matrix
        loaded = unwrapped(model)
        wanted = getattr(loaded, "feature_names_in_", None)
        columns = self._columns
        if wanted is not None:
            columns = {str(name): self.column(str(name)) for name in wanted}
        is_numeric = all(held.dtype.kind in "fiub" for held in columns.values())
        if wanted is not None or not is_numeric:
            frame = _frame(columns)
            if frame is not None:
                return frame
            if not is_numeric:
                raise ModelTestError(
                    "the evaluation data have columns that are no numbers, and pandas is not there",
                    todo="pip install pandas, or hand the rows to the assertion in the form that"
                    " the model takes.",
                )
        return np.column_stack([held.astype(float) for held in columns.values()])

    def shown(self, index: int) -> str:
        """One row for a message: bounded, escaped."""
        if self._columns is None:
            import numpy as np

            held = np.ravel(self._matrix[index])
            cells = [f"[{i}]={_cell(value)}" for i, value in enumerate(held[: _CELLS_SHOWN + 1])]
        else:
            cells = [f"{_text(n)}={_cell(held[index])}" for n, held in self._columns.items()]
        more = ", ..." if len(cells) > _CELLS_SHOWN else ""
        return ", ".join(cells[:_CELLS_SHOWN]) + more


def _frame(columns: Mapping[str, np.ndarray]) -> Any:
    try:
        import pandas as pd
    except ImportError:
        return None
    return pd.DataFrame(columns)


def _cell(value: Any) -> str:
    if hasattr(value, "item"):
        value = value.item()
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return _text(text)


def _text(text: str) -> str:
    """A text from outside, on one line and short: control characters are named, not sent."""
    safe = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: _CELL_AT_MOST + 1])
    return safe if len(safe) <= _CELL_AT_MOST else safe[: _CELL_AT_MOST - 3] + "..."
