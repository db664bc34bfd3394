"""The code of a notebook as one script whose lines are those of the notebook's file. For `init`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

__all__ = ["Cells", "cells_of"]

_MAGIC = re.compile(r"^\s*(?:[%!?]|pip install |conda install |.*\?\s*$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The code of a notebook.

    Attributes:
        source: All code cells; magics and shell lines are left out. Where the file has a line for
            each line of code, as notebooks are saved, both have the same number.
        parameters: Source of the cell that is tagged `parameters`; "" without one.
        parameters_line: Line of the file on which it begins; 0 without one.
        kernel: Language of the kernel; "" where it is not said.
    """

    source: str
    parameters: str = ""
    parameters_line: int = 0
    kernel: str = ""


def cells_of(data: bytes) -> Cells | None:
    """Read a notebook; None when it is none."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    cells = value.get("cells") if isinstance(value, dict) else None
    if not isinstance(cells, list):
        return None
    file_lines = text.splitlines()
    placed: dict[int, str] = {}
    parameters, parameters_line, at = "", 0, 0
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = _lines(cell.get("source"))
        is_whole = bool(lines) and not lines[0].lstrip().startswith("%%")
        begins = 0
        for line in lines:
            found = _next(file_lines, at, line)
            at = at + 1 if found is None else found + 1
            begins = begins or at
            if is_whole:
                placed[at] = "" if _MAGIC.match(line) else line
        tags = (
            cell.get("metadata", {}).get("tags") if isinstance(cell.get("metadata"), dict) else None
        )
        if isinstance(tags, list) and "parameters" in tags:
            parameters, parameters_line = "\n".join(lines), begins
    last = max(placed, default=0)
    return Cells(
        source="\n".join(placed.get(number, "") for number in range(1, last + 1)) + "\n",
        parameters=parameters,
        parameters_line=parameters_line,
        kernel=_language(value),
    )


def _lines(source: object) -> list[str]:
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source.splitlines() if isinstance(source, str) else []


def _next(file_lines: list[str], start: int, line: str) -> int | None:
    """Index of the next line of the file that holds a line of code, as JSON spells it."""
    spelled = json.dumps(line, ensure_ascii=False)[1:-1]
    plain = json.dumps(line)[1:-1]
    for index in range(start, min(start + 3000, len(file_lines))):
        text = file_lines[index].strip().rstrip(",")
        if text in (f'"{spelled}"', f'"{spelled}\\n"', f'"{plain}\\n"', f'"{plain}"'):
            return index
    return None


def _language(value: dict[str, object]) -> str:
    metadata = value.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    return str(spec.get("language", "")) if isinstance(spec, dict) else ""
