"""The evaluation set: where it is, and its rows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from branchline.errors import MissingExtraError, ModelTestError
from branchline.model_tests.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

_ENDINGS = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".npz", ".npy")
_HELD_OUT = ("test", "eval", "valid", "val", "holdout", "heldout")
_TARGETS = ("target", "label", "y", "class", "truth", "y_true")


class EvalData:
    """The evaluation set of the gate.

    Args:
        root: Absolute root of the repository.
        paths: Its files and folders, from the root.
        target: Column of the truth; "" to find one by its name.
    """

    def __init__(self, root: str, paths: Sequence[str], target: str = "") -> None:
        self._root = root
        self._paths = tuple(paths)
        self.target = target
        self._rows: dict[str, Rows] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """Absolute paths of all of it."""
        return tuple(os.path.join(self._root, path) for path in self._paths)

    @property
    def path(self) -> str:
        """Absolute path of the one table (or the one file or folder) of it.

        Raises:
            ModelTestError: There is none, or several that could be meant.
        """
        if not self._paths:
            raise ModelTestError(
                "it is not known on which data the model is evaluated",
                todo="Name them in branchline.yaml: gate: {data: data/test.csv}.",
            )
        if len(self._paths) == 1:
            return self.paths[0]
        tables = [path for path in self._paths if path.lower().endswith(_ENDINGS)]
        held_out = [path for path in tables if _is_held_out(path)]
        for found in (held_out, tables):
            if len(found) == 1:
                return os.path.join(self._root, found[0])
        raise ModelTestError(
            f"several files could be the evaluation data: {', '.join(self._paths[:6])}",
            todo="Name it in branchline.yaml: gate: {data: data/test.csv}.",
        )

    def __fspath__(self) -> str:
        """See `path`."""
        return self.path

    def rows(self) -> Rows:
        """All columns as they stand in the file.

        Raises:
            ModelTestError: It is no table that can be read, or has no rows.
            MissingExtraError: A parquet file, and no library that reads it.
        """
        path = self.path
        if path not in self._rows:
            found = read_rows(path)
            if not len(found):
                raise ModelTestError(f"{self._name(path)} has no rows")
            self._rows[path] = found
        return self._rows[path]

    def frame(self) -> Any:
        """The whole table as a pandas DataFrame.

        Raises:
            ModelTestError, MissingExtraError: As `rows`; pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError(
                "`eval_data.frame()` needs pandas, which the tests' environment lacks",
                todo="pip install pandas, or use `eval_data.arrays()`.",
            ) from error
        rows = self.rows()
        return pd.DataFrame({name: rows.column(name) for name in rows.names})

    def split(self, target: str = "") -> tuple[Rows, np.ndarray]:
        """Features and truth.

        Args:
            target: Column of the truth; "" takes that of `gate.predictions`, else a usual name.

        Raises:
            ModelTestError: It is not known which column is the truth.
        """
        rows = self.rows()
        named = target or (self.target if self.target in rows.names else "")
        if not named:
            usual = [n for n in rows.names if n.lower() in _TARGETS]
            if len(usual) != 1:
                listed = ", ".join(rows.names[:12])
                raise ModelTestError(
                    f"it is not known which column of {self._name(self.path)} is the truth",
                    todo="Say so at the top of the test: `eval_data.target = 'NAME'`; the columns"
                    f" are {listed}.",
                )
            named = usual[0]
        return rows.without([named]), rows.column(named)

    def features(self) -> Rows:
        """All columns but the truth; all where none is known to be it."""
        try:
            return self.split()[0]
        except ModelTestError:
            return self.rows()

    def arrays(self, target: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Features as a matrix of floats, shape (rows, features), and the truth, shape (rows,).

        Raises:
            ModelTestError: As `split`; a feature is no number.
        """
        import numpy as np

        rows, truth = self.split(target)
        texts = [n for n in rows.names if rows.column(n).dtype.kind not in "fiub"]
        if texts:
            raise ModelTestError(
                f"column {texts[0]!r} holds texts, so there is no matrix of numbers",
                todo="Use `eval_data.frame()`.",
            )
        return np.column_stack([rows.column(n).astype(float) for n in rows.names]), truth

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self._root)


def _is_held_out(path: str) -> bool:
    words = path.lower().replace("-", "_").replace(".", "_").replace("/", "_").split("_")
    return any(word in _HELD_OUT for word in words)


def read_rows(path: str) -> Rows:
    """A table by the ending of its file; nothing is unpickled.

    Raises:
        ModelTestError: It cannot be read as one.
        MissingExtraError: A library is missing.
    """
    name = path.lower()
    try:
        if name.endswith((".csv", ".tsv")):
            return _csv(path, "\t" if name.endswith(".tsv") else ",")
        if name.endswith((".jsonl", ".ndjson")):
            return _json_lines(path)
        if name.endswith(".parquet"):
            return _parquet(path)
        if name.endswith(".npz"):
            return _npz(path)
        if name.endswith(".npy"):
            import numpy as np

            return Rows(matrix=np.load(path, allow_pickle=False))
    except OSError as error:
        raise ModelTestError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise ModelTestError(f"{path} cannot be read as a table: {error}") from error
    raise ModelTestError(
        f"{path} is no table that Branchline reads ({' '.join(_ENDINGS)})",
        todo="Read it yourself from `eval_data.path`, and hand rows to the assertions.",
    )


def _csv(path: str, delimiter: str) -> Rows:
    import csv

    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        heads = next(reader, None)
        if not heads:
            raise ValueError("it is empty")
        if len(set(heads)) != len(heads):
            raise ValueError("two columns have the same name")
        columns: list[list[str]] = [[] for _ in heads]
        for line in reader:
            if not line:
                continue
            if len(line) != len(heads):
                raise ValueError(
                    f"line {reader.line_num} has {len(line)} cells, the first has {len(heads)}"
                )
            for column, cell in zip(columns, line, strict=True):
                column.append(cell)
    return Rows(columns={h: _typed(c) for h, c in zip(heads, columns, strict=True)})


def _typed(cells: list[str]) -> np.ndarray:
    """Whole numbers, else numbers (empty cells are NaN), else texts."""
    import numpy as np

    try:
        return np.asarray([int(cell) for cell in cells], dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        return np.asarray([float(cell) if cell else np.nan for cell in cells], dtype=float)
    except ValueError:
        return np.asarray(cells, dtype=object)


def _json_lines(path: str) -> Rows:
    import json

    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file if line.strip()]
    if not all(isinstance(record, dict) for record in records):
        raise ValueError("a line is no mapping")
    names = list(dict.fromkeys(name for record in records for name in record))
    return Rows(columns={name: _column([record.get(name) for record in records]) for name in names})


def _column(values: list[Any]) -> np.ndarray:
    import numpy as np

    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return np.asarray(values)
    if all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values):
        return np.asarray([np.nan if v is None else v for v in values], dtype=float)
    return np.asarray(values, dtype=object)


def _parquet(path: str) -> Rows:
    import numpy as np

    with open(path, "rb"):
        pass  # whoever watches what Python reads does not see what a library in C++ opens
    try:
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        return Rows(
            columns={n: table[n].to_numpy(zero_copy_only=False) for n in table.column_names}
        )
    except ImportError:
        pass
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError(
            f"{path} is a parquet file, and neither pyarrow nor DuckDB is installed",
            todo="pip install duckdb",
        ) from error
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [path]).fetchnumpy()
    return Rows(columns={str(name): np.ma.filled(held) for name, held in found.items()})


def _npz(path: str) -> Rows:
    import numpy as np

    with np.load(path, allow_pickle=False) as archive:
        columns: dict[str, Any] = {}
        for name in archive.files:
            held = archive[name]
            if held.ndim == 2:
                columns.update({f"{name}[{i}]": held[:, i] for i in range(held.shape[1])})
            elif held.ndim == 1:
                columns[name] = held
    lengths = {len(held) for held in columns.values()}
    if len(lengths) > 1:
        raise ValueError("its arrays have different lengths")
    return Rows(columns=columns)
