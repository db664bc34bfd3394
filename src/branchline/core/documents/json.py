"""JSON text into typed values: integers and floats apart, NaN kept, duplicate keys reported.

Serves every station that reads files. Does not write JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.documents.document import Document
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from branchline.core.documents.document import Path, Places


def read_json(data: bytes, *, file: str) -> Document:
    """Read one JSON document.

    Args:
        data: The bytes; UTF-8, with or without a byte order mark.
        file: How messages name the text.

    Returns:
        Its value; of duplicate keys the last one wins and `duplicates` names them.

    Raises:
        DocumentError: It is no JSON; with file, line and column.
    """
    import json

    duplicates: list[str] = []

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        value = dict(pairs)
        if len(value) != len(pairs):
            duplicates.extend(_twice(pairs))
        return value

    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=collect)
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"{file}:{error.lineno}:{error.colno}: the JSON cannot be read: {error.msg}"
        ) from error
    except UnicodeDecodeError as error:
        raise _not_utf8(data, file, error.start) from error
    except (RecursionError, ValueError) as error:
        raise DocumentError(f"{file}: the JSON cannot be read: {error}") from error
    return Document(
        file=file, value=value, duplicates=tuple(duplicates), places=_YamlPlaces(data, file)
    )


def _twice(pairs: list[tuple[str, object]]) -> list[str]:
    """Names that stand more than once, in the order of their repetition."""
    seen: set[str] = set()
    found: list[str] = []
    for key, _ in pairs:
        if key in seen:
            found.append(key)
        seen.add(key)
    return found


def _not_utf8(data: bytes, file: str, start: int) -> DocumentError:
    line = data.count(b"\n", 0, start) + 1
    return DocumentError(
        f"{file}:{line}: byte 0x{data[start]:02x} is not UTF-8", todo="Save the file as UTF-8."
    )


class _YamlPlaces:
    """Positions by reading the text once more as YAML, of which JSON is nearly a part."""

    def __init__(self, data: bytes, file: str) -> None:
        self._data = data
        self._file = file
        self._places: Places | None = None

    def position_of(self, path: Path) -> tuple[int, int]:
        from branchline.core.documents.yaml import read_yaml

        if self._places is None:
            try:
                self._places = read_yaml(self._data, file=self._file).places
            except DocumentError:
                return (1, 1)
        return self._places.position_of(path)
