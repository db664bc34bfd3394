"""TOML text into typed values, with the line of each key.

Serves every station that reads files. Does not write TOML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.documents.document import Document
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from branchline.core.documents.document import Path

# Patterns as text: `re` compiles and keeps them when a TOML file is first read.
_AT = r"\(at line (\d+), column (\d+)\)"
_TABLE = r"\s*\[\[?\s*([^\]]+?)\s*\]\]?"
_KEY = r"\s*([A-Za-z0-9_.\-\"' ]+?)\s*="


def read_toml(data: bytes, *, file: str) -> Document:
    """Read one TOML document.

    Args:
        data: The bytes; UTF-8.
        file: How messages name the text.

    Raises:
        DocumentError: It is no TOML; with file, line and column.
    """
    import tomllib

    try:
        text = data.decode("utf-8")
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(_AT, str(error))
        where = f"{file}:{match[1]}:{match[2]}" if match else file
        problem = re.sub(_AT, "", str(error)).strip()
        raise DocumentError(f"{where}: the TOML cannot be read: {problem}") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{file}:{line}: byte 0x{data[error.start]:02x} is not UTF-8",
            todo="Save the file as UTF-8.",
        ) from error
    except (RecursionError, ValueError) as error:
        raise DocumentError(f"{file}: the TOML cannot be read: {error}") from error
    return Document(file=file, value=value, places=_LinePlaces(text))


class _LinePlaces:
    """Positions by a scan of table headers and `key =` lines; good enough for messages."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[tuple[str, ...], int] | None = None

    def position_of(self, path: Path) -> tuple[int, int]:
        if self._lines is None:
            self._lines = self._scan()
        steps = tuple(str(step) for step in path if isinstance(step, str))
        while steps and steps not in self._lines:
            steps = steps[:-1]
        return (self._lines.get(steps, 1), 1)

    def _scan(self) -> dict[tuple[str, ...], int]:
        lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(self._text.splitlines(), start=1):
            if match := re.match(_TABLE, line):
                table = _steps(match[1])
                lines.setdefault(table, number)
            elif match := re.match(_KEY, line):
                key = (*table, *_steps(match[1]))
                for length in range(len(table) + 1, len(key) + 1):
                    lines.setdefault(key[:length], number)
        return lines


def _steps(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
