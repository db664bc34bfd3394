"""A unified diff as values: files, and lines with what they are. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from branchline.render.table import visible


class LineKind(Enum):
    """What a line of a diff is."""

    ADDED = "added"
    REMOVED = "removed"
    SAME = "same"
    PLACE = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line; `text` begins with its mark, control characters shown."""

    kind: LineKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffFile:
    """One file of a diff.

    Attributes:
        path: As git spells it.
        notes: What git says besides: new file, renamed from, binary.
        lines: Of its hunks.
    """

    path: str
    notes: tuple[str, ...]
    lines: tuple[DiffLine, ...]

    @property
    def added(self) -> int:
        """Lines that were added."""
        return sum(line.kind is LineKind.ADDED for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines that were removed."""
        return sum(line.kind is LineKind.REMOVED for line in self.lines)


_KINDS = {"+": LineKind.ADDED, "-": LineKind.REMOVED}
_QUIET = ("index ", "--- ", "+++ ", "similarity ", "dissimilarity ")


def diff_files(diff: str) -> tuple[DiffFile, ...]:
    """The files of a unified diff of git, in its order."""
    files: list[DiffFile] = []
    notes: list[str] = []
    lines: list[DiffLine] = []
    path = ""
    for text in diff.split("\n"):
        if text.startswith("diff --git "):
            _add(files, path, notes, lines)
            path, notes, lines = path_in(text), [], []
        elif text.startswith("@@ "):
            lines.append(DiffLine(kind=LineKind.PLACE, text=_shown(text)))
        elif lines and text:
            lines.append(DiffLine(kind=_KINDS.get(text[0], LineKind.SAME), text=_shown(text)))
        elif text and not text.startswith(_QUIET):
            notes.append(_shown(text))
    _add(files, path, notes, lines)
    return tuple(files)


def path_in(text: str) -> str:
    """Path after the change, from the first line of a file's diff."""
    return text.removeprefix("diff --git ").rpartition(" b/")[2].rstrip('"')


def _shown(text: str) -> str:
    return "\t".join(visible(part) for part in text.split("\t"))


def _add(files: list[DiffFile], path: str, notes: list[str], lines: list[DiffLine]) -> None:
    if path:
        files.append(DiffFile(path=path, notes=tuple(notes), lines=tuple(lines)))
