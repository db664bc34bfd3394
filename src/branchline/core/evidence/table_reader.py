"""Station `evidence`: columns of a table as numbers, labels and names, each checked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.evidence.tables import Column, Table

_FLAGS = {"true": "1", "false": "0"}
_TEXT_SHOWN = 40


def cut(value: object) -> str:
    """A value as a short text for a message."""
    text = str(value).replace("`", "'")
    return text if len(text) <= _TEXT_SHOWN else text[: _TEXT_SHOWN - 3] + "..."


class TableReader:
    """Columns of one table as what they have to be; remembers each."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._numbers: dict[str, NDArray[np.float64]] = {}
        self._texts: dict[str, NDArray[np.object_]] = {}

    def is_numeric(self, name: str) -> bool:
        """Whether a column holds numbers only, as numbers or as texts of them."""
        column = self.table.columns[name]
        if column.values.dtype.kind in "iuf":
            return True
        if column.values.dtype.kind == "b":
            return False
        return _floats(column.values) is not None

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as finite numbers."""
        import numpy as np

        if name in self._numbers:
            return self._numbers[name]
        column = self._present(name)
        if column.values.dtype.kind == "O":
            found = _floats(column.values)
            if found is None:
                row = next(r for r, v in enumerate(column.values) if _floats([v]) is None)
                raise DocumentError(
                    f"{self.table.place(row)}: `{name}` is {cut(column.values[row])!r}, a number"
                    " is wanted"
                )
            values = found
        else:
            values = column.values.astype(np.float64)
        finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        self._refuse(name, np.asarray(~finite), "not finite")
        self._numbers[name] = values
        return values

    def scores(self, names: Sequence[str]) -> NDArray[np.float64]:
        """One column of scores, or several side by side."""
        import numpy as np

        if len(names) == 1:
            return self.numbers(names[0])
        several = [self.numbers(name) for name in names]
        if any(column.ndim > 1 for column in several):
            raise DocumentError(f"{self.table.file}: a column of `score` holds a matrix of its own")
        return np.stack(several, axis=1)

    def weights(self, name: str) -> NDArray[np.float64]:
        """A column of weights above 0."""
        found = self.numbers(name)
        self._refuse(name, found <= 0, "not above 0")
        return found

    def texts(self, name: str, *, may_miss: bool = False) -> NDArray[np.object_]:
        """A column as texts that are equal where the values are: 1, 1.0, "1" and True alike."""
        if name in self._texts:
            return self._texts[name]
        column = self.table.columns[name] if may_miss else self._present(name)
        if column.values.ndim > 1:
            raise DocumentError(f"{self.table.file}: `{name}` holds a matrix, one value is wanted")
        if not may_miss and column.values.dtype.kind == "f":
            self.numbers(name)
        found = _labels(column)
        if may_miss:
            found[column.missing] = "(empty)"
        self._texts[name] = found
        return found

    def ids(self, name: str) -> NDArray[np.int64] | NDArray[np.object_]:
        """A column of names, each once: whole numbers as numbers, all others as texts."""
        import numpy as np

        column = self._present(name)
        found: NDArray[np.int64] | NDArray[np.object_]
        if column.values.dtype.kind == "i":
            found = column.values.astype(np.int64)
        elif column.values.dtype.kind == "O":
            found = _whole(column.values.tolist())
        else:
            found = _labels(column)
        self._refuse_twice(found)
        return found

    def _refuse_twice(self, ids: NDArray[np.int64] | NDArray[np.object_]) -> None:
        import numpy as np

        names = ids.tolist()
        if (
            len(np.unique(ids)) == len(ids)
            if ids.dtype.kind == "i"
            else len(set(names)) == len(names)
        ):
            return
        seen: dict[object, int] = {}
        twice = [row for row, value in enumerate(names) if seen.setdefault(value, row) != row]
        row = twice[0]
        rows = "1 row has" if len(twice) == 1 else f"{len(twice):,} rows have"
        raise DocumentError(
            f"{self.table.place(row)}: id `{cut(names[row])}` stands twice (first in row"
            f" {seen[names[row]] + 1:,}); {rows} an id that another one has"
        )

    def _present(self, name: str) -> Column:
        column = self.table.columns[name]
        self._refuse(name, column.missing, "missing")
        return column

    def _refuse(self, name: str, bad: NDArray[np.bool_], what: str) -> None:
        number = int(bad.sum())
        if number:
            row = int(bad.argmax())
            of = f"{number:,} of {len(bad):,} values are" if number > 1 else "the value is"
            raise DocumentError(f"{self.table.place(row)}: `{name}`: {of} {what}")


def _floats(values: object) -> NDArray[np.float64] | None:
    """Texts as numbers; None when one is none."""
    import numpy as np

    try:
        return np.asarray(values, dtype=object).astype(np.float64)
    except (TypeError, ValueError):
        return None


def _labels(column: Column) -> NDArray[np.object_]:
    """Values as texts, each different value made into one once."""
    import numpy as np

    values = column.values
    if values.dtype.kind == "O":
        known: dict[object, str] = {}
        for value in set(values.tolist()):
            known[value] = _label(str(value))
        return np.array([known[value] for value in values.tolist()], dtype=object)
    distinct, codes = np.unique(values, return_inverse=True)
    names = np.array([_label(str(value)) for value in distinct.tolist()], dtype=object)
    found: NDArray[np.object_] = names[codes]
    return found


def _label(text: str) -> str:
    """One spelling of a label: whole numbers without a fraction, True as 1."""
    text = _FLAGS.get(text.strip().lower(), text)
    head, dot, tail = text.partition(".")
    if dot and head.lstrip("-").isdigit() and tail.strip("0") == "":
        return head
    return text


def _whole(texts: list[object]) -> NDArray[np.int64] | NDArray[np.object_]:
    """Texts as whole numbers, where each is one as Python writes it; else as they are."""
    import numpy as np

    try:
        numbers = np.array([int(str(text)) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        return np.array(texts, dtype=object)
    is_same = all(str(n) == text for n, text in zip(numbers.tolist(), texts, strict=True))
    return numbers if is_same else np.array(texts, dtype=object)
