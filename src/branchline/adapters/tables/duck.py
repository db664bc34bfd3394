"""CSV, parquet and JSON lines, read by DuckDB: it may open this one file and nothing else."""

from __future__ import annotations

import re
import tempfile
from typing import TYPE_CHECKING, Any, Final

from branchline.core.evidence.tables import Column, Form, Table
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    from numpy.typing import NDArray

_WHOLE = frozenset(
    "TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER".split()  # noqa: SIM905
)
_NUMBER = ("FLOAT", "DOUBLE", "DECIMAL")  # Larger whole numbers stay texts: a double drops digits.
_PLACE: Final = "/dev/fd/{number}"
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    # A file is a stranger's: no extension is fetched for it, and no other file is opened.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "4GB",
    "preserve_insertion_order": "true",
}
_JSON = "read_json(?, format='newline_delimited', sample_size=-1, maximum_object_size=1048576)"
_FIRST_BYTES = 65_536
_EXPECTED = "Expected Number of Columns"


class DuckFile:
    """One file, open for questions.

    The bytes stand in a file without a name, which DuckDB opens by its number: a path of a
    stranger's could be a pattern or an address.
    """

    def __init__(self, data: bytes, form: Form, file: str) -> None:
        self._file = file
        self._form = form
        self._source = ""
        self._place = ""
        self._data = data if form is Form.PARQUET else _one_line_end(data)

    def __enter__(self) -> DuckFile:
        """Open it."""
        import duckdb

        self._source = self._reading()
        self._bytes = tempfile.TemporaryFile()  # closed in __exit__
        self._bytes.write(self._data)
        self._bytes.flush()
        self._place = _PLACE.format(number=self._bytes.fileno())
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=_SETTINGS)
        self._connection.execute(f"SET allowed_paths=['{self._place}']")
        self._connection.execute("SET enable_external_access=false")
        self._connection.execute("SET lock_configuration=true")
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._connection.close()
        self._bytes.close()

    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._types())

    def read(self, wanted: Sequence[str]) -> Table:
        """Some columns."""
        types = self._types()
        shown = ", ".join(f"{_cast(name, types[name])} AS c{i}" for i, name in enumerate(wanted))
        found = self._asked(f"SELECT {shown} FROM {self._source}")  # noqa: S608 # quoted names
        columns = {name: _column(found[f"c{i}"]) for i, name in enumerate(wanted)}
        has_lines = self._form in (Form.CSV, Form.TSV, Form.JSON_LINES, Form.NDJSON)
        return Table(
            file=self._file,
            rows=len(next(iter(columns.values())).missing) if columns else 0,
            first_line=0 if not has_lines else 1 if "JSON" in self._form.name else 2,
            columns=columns,
        )

    def _reading(self) -> str:
        """The table function that reads this form; its one parameter is the file."""
        if self._form is Form.PARQUET:
            return "read_parquet(?)"
        if self._form in (Form.JSON_LINES, Form.NDJSON):
            return _JSON
        head = self._data[:_FIRST_BYTES].split(b"\n", 1)[0]
        # Texts as they stand: `007` stays itself, and two files are read alike.
        sign = max((",", ";", "\t", "|"), key=lambda sign: head.count(sign.encode()))
        sign = "\t" if self._form is Form.TSV else sign
        return (
            f"read_csv(?, header=true, all_varchar=true, delim='{sign}', quote='\"', escape='\"',"
            " auto_detect=false, columns={" + self._header(head, sign) + "})"
        )

    def _header(self, head: bytes, sign: str) -> str:
        """The columns of a CSV file as its first line names them."""
        import csv

        try:
            line = head.decode("utf-8-sig").rstrip("\r")
        except UnicodeDecodeError:
            raise DocumentError(f"{self._file}:1 is no UTF-8 text") from None
        names = next(iter(csv.reader([line], delimiter=sign)), [])
        is_named = all(name.strip() and name.isprintable() for name in names)
        if not names or len(set(names)) < len(names) or not is_named:
            raise DocumentError(
                f"{self._file}:1 names no columns, or one twice: {line[:80]!r}",
                todo="Write a header line with a name for each column.",
            )
        # The names are escaped as values; `columns` takes no parameters.
        return ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in names)

    def _types(self) -> dict[str, str]:
        import duckdb

        try:
            rows = self._connection.execute(
                f"DESCRIBE SELECT * FROM {self._source}",  # noqa: S608 # our own words
                [self._place],
            ).fetchall()
        except (duckdb.Error, ValueError) as error:
            raise self._refused(error) from None
        return {str(row[0]): str(row[1]) for row in rows}

    def _asked(self, question: str) -> Mapping[str, Any]:
        import duckdb

        try:
            return self._connection.execute(question, [self._place]).fetchnumpy()
        except (duckdb.Error, ValueError) as error:
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> DocumentError:
        said = str(error).replace(self._place, self._file).split("\n\nLINE", 1)[0]
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        at = re.search(r"CSV Error on Line: (\d+)", said)
        if at is not None:
            wrong = next((line for line in lines if line.startswith(_EXPECTED)), lines[-1])
            return DocumentError(f"{self._file}:{at[1]} cannot be read: {wrong[:300]}")
        return DocumentError(f"{self._file} cannot be read: {' '.join(lines[:2])[:300]}")


def _one_line_end(data: bytes) -> bytes:
    r"""A text whose lines all end alike: DuckDB reads no file with both `\r\n` and `\n`.

    `csv.writer` ends lines with `\r\n`, so that one line appended by hand makes such a file.
    """
    ends = data.count(b"\r\n")
    return data.replace(b"\r\n", b"\n") if ends and ends != data.count(b"\n") else data


def _cast(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind in _WHOLE:
        return f"CAST({quoted} AS BIGINT)"
    if kind.startswith(_NUMBER):
        return f"CAST({quoted} AS DOUBLE)"
    return quoted if kind == "BOOLEAN" else f"CAST({quoted} AS VARCHAR)"


def _column(found: NDArray[Any]) -> Column:
    import numpy as np

    missing = np.ma.getmaskarray(found).copy()
    values = np.ma.getdata(found)
    return Column(values=values, missing=missing)
