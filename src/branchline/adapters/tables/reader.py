"""Serves the port `tables`: picks what reads a form, and checks what both have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.find import nearest_name
from branchline.core.evidence.tables import MOST_BYTES, MOST_ROWS, Form
from branchline.errors import DocumentError, MissingExtraError
from branchline.ports.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.tables import Table

_NAMES_SHOWN = 12


class FileTables(Tables):
    """Tables in files."""

    def names(self, data: bytes, form: Form, *, file: str) -> Sequence[str]:
        """See the port."""
        _check(data, file)
        if form is Form.NPZ:
            from branchline.adapters.tables.npz import npz_names

            return npz_names(data, file)
        from branchline.adapters.tables.duck import DuckFile

        with DuckFile(data, form, file) as opened:
            return opened.names()

    def read(self, data: bytes, form: Form, columns: Sequence[str], *, file: str) -> Table:
        """See the port."""
        _check(data, file)
        wanted = list(dict.fromkeys(columns))
        if form is Form.NPZ:
            from branchline.adapters.tables.npz import npz_names, read_npz

            _check_names(wanted, npz_names(data, file), file)
            table = read_npz(data, wanted, file)
        else:
            from branchline.adapters.tables.duck import DuckFile

            with DuckFile(data, form, file) as opened:
                _check_names(wanted, opened.names(), file)
                table = opened.read(wanted)
        if table.rows > MOST_ROWS:
            raise DocumentError(f"{file} has {table.rows:,} rows, at most {MOST_ROWS:,} are read")
        return table


def _check(data: bytes, file: str) -> None:
    try:
        import duckdb  # noqa: F401 # only to know that it is there
        import numpy as np  # noqa: F401 # likewise
    except ImportError as error:
        raise MissingExtraError(
            f"{file} cannot be read: `{error.name}` is not installed",
            todo="Install the extra: `pip install 'branchline[gate]'`.",
        ) from None
    if len(data) > MOST_BYTES:
        size, most = len(data) // 1024**2, MOST_BYTES // 1024**2
        raise DocumentError(f"{file} has {size:,} MiB, at most {most:,} MiB are read")
    if not data:
        raise DocumentError(f"{file} is empty")


def _check_names(wanted: Sequence[str], names: Sequence[str], file: str) -> None:
    missing = next((name for name in wanted if name not in names), None)
    if missing is None:
        return
    near = nearest_name(missing, list(names))
    shown = ", ".join(f"`{name[:60]}`" for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    meant = f"; did you mean `{near[:60]}`?" if near else "."
    raise DocumentError(f"{file} has no column `{missing}`{meant} It has {shown}{more}")
