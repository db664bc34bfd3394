"""npz files, read by NumPy; nothing in them is unpickled."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from branchline.core.evidence.tables import MOST_BYTES, Column, Table
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_BROKEN = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, MemoryError)


def npz_names(data: bytes, file: str) -> tuple[str, ...]:
    """Names of the arrays.

    Raises:
        DocumentError: It is no npz file, or its arrays are too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            names = tuple(entry.filename for entry in archive.infolist())
    except _BROKEN as error:
        raise DocumentError(f"{file} is no npz file: {str(error)[:200]}") from None
    if size > MOST_BYTES:
        raise DocumentError(f"{file} holds {size:,} bytes, at most {MOST_BYTES:,} are read")
    return tuple(name.removesuffix(".npy") for name in names)


def read_npz(data: bytes, wanted: Sequence[str], file: str) -> Table:
    """Some arrays as columns, all of the same length.

    Raises:
        DocumentError: They cannot be read without unpickling, or do not fit together.
    """
    import numpy as np

    columns: dict[str, Column] = {}
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            for name in wanted:
                columns[name] = _column(arrays[name], name, file)
    except _BROKEN as error:
        raise DocumentError(f"{file} cannot be read: {str(error)[:200]}") from None
    lengths = {name: len(column.missing) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"`{name}` has {length:,}" for name, length in lengths.items())
        raise DocumentError(f"{file}: arrays of different lengths: {said}")
    return Table(file=file, rows=next(iter(lengths.values()), 0), columns=columns)


def _column(array: NDArray[Any], name: str, file: str) -> Column:
    import numpy as np

    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.dtype.kind not in "fiu"):
        raise DocumentError(
            f"{file}: array `{name}` has shape {array.shape} and type {array.dtype}; one value an"
            " example is wanted, or a row of numbers"
        )
    values: NDArray[Any]
    match array.dtype.kind:
        case "b":
            values = array
        case "i" | "u" if array.ndim == 1:
            values = array.astype(np.int64)
        case "f" | "i" | "u":
            values = array.astype(np.float64)
        case "S":
            values = np.char.decode(array, "utf-8").astype(object)
        case "U":
            values = array.astype(object)
        case _:
            raise DocumentError(f"{file}: array `{name}` has type {array.dtype}, no number or text")
    return Column(values=values, missing=np.zeros(len(values), dtype=np.bool_))
