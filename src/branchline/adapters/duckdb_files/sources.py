"""Which files a path stands for, and how DuckDB reads them. No file outside the repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.duckdb_files.connection import literal
from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.values import Column, Table
from branchline.errors import DataError, MissingInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = {
    ".parquet": "parquet", ".pq": "parquet",
    ".csv": "csv", ".tsv": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
_PACKED = (".gz", ".zst")
MOST_FILES = 100_000
MOST_COLUMNS = 10_000
_MOST_LINE_BYTES = 16 * 2**20
_SAMPLE = 200_000
"""Rows by which a CSV file's delimiter, and the types that nobody declared, are guessed."""

_TYPES = {
    "TINYINT": ColumnType.INTEGER, "SMALLINT": ColumnType.INTEGER, "INTEGER": ColumnType.INTEGER,
    "BIGINT": ColumnType.INTEGER, "HUGEINT": ColumnType.INTEGER, "UTINYINT": ColumnType.INTEGER,
    "USMALLINT": ColumnType.INTEGER, "UINTEGER": ColumnType.INTEGER,
    "UBIGINT": ColumnType.INTEGER, "UHUGEINT": ColumnType.INTEGER,
    "FLOAT": ColumnType.NUMBER, "DOUBLE": ColumnType.NUMBER,
    "VARCHAR": ColumnType.TEXT, "ENUM": ColumnType.TEXT, "UUID": ColumnType.TEXT,
    "BOOLEAN": ColumnType.BOOLEAN, "DATE": ColumnType.DATE,
}  # fmt: skip


def type_of(word: str) -> ColumnType | None:
    """What a type of DuckDB holds; None for lists, structures, bytes and times of day."""
    head = word.partition("(")[0].upper()
    if word.endswith("]"):
        return None
    if head == "DECIMAL":
        return ColumnType.INTEGER if word.endswith(",0)") else ColumnType.NUMBER
    if head.startswith("TIMESTAMP"):
        return ColumnType.TIMESTAMP
    return _TYPES.get(head)


def files_of(root: str, path: str) -> tuple[tuple[str, ...], str]:
    """Absolute paths of a table's parts, sorted, and their format.

    Raises:
        MissingInputError: Nothing is there.
        DataError: Of no known format, of several, or outside the repository.
    """
    where = os.path.normpath(os.path.join(root, path))
    if path.startswith("/") or not _is_inside(root, where):
        raise DataError(
            f"`{path}` is outside the repository",
            todo="Name data inside of it: what lies elsewhere is no part of a commit.",
        )
    if not os.path.lexists(where):
        raise MissingInputError(
            f"there are no data at `{path}`",
            todo="Bring them back (`git checkout`, `dvc pull`), or name the right path.",
        )
    found = [where] if not os.path.isdir(where) else _parts(where, path)
    formats: dict[str, str] = {}
    for file in found:
        if not _is_inside(root, os.path.realpath(file)) and not _is_linked_from_store(root, file):
            shown = os.path.relpath(file, root)
            raise DataError(
                f"`{shown}` is a link to a file outside the repository",
                todo="Copy the file here: what a link points at may differ on each machine.",
            )
        kind = _format(file)
        if kind:
            formats.setdefault(kind, file)
    if not formats:
        known = ", ".join(FORMATS)
        raise DataError(
            f"`{path}` holds no table that can be read",
            todo=f"Known endings are {known}, all but parquet also with .gz or .zst.",
        )
    if len(formats) > 1:
        raise DataError(
            f"`{path}` holds tables of several formats: {', '.join(sorted(formats))}",
            todo="Name one of the files, or a folder of one format.",
        )
    (kind,) = formats
    parts = tuple(file for file in found if _format(file) == kind)
    if all(os.path.getsize(file) == 0 for file in parts):
        raise DataError(f"`{path}` is empty: it holds no byte", todo="Make the data again.")
    return parts, kind


def _is_inside(root: str, where: str) -> bool:
    real = os.path.realpath(root)
    return where.startswith((root.rstrip("/") + "/", real.rstrip("/") + "/"))


def _is_linked_from_store(root: str, file: str) -> bool:
    """Whether a link leads to an object of a store: DVC links its data from a shared cache."""
    parts = os.path.realpath(file).split("/")
    digest = "".join(parts[-2:]).removesuffix(".dir")
    is_object = len(parts[-2]) == 2 and len(digest) == 32 and "md5" in parts[-4:-2]
    return is_object and set(digest) <= set("0123456789abcdef") and root != ""


def _parts(folder: str, shown: str) -> list[str]:
    """Files below a folder that may be parts, sorted; hidden ones and `_SUCCESS` are not."""
    found: list[str] = []
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        found += [os.path.join(above, n) for n in names if not n.startswith((".", "_"))]
        if len(found) > MOST_FILES:
            raise DataError(
                f"`{shown}` has more than {MOST_FILES:,} files", todo="Join them into fewer parts."
            )
    return sorted(file for file in found if _format(file))


def _format(file: str) -> str:
    base = file.lower()
    for packed in _PACKED:
        base = base.removesuffix(packed)
    kind = FORMATS.get(os.path.splitext(base)[1], "")
    return "" if kind == "parquet" and base != file.lower() else kind


def reading(files: Sequence[str], kind: str, columns: Sequence[Column] | None) -> str:
    """The table function that reads files.

    Args:
        files: Absolute paths.
        kind: Their format.
        columns: What was found in them; None to find out. Text formats are then read as texts.
    """
    listed = "[" + ", ".join(literal(file) for file in files) + "]"
    is_partitioned = any("=" in part for file in files[:1] for part in file.split("/")[:-1])
    hive = ", hive_partitioning = true" if is_partitioned and len(files) > 1 else ""
    if kind == "parquet":
        union = ", union_by_name = true" if len(files) > 1 else ""
        return f"read_parquet({listed}{union}{hive})"
    if kind == "csv":
        # Columns are named by each part's own header: parts may hold them in another order.
        how = ", all_varchar = true" if columns is not None else ""
        return (
            f"read_csv({listed}, header = true, union_by_name = true, auto_detect = true{how}"
            f", sample_size = {_SAMPLE}"
            f", nullstr = ''{hive})"
        )
    fields = ""
    if columns is not None:
        folders = {part.partition("=")[0] for part in files[0].split("/")[:-1] if "=" in part}
        inside = [column for column in columns if not (hive and column.name in folders)]
        named = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in inside)
        fields = f", columns = {{{named}}}"
    else:
        fields = ", sample_size = -1, union_by_name = true, map_inference_threshold = -1"
    return (
        f"read_json({listed}, format = 'newline_delimited'{fields}"
        f", maximum_object_size = {_MOST_LINE_BYTES}{hive})"
    )


def described(rows: Sequence[tuple[object, ...]], path: str) -> tuple[Column, ...]:
    """Columns as DESCRIBE says them.

    Raises:
        DataError: There are none, or too many.
    """
    if not rows or len(rows) > MOST_COLUMNS:
        raise DataError(
            f"`{path}` has {len(rows):,} columns", todo=f"A table has 1 to {MOST_COLUMNS:,}."
        )
    return tuple(
        Column(name=str(row[0]), type=type_of(str(row[1])), word=str(row[1])) for row in rows
    )


def table_of(path: str, files: tuple[str, ...], kind: str, columns: tuple[Column, ...]) -> Table:
    """The table; columns of text formats hold what their values look like."""
    return Table(path=path, files=files, format=kind, columns=columns, is_typed=kind == "parquet")
