"""What is wrong with configuration files, collected so that all of it is said at once.

Serves every reader in `config`. Prints nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.core.documents.document import Document, Path
    from branchline.errors import BranchlineError


class Problems:
    """Problems in the order they were found; each `file:line: what is wrong`."""

    def __init__(self) -> None:
        self._found: list[tuple[str, int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, document: Document, path: Path, text: str) -> None:
        """Note a problem at a place of a document."""
        self.add_at(document.file, document.line_of(path), text)

    def add_at(self, file: str, line: int, text: str) -> None:
        """Note a problem at a line of a file; the same one is kept once."""
        entry = (file, line, text)
        if entry not in self._found:
            self._found.append(entry)

    def add_error(self, file: str, error: BranchlineError) -> None:
        """Note an error of a reader, whose message names file and line already."""
        import re

        match = re.match(re.escape(file) + r":(\d+)(?::\d+)?: ", error.message)
        if match:
            self.add_at(file, int(match[1]), error.message[match.end() :])
        else:
            self.add_at(file, 1, error.message.removeprefix(f"{file}: "))

    def lines(self) -> tuple[str, ...]:
        """All problems as text, by file in the order met, then by line."""
        order = {
            file: rank for rank, file in enumerate(dict.fromkeys(f for f, _, _ in self._found))
        }
        ranked = sorted(self._found, key=lambda entry: (order[entry[0]], entry[1]))
        return tuple(f"{file}:{line}: {text}" for file, line, text in ranked)

    def raise_if_any(self, kind: type[BranchlineError], *, todo: str = "") -> None:
        """Raise all of them as one error.

        Raises:
            BranchlineError: Of the given kind; one problem is its message, several are its details.
        """
        lines = self.lines()
        if not lines:
            return
        if len(lines) == 1:
            raise kind(lines[0], todo=todo)
        raise kind(f"{len(lines)} problems in the configuration", todo=todo, details=lines)


def nearest(name: object, names: Iterable[str]) -> str:
    """`; did you mean `x`?` for the closest known name, else the list of names."""
    import difflib

    known = list(names)
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known are {', '.join(f'`{n}`' for n in known)}"


def kind_of(value: object) -> str:
    """What a value is, in words: `the number 3`, `a list`, `nothing`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the {type(value).__name__} {value}"
