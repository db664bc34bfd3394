"""What `init` found so far, and how it reads the files it meets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.documents import read_json, read_toml, read_yaml

if TYPE_CHECKING:
    from branchline.core.documents import Document
    from branchline.ports.tree import Tree

__all__ = ["Clue", "Look", "document"]

_READERS = {".json": read_json, ".toml": read_toml, ".yaml": read_yaml, ".yml": read_yaml}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """Something that was found, and where (`file:line`)."""

    sentence: str
    where: str


@dataclass(slots=True)
class Look:
    """Collects clues, and what could not be told (a sentence each, with what to do)."""

    clues: list[Clue] = field(default_factory=list)
    unknowns: list[str] = field(default_factory=list)

    def saw(self, sentence: str, where: str) -> None:
        """Note a clue."""
        self.clues.append(Clue(sentence=sentence, where=where))


def document(tree: Tree, path: str) -> Document | None:
    """A YAML, JSON or TOML file; None when it is not there or of another kind.

    Raises:
        DocumentError: It cannot be read.
    """
    reader = next((read for end, read in _READERS.items() if path.endswith(end)), None)
    data = tree.read(path) if reader is not None else None
    return None if reader is None or data is None else reader(data, file=path)
